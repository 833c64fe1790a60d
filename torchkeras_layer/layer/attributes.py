"""What happens when an attribute of a layer is read, set or deleted?"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, ClassVar, NoReturn

import numpy as np
import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from torchkeras_layer._absent import instead_of
from torchkeras_layer.layer.call_records import Recording
from torchkeras_layer.layer.claiming import claim_weight
from torchkeras_layer.layer.class_facts import ClassFacts
from torchkeras_layer.layer.containers import (
    CONTAINER_TYPES,
    CONTAINERS,
    TrackedContainer,
    holds_state,
    is_tracked_type,
    track,
)
from torchkeras_layer.layer.context import cast_for_call, per_thread
from torchkeras_layer.layer.record import KEY, NotInitializedError, Record, begin_module, too_early_message
from torchkeras_layer.layer.unassigned_weights import forget_spec
from torchkeras_layer.layer.weight_lists import nearest_layers, prepare_assigned

# Attributes of torch and of this library, in which no layers and weights are tracked.
_RESERVED_NAMES = frozenset(vars(nn.Module())) | {KEY, "__dict__"}

# Properties that may be set before `super().__init__()`, which then sets them again, as in TF-Keras and Keras 3.
_RESET_BY_INIT = ("supports_masking", "trainable", "built", "input_spec", "activity_regularizer", "stateful", "_name")

# Methods that calls, builds and configs run: no attribute may hide them, unless it is a function itself.
_CALLED_METHODS = frozenset(
    ("call", "build", "forward", "compute_mask", "compute_output_shape", "get_config", "add_weight", "add_loss")
)

# Methods that torch calls only on the module that it is given, so that a layer inside may hold something else there.
_METHODS_NOT_NEEDED = frozenset(
    ("modules", "buffers", "type", "float", "double", "half", "bfloat16", "cpu", "cuda", "share_memory", "get_buffer")
)

# Members that models have, and that are looked for on single layers.
_OF_MODELS = ("summary", "load_weights", "save_weights", "get_layer", "to_json", "layers")

# Private names of TF-Keras that layers read. They are looked for last, so that they stay free for a user's class.
_PRIVATE_IN_KERAS: dict[str, Callable[[Any], Any]] = {
    "_compute_dtype": lambda layer: layer.compute_dtype,
    "_compute_dtype_object": lambda layer: layer.compute_dtype,
    "_dtype": lambda layer: layer.dtype,
    "_activity_regularizer": lambda layer: layer.activity_regularizer,
    # What is assigned to an attribute is tracked.
    "_track_trackable": lambda layer: lambda trackable, name, overwrite=False: trackable,
}
_NOTHING = object()
_TRACKED_TYPES: Any = (torch.Tensor, nn.Module, *CONTAINERS)


class LayerBase(LazyModuleMixin, nn.Module):
    """The base of `Layer`: reading, setting and deleting attributes, and the record that holds the layer's state."""

    _torchkeras: Record
    # What is known about the class.
    _torchkeras_facts: ClassVar[ClassFacts]

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, and track the layers and weights in it, also those in nested lists, tuples and dicts.

        Raises:
            AttributeError: if `name` is a read-only property, or is to hold a layer or weight but is a method.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer()
        >>> layer.blocks = [keras.layers.Dense(2)]
        >>> len(list(layer.children()))
        1
        """
        state = self.__dict__
        if name in _RESERVED_NAMES:
            # Also `__dict__`: torch.export and replicas replace a layer's whole `__dict__`.
            if name == "training" and _has_state(name, value):
                _refuse(self, name, f"cannot hold a {type(value).__name__}, because it is the mode")
            super().__setattr__(name, value)
            return
        # Ported code may set attributes before it calls super().__init__().
        record = state[KEY] if KEY in state else begin_module(self)
        owner = getattr(type(self), name, _NOTHING)
        if owner is _NOTHING and not isinstance(value, _TRACKED_TYPES) and _is_plain_name(state, record, name):
            # A shortcut for most constructor arguments: without it, creating a layer takes half as long again.
            state[name] = value
        elif isinstance(owner, property):
            _set_property(self, record, name, owner, value)
        elif name in _CALLED_METHODS and not callable(value):
            _refuse(self, name, f"is a method of every layer, which would be lost. Received: {name}={value!r}")
        elif not record.is_ready:
            if owner is not _NOTHING:
                _uncover(self, name, value)
            super().__setattr__(name, value)  # type: ignore[arg-type]
        elif _stands_in(self, name, value):
            self._parameters[name] = value  # type: ignore[assignment]
        else:
            value = _track_value(self, record, name, value)
            if owner is not _NOTHING:
                _uncover(self, name, value)
            if isinstance(value, (nn.Module, nn.Parameter)):
                prepare_assigned(self, name, value)
            elif isinstance(value, nn.Buffer):
                # Torch refuses a buffer where something else had its name, and makes no difference for a parameter.
                for place in (state, self._parameters, self._modules):
                    place.pop(name, None)
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        """Delete an attribute; layers and weights in it are no longer tracked.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer(); layer.inner = keras.layers.Dense(2)
        >>> del layer.inner
        >>> list(layer.children())
        []
        """
        # The spec of a weight stays: torch's parametrizations delete the weight and put another one in its place.
        super().__delattr__(name)
        self.__dict__.pop(name, None)

    def __getattr__(self, name: str) -> Any:
        """Return a weight or sublayer; inside `call`, a mixed policy casts weights to the compute dtype."""
        # Parameters come first: in a small layer, reading a weight takes as long as the arithmetic.
        state = self.__dict__
        try:
            record, parameters = state[KEY], state["_parameters"]
        except KeyError:
            return _read_too_early(self, name)
        if name in parameters:
            weight = parameters[name]
        elif name in state["_modules"]:
            child = state["_modules"][name]
            return child.current() if type(child) in CONTAINER_TYPES else child
        elif name in state["_buffers"]:
            weight = state["_buffers"][name]
        else:
            return self._torchkeras_explain_missing(name) if record.is_ready else _read_too_early(self, name)
        if record.casts_weights and weight is not None:
            return cast_for_call(weight, record.weight_specs.get(name))
        return weight

    def _torchkeras_explain_missing(self, name: str) -> Any:
        """Raise the error for a missing attribute."""
        owner = getattr(type(self), name, None)
        if isinstance(owner, property) and owner.fget is not None:
            # Python calls __getattr__ when a property raises an AttributeError, and loses its message. Raise it again.
            return owner.fget(self)
        if name in _PRIVATE_IN_KERAS:
            return _PRIVATE_IN_KERAS[name](self)
        record = self._torchkeras
        advice = instead_of(name, "Layer") or instead_of(name, "Model")
        if advice:
            raise AttributeError(f"{record.name} ({type(self).__name__}): Keras's {name!r} is not here. {advice}")
        hint = _advice_on_missing(self, record, name)
        raise AttributeError(f"{record.name} ({type(self).__name__}): no attribute {name!r}.{hint}")


def _advice_on_missing(layer: Any, record: Record, name: str) -> str:
    """Say why a layer may lack an attribute, with a space before it."""
    cls, facts = type(layer), layer._torchkeras_facts
    if facts.replaces_forward and not record.built:
        return f" {cls.__name__} overrides forward, so calls do not build it: rename forward to `call`."
    if name in _OF_MODELS:
        return f" Models have it: keras.Sequential([layer]).{name}."
    if not record.built:
        return " It is not built: its weights exist after the first call or `build(input_shape)`."
    names = [spec.name for spec in record.weight_specs.values()]
    if names:
        return f" Its weights are {', '.join(names)}."
    if facts.creates_weights or facts.runs_built_in_call:
        return ""
    methods = [key for one in cls.__mro__ if not one.__module__.startswith(("torch", "builtins")) for key in vars(one)]
    close = get_close_matches("build", methods, n=1, cutoff=0.75)
    misspelt = f" Is its method {close[0]!r} meant to be `build`?" if close else ""
    return (
        f"{misspelt} If it is a weight, make it in a method `build(self, input_shape)`, which {cls.__name__} does not "
        f"have: `self.{name} = self.add_weight(shape=(input_shape[-1],))`."
    )


def name_in_errors(layer: LayerBase) -> str:
    """Return a layer's name, or the name of its class if it has none yet."""
    record = layer.__dict__.get(KEY)
    return record.name if record is not None and record.is_ready else type(layer).__name__


