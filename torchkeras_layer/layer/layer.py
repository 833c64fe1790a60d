"""What is a layer? Its constructor, names and dtypes are here; its other members are in its base classes."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from torchkeras_layer._constructor_mistakes import advice_on_positions
from torchkeras_layer._shapes import as_shape
from torchkeras_layer.layer.building import guarded_build, inherit, update_placeholder
from torchkeras_layer.layer.calls import Calls
from torchkeras_layer.layer.class_facts import CLASS_OPTIONS, read_facts, warn_of_two_methods
from torchkeras_layer.layer.configuration import (
    advice_on_argument,
    capture_arguments,
    is_of_mixin,
    signature_with_device,
)
from torchkeras_layer.layer.containers import is_export_proxy, return_containers_directly
from torchkeras_layer.layer.context import NameScope, NotUsedYetError, choose_name, prefix_errors, traceable_init
from torchkeras_layer.layer.dtypes import assign_policy, move
from torchkeras_layer.layer.files import Files
from torchkeras_layer.layer.graph_place import GraphPlace
from torchkeras_layer.layer.losses import activity_regularizer_for
from torchkeras_layer.layer.losses_and_metrics import LossesAndMetrics
from torchkeras_layer.layer.record import KEY, Record, begin_module, derive_route, take_policy
from torchkeras_layer.layer.weights import Weights
from torchkeras_layer.precision import Policy, as_policy


class Layer(Calls, Weights, LossesAndMetrics, GraphPlace, Files):
    """A Keras layer that is a plain `torch.nn.Module`.

    Subclass it: store the arguments in `__init__`, create weights in `build`, and compute in `call`. The layer builds
    itself on its first call, for the shapes of the inputs and on their device.

    Args:
        trainable: whether the weights train.
        name: the layer's name; by default the class name in snake case, numbered: `dense`, `dense_1`, …
        dtype: name of a dtype or policy, a `Policy`, or a policy's config; by default the global policy, else
            `floatx()`.
        dynamic: if true, the layer is never traced: `torch.compile` runs it eagerly.
        activity_regularizer: identifier of a regularizer, or a callable, that is applied to the output; its result,
            divided by the batch size, is added to `losses`.
        autocast: whether floating-point tensors in the first argument of a call are cast to the compute dtype.
        weights: arrays that `set_weights` takes; they are set when the layer is built.
        batch_input_shape: shape of the input with the batch axis; it overrides the next three.
        input_shape: shape of the input without the batch axis.
        batch_size: size of the batch axis, if `input_shape` is given.
        input_dim: the same as `input_shape=(input_dim,)`.
        implementation: accepted because configs of recurrent layers have it; no effect.
        device: where the weights are created, as in torch's modules; by default on the device of the first input.

    Raises:
        TypeError: for an unknown keyword; if `trainable`, `dynamic` or `autocast` is not a bool, `name` not a string,
            `dtype` not a dtype or policy, or a shape not a tuple of ints and `None`.
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
        device: Any = None,
        **unknown: Any,
    ) -> None:
        class_name = type(self).__name__
        if unknown:
            name, value = next(iter(unknown.items()))
            advice = advice_on_argument(type(self), name)
            raise TypeError(f"{class_name}: unknown keyword argument {name!r}. Received: {name}={value!r}. {advice}")
        record = Record()
        record.trainable = _as_bool(class_name, "trainable", trainable, type(self))
        record.dynamic = _as_bool(class_name, "dynamic", dynamic)
        record.autocast = _as_bool(class_name, "autocast", autocast)
        with prefix_errors(class_name):
            record.activity_regularizer = activity_regularizer_for(activity_regularizer)
            record.batch_input_shape = _batch_shape(batch_input_shape, input_shape, batch_size, input_dim)
            take_policy(record, as_policy(dtype))
            record.pinned_device = None if device is None else _as_device(device)
        record.initial_weights = weights
        record.name = choose_name(name, class_name)
        _attach_record(self, record)

    def __init_subclass__(cls, **options: Any) -> None:
        """Inspect a new class and wrap its methods, once; `read_facts` lists the options of built-in layers."""
        is_ours = cls.__module__.startswith("torchkeras_layer.")
        ours = {name: options.pop(name) for name in CLASS_OPTIONS if is_ours and name in options}
        super().__init_subclass__(**options)
        if is_export_proxy(cls):
            # torch.export makes such a class whenever it reads a layer. It inherits the facts of the layer's class.
            return_containers_directly(cls)
            return
        if "__init__" in cls.__dict__ or is_of_mixin(cls):
            cls.__init__ = capture_arguments(cls.__init__)
            cls.__signature__ = signature_with_device(cls.__init__)
        if "build" in cls.__dict__:
            cls.build = guarded_build(cls.build)
        cls._torchkeras_facts = read_facts(cls, Layer, ours)
        warn_of_two_methods(cls)
        _duplicate_forward(cls)

    @property
    def name(self) -> str:
        """The layer's name: the one given, else the class name in snake case, numbered.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2, name="head").name
        'head'
        """
        return self._torchkeras.name

    @property
    def path(self) -> str | None:
        """The names of the enclosing layers and of this one, joined by `/`; `None` before the build.

        >>> import torch
        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Bidirectional(keras.layers.LSTM(2, name="lstm"), name="both")
        >>> _ = layer(torch.ones(1, 4, 3)); layer.forward_layer.path
        'both/forward_lstm'
        """
        return self._torchkeras.path

    @property
    def scope_name(self) -> str:
        """The same as `path`, for a layer that is built.

        Raises:
            ValueError: before the build.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2, name="head"); layer.build((None, 3)); layer.scope_name
        'head'
        """
        path = self._torchkeras.path
        if path is None:
            name = self._torchkeras.name
            raise NotUsedYetError(
                f"{name} ({type(self).__name__}): has no scope name yet, because it is not built. Call it on an input, "
                "or call `build(input_shape)`."
            )
        return path

    @property
    def name_scope(self) -> NameScope:
        """A context manager: the paths of layers that are built inside it begin with this layer's name.

        >>> import torchkeras_layer as keras
        >>> outer, inner = keras.Layer(name="encoder"), keras.layers.Dense(2, name="head")
        >>> with outer.name_scope as scope:
        ...     inner.build((None, 3))
        >>> scope.name, inner.path
        ('encoder/', 'encoder/head')
        """
        return NameScope(self)

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a method so that it runs inside the layer's `name_scope`.

        >>> import torchkeras_layer as keras
        >>> class Encoder(keras.Layer):
        ...     @keras.Layer.with_name_scope
        ...     def prepare(self):
        ...         self.head = keras.layers.Dense(2, name="head")
        ...         self.head.build((None, 3))
        >>> encoder = Encoder(name="encoder"); encoder.prepare(); encoder.head.path
        'encoder/head'
        """

        @functools.wraps(method)
        def scoped(self: Layer, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped

    @property
    def _name(self) -> str:
        # Ported code assigns to `_name` to rename a layer.
        return self._torchkeras.name

    @_name.setter
    def _name(self, name: str) -> None:
        self._torchkeras.name = choose_name(name, type(self).__name__)

    @property
    def dtype(self) -> str:
        """The name of the dtype of the weights, such as `'float32'`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2, dtype="mixed_bfloat16").dtype
        'float32'
        """
        return self._torchkeras.policy.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The name of the dtype of the weights; the same as `dtype`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).variable_dtype
        'float32'
        """
        return self._torchkeras.policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The name of the dtype that inputs are cast to.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2, dtype="mixed_bfloat16").compute_dtype
        'bfloat16'
        """
        return self._torchkeras.policy.compute_dtype

    @property
    def dtype_policy(self) -> Policy:
        """The `Policy` that holds both dtypes, or the map of policies that was given; setting it leaves weights alone.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.dtype_policy = "mixed_bfloat16"; layer.compute_dtype
        'bfloat16'
        """
        return self._torchkeras.given_policy

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        assign_policy(self, as_policy(policy))

    @property
    def autocast(self) -> bool:
        """Whether floating-point inputs are cast to the compute dtype; see the constructor.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).autocast
        True
        """
        return self._torchkeras.autocast

    @autocast.setter
    def autocast(self, is_cast: bool) -> None:
        self._torchkeras.autocast = _as_bool(type(self).__name__, "autocast", is_cast)
        derive_route(self)

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        move(self, fn, lambda: super(Layer, self)._apply(fn, recurse))
        return self

    def apply(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function on this layer and all modules inside it, as torch's `apply` does; or call the layer.

        Args:
            fn: a function of one module; or a tensor, which is the first argument of a call of the layer.
            *args, **kwargs: the other arguments of the call.

        Returns:
            the layer itself; or the output of the call.

        >>> import torch
        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).apply(torch.ones(1, 3)).shape
        torch.Size([1, 2])
        """
        if callable(fn) and not hasattr(fn, "shape"):
            return nn.Module.apply(self, fn)  # pyright: ignore[reportArgumentType]
        return self(fn, *args, **kwargs)

    def extra_repr(self) -> str:
        """Return what `repr` shows: the name, and the shapes of the layer's own weights once it is built.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2, name="head").extra_repr()
        "name='head', not built"
        """
        name = self._torchkeras.name
        if not self._torchkeras.built:
            return f"name={name!r}, not built"
        own = [(k, w) for k, w in [*self._parameters.items(), *self._buffers.items()] if w is not None]
        return ", ".join([f"name={name!r}", *(f"{key}={tuple(weight.shape)}" for key, weight in own)])


