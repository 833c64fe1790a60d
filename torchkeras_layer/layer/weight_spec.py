"""What does a layer know of a weight beyond its tensor?"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch


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
