"""Which names are in `keras.mixed_precision`? Dtype policies and the global default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.precision import Policy, global_policy, set_global_policy

DTypePolicy = Policy
dtype_policy = global_policy
set_dtype_policy = set_global_policy

__all__ = ["DTypePolicy", "Policy", "dtype_policy", "global_policy", "set_dtype_policy", "set_global_policy"]

if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "mixed_precision")
