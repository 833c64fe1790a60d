"""How far are predicted numbers from the true ones?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._settings import epsilon
from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.arguments import alike, fitting
from torchkeras_layer.losses.loss import Loss
from torchkeras_layer.ops.normalizing import normalize
from torchkeras_layer.ops.values import axes_of


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean along the last axis of (y_true - y_pred)².

    >>> mean_squared_error([[1.0, 2.0]], [[1.0, 4.0]])
    tensor([2.])
    """
    y_true, y_pred = alike("mean_squared_error", y_true, y_pred)
    return torch.mean(F.mse_loss(y_pred, y_true, reduction="none"), -1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean along the last axis of |y_true - y_pred|.

    >>> mean_absolute_error([[1.0, 2.0]], [[1.0, 4.0]])
    tensor([1.])
    """
    y_true, y_pred = alike("mean_absolute_error", y_true, y_pred)
    return torch.mean(F.l1_loss(y_pred, y_true, reduction="none"), -1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return 100 times the mean along the last axis of |y_true - y_pred| / |y_true|; true values are at least epsilon.

    >>> mean_absolute_percentage_error([[1.0, 2.0]], [[1.0, 4.0]])
    tensor([50.])
    """
    y_true, y_pred = fitting("mean_absolute_percentage_error", y_true, y_pred)
    parts = torch.abs((y_true - y_pred) / torch.abs(y_true).clamp(min=epsilon()))
    return 100.0 * torch.mean(parts, -1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean along the last axis of (log(y_true + 1) - log(y_pred + 1))²; values are at least epsilon.

    >>> mean_squared_logarithmic_error([[0.0, 1.0]], [[0.0, 3.0]])
    tensor([0.2402])
    """
    y_true, y_pred = fitting("mean_squared_logarithmic_error", y_true, y_pred)
    least = epsilon()
    return torch.mean(torch.square(torch.log1p(y_pred.clamp(min=least)) - torch.log1p(y_true.clamp(min=least))), -1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """Return the mean along the last axis of e² / 2 where the error e is at most `delta`, and of a line beyond it.

    >>> huber([[0.0, 0.0]], [[0.5, 3.0]])
    tensor([1.3125])
    """
    y_true, y_pred = alike("huber", y_true, y_pred)
    return torch.mean(F.huber_loss(y_pred, y_true, reduction="none", delta=delta), -1)


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean along the last axis of log(cosh(y_pred - y_true)).

    >>> log_cosh([[0.0, 0.0]], [[0.0, 1.0]])
    tensor([0.2169])
    """
    y_true, y_pred = fitting("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return torch.mean(error + F.softplus(-2.0 * error) - 0.6931471805599453, -1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: Any = -1) -> Tensor:
    """Return minus the cosine of the angle between two vectors along an axis, or several: -1 for the same direction.

    >>> cosine_similarity([[1.0, 0.0]], [[3.0, 4.0]])
    tensor([-0.6000])
    """
    y_true, y_pred = fitting("cosine_similarity", y_true, y_pred)
    if isinstance(axis, int):
        return -F.cosine_similarity(y_true, y_pred, axis, epsilon())
    axes = axes_of(axis, y_pred.dim())
    return -torch.sum(normalize(y_true, axes) * normalize(y_pred, axes), axes)


@catalog.register()
class MeanSquaredError(Loss):
    """The mean of (y_true - y_pred)².

    Args:
        reduction, name, dtype: see `Loss`.

    >>> MeanSquaredError()([[1.0, 2.0]], [[1.0, 4.0]])
    tensor(2.)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `mean_squared_error` of each sample."""
        return mean_squared_error(y_true, y_pred)

    def _torchkeras_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.mse_loss(y_pred, y_true)


@catalog.register()
class MeanAbsoluteError(Loss):
    """The mean of |y_true - y_pred|.

    Args:
        reduction, name, dtype: see `Loss`.

    >>> MeanAbsoluteError()([[1.0, 2.0]], [[1.0, 4.0]])
    tensor(1.)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `mean_absolute_error` of each sample."""
        return mean_absolute_error(y_true, y_pred)

    def _torchkeras_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.l1_loss(y_pred, y_true)


@catalog.register()
class MeanAbsolutePercentageError(Loss):
    """100 times the mean of |y_true - y_pred| / |y_true|; true values are at least epsilon.

    Args:
        reduction, name, dtype: see `Loss`.

    >>> MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.0, 4.0]])
    tensor(50.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `mean_absolute_percentage_error` of each sample."""
        return mean_absolute_percentage_error(y_true, y_pred)


@catalog.register()
class MeanSquaredLogarithmicError(Loss):
    """The mean of (log(y_true + 1) - log(y_pred + 1))²; values are at least epsilon.

    Args:
        reduction, name, dtype: see `Loss`.

    >>> MeanSquaredLogarithmicError()([[0.0, 1.0]], [[0.0, 3.0]])
    tensor(0.2402)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `mean_squared_logarithmic_error` of each sample."""
        return mean_squared_logarithmic_error(y_true, y_pred)


@catalog.register()
class CosineSimilarity(Loss):
    """Minus the cosine of the angle between vectors: -1 for the same direction.

    Args:
        axis: the axis, or axes, of the vectors.
        reduction, name, dtype: see `Loss`.

    >>> CosineSimilarity()([[1.0, 0.0]], [[3.0, 4.0]])
    tensor(-0.6000)
    """

    _torchkeras_arguments = ("axis",)

    def __init__(
        self,
        axis: Any = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `cosine_similarity` of each sample."""
        return cosine_similarity(y_true, y_pred, self.axis)


@catalog.register()
class Huber(Loss):
    """The mean of e² / 2 where the error e is at most `delta`, and of a line beyond it.

    Args:
        delta: where the line begins, a number above 0.
        reduction, name, dtype: see `Loss`.

    Raises:
        ValueError: if `delta` is not above 0.

    >>> Huber()([[0.0, 0.0]], [[0.5, 3.0]])
    tensor(1.3125)
    """

    _torchkeras_arguments = ("delta",)

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        if isinstance(delta, (int, float)) and not delta > 0:
            raise ValueError(f"Huber: delta must be a number above 0. Received: delta={delta!r}.")
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.delta = delta

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `huber` of each sample."""
        return huber(y_true, y_pred, self.delta)

    def _torchkeras_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.huber_loss(y_pred, y_true, delta=self.delta)


@catalog.register()
class LogCosh(Loss):
    """The mean of log(cosh(y_pred - y_true)).

    Args:
        reduction, name, dtype: see `Loss`.

    >>> LogCosh()([[0.0, 0.0]], [[0.0, 1.0]])
    tensor(0.2169)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `log_cosh` of each sample."""
        return log_cosh(y_true, y_pred)