def _is_plain_name(state: dict[str, Any], record: Any, name: str) -> bool:
    """Whether the layer is initialized, and has no weight and no module of this name."""
    return not _is_registered(state, name) and record.is_ready and name not in record.weight_specs


def _is_registered(state: dict[str, Any], name: str) -> bool:
    return name in state["_parameters"] or name in state["_buffers"] or name in state["_modules"]


def _set_property(layer: LayerBase, record: Any, name: str, owner: property, value: Any) -> None:
    if owner.fset is None:
        _refuse(layer, name, "is a read-only property of every layer")
    has_state = _has_state(name, value)
    # Asked last, because torch.compile does not trace it.
    if (has_state or not record.is_ready) and owner.fset.__module__.startswith(f"{__package__}."):
        if has_state:
            _refuse(layer, name, f"cannot hold a {type(value).__name__}, because it is a property of every layer")
        _set_early(layer, record, name, value)
    else:
        # Not by `owner.fset`, which torch.compile does not trace.
        object.__setattr__(layer, name, value)


def _set_early(layer: LayerBase, before: Any, name: str, value: Any) -> None:
    """Set a property that `Layer.__init__` will set again; until then, it can be read."""
    if name not in _RESET_BY_INIT:
        raise NotInitializedError(
            f"{type(layer).__name__}: {name!r} was set before super().__init__() has run. Move super().__init__() "
            "to the start of __init__. See docs/differences.md#before-super__init__"
        )
    setattr(before, name.removeprefix("_"), value)
    if name == "trainable":
        # The layers inside exist already: nothing sets their flags again.
        for inner in nearest_layers(layer):
            inner.trainable = value


