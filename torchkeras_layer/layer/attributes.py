"""What happens when an attribute of a layer is read, set or deleted?"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from torchkeras_layer._absent import instead_of
from torchkeras_layer.layer.class_facts import ClassFacts
from torchkeras_layer.layer.containers import forget_maker, forget_spec, track
from torchkeras_layer.layer.context import cast_for_call
from torchkeras_layer.layer.record import KEY, NotInitializedError, Record, begin_module, too_early_message
from torchkeras_layer.layer.weight_creation import not_built_message
from torchkeras_layer.layer.weight_lists import freeze_assigned, nearest_layers

# What torch and we keep on a layer is not looked into for layers and weights.
_NOT_THE_USERS = frozenset(vars(nn.Module())) | {KEY, "__dict__"}

# What may be set before `super().__init__()`, which then sets it anew, as in TF-Keras and Keras 3.
_SET_ANEW = ("supports_masking", "trainable", "built", "input_spec", "activity_regularizer", "stateful", "_name")

_NOTHING = object()
_LOOKED_INTO: Any = (torch.Tensor, nn.Module, list, tuple, dict)


class Attributes(LazyModuleMixin, nn.Module):
    """Python's attribute protocol, on top of torch's; and the record, which is all the state that a layer has here."""

    _torchkeras: Record
    _torchkeras_facts: ClassVar[ClassFacts]

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
        state = self.__dict__
        if name in _NOT_THE_USERS:
            # Also Python's own: torch.export and replicas take over a layer's whole `__dict__`.
            super().__setattr__(name, value)
            return
        # Ported code may set attributes before it calls super().__init__().
        record = state[KEY] if KEY in state else begin_module(self)
        owner = getattr(type(self), name, _NOTHING)
        if owner is _NOTHING and not isinstance(value, _LOOKED_INTO) and _is_nothing_of_torchs(state, record, name):
            # Most arguments of a constructor: the long way took a third of the time of making a layer.
            state[name] = value
        elif isinstance(owner, property):
            _set_property(self, record, name, owner, value)
        elif owner is not _NOTHING and isinstance(value, (nn.Module, nn.Parameter)):
            raise AttributeError(_hidden_by_class(self, name, value))
        elif not record.is_ready:
            super().__setattr__(name, value)
        else:
            value = _take_in(self, record, name, value)
            super().__setattr__(name, value)
            if isinstance(value, (nn.Module, nn.Parameter)) and not record.trainable:
                freeze_assigned(self, value)

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
        parameters, record = state.get("_parameters"), state.get(KEY)
        if record is None:
            return _read_too_early(self, name)
        if parameters is not None and name in parameters:
            weight = parameters[name]
        elif not record.is_ready:
            return _read_too_early(self, name)
        elif name in state["_buffers"]:
            weight = state["_buffers"][name]
        elif name in state["_modules"]:
            return state["_modules"][name]
        else:
            return self._torchkeras_explain_missing(name)
        if record.casts_weights and weight is not None:
            return cast_for_call(weight, record.weight_specs.get(name))
        return weight

    def _torchkeras_explain_missing(self, name: str) -> Any:
        owner = getattr(type(self), name, None)
        if isinstance(owner, property) and owner.fget is not None:
            # Python lands here when a property raises AttributeError, and has dropped the message by then.
            return owner.fget(self)
        record = self._torchkeras
        advice = instead_of(name, "Layer")
        if advice:
            raise AttributeError(f"{record.name} ({type(self).__name__}): Keras's {name!r} is not here. {advice}")
        names = [spec.name for spec in record.weight_specs.values()]
        hint = f" Its weights are {', '.join(names)}." if names else ""
        if not record.built:
            hint = " The layer is not built: its weights exist after the first call or `build(input_shape)`."
        raise AttributeError(f"{record.name} ({type(self).__name__}): no attribute {name!r}.{hint}")


def name_in_errors(layer: Any) -> str:
    """Return a layer's name, or that of its class if it has none yet."""
    record = layer.__dict__.get(KEY)
    return record.name if record is not None and record.is_ready else type(layer).__name__


def _is_nothing_of_torchs(state: dict[str, Any], record: Any, name: str) -> bool:
    """Whether no weight and no module has this name, and the layer has begun to keep account of them."""
    is_known = name in state["_parameters"] or name in state["_buffers"] or name in state["_modules"]
    return not is_known and record.is_ready and name not in record.weight_specs


