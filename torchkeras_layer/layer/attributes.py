"""What happens when an attribute of a layer is read, set or deleted?"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from torchkeras_layer.layer.autocasting import cast_for_call
from torchkeras_layer.layer.containers import track
from torchkeras_layer.layer.freezing import freeze_assigned
from torchkeras_layer.layer.state import LayerState
from torchkeras_layer.layer.unassigned import forget_maker
from torchkeras_layer.layer.unbuilt import not_built_message
from torchkeras_layer.layer.walk import nearest_layers
from torchkeras_layer.layer.weight_spec import WeightSpec

# What torch and the facets keep on a layer is not looked into for layers and weights.
_NOT_THE_USERS = frozenset(vars(nn.Module())) | frozenset(LayerState.__annotations__) | {"__dict__"}

# What may be set before `super().__init__()`, which then sets it anew, as in TF-Keras and Keras 3.
_SET_ANEW = ("supports_masking", "trainable", "built", "input_spec", "activity_regularizer", "stateful")

_NOTHING = object()
_LOOKED_INTO: Any = (torch.Tensor, nn.Module, list, tuple, dict)


class NotInitializedError(RuntimeError, AttributeError):
    """`Layer.__init__` has not run. An AttributeError too: torch.compile and `hasattr` ask a layer in the making."""


class Attributes(LayerState):
    """Python's attribute protocol, on top of torch's."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; layers and weights in it, also within lists, tuples and dicts, become the layer's own.

        Raises:
            AttributeError: if `name` is a read-only property.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer()
        >>> layer.blocks = [keras.layers.Dense(2)]
        >>> len(list(layer.children()))
        1
        """
        if "_modules" not in self.__dict__ and name != "__dict__":
            # Ported code may set attributes before it calls super().__init__().
            self._begin_module()
        owner = getattr(type(self), name, _NOTHING)
        if owner is _NOTHING and not isinstance(value, _LOOKED_INTO) and self._is_nothing_of_torchs(name):
            # Most arguments of a constructor: the long way took a third of the time of making a layer.
            self.__dict__[name] = value
            return
        if isinstance(owner, property):
            self._set_property(name, owner, value)
            return
        if owner is not _NOTHING and isinstance(value, (nn.Module, nn.Parameter)):
            raise AttributeError(self._hidden_by_class(name, value))
        if "_unclaimed" not in self.__dict__ or name in _NOT_THE_USERS:
            # The latter are also Python's own: torch.export makes stand-ins that share a layer's whole `__dict__`.
            super().__setattr__(name, value)
            return
        value = self._take_in(name, value)
        super().__setattr__(name, value)
        if isinstance(value, (nn.Module, nn.Parameter)) and not self._trainable:
            freeze_assigned(self, value)

    def _is_nothing_of_torchs(self, name: str) -> bool:
        """Whether no weight and no module has this name, and the layer has begun to keep account of them."""
        state = self.__dict__
        is_known = name in state["_parameters"] or name in state["_buffers"] or name in state["_modules"]
        return not is_known and "_unclaimed" in state and name not in state["_weight_specs"]

    def _set_property(self, name: str, owner: property, value: Any) -> None:
        if owner.fset is None:
            raise AttributeError(
                f"{self.__dict__.get('_name', type(self).__name__)}: {name!r} is a read-only property of every layer. "
                "Choose another attribute name."
            )
        is_too_early = "_unclaimed" not in self.__dict__ and owner.fset.__module__.startswith(f"{__package__}.")
        if is_too_early:
            self._set_early(name, value)
        else:
            # Not by `owner.fset`, which torch.compile does not follow.
            object.__setattr__(self, name, value)

    def _set_early(self, name: str, value: Any) -> None:
        """Set what the constructor is about to set anew; until then, it can be read."""
        if name not in _SET_ANEW:
            raise NotInitializedError(
                f"{type(self).__name__}: {name!r} was set before super().__init__() has run. Move super().__init__() "
                "to the start of __init__."
            )
        self.__dict__[f"_{name}"] = value
        if name == "trainable":
            # The layers inside have been made: nothing sets theirs anew.
            for layer in nearest_layers(self):
                setattr(layer, name, value)

    def _hidden_by_class(self, name: str, value: Any) -> str:
        return (
            f"{self.__dict__.get('_name', type(self).__name__)}: the attribute {name!r} of class {type(self).__name__} "
            f"would hide the {type(value).__name__} that is assigned to it, because torch looks there first. Choose "
            "another name, or take it out of the class."
        )

    def _take_in(self, name: str, value: Any) -> Any:
        """Give a weight the name of the attribute that it is assigned to, and track what a container holds."""
        if isinstance(value, torch.Tensor):
            self._claim_weight(name, value)
            return value
        value = track(value)
        self._forget_spec(name)
        if value is not None and (name in self._parameters or not isinstance(value, nn.Module)):
            # Torch refuses to put another kind of value where a layer or weight was.
            self._modules.pop(name, None)
            self._parameters.pop(name, None)
        return value

    def _claim_weight(self, name: str, weight: torch.Tensor) -> None:
        registry = self._parameters if isinstance(weight, nn.Parameter) else self._buffers
        key = next((k for k in self._unclaimed if registry.get(k) is weight), None)
        if key is None:
            if any(buffer is weight for buffer in self._buffers.values()) and self._buffers.get(name) is not weight:
                # What was there before, such as the None of an __init__, would hide the weight.
                self._forget_spec(name)
                for registry in (self.__dict__, self._modules, self._parameters):
                    registry.pop(name, None)
                self._buffers[name] = weight
            return
        if self._is_building and name not in self._weight_specs and self._holds_tensor(name):
            # As torch.func.functional_call does, which would then compute with the new weight in its stead.
            raise RuntimeError(f"{name!r} was given a tensor before the build. {not_built_message([self._name])}")
        if hasattr(type(self), name) and not isinstance(getattr(type(self), name), property):
            raise AttributeError(self._hidden_by_class(name, weight))
        # What was there before, such as the None of an __init__, would hide the weight.
        self.__dict__.pop(name, None)
        self._modules.pop(name, None)
        spec = self._weight_specs[key]
        if key != name:
            other = self._buffers if registry is self._parameters else self._parameters
            other.pop(name, None)
            _move(registry, key, name)
            if key in self._frozen_names:
                self._frozen_names.add(name)
            self._forget_spec(key)
        self._unclaimed.discard(key)
        self._weight_specs[name] = spec
        forget_maker(weight)

    def _holds_tensor(self, name: str) -> bool:
        registered = name in self._parameters or name in self._buffers
        return registered or isinstance(self.__dict__.get(name), torch.Tensor)

    def _free_key(self, name: str) -> str:
        """Return a name for a weight or sub-module that no attribute has; torch allows no dots in it."""
        base = key = name.replace(".", "_").replace("/", "_") or "variable"
        number = 0
        taken = (self._parameters, self._buffers, self._modules, self.__dict__)
        while any(key in names for names in taken) or hasattr(type(self), key):
            number += 1
            key = f"{base}_{number}"
        return key

    def _give_up_weight(self, weight: torch.Tensor) -> WeightSpec | None:
        """Leave a weight to the container that it was put into."""
        for key in self._unclaimed:
            registry = self._parameters if key in self._parameters else self._buffers
            if registry.get(key) is weight:
                del registry[key]
                spec = self._weight_specs[key]
                self._forget_spec(key)
                forget_maker(weight)
                return spec
        return None

    def _forget_spec(self, name: str) -> None:
        self._weight_specs.pop(name, None)
        self._unclaimed.discard(name)
        self._frozen_names.discard(name)

    def _adopt_containers(self) -> None:
        """Track what was put into lists and dicts that held none of it when they were assigned."""
        for name, value in list(self.__dict__.items()):
            if type(value) in (list, dict) and name not in _NOT_THE_USERS:
                setattr(self, name, value)

    def __delattr__(self, name: str) -> None:
        """Delete an attribute, and what the layer tracked under it.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer(); layer.inner = keras.layers.Dense(2)
        >>> del layer.inner
        >>> list(layer.children())
        []
        """
        # What is known of a weight stays: torch's parametrizations delete it and put another in its place.
        super().__delattr__(name)

    def __getattr__(self, name: str) -> Any:
        """Find weights and sub-layers; within `call`, a mixed policy reads weights in the compute dtype."""
        # Reading a weight costs a small layer as much as its arithmetic: parameters come first.
        state = self.__dict__
        parameters = state.get("_parameters")
        if parameters is not None and name in parameters:
            weight = parameters[name]
        elif "_unclaimed" not in state:
            return self._read_too_early(name)
        elif name in state["_buffers"]:
            weight = state["_buffers"][name]
        elif name in state["_modules"]:
            return state["_modules"][name]
        else:
            return self._explain_missing(name)
        if self._casts_weights and weight is not None:
            return cast_for_call(weight, self._weight_specs.get(name))
        return weight

    def _read_too_early(self, name: str) -> Any:
        """Read before `Layer.__init__` has run, which code may do that sets attributes first, or forgets to call it."""
        is_of_every_layer = name in LayerState.__annotations__ or hasattr(type(self), name)
        if name.startswith("__") or ("_modules" in self.__dict__ and not is_of_every_layer):
            return super().__getattr__(name)
        missing = "cannot be used" if name.startswith("_") else f"has no {name!r}"
        raise NotInitializedError(
            f"{type(self).__name__}: call super().__init__() at the start of __init__, before anything else. "
            f"Until then a layer {missing}."
        )

    def _explain_missing(self, name: str) -> Any:
        owner = getattr(type(self), name, None)
        if isinstance(owner, property) and owner.fget is not None:
            # Python lands here when a property raises AttributeError, and has dropped the message by then.
            return owner.fget(self)
        names = [spec.name for spec in self._weight_specs.values()]
        hint = f" Its weights are {', '.join(names)}." if names else ""
        if not self._built:
            hint = " The layer is not built: its weights exist after the first call or `build(input_shape)`."
        raise AttributeError(f"{self.__dict__.get('_name')} ({type(self).__name__}): no attribute {name!r}.{hint}")


def _move(registry: dict[str, Any], key: str, name: str) -> None:
    """Rename an entry where it stands; one that is replaced gives up its name but not its place."""
    weight = registry[key]
    if name in registry:
        del registry[key]
        registry[name] = weight
        return
    renamed = [(name if k == key else k, v) for k, v in registry.items()]
    registry.clear()
    registry.update(renamed)