def _has_state(name: str, value: Any) -> bool:
    """Whether layers or weights would be lost by setting a property or the mode to a value."""
    return value is not None and type(value) is not bool and name != "activity_regularizer" and holds_state(value)


def _refuse(layer: LayerBase, name: str, why: str) -> NoReturn:
    raise AttributeError(
        f"{name_in_errors(layer)}: {name!r} {why}. Choose another attribute name. "
        "See docs/differences.md#names-that-are-taken"
    )


class _ClassDefault:
    """The value of a class attribute, for layers in which no layer, weight or container was assigned to its name.

    Torch keeps those in registries, where Python looks only if the class has no attribute of the name, and it swaps
    them there, so that a copy elsewhere would be stale.
    """

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = value

    def __get__(self, layer: Any, owner: Any = None) -> Any:
        if layer is not None and _is_registered(layer.__dict__, self.name):
            return layer.__getattr__(self.name)
        binds = hasattr(type(self.value), "__get__")
        return self.value.__get__(layer, owner) if binds else self.value


def _uncover(layer: Any, name: str, value: Any) -> None:
    """Let a layer, weight or container be read that is assigned to the name of a class attribute.

    Raises:
        AttributeError: if it is a method, unless torch calls it on the outermost module only.
    """
    is_buffer = any(buffer is value for buffer in layer._buffers.values())
    if not (is_buffer or isinstance(value, (nn.Parameter, nn.Module, nn.Buffer))):
        return
    holder = next((cls for cls in type(layer).__mro__ if name in vars(cls)), type(layer))
    default = vars(holder).get(name)
    if hasattr(type(default), "__get__") and not isinstance(default, _ClassDefault):
        holder = type(layer)
        if name not in _METHODS_NOT_NEEDED or holder.__module__.startswith("torchkeras_layer."):
            raise AttributeError(
                f"{name_in_errors(layer)}: the attribute {name!r} cannot hold a {type(value).__name__}, because it is "
                f"a method of {holder.__name__}. Choose another name. See docs/differences.md#names-that-are-taken"
            )
    if isinstance(value, nn.Parameter):
        # Torch takes no parameter of a name that it can read, unless it is registered.
        layer._parameters.setdefault(name, None)
    if not isinstance(default, _ClassDefault):
        setattr(holder, name, _ClassDefault(name, default))


