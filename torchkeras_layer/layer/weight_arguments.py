"""Which arguments does `add_weight` take, are they valid, and what is stored about the weight that they describe?"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch

from torchkeras_layer import constraints, initializers, regularizers
from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._shapes import full_shape, is_shape
from torchkeras_layer.layer.context import prefix_errors

_Member = TypeVar("_Member", bound=enum.Enum)


class VariableSynchronization(enum.Enum):
    """When the copies of a weight on several processes are synchronized.

    It is stored in the `WeightSpec`; weights with `ON_READ` do not train. It has no other effect.

    >>> VariableSynchronization(3)
    <VariableSynchronization.ON_READ: 3>
    """

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How the copies of a weight on several processes are combined. It is stored in the `WeightSpec`, without effect.

    >>> VariableAggregation(2)
    <VariableAggregation.MEAN: 2>
    """

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


@dataclass(frozen=True)
class WeightSpec:
    """What a layer stores about a weight beyond its tensor: the arguments of `add_weight`.

    Attributes:
        name: the name given to `add_weight`.
        trainable: whether the weight was created as trainable, frozen or not.
        initializer: `f(shape, dtype=torch_dtype)`, which returned the first value.
        regularizer: a function of the weight whose result is added to `losses`; or `None`.
        constraint: a function of the weight that returns its constrained value; or `None`.
        autocast: whether a mixed policy casts the weight to the compute dtype when `call` reads it.
        partitioner, synchronization, aggregation, collections, use_resource, caching_device: stored, no effect.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Dense(2, kernel_constraint="non_neg"); layer.build((None, 3))
    >>> spec = layer.weight_specs["kernel"]; spec.name, spec.trainable, type(spec.constraint).__name__
    ('kernel', True, 'NonNeg')
    """

    name: str
    trainable: bool
    initializer: Callable[..., Any]
    regularizer: Callable[[torch.Tensor], torch.Tensor] | None = None
    constraint: Callable[[torch.Tensor], torch.Tensor] | None = None
    autocast: bool = True
    partitioner: Any = None
    synchronization: VariableSynchronization = VariableSynchronization.AUTO
    aggregation: VariableAggregation = VariableAggregation.NONE
    collections: Any = None
    use_resource: bool | None = None
    caching_device: Any = None
    # The position among the weights that the layer has created.
    position: int = dataclasses.field(default=0, repr=False, compare=False)


def read_weight(holder: Any, key: str) -> Any:
    """Return a weight of a layer or container in its stored dtype, not cast by a mixed policy; `None` if deleted.

    >>> layer = torch.nn.Linear(2, 1); read_weight(layer, "weight") is layer.weight
    True
    """
    for registry in (holder._parameters, holder._buffers):
        weight = registry.get(key)
        if weight is not None:
            return weight
    # A parametrization has replaced the weight by a property.
    return getattr(holder, key, None)


_TF_2_ORDER = (
    "name",
    "shape",
    "dtype",
    "initializer",
    "regularizer",
    "trainable",
    "constraint",
    "partitioner",
    "use_resource",
    "synchronization",
    "aggregation",
)
_KERAS_3_ORDER = ("shape", "initializer", "dtype")
_EXTRA_ARGUMENTS = ("getter", "collections", "autocast", "experimental_autocast", "caching_device")


@dataclass(frozen=True)
class WeightRequest:
    """A weight that is to be created; `where` begins its error messages."""

    where: str
    spec: WeightSpec
    shape: tuple[int, ...]
    dtype: torch.dtype
    getter: Any

    def make(self) -> Any:
        """Run the getter, if one was given, else the initializer."""
        if self.getter is None:
            return self.spec.initializer(self.shape, dtype=self.dtype)
        arguments = {field.name: getattr(self.spec, field.name) for field in dataclasses.fields(self.spec)}
        for name in ("regularizer", "autocast", "partitioner", "position"):
            del arguments[name]
        return self.getter(shape=self.shape, dtype=self.dtype, **arguments)