def _attach_record(layer: Layer, record: Record) -> None:
    """Give a layer its record, once the arguments are known to be valid."""
    previous, facts = begin_module(layer), layer._torchkeras_facts
    if type(layer).__hash__ is None:
        # `dataclasses.dataclass` takes it away; torch puts modules into sets. Python looks for it in the class alone.
        type(layer).__hash__ = nn.Module.__hash__
    if previous.init_arguments is not None:
        record.init_arguments = previous.init_arguments
    if previous.is_ready:
        # The constructor runs a second time.
        record.graph = previous.graph
    record.pinned_device = record.pinned_device or _chosen_default_device()
    record.signature, record.supports_masking = facts.signature, facts.defines_mask
    inherit(layer, record)
    layer.__dict__[KEY] = record
    if facts.declared:
        _apply_declarations(layer, record, facts.declared)
    derive_route(layer)
    update_placeholder(layer)


def _apply_declarations(layer: Layer, record: Record, declared: dict[str, Any]) -> None:
    """Set the properties for which the class declares a value as a plain class attribute."""
    declared = dict(declared)
    record.dynamic = declared.pop("dynamic", record.dynamic)
    for name, value in declared.items():
        setattr(layer, name, value)


def _duplicate_forward(cls: Any) -> None:
    """Give a class its own copy of `forward`: torch.compile limits how often it compiles one code object."""
    forward = Calls.forward
    if cls.forward.__qualname__ != forward.__qualname__:
        return
    duplicate = types.FunctionType(
        forward.__code__.replace(), forward.__globals__, forward.__name__, forward.__defaults__
    )
    for attribute in ("__module__", "__qualname__", "__doc__", "__annotations__"):
        setattr(duplicate, attribute, getattr(forward, attribute))
    cls.forward = duplicate


