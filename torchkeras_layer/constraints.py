"""Which projections keep a weight within bounds, and how does one go from a name to a constraint and back?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import torch
from torch import Tensor
from typing_extensions import Self

from torchkeras_layer._settings import epsilon
from torchkeras_layer.registry import Catalog

Axis = int | Sequence[int] | None

_catalog = Catalog("constraint", module="keras.constraints")


@_catalog.register()
class Constraint:
    """A projection: called with a weight, it returns the weight's value to go on with, of the same shape.

    >>> class Rounded(Constraint):
    ...     def __call__(self, w):
    ...         return w.round()
    >>> Rounded()(torch.tensor([0.9, 2.1]))
    tensor([1., 2.])
    """

    def __call__(self, w: Tensor) -> Tensor:
        """Return the projected weight: `w` itself."""
        return w

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a constraint from `get_config()`."""
        return cls(**config)


@_catalog.register("maxnorm")
class MaxNorm(Constraint):
    """Scale down what is longer than `max_value`, measured along `axis` (Srivastava et al., 2014).

    `axis` holds the weight's input dimensions: 0 for Dense, (0, 1, 2) for Conv2D; `None` is all.

    Raises:
        ValueError: if `max_value` is not a number >= 0 or `axis` no axis.

    >>> MaxNorm(1.0)(torch.tensor([[3.0], [4.0]]))
    tensor([[0.6000],
            [0.8000]])
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = _number(max_value, math.inf, "MaxNorm: max_value")
        self.axis = _axis(axis, "MaxNorm")

    def __call__(self, w: Tensor) -> Tensor:
        """Return the projected weight, of the same shape and dtype."""
        norms = _norms(w, self.axis)
        return w * (norms.clamp(max=self.max_value) / (epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"max_value": self.max_value, "axis": self.axis}


@_catalog.register("nonneg")
class NonNeg(Constraint):
    """Set negative values to 0.

    >>> NonNeg()(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __call__(self, w: Tensor) -> Tensor:
        """Return the projected weight, of the same shape and dtype."""
        return w.clamp(min=0)


@_catalog.register("unitnorm")
class UnitNorm(Constraint):
    """Scale to length 1, measured along `axis` (see `MaxNorm`).

    Raises:
        ValueError: if `axis` is no axis.

    >>> UnitNorm()(torch.tensor([[3.0], [4.0]]))
    tensor([[0.6000],
            [0.8000]])
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = _axis(axis, "UnitNorm")

    def __call__(self, w: Tensor) -> Tensor:
        """Return the projected weight, of the same shape and dtype."""
        return w / (epsilon() + _norms(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"axis": self.axis}


@_catalog.register()
class MinMaxNorm(Constraint):
    """Move the length, measured along `axis` (see `MaxNorm`), by the share `rate` of the way into the bounds.

    Raises:
        ValueError: unless 0 <= `min_value` <= `max_value` and 0 <= `rate` <= 1, or if `axis` is no axis.

    >>> MinMaxNorm(min_value=1.0, max_value=3.0, rate=0.5)(torch.tensor([[3.0], [4.0]]))
    tensor([[2.4000],
            [3.2000]])
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        self.max_value = _number(max_value, math.inf, "MinMaxNorm: max_value")
        self.min_value = _number(min_value, self.max_value, "MinMaxNorm: min_value")
        self.rate = _number(rate, 1, "MinMaxNorm: rate")
        self.axis = _axis(axis, "MinMaxNorm")

    def __call__(self, w: Tensor) -> Tensor:
        """Return the projected weight, of the same shape and dtype."""
        norms = _norms(w, self.axis)
        bounded = norms.clamp(self.min_value, self.max_value)
        desired = self.rate * bounded + (1 - self.rate) * norms
        return w * (desired / (epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


def _number(value: Any, most: float, argument: str) -> Any:
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if not 0 <= number <= most:
        bound = "" if most == math.inf else f" and <= {most}"
        raise ValueError(f"{argument} must be a number >= 0{bound}. Received: {value!r}.")
    return value


def _axis(axis: Any, owner: str) -> Any:
    axes = (0,) if axis is None else tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    if not axes or any(not isinstance(one, int) or isinstance(one, bool) for one in axes):
        raise ValueError(f"{owner}: axis must be an int, a tuple of ints or None. Received: axis={axis!r}.")
    return axis


def _norms(w: Tensor, axis: Any) -> Tensor:
    return torch.linalg.vector_norm(w, dim=axis, keepdim=True)


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm


def get(identifier: Any) -> Any:
    """Return the constraint for a name, a config, a class, a callable (as it is) or `None` (`None`).

    Raises:
        ValueError: if it stands for no constraint.

    >>> get("max_norm").get_config(), get(None)
    ({'max_value': 2, 'axis': 0}, None)
    """
    return _catalog.get(identifier)


def serialize(constraint: Any) -> Any:
    """Return the config that makes this constraint again.

    >>> serialize(UnitNorm(axis=1))["config"]
    {'axis': 1}
    """
    return _catalog.serialize(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the constraint that `serialize` described.

    Raises:
        ValueError: if it is neither built in nor in `custom_objects`.

    >>> deserialize({"class_name": "UnitNorm", "config": {"axis": 1}}).axis
    1
    """
    return _catalog.deserialize(config, custom_objects)
