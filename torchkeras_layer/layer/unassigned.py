"""Which layer made a weight that no attribute holds yet?"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torchkeras_layer.layer.record import Record
    from torchkeras_layer.layer.weight_spec import WeightSpec

# By the id of the weight; both are weak, so that this list keeps nothing alive.
_makers: dict[int, tuple[weakref.ref[torch.Tensor], weakref.ref[Any]]] = {}
_removed: dict[int, tuple[weakref.ref[torch.Tensor], WeightSpec]] = {}


def remember_maker(weight: torch.Tensor, layer: Any) -> None:
    """Remember that `layer` made `weight`, until it is assigned to an attribute or put into a container."""
    key = id(weight)
    _makers[key] = (weakref.ref(weight, lambda _: _makers.pop(key, None)), weakref.ref(layer))


def is_unassigned(value: Any) -> bool:
    """Whether `value` is a weight that a layer made and no attribute or container holds.

    >>> is_unassigned(torch.ones(2))
    False
    """
    return _maker_of(value) is not None or _is_removed(value)


def take_over(value: Any) -> WeightSpec | None:
    """Return the spec of a weight that goes into a container, and have the layer that made it give it up.

    `None` for anything but a weight that is in no other place.
    """
    maker = _maker_of(value)
    if maker is not None:
        return _give_up(maker, value)
    return _removed.pop(id(value))[1] if _is_removed(value) else None


def remember_removed(weight: torch.Tensor, spec: WeightSpec) -> None:
    """Remember a weight that was taken out of a container: it may be on its way to another place."""
    key = id(weight)
    _removed[key] = (weakref.ref(weight, lambda _: _removed.pop(key, None)), spec)


def _is_removed(value: Any) -> bool:
    entry = _removed.get(id(value))
    return entry is not None and entry[0]() is value


def forget_maker(weight: torch.Tensor) -> None:
    """Forget a weight that has found its place."""
    _makers.pop(id(weight), None)


def _maker_of(value: Any) -> Any:
    weight, layer = _makers.get(id(value), (None, None))
    return layer() if weight is not None and layer is not None and weight() is value else None


def _give_up(layer: Any, weight: torch.Tensor) -> WeightSpec | None:
    """Take a weight from the layer that made it, and return its spec."""
    record: Record = layer._torchkeras
    for key in record.unclaimed:
        registry = layer._parameters if key in layer._parameters else layer._buffers
        if registry.get(key) is weight:
            del registry[key]
            spec = record.weight_specs[key]
            forget_spec(record, key)
            forget_maker(weight)
            return spec
    return None


def forget_spec(record: Record, name: str) -> None:
    """Forget what was known of a weight."""
    record.weight_specs.pop(name, None)
    record.unclaimed.discard(name)
    record.frozen_names.discard(name)
