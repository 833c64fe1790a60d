"""How does torch find layers and weights in a list, tuple or dict that is assigned to an attribute?

Torch finds modules and parameters only if they are registered. A container that holds any, or is still empty, is
therefore replaced by a tracked one, which behaves like the original and registers its entries under their index or key,
so that they have `state_dict` keys such as `blocks.0.kernel`. Entries are read from torch's registries.
"""

from __future__ import annotations

import enum
import sys
import types
from collections import ChainMap, UserDict, UserList, deque
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn

from torchkeras_layer._structures import is_namedtuple, leaves
from torchkeras_layer.layer.context import cast_for_call, per_thread, run_untraced
from torchkeras_layer.layer.record import note_place
from torchkeras_layer.layer.unassigned_weights import claim_spec, is_unassigned, remember_free
from torchkeras_layer.layer.weight_arguments import read_weight

if TYPE_CHECKING:
    from torchkeras_layer.layer.weight_arguments import WeightSpec


class Slot(enum.Enum):
    """Marks an entry of a container that is stored in one of torch's registries."""

    REGISTERED = "the entry is in torch's registry"


# Looking for a type in a set is faster than `isinstance`.
CONTAINER_TYPES: set[type] = set()


class TrackedContainer(nn.Module):
    """Base of the tracked containers: modules and weights among the entries are registered, others stored directly."""

    _wrappers: ClassVar[dict[type, type[Any]]] = {}

    def __init_subclass__(cls, wraps: tuple[type, ...] = (), **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        TrackedContainer._wrappers.update(dict.fromkeys(wraps, cls))
        CONTAINER_TYPES.add(cls)

    def __init__(self, source: Any = None) -> None:
        # Not by `nn.Module.__init__`: torch.compile extends it by weak references, which no tuple allows.
        self.__dict__.update(vars(nn.Module()))
        self._weight_specs: dict[str, WeightSpec] = {}
        # The list or dict that was assigned, while other code holds it and may change it.
        self._source = source
        # Whether it or a container in it must look for changes made elsewhere.
        self._follows = True

    def _register(self, key: str, value: Any, spec: WeightSpec | None = None) -> Any:
        """Register an entry if it is a module or weight, and return what to store in its slot."""
        value = track(value)
        refuse_lost_weight(self._parameters.get(key), value)
        self._follows = self._follows or (isinstance(value, TrackedContainer) and value._follows)
        claimed = claim_spec(value) if isinstance(value, torch.Tensor) else None
        spec = spec or claimed
        registry = self._registry_for(value, spec)
        self._release(key, but_in=registry)
        if registry is None:
            return value
        registry[key] = value
        if registry is self._modules:
            note_place(value)
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

    def _stored(self, key: str, kept: Any) -> Any:
        """Return an entry as it is stored, not cast by a mixed policy."""
        if kept is not Slot.REGISTERED:
            return kept
        return self._modules[key] if key in self._modules else read_weight(self, key)

    def _release(self, key: str, but_in: dict[str, Any] | None = None) -> None:
        """Remove an entry from all registries except `but_in`, in which its value is about to be replaced."""
        spec = self._weight_specs.pop(key, None)
        if spec is not None:
            remember_free(read_weight(self, key), spec)
        for registry in (self._modules, self._parameters, self._buffers):
            if registry is not but_in:
                registry.pop(key, None)

    def _clear_registry(self) -> None:
        for key in [*self._modules, *self._parameters, *self._buffers]:
            self._release(key)

    def __getattr__(self, name: str) -> Any:
        # Nested containers are returned directly: torch's lookup would return proxies of them under torch.export.
        inner = self.__dict__.get("_modules", {}).get(name)
        return inner if isinstance(inner, TrackedContainer) else super().__getattr__(name)

    def _mirror(self, values: Any = None) -> None:
        """Copy the entries into the built-in `list` or `dict` that the container also is."""

    def current(self) -> Any:
        """Return the container with all changes in it that were made elsewhere; torch functions read it in C.

        >>> import torchkeras_layer as keras
        >>> layer, blocks = keras.Layer(), []
        >>> layer.blocks = blocks; blocks.append(nn.ReLU()); len(layer.blocks)
        1
        """
        if torch.compiler.is_dynamo_compiling():
            return self
        self._follow_source()
        return self._with_present_weights() if self._parameters or self._buffers or self._weight_specs else self

    def _with_present_weights(self) -> Any:
        """Return the container with the weights that torch has registered in place of others."""
        self._mirror(self._as_built_in())
        return self

    def _follow_source(self) -> None:
        """Take over what other code has changed in the list or dict that was assigned."""
        if not self._follows:
            return
        if self._source is not None and not self._agrees_with(self._source):
            self._take(self._source)
        if self._source is not None and _references_to_source(self) <= _ONE_HOLDER:
            # Nobody else can change it, and it would keep weights alive that torch replaces.
            self._source = None
        inner = [module for module in self._modules.values() if isinstance(module, TrackedContainer)]
        for container in inner:
            container._follow_source()
        self._follows = self._source is not None or any(container._follows for container in inner)

    def _agrees_with(self, source: Any) -> bool:
        """Whether a list or dict has the entries of this container."""
        raise NotImplementedError

    def _take(self, values: Any) -> None:
        """Replace all entries by those of a plain list or dict."""
        raise NotImplementedError

    def named_modules(self, *args: Any, **kwargs: Any) -> Any:
        """Yield the modules inside, as torch does.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer(); layer.blocks = [nn.ReLU()]; [name for name, _ in layer.blocks.named_modules()]
        ['', '0']
        """
        self._follow_source()
        return super().named_modules(*args, **kwargs)

    def train(self, mode: bool = True) -> Any:
        """Set the mode of all modules inside, as torch does.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer(); layer.blocks = [nn.ReLU()]; layer.blocks.train(False)[0].training
        False
        """
        self._follow_source()
        return super().train(mode)

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        self._follow_source()
        return super()._apply(fn, recurse)

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the weights inside by their keys, as torch does.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer(); layer.blocks = [nn.Linear(1, 1, bias=False)]; list(layer.blocks.state_dict())
        ['0.weight']
        """
        self._follow_source()
        return super().state_dict(*args, **kwargs)

    def __copy__(self) -> Any:
        return self._as_built_in()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copy and pickle as a module, and not as the built-in `list` or `dict` that the container also is."""
        return _remake, (type(self), *self._shell()), {**self.__dict__, "_source": None, "_follows": True}

    def _shell(self) -> tuple[Any, ...]:
        """Return what the built-in type needs to make an empty one."""
        return ()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._mirror(self._as_built_in())

    def __repr__(self) -> str:
        holds_state = self._modules or self._parameters or self._buffers
        return nn.Module.__repr__(self) if holds_state else repr(self._as_built_in())

    def _as_built_in(self) -> Any:
        """Return the entries as a plain list, tuple or dict."""
        raise NotImplementedError

    __hash__ = nn.Module.__hash__


def refuse_lost_weight(held: Any, value: Any) -> None:
    """Raise a TypeError if a `call` puts a tensor that it computed in the place of a weight in a container."""
    context = per_thread.context
    is_computed = isinstance(value, torch.Tensor) and not isinstance(value, nn.Parameter)
    if isinstance(held, nn.Parameter) and is_computed and context.layer is not None and not context.building:
        raise TypeError(
            f"{context.layer._torchkeras.name}: in a call, a tensor took the place of a weight in a list or dict, "
            f"where the weight would be lost. Received: a tensor of shape {tuple(value.shape)}. Write "
            "`weight = self.weights_of_mine[0] * mask`, and compute with that."
        )


def _references_to_source(holder: Any) -> int:
    source = holder._source
    return sys.getrefcount(source)


_ONE_HOLDER = _references_to_source(types.SimpleNamespace(_source=[]))


def _remake(kind: Any, *shell: Any) -> Any:
    return kind.remake(*shell)


def track(value: Any) -> Any:
    """Return a tracked copy of a list, tuple or dict that is empty or holds modules or weights; others unchanged.

    >>> type(track([nn.ReLU()])).__name__, track([1, 2])
    ('TrackedList', [1, 2])
    """
    if isinstance(value, TrackedContainer):
        return value
    wrapper = TrackedContainer._wrappers.get(tuple if is_namedtuple(value) else type(value))
    if wrapper is None:
        return value
    if torch.compiler.is_dynamo_compiling():
        # The compiler cannot trace the creation of one. Empty containers in a call are for its values, not for layers.
        return run_untraced(wrapper.holding, value) if holds_state(value) else value
    return wrapper.holding(value) if _may_grow(value) or holds_state(value) else value


def is_tracked_type(kind: type) -> bool:
    """Whether containers of exactly this type can be tracked.

    >>> is_tracked_type(list), is_tracked_type(set)
    (True, False)
    """
    return kind in TrackedContainer._wrappers


def _may_grow(value: Any) -> bool:
    """Whether layers may be put into a container later: an empty list or dict, a list of `None`, a tuple of lists."""
    if isinstance(value, tuple):
        return any(_may_grow(entry) for entry in value)
    entries = list(value) if isinstance(value, deque) else value
    return is_tracked_type(type(value)) and (
        all(leaf is None for leaf in leaves(entries)) or any(_may_grow(entry) for entry in _entries_of(value))
    )


def _entries_of(value: Any) -> Any:
    if isinstance(value, _MAPPINGS):
        return value.values()
    return value if isinstance(value, (list, tuple, deque, *_UNTRACKED)) else ()


# Containers that cannot be tracked, so that layers in them are lost.
_UNTRACKED: Any = (set, frozenset, UserList, type({}.values()))
_MAPPINGS: Any = (dict, UserDict, ChainMap, types.MappingProxyType)
CONTAINERS: Any = (list, tuple, deque, *_MAPPINGS, *_UNTRACKED)


def holds_state(value: Any) -> bool:
    """Whether a value is a module or weight, or a container that holds one at any depth.

    >>> holds_state({"a": [nn.ReLU()]}), holds_state([1])
    (True, False)
    """
    if isinstance(value, (nn.Module, nn.Parameter)) or is_unassigned(value):
        return True
    return any(holds_state(entry) for entry in _entries_of(value))


def weight_spec_holders(layer: Any) -> list[tuple[nn.Module, dict[str, WeightSpec]]]:
    """List the layer and all containers on its attributes, nested or not, each with the specs of its weights."""
    found: list[Any] = [layer]
    for holder in found:
        found.extend(child for child in holder._modules.values() if isinstance(child, TrackedContainer))
    return [(layer, layer._torchkeras.weight_specs), *((holder, holder._weight_specs) for holder in found[1:])]


def is_export_proxy(cls: type) -> bool:
    """Whether a class is one that torch.export made for a proxy, which shares the `__dict__` of the real layer.

    >>> is_export_proxy(TrackedContainer)
    False
    """
    return any(base.__name__ == "_AttrProxy" and base.__module__.startswith("torch.") for base in cls.__mro__)


def return_containers_directly(cls: Any) -> None:
    """Make a proxy class return tracked lists and dicts themselves: torch has no proxies for modules that are lists."""

    def read(self: Any, name: str) -> Any:
        value = self.__dict__["_modules"].get(name)
        return value if isinstance(value, TrackedContainer) else super(cls, self).__getattr__(name)

    cls.__getattr__ = read