def _as_bool(class_name: str, argument: str, value: Any, cls: Any = None) -> bool:
    if not isinstance(value, bool):
        text = f"{class_name}: {argument} must be True or False. Received: {argument}={value!r}."
        raise TypeError(f"{text} {advice_on_positions(cls, Layer)}" if cls is not None else text)
    return value


def _as_device(device: Any) -> torch.device:
    try:
        return torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"device must be a device of torch, such as 'cuda'. Received: device={device!r}.") from error


def _chosen_default_device() -> Any:
    """Return torch's default device for new tensors, or `None` if it is the CPU."""
    if torch.compiler.is_dynamo_compiling():
        # torch.compile cannot trace the query, and the layers that it traces make no weights.
        return None
    device = torch.get_default_device()
    return None if device.type == "cpu" else device


def _batch_shape(batch_input_shape: Any, input_shape: Any, batch_size: int | None, input_dim: int | None) -> Any:
    if batch_input_shape is not None:
        return as_shape(batch_input_shape)
    if input_shape is None and input_dim is not None:
        input_shape = (input_dim,)
    return None if input_shape is None else as_shape((batch_size, *as_shape(input_shape)))


def _complete_base_class(cls: Any) -> None:
    """Do for `Layer` itself what `__init_subclass__` does for its subclasses."""
    cls._torchkeras_facts = read_facts(cls, cls, {})
    _duplicate_forward(cls)
    cls.__init__ = traceable_init(cls.__init__)


_complete_base_class(Layer)
