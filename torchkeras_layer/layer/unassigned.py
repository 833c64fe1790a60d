"""Which layer made a weight that no attribute holds yet?"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torchkeras_layer.layer.weight_spec import WeightSpec

# By the id of the weight; both are weak, so that this list keeps nothing alive.
_makers: dict[int, tuple[weakref.ref[torch.Tensor], weakref.ref[Any]]] = {}


def remember_maker(weight: torch.Tensor, layer: Any) -> None:
    """Remember that `layer` made `weight`, until it is assigned to an attribute or put into a container."""
    key = id(weight)
    _makers[key] = (weakref.ref(weight, lambda _: _makers.pop(key, None)), weakref.ref(layer))


def is_unassigned(value: Any) -> bool:
    """Whether `value` is a weight that a layer made and no attribute holds.

    >>> is_unassigned(torch.ones(2))
    False
    """
    return _maker_of(value) is not None


def take_over(value: Any) -> WeightSpec | None:
    """Have the layer that made a weight give it up to a container, and return its spec; `None` for anything else."""
    maker = _maker_of(value)
    return None if maker is None else maker._give_up(value)


def forget_maker(weight: torch.Tensor) -> None:
    """Forget a weight that has found its place."""
    _makers.pop(id(weight), None)


def _maker_of(value: Any) -> Any:
    weight, layer = _makers.get(id(value), (None, None))
    return layer() if weight is not None and layer is not None and weight() is value else None
