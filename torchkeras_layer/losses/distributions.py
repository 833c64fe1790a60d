"""How far is a predicted distribution from the true one?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._settings import epsilon
from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.arguments import fitting
from torchkeras_layer.losses.loss import Loss


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """Return the sum along the last axis of y_true * log(y_true / y_pred), for probabilities.

    >>> kl_divergence([[0.0, 1.0]], [[0.5, 0.5]])
    tensor([0.6931])
    """
    y_true, y_pred = fitting("kl_divergence", y_true, y_pred)
    least = epsilon()
    y_true, y_pred = y_true.clamp(least, 1), y_pred.clamp(least, 1)
    return torch.sum(y_true * torch.log(y_true / y_pred), -1)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean along the last axis of y_pred - y_true * log(y_pred), for predicted rates.

    >>> poisson([[0.0, 1.0]], [[1.0, 1.0]])
    tensor([1.0000])
    """
    y_true, y_pred = fitting("poisson", y_true, y_pred)
    losses = F.poisson_nll_loss(y_pred, y_true, log_input=False, eps=epsilon(), reduction="none")
    return torch.mean(losses, -1)


@catalog.register()
class KLDivergence(Loss):
    """The Kullback-Leibler divergence: the sum of y_true * log(y_true / y_pred), for probabilities.

    Args:
        reduction, name, dtype: see `Loss`.

    >>> KLDivergence()([[0.0, 1.0]], [[0.5, 0.5]])
    tensor(0.6931)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence", dtype: Any = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `kl_divergence` of each sample."""
        return kl_divergence(y_true, y_pred)


@catalog.register()
class Poisson(Loss):
    """The mean of y_pred - y_true * log(y_pred), for predicted rates.

    Args:
        reduction, name, dtype: see `Loss`.

    >>> Poisson()([[0.0, 1.0]], [[1.0, 1.0]])
    tensor(1.0000)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `poisson` of each sample."""
        return poisson(y_true, y_pred)

    def _torchkeras_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.poisson_nll_loss(y_pred, y_true, log_input=False, eps=epsilon())
