"""How are layers and weights in a list, tuple or dict on an attribute seen by torch?

torch finds modules and parameters only where they are registered. A container that holds any is therefore replaced by
one of these, which behaves like the original and registers its entries under their index or key, so that they have a
`state_dict` key such as `blocks.0.kernel`. What is read comes from torch's own registry, never from a second list.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, MutableMapping, MutableSequence, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from torchkeras_layer._structures import is_namedtuple

if TYPE_CHECKING:
    from torchkeras_layer.layer.weight_spec import WeightSpec

# Looks up what a layer knows of a weight of its own; None for any other tensor.
Claim = Callable[[Any], "WeightSpec | None"]


class _Slot(enum.Enum):
    REGISTERED = "the entry is in torch's registry"


def _claim_nothing(_: Any) -> None:
    return None


class TrackedContainer(nn.Module):
    """What the containers share: entries that are modules or weights are registered, others kept as they are."""

    def __init__(self) -> None:
        super().__init__()
        self._weight_specs: dict[str, WeightSpec] = {}

    def _register(self, key: str, value: Any, claim: Claim = _claim_nothing) -> Any:
        """Register an entry if torch should see it, and return what to keep in its slot."""
        value = track(value, claim)
        spec = claim(value) if isinstance(value, torch.Tensor) else None
        if spec is not None:
            self._weight_specs[key] = spec
        if isinstance(value, nn.Module):
            self._modules[key] = value
        elif isinstance(value, nn.Parameter):
            self._parameters[key] = value
        elif spec is not None:
            self._buffers[key] = value
        else:
            return value
        return _Slot.REGISTERED

    def _read(self, key: str, kept: Any) -> Any:
        if kept is not _Slot.REGISTERED:
            return kept
        for registry in (self._modules, self._parameters, self._buffers):
            if key in registry:
                return registry[key]
        # A parametrization has put a property in its place.
        return getattr(self, key)

    def _read_weight(self, key: str) -> torch.Tensor:
        return self._read(key, _Slot.REGISTERED)

    def _clear_registry(self) -> None:
        for registry in (self._modules, self._parameters, self._buffers, self._weight_specs):
            registry.clear()

    __hash__ = nn.Module.__hash__


class _TrackedSequence(TrackedContainer):
    def __init__(self, values: Iterable[Any], claim: Claim = _claim_nothing) -> None:
        super().__init__()
        self._slots: list[Any] = []
        for value in values:
            self._slots.append(self._register(str(len(self._slots)), value, claim))

    def __len__(self) -> int:
        return len(self._slots)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self._slots)))]
        kept = self._slots[index]
        return self._read(str(index if index >= 0 else index + len(self._slots)), kept)

    def __iter__(self) -> Iterator[Any]:
        for index in range(len(self._slots)):
            yield self[index]

    def __add__(self, other: Iterable[Any]) -> Any:
        return self._like([*self, *other])

    def __radd__(self, other: Iterable[Any]) -> Any:
        return self._like([*other, *self])

    def __eq__(self, other: object) -> bool:
        same_kind = isinstance(other, (type(self), type(self._like([]))))
        return same_kind and self._like(list(self)) == self._like(list(other))  # type: ignore[arg-type]

    __hash__ = nn.Module.__hash__

    def _like(self, values: list[Any]) -> Any:
        return values


class TrackedList(_TrackedSequence, MutableSequence[Any]):
    """A list on a layer's attribute with layers or weights in it.

    >>> blocks = TrackedList([nn.Linear(2, 2, bias=False), None])
    >>> blocks.append(nn.Linear(2, 2, bias=False))
    >>> list(blocks.state_dict()), len(blocks)
    (['0.weight', '2.weight'], 3)
    """

    def __setitem__(self, index: Any, value: Any) -> None:
        values, specs = self._entries()
        values[index] = value
        self._replace(values, specs)

    def __delitem__(self, index: Any) -> None:
        values, specs = self._entries()
        del values[index]
        self._replace(values, specs)

    def insert(self, index: int, value: Any) -> None:
        """Insert before `index`."""
        if index >= len(self._slots):
            self._slots.append(self._register(str(len(self._slots)), value))
            return
        values, specs = self._entries()
        values.insert(index, value)
        self._replace(values, specs)

    def _entries(self) -> tuple[list[Any], dict[int, WeightSpec]]:
        return list(self), {id(self[int(key)]): spec for key, spec in self._weight_specs.items()}

    def _replace(self, values: list[Any], specs: dict[int, WeightSpec]) -> None:
        self._clear_registry()
        self._slots = []
        for value in values:
            self._slots.append(self._register(str(len(self._slots)), value, lambda v: specs.get(id(v))))


class TrackedTuple(_TrackedSequence, Sequence[Any]):
    """A tuple, or a named tuple, on a layer's attribute with layers or weights in it."""

    def __init__(self, values: Iterable[Any], claim: Claim = _claim_nothing) -> None:
        super().__init__(values, claim)
        self._fields = values._fields if is_namedtuple(values) else ()  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        fields = self.__dict__.get("_fields", ())
        return self[fields.index(name)] if name in fields else super().__getattr__(name)

    def _like(self, values: list[Any]) -> Any:
        return tuple(values)


