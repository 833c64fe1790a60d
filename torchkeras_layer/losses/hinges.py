"""By how much do scores miss a margin around the right class?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.arguments import fitting
from torchkeras_layer.losses.loss import Loss


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean along the last axis of max(1 - y_true * y_pred, 0).

    Targets are -1 and 1; those that are all 0 and 1 become these.

    >>> hinge([[0, 1]], [[-0.5, 2.0]])
    tensor([0.2500])
    """
    return torch.mean(_misses("hinge", y_true, y_pred), -1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean along the last axis of max(1 - y_true * y_pred, 0)².

    Targets are -1 and 1; those that are all 0 and 1 become these.

    >>> squared_hinge([[-1, 1]], [[-0.5, 2.0]])
    tensor([0.1250])
    """
    return torch.mean(torch.square(_misses("squared_hinge", y_true, y_pred)), -1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return by how much the score of the right class is not 1 above the largest of the others, 0 at least.

    Args:
        y_true: vectors with 1 at the right class, (…, classes).
        y_pred: the scores, (…, classes).

    >>> categorical_hinge([[0, 1, 0]], [[0.5, 0.75, 0.25]])
    tensor([0.7500])
    """
    y_true, y_pred = fitting("categorical_hinge", y_true, y_pred)
    right = torch.sum(y_true * y_pred, -1)
    wrong = torch.amax((1.0 - y_true) * y_pred, -1)
    return (wrong - right + 1.0).clamp(min=0.0)


@catalog.register()
class Hinge(Loss):
    """The mean of max(1 - y_true * y_pred, 0).

    Args:
        reduction, name, dtype: see `Loss`.

    Targets are -1 and 1; those that are all 0 and 1 become these.

    >>> Hinge()([[0, 1]], [[-0.5, 2.0]])
    tensor(0.2500)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `hinge` of each sample."""
        return hinge(y_true, y_pred)


@catalog.register()
class SquaredHinge(Loss):
    """The mean of max(1 - y_true * y_pred, 0)².

    Args:
        reduction, name, dtype: see `Loss`.

    Targets are -1 and 1; those that are all 0 and 1 become these.

    >>> SquaredHinge()([[-1, 1]], [[-0.5, 2.0]])
    tensor(0.1250)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge", dtype: Any = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `squared_hinge` of each sample."""
        return squared_hinge(y_true, y_pred)


@catalog.register()
class CategoricalHinge(Loss):
    """By how much the score of the right class is not 1 above the largest of the others, 0 at least.

    Args:
        reduction, name, dtype: see `Loss`.

    Targets are vectors with 1 at the right class.

    >>> CategoricalHinge()([[0, 1, 0]], [[0.5, 0.75, 0.25]])
    tensor(0.7500)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `categorical_hinge` of each sample."""
        return categorical_hinge(y_true, y_pred)


def _misses(name: str, y_true: Any, y_pred: Any) -> Tensor:
    y_true, y_pred = fitting(name, y_true, y_pred)
    # Only 0 and 1 are their own squares. They are found on the device: to look at the values would wait for it.
    scale = torch.all(y_true * y_true == y_true).to(y_true.dtype) + 1.0
    return (1.0 - (y_true * scale - (scale - 1.0)) * y_pred).clamp(min=0.0)
