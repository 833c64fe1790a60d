"""What is a layer?"""

from __future__ import annotations

import inspect
import types
from typing import Any

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from torchkeras_layer import regularizers
from torchkeras_layer._shapes import as_shape
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.building import Building, building
from torchkeras_layer.layer.calling import Calling
from torchkeras_layer.layer.compiler import followed
from torchkeras_layer.layer.compiling import Compiling
from torchkeras_layer.layer.configuration import Configuration, capturing
from torchkeras_layer.layer.copying import Copying, fresh_call_state
from torchkeras_layer.layer.freezing import Freezing
from torchkeras_layer.layer.loading import Loading
from torchkeras_layer.layer.measuring import Measuring
from torchkeras_layer.layer.naming import choose_name, naming_errors
from torchkeras_layer.layer.reserved import check_names
from torchkeras_layer.layer.shapes import ShapeInference
from torchkeras_layer.layer.signatures import CallSignature, read_build_arguments, read_call_signature
from torchkeras_layer.layer.stand_ins import is_stand_in, show_containers
from torchkeras_layer.layer.stateless import StatelessCalls
from torchkeras_layer.layer.updates import Updates
from torchkeras_layer.layer.walk import layers_in
from torchkeras_layer.layer.weights import WeightCreation
from torchkeras_layer.precision import as_policy
from torchkeras_layer.symbolic.input_spec import InputSpec

# What a class may set for all its layers by a plain attribute.
_DECLARABLE = ("input_spec", "stateful", "dynamic", "supports_masking", "activity_regularizer")


class Layer(
    Calling,
    Measuring,
    Updates,
    StatelessCalls,
    Copying,
    Loading,
    Compiling,
    Configuration,
    Freezing,
    WeightCreation,
):
    """A Keras layer that is a plain `torch.nn.Module`.

    Subclass it: keep arguments in `__init__`, create weights in `build`, compute in `call`. The layer builds itself on
    its first call, for the shapes, and on the device, of what it is called on.

    Args:
        trainable: whether the weights train.
        name: default the class name in snake case, counted: `dense`, `dense_1`, …
        dtype: dtype or policy name, `Policy`, or a policy's config; default the global policy, else `floatx()`.
        dynamic: never trace the layer; `torch.compile` runs it eagerly.
        activity_regularizer: identifier or callable on the output; its result over the batch size is a loss.
        autocast: whether floating tensors in the first argument of a call are cast to the compute dtype.
        weights: arrays for `set_weights`, applied once the layer is built.
        input_shape: shape of one input without the batch; batch_size: that of the batch; batch_input_shape: both;
            input_dim: `input_shape=(input_dim,)`.
        implementation: accepted for recurrent layers' configs, no effect.

    Raises:
        TypeError: for an unknown keyword, a `trainable` or `dynamic` that is no bool, a `name` that is no string, a
            `dtype` that is none.
        ValueError: for an unknown regularizer.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> class Linear(keras.Layer):
    ...     def __init__(self, units, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.units = units
    ...     def build(self, input_shape):
    ...         self.w = self.add_weight(shape=(input_shape[-1], self.units))
    ...         self.b = self.add_weight(shape=(self.units,), initializer="zeros")
    ...     def call(self, inputs):
    ...         return inputs @ self.w + self.b
    >>> model = torch.nn.Sequential(Linear(4), torch.nn.ReLU(), Linear(1))
    >>> model(torch.ones(2, 3)).shape, list(model.state_dict())
    (torch.Size([2, 1]), ['0.w', '0.b', '2.w', '2.b'])
    """

    def __init__(
        self,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
        dynamic: bool = False,
        *,
        activity_regularizer: Any = None,
        autocast: bool = True,
        weights: Any = None,
        input_shape: Any = None,
        batch_input_shape: Any = None,
        batch_size: int | None = None,
        input_dim: int | None = None,
        implementation: Any = None,
        **unknown: Any,
    ) -> None:
        class_name = type(self).__name__
        if unknown:
            raise TypeError(f"{class_name}: unknown keyword argument {next(iter(unknown))!r}.")
        self._begin_module()
        flags = {"_trainable": trainable, "_dynamic": dynamic, "_autocast": autocast}
        self.__dict__.update({key: _as_bool(class_name, key[1:], flag) for key, flag in flags.items()})
        with naming_errors(class_name):
            regularizer = regularizers.get(activity_regularizer)
            shape = _batch_shape(batch_input_shape, input_shape, batch_size, input_dim)
            policy = as_policy(dtype)
        self.__dict__.update(_activity_regularizer=regularizer, _batch_input_shape=shape, _initial_weights=weights)
        self._begin_empty()
        self.__dict__["_pinned_device"] = _device_in_force()
        self._set_policy(policy)
        self.__dict__["_name"] = choose_name(name, class_name)
        self._apply_declarations()
        self._update_stand_in()

    def _apply_declarations(self) -> None:
        """Set what the class declares by plain attributes for all its layers."""
        declared = dict(self._declared)
        self._dynamic = declared.pop("dynamic", self._dynamic)
        for name, value in declared.items():
            setattr(self, name, value)
        self._choose_route()

    def _begin_empty(self) -> None:
        """Make the state that does not come from arguments."""
        # At once, and past __setattr__: one by one, these attributes took half of the time that making a layer takes.
        state = self.__dict__
        # A class without an __init__ of its own was not seen by `capturing`.
        state.setdefault("_init_arguments", ((), {}))
        state.update(dict.fromkeys(("_path", "_build_shapes", "_input_spec")))
        state.update(dict.fromkeys(("_stateful", "_is_thawed", "_is_frozen_above"), False))
        state.update(dict.fromkeys(("_built", "_is_building", "_warned_of_mask", "uses_learning_phase"), False))
        state.update(_supports_masking=self._defines_mask, _loss_functions=[])
        state.update(_weight_specs={}, _unclaimed=set(), _frozen_names=set())
        state.update(fresh_call_state())

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Read and wrap once a class what would be costly at every call."""
        super().__init_subclass__(**kwargs)
        if is_stand_in(cls):
            # There is one for each read of a layer; what is read once a class is as in the layer's own.
            show_containers(cls)
            return
        check_names(cls)
        if "__init__" in cls.__dict__:
            cls.__init__ = capturing(cls.__init__)
        if "build" in cls.__dict__:
            cls.build = building(cls.build)
        declared = {name: cls.__dict__[name] for name in _DECLARABLE if name in cls.__dict__}
        for name in [name for name, value in declared.items() if isinstance(value, property)]:
            del declared[name]
        for name in declared:
            delattr(cls, name)
        cls._declared = {**cls._declared, **declared}
        _read_class(cls)

    @property
    def dynamic(self) -> bool:
        """Whether this layer or one inside is never traced."""
        return any(layer._dynamic for layer in layers_in(self))

    @property
    def stateful(self) -> bool:
        """Whether this layer or one inside keeps state from one batch to the next."""
        return any(layer._stateful for layer in layers_in(self))

    @stateful.setter
    def stateful(self, value: bool) -> None:
        self._stateful = bool(value)

    @property
    def input_spec(self) -> Any:
        """What inputs must look like: an `InputSpec`, a nested structure of them, or `None`."""
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        for spec in leaves(value):
            if spec is not None and not isinstance(spec, InputSpec):
                raise TypeError(f"{self._name}: input_spec takes InputSpec objects. Received: {spec!r}.")
        self._input_spec = value
        self._choose_route()

    @property
    def activity_regularizer(self) -> Any:
        """A callable on the output whose result, over the batch size, is a loss; or `None`."""
        return self._activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, value: Any) -> None:
        self._activity_regularizer = regularizers.get(value)
        self._choose_route()

    def apply(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the layer on `fn`; or, if `fn` is a function, call that on every module inside, as torch's `apply`."""
        if callable(fn) and not hasattr(fn, "shape"):
            return nn.Module.apply(self, fn)  # pyright: ignore[reportArgumentType]
        return self(fn, *args, **kwargs)

    def extra_repr(self) -> str:
        """Name, and the shapes of the own weights once there are any."""
        if not self._built:
            return f"name={self._name!r}, not built"
        own = [(k, w) for k, w in [*self._parameters.items(), *self._buffers.items()] if w is not None]
        return ", ".join([f"name={self._name!r}", *(f"{key}={tuple(weight.shape)}" for key, weight in own)])


