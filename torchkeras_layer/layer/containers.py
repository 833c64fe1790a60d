"""How are layers and weights in a list, tuple or dict on an attribute seen by torch?

torch finds modules and parameters only where they are registered. A container that holds any, or is still empty, is
therefore replaced by one that behaves like the original and registers its entries under their index or key, so that
they have a `state_dict` key such as `blocks.0.kernel`. What is read comes from torch's own registry.
"""

from __future__ import annotations

import enum
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn

from torchkeras_layer._structures import is_namedtuple, leaves
from torchkeras_layer.layer.context import cast_for_call, outside_of_compiler
from torchkeras_layer.layer.weight_spec import WeightSpec, read_weight

if TYPE_CHECKING:
    from torchkeras_layer.layer.record import Record
    from torchkeras_layer.layer.weight_spec import WeightSpec


class Slot(enum.Enum):
    """What a container keeps in the place of an entry that torch has registered."""

    REGISTERED = "the entry is in torch's registry"


class TrackedContainer(nn.Module):
    """What the containers share: modules and weights among the entries are registered, others kept as they are."""

    _wrappers: ClassVar[dict[type, type[Any]]] = {}

    def __init_subclass__(cls, wraps: tuple[type, ...] = (), **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        TrackedContainer._wrappers.update(dict.fromkeys(wraps, cls))

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self._weight_specs: dict[str, WeightSpec] = {}

    def _register(self, key: str, value: Any, spec: WeightSpec | None = None) -> Any:
        """Register an entry if torch should see it, and return what to keep in its slot."""
        value = track(value)
        spec = spec or (take_over(value) if isinstance(value, torch.Tensor) else None)
        registry = self._registry_for(value, spec)
        self._release(key, but_in=registry)
        if registry is None:
            return value
        registry[key] = value
        if spec is not None:
            self._weight_specs[key] = spec
        return Slot.REGISTERED

    def _registry_for(self, value: Any, spec: WeightSpec | None) -> dict[str, Any] | None:
        if isinstance(value, nn.Module):
            return self._modules
        if isinstance(value, nn.Parameter):
            return self._parameters
        return None if spec is None else self._buffers

    def _read(self, key: str, kept: Any) -> Any:
        if kept is not Slot.REGISTERED:
            return kept
        if key in self._modules:
            return self._modules[key]
        weight = read_weight(self, key)
        return cast_for_call(weight, self._weight_specs[key]) if key in self._weight_specs else weight

    def _release(self, key: str, but_in: dict[str, Any] | None = None) -> None:
        """Take an entry out of all registries but one, in which another is about to take its place."""
        spec = self._weight_specs.pop(key, None)
        if spec is not None:
            remember_removed(read_weight(self, key), spec)
        for registry in (self._modules, self._parameters, self._buffers):
            if registry is not but_in:
                registry.pop(key, None)

    def _clear_registry(self) -> None:
        for key in [*self._modules, *self._parameters, *self._buffers]:
            self._release(key)

    def __getattr__(self, name: str) -> Any:
        # Containers within are not read in torch's way, in which torch.export puts a proxy before each module.
        inner = self.__dict__.get("_modules", {}).get(name)
        return inner if isinstance(inner, TrackedContainer) else super().__getattr__(name)

    def _mirror(self) -> None:
        """Bring the built-in container that a subclass also is up to date."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copy and pickle as a module, not as the built-in container that a subclass also is."""
        return _remake, (type(self),), dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._mirror()

    def __repr__(self) -> str:
        holds_state = self._modules or self._parameters or self._buffers
        return nn.Module.__repr__(self) if holds_state else repr(self._as_built_in())

    def _as_built_in(self) -> Any:
        """Return the entries in a list, tuple or dict."""
        raise NotImplementedError

    __hash__ = nn.Module.__hash__


def _remake(kind: Any) -> Any:
    return kind.__new__(kind)


def track(value: Any) -> Any:
    """Return a tracked container for a list, tuple or dict that is empty or holds modules or weights, else `value`.

    >>> type(track([nn.ReLU()])).__name__, track([1, 2])
    ('TrackedList', [1, 2])
    """
    wrapper = TrackedContainer._wrappers.get(tuple if is_namedtuple(value) else type(value))
    if wrapper is None:
        return value
    if torch.compiler.is_dynamo_compiling():
        # The compiler can make none; what is empty there is for values of the call.
        return outside_of_compiler(wrapper, value) if _holds_state(value) else value
    # Layers are put into these later; a tuple stays as it is.
    may_grow = not isinstance(value, tuple) and all(leaf is None for leaf in leaves(value))
    return wrapper(value) if may_grow or _holds_state(value) else value


def _holds_state(value: Any) -> bool:
    if isinstance(value, (nn.Module, nn.Parameter)) or is_unassigned(value):
        return True
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return any(_holds_state(entry) for entry in entries)


def weight_spec_holders(layer: Any) -> list[tuple[nn.Module, dict[str, WeightSpec]]]:
    """List the layer and the containers on its attributes, to any depth, with what each knows of weights it holds."""
    found: list[Any] = [layer]
    for holder in found:
        found.extend(child for child in holder._modules.values() if isinstance(child, TrackedContainer))
    return [(layer, layer._torchkeras.weight_specs), *((holder, holder._weight_specs) for holder in found[1:])]


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


def is_export_proxy(cls: type) -> bool:
    """Whether torch.export has made a class for a proxy: a layer at a path, with the `__dict__` of the real one.

    >>> is_export_proxy(TrackedContainer)
    False
    """
    return any(base.__name__ == "_AttrProxy" and base.__module__.startswith("torch.") for base in cls.__mro__)


def show_containers(cls: Any) -> None:
    """Have proxies give their lists and dicts as they are: torch has no proxy for what is a list or a dict too."""

    def read(self: Any, name: str) -> Any:
        value = self.__dict__["_modules"].get(name)
        return value if isinstance(value, TrackedContainer) else super(cls, self).__getattr__(name)

    cls.__getattr__ = read