class TrackedDict(TrackedContainer, MutableMapping[Any, Any]):
    """A dict on a layer's attribute with layers or weights in it.

    >>> branches = TrackedDict({"left": nn.Linear(2, 2, bias=False), 3: nn.ReLU()})
    >>> list(branches), list(branches.state_dict())
    (['left', 3], ['left.weight'])
    """

    def __init__(self, values: dict[Any, Any], claim: Claim = _claim_nothing) -> None:
        super().__init__()
        self._slots: dict[Any, tuple[str, Any]] = {}
        for key, value in values.items():
            self._set(key, value, claim)

    def _set(self, key: Any, value: Any, claim: Claim) -> None:
        name = self._slots[key][0] if key in self._slots else self._new_name(key)
        for registry in (self._modules, self._parameters, self._buffers):
            registry.pop(name, None)
        self._slots[key] = (name, self._register(name, value, claim))

    def _new_name(self, key: Any) -> str:
        # torch splits keys of a state_dict at dots.
        name, taken = str(key).replace(".", "_"), {used for used, _ in self._slots.values()}
        while name in taken or not name:
            name += "_"
        return name

    def __setitem__(self, key: Any, value: Any) -> None:
        self._set(key, value, _claim_nothing)

    def __getitem__(self, key: Any) -> Any:
        name, kept = self._slots[key]
        return self._read(name, kept)

    def __delitem__(self, key: Any) -> None:
        name, _ = self._slots.pop(key)
        for registry in (self._modules, self._parameters, self._buffers, self._weight_specs):
            registry.pop(name, None)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._slots)

    def __len__(self) -> int:
        return len(self._slots)

    __hash__ = nn.Module.__hash__


_CONTAINERS: dict[type, type[Any]] = {list: TrackedList, tuple: TrackedTuple, dict: TrackedDict}


def track(value: Any, claim: Claim = _claim_nothing) -> Any:
    """Return a tracked container for a list, tuple or dict with modules or parameters in it, else `value` itself.

    >>> type(track([nn.ReLU()])).__name__, track([1, 2])
    ('TrackedList', [1, 2])
    """
    kind = tuple if is_namedtuple(value) else type(value)
    if kind not in _CONTAINERS or not _holds_state(value, claim):
        return value
    return _CONTAINERS[kind](value, claim)


def _holds_state(value: Any, claim: Claim) -> bool:
    if isinstance(value, (nn.Module, nn.Parameter)):
        return True
    if isinstance(value, torch.Tensor):
        return claim(value) is not None
    entries = value.values() if type(value) is dict else value if isinstance(value, (list, tuple)) else ()
    return any(_holds_state(entry, claim) for entry in entries)


def weight_spec_holders(layer: nn.Module) -> list[Any]:
    """List the layer and the containers on its attributes, to any depth: all that hold weights of its own."""
    holders = [layer]
    for holder in holders:
        holders.extend(child for child in holder._modules.values() if isinstance(child, TrackedContainer))
    return holders