# The call of the base class takes any argument and wants none of them.
_PASS_THROUGH = CallSignature(first="inputs", positional=(), takes_training=False, takes_mask=False)


def _own_copy(function: Any) -> Any:
    """Copy a method with its code: torch.compile limits the compilations of a code object, over all classes."""
    code = function.__code__.replace()
    duplicate = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__)
    for attribute in ("__module__", "__qualname__", "__doc__", "__annotations__"):
        setattr(duplicate, attribute, getattr(function, attribute))
    return duplicate


def _read_class(cls: Any) -> None:
    if cls.forward.__qualname__ == Calling.forward.__qualname__:
        cls.forward = _own_copy(Calling.forward)
    mro = cls.__mro__
    cls._begins_as_torch_does = mro[mro.index(LazyModuleMixin) + 1] is nn.Module
    cls._call_signature = _PASS_THROUGH if cls.call is Calling.call else read_call_signature(cls.call)
    cls._build_arguments = read_build_arguments(cls.build)
    cls._build_takes_shape = len(inspect.signature(cls.build).parameters) > 1
    cls._creates_weights = cls.build is not Building.build
    cls._defines_mask = cls.compute_mask is not Layer.compute_mask
    if cls._defines_mask and not _is_built_in(cls.compute_mask):
        # A subclass may make masks.
        cls._only_merges_masks = False
    shapes, inherited = cls.compute_output_shape, ShapeInference.compute_output_shape
    cls._states_its_shapes = shapes is not inherited and _is_built_in(shapes) and _is_built_in(cls.call)


def _is_built_in(method: Any) -> bool:
    return method.__module__.startswith("torchkeras_layer.layers.")


def _as_bool(class_name: str, argument: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{class_name}: {argument} must be True or False. Received: {argument}={value!r}.")
    return value


def _device_in_force() -> Any:
    """Return the device that torch was told to make new tensors on, or `None` if it was not."""
    if torch.compiler.is_dynamo_compiling():
        # torch.compile cannot look, and what it follows makes no weights.
        return None
    device = torch.get_default_device()
    return None if device.type == "cpu" else device


def _batch_shape(batch_input_shape: Any, input_shape: Any, batch_size: int | None, input_dim: int | None) -> Any:
    if batch_input_shape is not None:
        return as_shape(batch_input_shape)
    if input_shape is None and input_dim is not None:
        input_shape = (input_dim,)
    return None if input_shape is None else as_shape((batch_size, *as_shape(input_shape)))


def _begin_with(cls: Any) -> None:
    cls.__init__ = followed(cls.__init__)


_read_class(Layer)
_begin_with(Layer)