def _set_property(layer: Any, record: Any, name: str, owner: property, value: Any) -> None:
    if owner.fset is None:
        raise AttributeError(
            f"{name_in_errors(layer)}: {name!r} is a read-only property of every layer. Choose another attribute name. "
            "See docs/differences.md#names-that-are-taken"
        )
    if not record.is_ready and owner.fset.__module__.startswith(f"{__package__}."):
        _set_early(layer, record, name, value)
    else:
        # Not by `owner.fset`, which torch.compile does not follow.
        object.__setattr__(layer, name, value)


def _set_early(layer: Any, place: Any, name: str, value: Any) -> None:
    """Set what the constructor is about to set anew; until then, it can be read."""
    if name not in _SET_ANEW:
        raise NotInitializedError(
            f"{type(layer).__name__}: {name!r} was set before super().__init__() has run. Move super().__init__() "
            "to the start of __init__. See docs/differences.md#before-super__init__"
        )
    setattr(place, name.removeprefix("_"), value)
    if name == "trainable":
        # The layers inside have been made: nothing sets theirs anew.
        for inner in nearest_layers(layer):
            inner.trainable = value


def _hidden_by_class(layer: Any, name: str, value: Any) -> str:
    return (
        f"{name_in_errors(layer)}: the attribute {name!r} of class {type(layer).__name__} would hide the "
        f"{type(value).__name__} that is assigned to it, because torch looks there first. Choose another name, or take "
        "it out of the class. See docs/differences.md#a-class-attribute-that-hides-a-weight"
    )


def _take_in(layer: Any, record: Record, name: str, value: Any) -> Any:
    """Give a weight the name of the attribute that it is assigned to, and track what a container holds."""
    if isinstance(value, torch.Tensor):
        _claim_weight(layer, record, name, value)
        return value
    value = track(value)
    forget_spec(record, name)
    if value is not None and (name in layer._parameters or not isinstance(value, nn.Module)):
        # Torch refuses to put another kind of value where a layer or weight was.
        layer._modules.pop(name, None)
        layer._parameters.pop(name, None)
    return value


def _claim_weight(layer: Any, record: Record, name: str, weight: torch.Tensor) -> None:
    registry = layer._parameters if isinstance(weight, nn.Parameter) else layer._buffers
    key = next((k for k in record.unclaimed if registry.get(k) is weight), None)
    if key is None:
        _claim_known_buffer(layer, record, name, weight)
        return
    if record.is_building and name not in record.weight_specs and _holds_tensor(layer, name):
        # As torch.func.functional_call does, which would then compute with the new weight in its stead.
        raise RuntimeError(f"{name!r} was given a tensor before the build. {not_built_message([record.name])}")
    if hasattr(type(layer), name) and not isinstance(getattr(type(layer), name), property):
        raise AttributeError(_hidden_by_class(layer, name, weight))
    # What was there before, such as the None of an __init__, would hide the weight.
    layer.__dict__.pop(name, None)
    layer._modules.pop(name, None)
    spec = record.weight_specs[key]
    if key != name:
        other = layer._buffers if registry is layer._parameters else layer._parameters
        other.pop(name, None)
        _move(registry, key, name)
        if key in record.frozen_names:
            record.frozen_names.add(name)
        forget_spec(record, key)
    record.unclaimed.discard(key)
    record.weight_specs[name] = spec
    forget_maker(weight)


def _claim_known_buffer(layer: Any, record: Record, name: str, weight: torch.Tensor) -> None:
    if not any(buffer is weight for buffer in layer._buffers.values()) or layer._buffers.get(name) is weight:
        return
    # What was there before, such as the None of an __init__, would hide the weight.
    forget_spec(record, name)
    for registry in (layer.__dict__, layer._modules, layer._parameters):
        registry.pop(name, None)
    layer._buffers[name] = weight


def _holds_tensor(layer: Any, name: str) -> bool:
    registered = name in layer._parameters or name in layer._buffers
    return registered or isinstance(layer.__dict__.get(name), torch.Tensor)


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


def adopt_containers(layer: Any) -> None:
    """Track what was put into lists and dicts that held none of it when they were assigned."""
    for name, value in list(layer.__dict__.items()):
        if type(value) in (list, dict) and name not in _NOT_THE_USERS:
            setattr(layer, name, value)


def _read_too_early(layer: Any, name: str) -> Any:
    """Read before `Layer.__init__` has run, which code may do that sets attributes first, or forgets to call it."""
    is_of_every_layer = name == KEY or hasattr(type(layer), name)
    if name.startswith("__") or ("_modules" in layer.__dict__ and not is_of_every_layer):
        return nn.Module.__getattr__(layer, name)
    missing = "cannot be used" if name.startswith("_") else f"has no {name!r}"
    raise NotInitializedError(too_early_message(type(layer).__name__, missing))
