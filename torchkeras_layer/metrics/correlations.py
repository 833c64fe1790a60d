"""How closely do predictions follow the targets: in direction, or up to a line?"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from torchkeras_layer._settings import epsilon
from torchkeras_layer.losses import regression
from torchkeras_layer.losses.arguments import fitting


def cosine_similarity(y_true: Any, y_pred: Any, axis: Any = -1) -> Tensor:
    """Return the cosine of the angle between targets and predictions: 1 for the same direction, 0 for vectors of 0.

    The loss of this name is the negative of it.

    Args:
        y_true: the targets.
        y_pred: the predictions, in the same shape.
        axis: the axis of the vectors.

    >>> cosine_similarity([[0.0, 1.0]], [[0.0, 2.0]])
    tensor([1.])
    """
    return -regression.cosine_similarity(y_true, y_pred, axis)


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return the correlation of targets and predictions along an axis; NaN where one of them is constant.

    Args:
        y_true: the targets.
        y_pred: the predictions, in the same shape.
        axis: the axis.

    >>> pearson_correlation([[0.0, 1.0, 0.5]], [[0.0, 2.0, 1.0]])
    tensor([1.0000])
    """
    y_true, y_pred = fitting("pearson_correlation", y_true, y_pred)
    y_true, y_pred = _centered(y_true, axis), _centered(y_pred, axis)
    deviations = [part.std(axis, correction=0, keepdim=True) for part in (y_true, y_pred)]
    return (y_true / deviations[0] * (y_pred / deviations[1])).mean(axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return how closely predictions agree with targets along an axis: 1 if they are equal and not constant.

    Args:
        y_true: the targets.
        y_pred: the predictions, in the same shape.
        axis: the axis.

    >>> concordance_correlation([[0.0, 1.0, 0.5]], [[0.0, 1.0, 0.5]])
    tensor([1.0000])
    """
    y_true, y_pred = fitting("concordance_correlation", y_true, y_pred)
    means = y_true.mean(axis, keepdim=True), y_pred.mean(axis, keepdim=True)
    variances = [part.var(axis, correction=0, keepdim=True) for part in (y_true - means[0], y_pred - means[1])]
    covariances = (y_true - means[1]) * (y_pred - means[1])
    norm = variances[0] + variances[1] + (means[0] - means[1]) ** 2
    return (2 * covariances / (norm + epsilon())).mean(axis)


def _centered(values: Tensor, axis: int) -> Tensor:
    return values - values.mean(axis, keepdim=True)
