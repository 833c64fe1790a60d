"""In which dtype does a `call` read a weight?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.weight_spec import WeightSpec


def run_uncast(function: Callable[[], Any]) -> Any:
    """Run a function that reads or writes weights as they are kept, in the midst of a `call` that reads casts.

    >>> run_uncast(lambda: 1)
    1
    """
    context = per_thread.context
    outer, context.uncast = context.uncast, True
    try:
        return function()
    finally:
        context.uncast = outer


def cast_for_call(weight: torch.Tensor, spec: WeightSpec | None) -> torch.Tensor:
    """Return a weight in the compute dtype of the innermost layer that is in its `call` and has a mixed policy.

    Everywhere else, and for a weight with `autocast=False`, return it as it is kept.

    >>> cast_for_call(torch.ones(1), None)
    tensor([1.])
    """
    context = per_thread.context
    layer = context.layer
    if (
        spec is None
        or layer is None
        or context.building
        or context.uncast
        or not spec.autocast
        or not layer._torchkeras.casts_weights
    ):
        return weight
    return weight.to(layer._torchkeras.policy.compute) if weight.is_floating_point() else weight
