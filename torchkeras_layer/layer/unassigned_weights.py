"""Which weights does no attribute and no container hold yet, and which spec does each of them have?"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torchkeras_layer.layer.record import Record
    from torchkeras_layer.layer.weight_arguments import WeightSpec

# The layers that created weights, and the specs of weights that no layer holds (variables, and weights removed from
# containers), by the id of the weight. The references are weak, so that nothing is kept alive.
_creators: dict[int, tuple[weakref.ref[torch.Tensor], weakref.ref[Any]]] = {}
_free: dict[int, tuple[weakref.ref[torch.Tensor], WeightSpec]] = {}


def remember_creator(weight: torch.Tensor, layer: Any) -> None:
    """Remember that `layer` created `weight`, until the weight is assigned to an attribute or put into a container."""
    key = id(weight)
    _creators[key] = (weakref.ref(weight, lambda _: _creators.pop(key, None)), weakref.ref(layer))


def is_unassigned(value: Any) -> bool:
    """Whether `value` is a weight, of a layer or of none, that no attribute or container holds.

    >>> is_unassigned(torch.ones(2))
    False
    """
    return _creator_of(value) is not None or _is_free(value)


def claim_spec(value: Any) -> WeightSpec | None:
    """Return the spec of an unassigned weight, and remove the weight from the layer that created it.

    Return `None` for anything else.
    """
    creator = _creator_of(value)
    if creator is not None:
        return _remove_from_creator(creator, value)
    return claim_free_spec(value)


def remember_free(weight: torch.Tensor, spec: WeightSpec) -> None:
    """Remember the spec of a weight that no layer holds, until it is put on an attribute or into a container."""
    key = id(weight)
    _free[key] = (weakref.ref(weight, lambda _: _free.pop(key, None)), spec)


def claim_free_spec(value: Any) -> WeightSpec | None:
    """Return the spec of a weight that no layer has held until now; `None` for anything else."""
    return _free.pop(id(value))[1] if _is_free(value) else None


def _is_free(value: Any) -> bool:
    entry = _free.get(id(value))
    return entry is not None and entry[0]() is value


def forget_creator(weight: torch.Tensor) -> None:
    """Forget which layer created a weight, because an attribute or container holds it now."""
    _creators.pop(id(weight), None)


def _creator_of(value: Any) -> Any:
    weight, layer = _creators.get(id(value), (None, None))
    return layer() if weight is not None and layer is not None and weight() is value else None


def _remove_from_creator(layer: Any, weight: torch.Tensor) -> WeightSpec | None:
    """Remove a weight from the layer that created it, and return its spec."""
    record: Record = layer._torchkeras
    for key in record.unclaimed:
        registry = layer._parameters if key in layer._parameters else layer._buffers
        if registry.get(key) is weight:
            del registry[key]
            spec = record.weight_specs[key]
            forget_spec(record, key)
            forget_creator(weight)
            return spec
    return None


def forget_spec(record: Record, name: str) -> None:
    """Forget the spec of a weight, and whether it is unassigned."""
    record.weight_specs.pop(name, None)
    record.unclaimed.discard(name)
