"""What is the cross-entropy of classes of which one is true, for vectors with 1 at the right class?"""

from __future__ import annotations

import warnings
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._ranks import same_rank
from torchkeras_layer._settings import epsilon
from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.arguments import tensors
from torchkeras_layer.losses.loss import Loss
from torchkeras_layer.ops import losses as operations
from torchkeras_layer.ops.values import as_tensor


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Return the cross-entropy of classes along an axis, one of which is true.

    Args:
        y_true: vectors with 1 at the right class, or probabilities.
        y_pred: probabilities, in the same shape.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: how far targets move to the same for all classes, from 0 to 1.
        axis: the axis of the classes.

    Raises:
        ValueError: if the shapes differ.

    >>> categorical_crossentropy([[0, 1]], [[0.5, 0.5]])
    tensor([0.6931])
    """
    y_true, y_pred = _of_classes("categorical_crossentropy", y_true, y_pred, axis)
    y_true = _towards_all(y_true, label_smoothing)
    return operations.categorical_crossentropy(y_true, y_pred, from_logits, axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return `categorical_crossentropy` where each class counts alpha * (1 - its probability) ** gamma.

    Args:
        y_true: vectors with 1 at the right class, or probabilities.
        y_pred: probabilities, in the same shape.
        alpha: a number, or one for each class.
        gamma: the exponent.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: how far targets move to the same for all classes, from 0 to 1.
        axis: the axis of the classes.

    Raises:
        ValueError: if the shapes differ.

    >>> categorical_focal_crossentropy([[0, 1]], [[0.5, 0.5]], alpha=1)
    tensor([0.1733])
    """
    y_true, y_pred = _of_classes("categorical_focal_crossentropy", y_true, y_pred, axis)
    y_true = _towards_all(y_true, label_smoothing)
    y_pred = torch.softmax(y_pred, axis) if from_logits else y_pred
    chances = y_pred / torch.sum(y_pred, axis, keepdim=True)
    chances = chances.clamp(epsilon(), 1.0 - epsilon())
    weight = alpha if isinstance(alpha, (int, float)) else as_tensor(alpha).to(chances)
    return torch.sum((1.0 - chances) ** gamma * weight * -y_true * torch.log(chances), axis)


@catalog.register()
class CategoricalCrossentropy(Loss):
    """The cross-entropy of classes, one of which is true, for vectors with 1 at the right class.

    Args:
        from_logits: whether predictions are logits.
        label_smoothing: how far targets move to the same for all classes, from 0 to 1.
        axis: the axis of the classes.
        reduction, name, dtype: see `Loss`.

    >>> CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]])
    tensor(0.6931)
    """

    _torchkeras_arguments = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `categorical_crossentropy` of each sample."""
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)

    def _torchkeras_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        # Torch has the classes on axis 1.
        is_simple = y_pred.dim() == 2 and self.axis in (1, -1) and y_pred.shape[1] > 1
        if self.from_logits and is_simple and 0 <= self.label_smoothing <= 1:
            return F.cross_entropy(y_pred, y_true, label_smoothing=self.label_smoothing)
        return None


@catalog.register()
class CategoricalFocalCrossentropy(Loss):
    """The cross-entropy of classes, where each counts alpha * (1 - its probability) ** gamma.

    Args:
        alpha: a number, or one for each class.
        gamma: the exponent.
        from_logits: whether predictions are logits.
        label_smoothing: how far targets move to the same for all classes, from 0 to 1.
        axis: the axis of the classes.
        reduction, name, dtype: see `Loss`.

    >>> CategoricalFocalCrossentropy(alpha=1)([[0, 1]], [[0.5, 0.5]])
    tensor(0.1733)
    """

    _torchkeras_arguments = ("alpha", "gamma", "from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `categorical_focal_crossentropy` of each sample."""
        return categorical_focal_crossentropy(
            y_true, y_pred, self.alpha, self.gamma, self.from_logits, self.label_smoothing, self.axis
        )


def _of_classes(name: str, y_true: Any, y_pred: Any, axis: Any) -> tuple[Tensor, Tensor]:
    if isinstance(axis, bool):
        raise ValueError(f"{name}: axis must be an int. Received: {axis}.")
    y_true, y_pred = same_rank(*tensors(name, y_true, y_pred))
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"{name}: y_true must have the shape of y_pred, with a 1 at the right class. Received: y_true of shape "
            f"{tuple(y_true.shape)}, y_pred of shape {tuple(y_pred.shape)}. For classes as ints, write "
            "sparse_categorical_crossentropy."
        )
    if y_pred.dim() and y_pred.shape[-1] == 1:
        warnings.warn(
            f"{name}: with one class, the loss is always 0. Received: y_pred of shape {tuple(y_pred.shape)}. For the "
            "probability of one class, write binary_crossentropy.",
            SyntaxWarning,
            stacklevel=3,
        )
    return y_true, y_pred


def _towards_all(y_true: Tensor, label_smoothing: float) -> Tensor:
    if not label_smoothing:
        return y_true
    return y_true * (1.0 - label_smoothing) + label_smoothing / y_true.shape[-1]
