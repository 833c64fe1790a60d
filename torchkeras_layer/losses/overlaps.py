"""How much of two regions, such as masks of images, is in both?"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from torchkeras_layer._settings import epsilon
from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.arguments import fitting
from torchkeras_layer.losses.loss import Loss
from torchkeras_layer.ops import reductions


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Tensor:
    """Return 1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)).

    Args:
        y_true: 0 and 1.
        y_pred: probabilities.
        axis: the axes of the sums; `None` for all.

    >>> dice([[1.0, 1.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]], axis=None)
    tensor(0.3333)
    """
    y_true, y_pred = fitting("dice", y_true, y_pred)
    both = reductions.sum(y_true * y_pred, axis)
    return 1 - 2.0 * both / (reductions.sum(y_true, axis) + reductions.sum(y_pred, axis) + epsilon())


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Tensor:
    """Return 1 - both / (both + alpha * only_true + beta * only_pred); with 0.5 and 0.5, it is `dice`.

    Args:
        y_true: 0 and 1.
        y_pred: probabilities.
        alpha: how much counts what is missed: y_true * (1 - y_pred).
        beta: how much counts what is found and not there: y_pred * (1 - y_true).
        axis: the axes of the sums; `None` for all.

    >>> tversky([1.0, 1.0, 0.0], [1.0, 0.0, 0.0], alpha=1.0, beta=0.0)
    tensor(0.5000)
    """
    y_true, y_pred = fitting("tversky", y_true, y_pred)
    both = reductions.sum(y_true * y_pred, axis)
    missed, wrong = reductions.sum((1 - y_pred) * y_true, axis), reductions.sum(y_pred * (1 - y_true), axis)
    return 1 - both / (both + missed * alpha + wrong * beta + epsilon())


@catalog.register()
class Dice(Loss):
    """1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)).

    Args:
        axis: the axes of the sums; `None` for all.
        reduction, name, dtype: see `Loss`.

    >>> Dice()([[1.0, 1.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]])
    tensor(0.3333)
    """

    _torchkeras_arguments = ("axis",)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `dice` of each sample."""
        return dice(y_true, y_pred, self.axis)


@catalog.register()
class Tversky(Loss):
    """1 - both / (both + alpha * only_true + beta * only_pred); with 0.5 and 0.5, it is `Dice`.

    Args:
        alpha: how much counts what is missed.
        beta: how much counts what is found and not there.
        axis: the axes of the sums; `None` for all.
        reduction, name, dtype: see `Loss`.

    >>> Tversky(alpha=1.0, beta=0.0)([1.0, 1.0, 0.0], [1.0, 0.0, 0.0])
    tensor(0.5000)
    """

    _torchkeras_arguments = ("alpha", "beta", "axis")

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.alpha = alpha
        self.beta = beta
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `tversky` of each sample."""
        return tversky(y_true, y_pred, self.alpha, self.beta, self.axis)
