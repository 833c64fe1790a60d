"""Which constraints on weights are there, and how are they found by name and written into configs?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from typing_extensions import Self

from torchkeras_layer._dtypes import as_torch
from torchkeras_layer._placeholders import finder_in
from torchkeras_layer._ported_code import read_class_as_keras
from torchkeras_layer._settings import epsilon
from torchkeras_layer.registry import Catalog

Axis = int | Sequence[int] | None

_catalog = Catalog("constraint", module="keras.constraints")


@_catalog.register()
class Constraint:
    """Base class of constraints: called with a weight, a constraint returns the new value, of the same shape.

    >>> class Rounded(Constraint):
    ...     def __call__(self, w):
    ...         return w.round()
    >>> Rounded()(torch.tensor([0.9, 2.1]))
    tensor([1., 2.])
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        read_class_as_keras(cls)

    def __call__(self, w: Tensor) -> Tensor:
        """Return the constrained weight: here, `w` itself."""
        return w

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments.

        >>> Constraint().get_config()
        {}
        """
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a constraint from the result of `get_config()`.

        >>> MaxNorm.from_config(MaxNorm(3.0).get_config()).max_value
        3.0
        """
        return cls(**config)


@_catalog.register("maxnorm")
class MaxNorm(Constraint):
    """Limit the L2 norm along `axis` to `max_value` (Srivastava et al., 2014).

    Args:
        max_value: the maximum norm, a number >= 0.
        axis: axes of the norm, usually the weight's input axes: 0 for Dense, (0, 1, 2) for Conv2D; `None` for all.

    Raises:
        ValueError: if `max_value` is not such a number, or `axis` is not an int, ints or `None`.

    >>> MaxNorm(1.0)(torch.tensor([[3.0], [4.0]]))
    tensor([[0.6000],
            [0.8000]])
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = _number(max_value, math.inf, "MaxNorm: max_value")
        self.axis = _axis(axis, "MaxNorm")

    def __call__(self, w: Tensor) -> Tensor:
        """Return the constrained weight, of the same shape and dtype."""
        w = as_torch(w)
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
        """Return the constrained weight, of the same shape and dtype."""
        w = as_torch(w)
        return w.clamp(min=0)


@_catalog.register("unitnorm")
class UnitNorm(Constraint):
    """Scale to an L2 norm of 1 along `axis`.

    Args:
        axis: axes of the norm; see `MaxNorm`.

    Raises:
        ValueError: if `axis` is not an int, ints or `None`.

    >>> UnitNorm()(torch.tensor([[3.0], [4.0]]))
    tensor([[0.6000],
            [0.8000]])
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = _axis(axis, "UnitNorm")

    def __call__(self, w: Tensor) -> Tensor:
        """Return the constrained weight, of the same shape and dtype."""
        w = as_torch(w)
        return w / (epsilon() + _norms(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"axis": self.axis}


@_catalog.register()
class MinMaxNorm(Constraint):
    """Move the L2 norm along `axis` towards the range from `min_value` to `max_value`.

    Args:
        min_value, max_value: bounds of the norm, 0 <= min_value <= max_value.
        rate: fraction of the distance to the range that is covered, from 0 to 1; 1 enforces the bounds.
        axis: axes of the norm; see `MaxNorm`.

    Raises:
        ValueError: if a number is out of its range, or `axis` is not an int, ints or `None`.

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
        """Return the constrained weight, of the same shape and dtype."""
        w = as_torch(w)
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
    """Return the constraint for a name, a config, a class, a callable (unchanged) or `None` (`None`).

    Raises:
        ValueError: if the identifier is unknown.

    >>> get("max_norm").get_config(), get(None)
    ({'max_value': 2, 'axis': 0}, None)
    """
    return _catalog.get(identifier)


def serialize(constraint: Any, use_legacy_format: bool = False) -> Any:
    """Return the config of a constraint.

    Args:
        constraint: the object.
        use_legacy_format: whether the config has the two keys of Keras 2 only, `class_name` and `config`.

    >>> serialize(UnitNorm(axis=1))["config"]
    {'axis': 1}
    """
    return _catalog.serialize(constraint, use_legacy_format)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """Return the constraint for a name or for a config from `serialize`.

    Args:
        config: the name or config.
        custom_objects: classes and functions by the names that the config has for them.
        use_legacy_format: ignored: the config says which format it has.

    Raises:
        ValueError: if it is unknown.

    >>> deserialize({"class_name": "UnitNorm", "config": {"axis": 1}}).axis
    1
    """
    return _catalog.deserialize(config, custom_objects)


if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "constraints")
