"""What is a layer? Its constructor, its name and its dtypes; the other members stand in the classes that it joins."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from torchkeras_layer import regularizers
from torchkeras_layer._shapes import as_shape
from torchkeras_layer.layer.building import building, update_placeholder
from torchkeras_layer.layer.calls import Calls
from torchkeras_layer.layer.class_facts import CLASS_OPTIONS, read_facts
from torchkeras_layer.layer.configuration import capturing
from torchkeras_layer.layer.containers import is_export_proxy, show_containers
from torchkeras_layer.layer.context import NameScope, NotUsedYetError, choose_name, followed, naming_errors
from torchkeras_layer.layer.dtypes import move, set_policy
from torchkeras_layer.layer.files import Files
from torchkeras_layer.layer.graph_place import GraphPlace
from torchkeras_layer.layer.losses_and_metrics import LossesAndMetrics
from torchkeras_layer.layer.record import KEY, Record, begin_module, derive_route
from torchkeras_layer.layer.weights import Weights
from torchkeras_layer.precision import Policy, as_policy


class Layer(Calls, Weights, LossesAndMetrics, GraphPlace, Files):
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

    # Whether `K.learning_phase` matters, which Keras 1 asks.
    uses_learning_phase = False

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
        record = Record()
        record.trainable = _as_bool(class_name, "trainable", trainable)
        record.dynamic = _as_bool(class_name, "dynamic", dynamic)
        record.autocast = _as_bool(class_name, "autocast", autocast)
        with naming_errors(class_name):
            record.activity_regularizer = regularizers.get(activity_regularizer)
            record.batch_input_shape = _batch_shape(batch_input_shape, input_shape, batch_size, input_dim)
            record.policy = as_policy(dtype)
        record.casts_weights = record.policy.is_mixed
        record.initial_weights = weights
        record.name = choose_name(name, class_name)
        _begin(self, record)

    def __init_subclass__(cls, **options: Any) -> None:
        """Read and wrap once a class what would be costly at every call; `read_facts` says which options there are."""
        is_ours = cls.__module__.startswith("torchkeras_layer.")
        ours = {name: options.pop(name) for name in CLASS_OPTIONS if is_ours and name in options}
        super().__init_subclass__(**options)
        if is_export_proxy(cls):
            # There is one for each read of a layer; what is read once a class is as in the layer's own.
            show_containers(cls)
            return
        if "__init__" in cls.__dict__:
            cls.__init__ = capturing(cls.__init__)
        if "build" in cls.__dict__:
            cls.build = building(cls.build)
        cls._torchkeras_facts = read_facts(cls, Layer, ours)
        _own_forward(cls)

    @property
    def name(self) -> str:
        """The layer's name: as given, else the class name in snake case, counted.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2, name="head").name
        'head'
        """
        return self._torchkeras.name

    @property
    def path(self) -> str | None:
        """Names of the layers around this one and its own, joined by `/`; `None` before the build.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2, name="head"); layer.build((None, 3)); layer.path
        'head'
        """
        return self._torchkeras.path

    @property
    def scope_name(self) -> str:
        """The path of a layer that was built.

        Raises:
            NotUsedYetError: a ValueError, before the build.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2, name="head"); layer.build((None, 3)); layer.scope_name
        'head'
        """
        path = self._torchkeras.path
        if path is None:
            name = self._torchkeras.name
            raise NotUsedYetError(f"{name}: no scope name yet, because the layer is not built. Call or build it.")
        return path

    @property
    def name_scope(self) -> NameScope:
        """A context manager in which the paths of what is built begin with this layer's name.

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
        """Decorate a method, so that it runs in the layer's `name_scope`.

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
        # Ported code assigns it to rename a layer.
        return self._torchkeras.name

    @_name.setter
    def _name(self, name: str) -> None:
        self._torchkeras.name = choose_name(name, type(self).__name__)

    @property
    def dtype(self) -> str:
        """Name of the dtype of the weights, such as `'float32'`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2, dtype="mixed_bfloat16").dtype
        'float32'
        """
        return self._torchkeras.policy.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """Name of the dtype of the weights; the same as `dtype`."""
        return self._torchkeras.policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """Name of the dtype that inputs are cast to.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2, dtype="mixed_bfloat16").compute_dtype
        'bfloat16'
        """
        return self._torchkeras.policy.compute_dtype

    @property
    def dtype_policy(self) -> Policy:
        """The pair of both dtypes. Setting it does not change weights that exist; `.to(dtype)` does."""
        return self._torchkeras.policy

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        set_policy(self, as_policy(policy))

    @property
    def autocast(self) -> bool:
        """Whether floating inputs are cast to the compute dtype."""
        return self._torchkeras.autocast

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        move(self, fn, lambda: super(Layer, self)._apply(fn, recurse))
        return self

    def apply(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the layer on `fn`; or, if `fn` is a function, call that on every module inside, as torch's `apply`."""
        if callable(fn) and not hasattr(fn, "shape"):
            return nn.Module.apply(self, fn)  # pyright: ignore[reportArgumentType]
        return self(fn, *args, **kwargs)

    def extra_repr(self) -> str:
        """Name, and the shapes of the own weights once there are any."""
        name = self._torchkeras.name
        if not self._torchkeras.built:
            return f"name={name!r}, not built"
        own = [(k, w) for k, w in [*self._parameters.items(), *self._buffers.items()] if w is not None]
        return ", ".join([f"name={name!r}", *(f"{key}={tuple(weight.shape)}" for key, weight in own)])


def _begin(layer: Layer, record: Record) -> None:
    """Give a layer its record, once the arguments are known to be right."""
    place, facts = begin_module(layer), layer._torchkeras_facts
    if place.init_arguments is not None:
        record.init_arguments = place.init_arguments
    if place.is_ready:
        # A constructor that runs a second time.
        record.graph = place.graph
    record.pinned_device = _device_in_force()
    record.signature, record.supports_masking = facts.signature, facts.defines_mask
    layer.__dict__[KEY] = record
    if facts.declared:
        _apply_declarations(layer, record, facts.declared)
    derive_route(layer)
    update_placeholder(layer)


def _apply_declarations(layer: Layer, record: Record, declared: dict[str, Any]) -> None:
    """Set what the class declares by plain attributes for all its layers."""
    declared = dict(declared)
    record.dynamic = declared.pop("dynamic", record.dynamic)
    for name, value in declared.items():
        setattr(layer, name, value)


def _own_forward(cls: Any) -> None:
    """Give a class a `forward` with its own code, of which torch.compile limits the compilations over all classes."""
    forward = Calls.forward
    if cls.forward.__qualname__ != forward.__qualname__:
        return
    duplicate = types.FunctionType(
        forward.__code__.replace(), forward.__globals__, forward.__name__, forward.__defaults__
    )
    for attribute in ("__module__", "__qualname__", "__doc__", "__annotations__"):
        setattr(duplicate, attribute, getattr(forward, attribute))
    cls.forward = duplicate


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


def _complete(cls: Any) -> None:
    """Do for `Layer` itself what is done for its subclasses."""
    cls._torchkeras_facts = read_facts(cls, cls, {})
    _own_forward(cls)
    cls.__init__ = followed(cls.__init__)


_complete(Layer)
