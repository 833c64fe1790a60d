"""How are layers and weights in a list, tuple or dict on an attribute seen by torch?

torch finds modules and parameters only where they are registered. A container that holds any, or is still empty, is
therefore replaced by one that behaves like the original and registers its entries under their index or key, so that
they have a `state_dict` key such as `blocks.0.kernel`. What is read comes from torch's own registry.
"""

from __future__ import annotations

import enum
from typing import Any, ClassVar

import torch
from torch import nn

from torchkeras_layer._structures import is_namedtuple, leaves
from torchkeras_layer.layer.autocasting import cast_for_call
from torchkeras_layer.layer.compiler import outside_of_compiler
from torchkeras_layer.layer.unassigned import is_unassigned, remember_removed, take_over
from torchkeras_layer.layer.weight_spec import WeightSpec, read_weight


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
        # Containers within are not read in torch's way, in which torch.export puts a stand-in before each module.
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
