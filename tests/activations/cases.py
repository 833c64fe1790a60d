"""With which arguments and on which numbers is each activation function tried?"""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch

_SHARP = [0.0, 1e-8, 0.1, 0.5, 0.9, 1, 2, 2.5, 3, 5, 6, 20, 20.5, 30, 88, 89, 100, 1e4, 1e30, math.inf]
_BENT_RELUS = [
    {"negative_slope": slope, "max_value": most, "threshold": threshold}
    for slope, most, threshold in itertools.product((0.0, 0.1, 1), (None, 0.0, 2.5, 6, -1), (0.0, 0.5, -1, 2))
]

ELEMENTWISE: list[tuple[str, dict[str, Any]]] = [
    *(("relu", arguments) for arguments in _BENT_RELUS),
    ("celu", {}),
    ("celu", {"alpha": 0.3}),
    ("elu", {}),
    ("elu", {"alpha": 3}),
    ("exponential", {}),
    ("gelu", {}),
    ("gelu", {"approximate": True}),
    ("hard_shrink", {}),
    ("hard_shrink", {"threshold": 2.5}),
    ("hard_sigmoid", {}),
    ("hard_silu", {}),
    ("hard_swish", {}),
    ("hard_tanh", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.01}),
    ("linear", {}),
    ("log_sigmoid", {}),
    ("mish", {}),
    ("relu6", {}),
    ("selu", {}),
    ("sigmoid", {}),
    ("silu", {}),
    ("soft_shrink", {}),
    ("soft_shrink", {"threshold": 0.0}),
    ("softplus", {}),
    ("softsign", {}),
    ("sparse_plus", {}),
    ("sparse_sigmoid", {}),
    ("squareplus", {}),
    ("squareplus", {"b": 0.5}),
    ("swish", {}),
    ("tanh", {}),
    ("tanh_shrink", {}),
    ("threshold", {"threshold": 1.0, "default_value": 5.0}),
    ("threshold", {"threshold": -0.5, "default_value": 0}),
]
"""Functions that treat each number by itself."""

ALONG_AN_AXIS: list[tuple[str, dict[str, Any]]] = [
    (name, {"axis": axis}) for name in ("softmax", "log_softmax", "sparsemax", "glu") for axis in (-1, 0, 1)
]
"""Functions that look at all numbers along an axis."""


def numbers(dtype: torch.dtype) -> torch.Tensor:
    """Return a grid over the range where activations bend, the bounds, extremes, infinities and NaN."""
    bounds = torch.tensor([sign * number for number in _SHARP for sign in (1, -1)])
    return torch.cat([bounds, torch.linspace(-8, 8, 161), torch.tensor([math.nan])]).to(dtype)
