"""What was asked of `add_weight`, can it be had, and what is known of the weight then?"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from torchkeras_layer import constraints, initializers, regularizers
from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._shapes import full_shape, is_shape
from torchkeras_layer.layer.context import naming_errors


class VariableSynchronization(enum.Enum):
    """When a weight that is distributed over processes is brought together."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How a weight that is distributed over processes is brought together."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


@dataclass(frozen=True)
class WeightSpec:
    """Everything `add_weight` was told about a weight; a value, kept by the attribute that holds the weight.

    `trainable` is what was asked for, whatever is frozen now. `autocast`: whether a layer with a mixed policy reads
    the weight in its compute dtype. `partitioner`, `synchronization` and `aggregation` say how it is distributed;
    `collections`, `use_resource` and `caching_device` are kept and have no effect.
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


def read_weight(holder: Any, key: str) -> Any:
    """Return a weight of a layer or container as it is kept, without the cast of a mixed policy; `None` if deleted.

    >>> layer = torch.nn.Linear(2, 1); read_weight(layer, "weight") is layer.weight
    True
    """
    for registry in (holder._parameters, holder._buffers):
        weight = registry.get(key)
        if weight is not None:
            return weight
    # A parametrization has put a property in its place.
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
    """A weight to be made."""

    where: str
    spec: WeightSpec
    shape: tuple[int, ...]
    dtype: torch.dtype
    getter: Any

    def make(self) -> Any:
        """Run the initializer, or the getter that was given in our stead."""
        if self.getter is None:
            return self.spec.initializer(self.shape, dtype=self.dtype)
        asked = {field.name: getattr(self.spec, field.name) for field in dataclasses.fields(self.spec)}
        for ours in ("regularizer", "autocast", "partitioner"):
            del asked[ours]
        return self.getter(shape=self.shape, dtype=self.dtype, **asked)


def read_request(
    layer_name: str, default_dtype: torch.dtype, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> WeightRequest:
    """Check and normalise the arguments of `add_weight`; its docstring tells them and the errors."""
    asked = _bind(layer_name, args, kwargs)
    where = f"{layer_name}: add_weight({asked.get('name')!r})"
    partitioner, regularizer = asked.get("partitioner"), asked.get("regularizer")
    if partitioner is not None and regularizer is not None:
        raise RuntimeError(f"{where}: a partitioned weight cannot have a regularizer. Add the loss in `call`.")
    with naming_errors(where):
        dtype = torch_dtype(default_dtype if asked.get("dtype") is None else asked["dtype"])
        synchronization = VariableSynchronization(asked.get("synchronization") or VariableSynchronization.AUTO)
        spec = WeightSpec(
            name="variable" if asked.get("name") is None else str(asked["name"]),
            trainable=_decide_trainable(asked.get("trainable"), dtype, synchronization),
            initializer=_choose_initializer(asked.get("initializer"), dtype),
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(asked.get("constraint")),
            autocast=asked.get("autocast", True) and asked.get("experimental_autocast", True),
            partitioner=partitioner,
            synchronization=synchronization,
            aggregation=VariableAggregation(asked.get("aggregation") or VariableAggregation.NONE),
            collections=asked.get("collections"),
            use_resource=asked.get("use_resource"),
            caching_device=asked.get("caching_device"),
        )
        shape = full_shape(() if asked.get("shape") is None else asked["shape"])
    return WeightRequest(where, spec, shape, dtype, asked.get("getter"))


def _bind(layer_name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    order = _KERAS_3_ORDER if args and is_shape(args[0]) else _TF_2_ORDER
    if len(args) > len(order):
        raise TypeError(
            f"{layer_name}: add_weight takes {', '.join(order)} by position. Received {len(args)} arguments."
        )
    asked: dict[str, Any] = dict(zip(order, args, strict=False))
    for key, value in kwargs.items():
        if key in asked:
            raise TypeError(f"{layer_name}: add_weight got {key!r} both by position and by keyword.")
        if key not in _TF_2_ORDER and key not in _EXTRA_ARGUMENTS:
            raise TypeError(
                f"{layer_name}: add_weight: unknown keyword {key!r}. It takes "
                f"{', '.join(_TF_2_ORDER + _EXTRA_ARGUMENTS)}."
            )
        asked[key] = value
    return asked


def _decide_trainable(trainable: bool | None, dtype: torch.dtype, synchronization: VariableSynchronization) -> bool:
    on_read = VariableSynchronization(synchronization) is VariableSynchronization.ON_READ
    can_train = dtype.is_floating_point or dtype.is_complex
    if trainable and on_read:
        raise ValueError(
            "synchronization ON_READ is for weights that do not train. Received: trainable=True. Pass trainable=False."
        )
    if trainable and not can_train:
        raise ValueError(
            f"torch trains float and complex weights only. Received: dtype={dtype_name(dtype)}, "
            "trainable=True. Pass trainable=False. See docs/differences.md#integer-weights"
        )
    return can_train and not on_read if trainable is None else bool(trainable)


def _choose_initializer(initializer: Any, dtype: torch.dtype) -> Any:
    if initializer is None:
        if dtype.is_complex:
            raise ValueError(f"dtype {dtype_name(dtype)} has no default initializer. Pass one.")
        initializer = "glorot_uniform" if dtype.is_floating_point else "zeros"
    if isinstance(initializer, (torch.Tensor, np.ndarray)):
        return initializers.Constant(initializer)
    return initializers.get(initializer)