def _stands_in(layer: Any, name: str, value: Any) -> bool:
    """Whether a tensor that a `call` computed is to be read in place of a parameter, until the outermost call ends."""
    parameter, context = layer._parameters.get(name), per_thread.context
    if (
        parameter is None
        or context.layer is None
        or context.building
        or not isinstance(value, torch.Tensor)
        or isinstance(value, nn.Parameter)
    ):
        return False
    if context.recording is None and context.dry_run is None:
        context.recording = Recording()
    keeper: Any = context.recording if context.dry_run is None else context.dry_run
    keeper.replaced = [*(keeper.replaced or ()), (layer, name, parameter)]
    return True


def _track_value(layer: LayerBase, record: Record, name: str, value: Any) -> Any:
    """Give a weight the name of the attribute that it is assigned to; replace a container by a tracked one."""
    if isinstance(value, torch.Tensor):
        claim_weight(layer, record, name, value)
        return value
    if isinstance(value, np.ndarray) and name in record.weight_specs:
        raise TypeError(
            f"{record.name} ({type(layer).__name__}): {name!r} is a weight, which an array would replace. Received: an "
            f"array of shape {value.shape}. Within `with torch.no_grad():`, write "
            f"layer.{name}.copy_(torch.as_tensor(array))."
        )
    value = track(value)
    _warn_if_lost(layer, name, value)
    forget_spec(record, name)
    if value is not None and (name in layer._parameters or not isinstance(value, nn.Module)):
        # Torch refuses to replace a layer or weight by another kind of value.
        layer._modules.pop(name, None)
        layer._parameters.pop(name, None)
    return value


def _warn_if_lost(layer: LayerBase, name: str, value: Any) -> None:
    """Warn of layers and weights in a container of a type that cannot be tracked."""
    if isinstance(value, nn.Module) or not isinstance(value, CONTAINERS) or not holds_state(value):
        return
    warnings.warn(
        f"{name_in_errors(layer)}: the layers and weights in the attribute {name!r} will neither train nor be saved, "
        f"because a {type(value).__name__} cannot be tracked. Use a list, tuple, dict, OrderedDict, defaultdict or "
        "deque.",
        stacklevel=4,
    )


def adopt_containers(layer: LayerBase) -> None:
    """Track lists and dicts on attributes that held no layers or weights when they were assigned."""
    for name, value in list(layer.__dict__.items()):
        if is_tracked_type(type(value)) and name not in _RESERVED_NAMES:
            setattr(layer, name, value)
    for child in layer._modules.values():
        if isinstance(child, TrackedContainer):
            child.current()


def _read_too_early(layer: LayerBase, name: str) -> Any:
    """Read an attribute before `Layer.__init__` has run, or if a subclass forgot to call it."""
    is_member_of_class = name == KEY or hasattr(type(layer), name)
    if name.startswith("__") or ("_modules" in layer.__dict__ and not is_member_of_class):
        return nn.Module.__getattr__(layer, name)
    problem = "cannot be used" if name.startswith("_") else f"has no {name!r}"
    raise NotInitializedError(too_early_message(type(layer).__name__, problem))