def read_request(
    layer_name: str, default_dtype: torch.dtype, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> WeightRequest:
    """Check and normalize the arguments of `add_weight`, whose docstring lists them and the errors."""
    asked = _bind(layer_name, args, kwargs)
    name = asked.get("name")
    if name is not None and not isinstance(name, str):
        raise TypeError(
            f"{layer_name}: the name of a weight must be a string. Received: name={name!r}. By position, add_weight "
            "takes the name and then the shape, or the shape alone: add_weight(shape=(3, 4))."
        )
    where = f"{layer_name}: add_weight({'' if name is None else repr(name)})"
    return make_request(where, default_dtype, {**asked, "name": "variable" if name is None else str(name)})


def make_request(where: str, default_dtype: torch.dtype, asked: dict[str, Any]) -> WeightRequest:
    """Check and normalize the arguments, by their names, of what makes a weight; `where` begins the error messages."""
    partitioner, regularizer = asked.get("partitioner"), asked.get("regularizer")
    if partitioner is not None and regularizer is not None:
        raise RuntimeError(
            f"{where}: a partitioned weight cannot have a regularizer. Received: regularizer={regularizer!r}. Leave it "
            "out, and add the loss in `call`."
        )
    with prefix_errors(where):
        dtype = torch_dtype(default_dtype if asked.get("dtype") is None else asked["dtype"])
        synchronization = _member(VariableSynchronization, asked.get("synchronization"))
        spec = WeightSpec(
            name=asked["name"],
            trainable=_decide_trainable(asked.get("trainable"), dtype, synchronization),
            initializer=_choose_initializer(asked.get("initializer"), dtype),
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(asked.get("constraint")),
            autocast=asked.get("autocast", True) and asked.get("experimental_autocast", True),
            partitioner=partitioner,
            synchronization=synchronization,
            aggregation=_member(VariableAggregation, asked.get("aggregation")),
            collections=asked.get("collections"),
            use_resource=asked.get("use_resource"),
            caching_device=asked.get("caching_device"),
        )
        given = () if asked.get("shape") is None else asked["shape"]
        shape = full_shape((given,) if isinstance(given, (int, np.integer)) and not isinstance(given, bool) else given)
    return WeightRequest(where, spec, shape, dtype, asked.get("getter"))


def _bind(layer_name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    order = _KERAS_3_ORDER if args and is_shape(args[0]) else _TF_2_ORDER
    if len(args) > len(order):
        raise TypeError(
            f"{layer_name}: add_weight takes {', '.join(order)} by position. Received: {len(args)} arguments by "
            "position."
        )
    asked: dict[str, Any] = dict(zip(order, args, strict=False))
    for key, value in kwargs.items():
        if key in asked:
            raise TypeError(
                f"{layer_name}: add_weight takes each argument once. Received: {key!r} by position and by keyword."
            )
        if key not in _TF_2_ORDER and key not in _EXTRA_ARGUMENTS:
            raise TypeError(
                f"{layer_name}: add_weight takes the keywords {', '.join(_TF_2_ORDER + _EXTRA_ARGUMENTS)}. "
                f"Received: {key}={value!r}."
            )
        asked[key] = value
    return asked


def _member(kind: type[_Member], value: Any) -> _Member:
    """Return the member of an enumeration: it may be given by its number or, as in Keras 3, by its name in lower case.

    Without a value, it is the first one.
    """
    names = {member.name.lower(): member for member in kind}
    return names[value] if isinstance(value, str) and value in names else kind(value or 0)


def _decide_trainable(trainable: bool | None, dtype: torch.dtype, synchronization: VariableSynchronization) -> bool:
    on_read = synchronization is VariableSynchronization.ON_READ
    can_train = dtype.is_floating_point or dtype.is_complex
    if trainable and on_read:
        raise ValueError(
            "synchronization ON_READ is for non-trainable weights only. Received: trainable=True. Pass trainable=False."
        )
    if trainable and not can_train:
        raise ValueError(
            f"torch can train floating-point and complex weights only. Received: dtype={dtype_name(dtype)}, "
            "trainable=True. Pass trainable=False. See docs/differences.md#integer-weights"
        )
    return can_train and not on_read if trainable is None else bool(trainable)


def _choose_initializer(initializer: Any, dtype: torch.dtype) -> Any:
    if initializer is None:
        if dtype.is_complex:
            raise ValueError(
                f"there is no default initializer for complex weights. Received: dtype={dtype_name(dtype)}, "
                "initializer=None. Pass an initializer."
            )
        initializer = "glorot_uniform" if dtype.is_floating_point else "zeros"
    if isinstance(initializer, (torch.Tensor, np.ndarray)):
        return initializers.Constant(initializer)
    return initializers.get(initializer)
