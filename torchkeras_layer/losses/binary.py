"""What is the cross-entropy of classes of which each is true or not?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._settings import epsilon
from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.arguments import same_shape
from torchkeras_layer.losses.loss import Loss
from torchkeras_layer.ops import losses as operations


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: Any = -1
) -> Tensor:
    """Return the mean along an axis of the cross-entropies of single classes, which are true or not.

    Args:
        y_true: 0 or 1, or numbers between them.
        y_pred: probabilities, in the same shape.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: how far targets move to 0.5, from 0 to 1.
        axis: the axis, or axes, of the mean.

    >>> binary_crossentropy([[0, 1]], [[0.5, 0.5]])
    tensor([0.6931])
    """
    y_true, y_pred = same_shape("binary_crossentropy", y_true, y_pred)
    y_true = _towards_half(y_true, label_smoothing)
    return torch.mean(operations.binary_crossentropy(y_true, y_pred, from_logits), axis)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Any = -1,
) -> Tensor:
    """Return `binary_crossentropy` where each class counts (1 - probability of what is true) ** gamma.

    Args:
        y_true: 0 or 1, or numbers between them.
        y_pred: probabilities, in the same shape.
        apply_class_balancing: whether 1 counts `alpha`, and 0 counts `1 - alpha`.
        alpha: a number from 0 to 1.
        gamma: the exponent.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: how far targets move to 0.5, from 0 to 1.
        axis: the axis, or axes, of the mean.

    >>> binary_focal_crossentropy([[0, 1]], [[0.5, 0.5]])
    tensor([0.1733])
    """
    y_true, y_pred = same_shape("binary_focal_crossentropy", y_true, y_pred)
    y_true = _towards_half(y_true, label_smoothing)
    y_pred = torch.sigmoid(y_pred) if from_logits else y_pred
    right = y_true * y_pred + (1 - y_true) * (1 - y_pred)
    losses = (1.0 - right) ** gamma * operations.binary_crossentropy(y_true, y_pred)
    if apply_class_balancing:
        losses = (y_true * alpha + (1 - y_true) * (1 - alpha)) * losses
    return torch.mean(losses, axis)


@catalog.register()
class BinaryCrossentropy(Loss):
    """The cross-entropy of single classes, which are true or not.

    Args:
        from_logits: whether predictions are logits.
        label_smoothing: how far targets move to 0.5, from 0 to 1.
        axis: the axis, or axes, of the mean.
        reduction, name, dtype: see `Loss`.

    >>> BinaryCrossentropy()([[0, 1]], [[0.5, 0.5]])
    tensor(0.6931)
    >>> BinaryCrossentropy(from_logits=True)([[0, 1]], [[0.0, 0.0]])
    tensor(0.6931)
    """

    _torchkeras_arguments = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: Any = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `binary_crossentropy` of each sample."""
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)

    def _torchkeras_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        if self.axis != -1:
            return None
        y_true = _towards_half(y_true, self.label_smoothing)
        if self.from_logits:
            return F.binary_cross_entropy_with_logits(y_pred, y_true)
        return F.binary_cross_entropy(y_pred.clamp(epsilon(), 1 - epsilon()), y_true)


@catalog.register()
class BinaryFocalCrossentropy(Loss):
    """The cross-entropy of single classes, where each counts (1 - probability of what is true) ** gamma.

    Args:
        apply_class_balancing: whether 1 counts `alpha`, and 0 counts `1 - alpha`.
        alpha: a number from 0 to 1.
        gamma: the exponent.
        from_logits: whether predictions are logits.
        label_smoothing: how far targets move to 0.5, from 0 to 1.
        axis: the axis, or axes, of the mean.
        reduction, name, dtype: see `Loss`.

    >>> BinaryFocalCrossentropy()([[0, 1]], [[0.5, 0.5]])
    tensor(0.1733)
    """

    _torchkeras_arguments = ("apply_class_balancing", "alpha", "gamma", "from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: Any = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `binary_focal_crossentropy` of each sample."""
        return binary_focal_crossentropy(
            y_true,
            y_pred,
            self.apply_class_balancing,
            self.alpha,
            self.gamma,
            self.from_logits,
            self.label_smoothing,
            self.axis,
        )


def _towards_half(y_true: Tensor, label_smoothing: float) -> Tensor:
    return y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else y_true
