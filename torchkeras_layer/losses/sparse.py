"""What is the cross-entropy of classes of which one is true, for right classes as ints?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.arguments import read, read_targets
from torchkeras_layer.losses.loss import Loss
from torchkeras_layer.ops import losses as operations
from torchkeras_layer.ops.values import as_float, axes_of


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """Return the cross-entropy of classes along an axis, for right classes as ints.

    Args:
        y_true: the classes, in the shape of `y_pred` without the axis, or with size 1 there.
        y_pred: probabilities.
        from_logits: whether `y_pred` holds logits.
        ignore_class: a class, also one that does not exist, whose loss is 0. The result has a mask of the others, by
            which a mean leaves it out.
        axis: the axis of the classes.

    Raises:
        ValueError: if the shapes do not fit.

    >>> sparse_categorical_crossentropy([1, -1], [[0.5, 0.5], [0.5, 0.5]], ignore_class=-1)
    tensor([0.6931, 0.0000])
    """
    y_pred = as_float(read("sparse_categorical_crossentropy: y_pred", y_pred))
    y_true = _classes("sparse_categorical_crossentropy", y_true, y_pred, axis)
    if ignore_class is None:
        return operations.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    is_valid = y_true != ignore_class
    y_pred = torch.where(is_valid.unsqueeze(axis), y_pred, 0)
    losses = operations.sparse_categorical_crossentropy(torch.where(is_valid, y_true, 0), y_pred, from_logits, axis)
    losses = torch.where(is_valid, losses, 0.0)
    losses._keras_mask = is_valid  # type: ignore[attr-defined]
    return losses


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    """Return (1 - p ** q) / q, where p is the probability of the right class: robust to wrong targets.

    Args:
        y_true: the classes as ints, (…) or (…, 1).
        y_pred: probabilities, (…, classes).
        q: between 0, which is nearly the cross-entropy, and 1, which is the absolute error.

    Raises:
        ValueError: if the shapes do not fit.

    >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5)
    tensor([1.])
    """
    y_pred = as_float(read("categorical_generalized_cross_entropy: y_pred", y_pred))
    y_true = _classes("categorical_generalized_cross_entropy", y_true, y_pred, -1)
    chances = torch.gather(y_pred, -1, y_true.unsqueeze(-1)).squeeze(-1)
    return (1.0 - chances**q) / q


@catalog.register()
class SparseCategoricalCrossentropy(Loss):
    """The cross-entropy of classes, one of which is true, for right classes as ints.

    Args:
        from_logits: whether predictions are logits.
        ignore_class: a class, also one that does not exist, that does not count.
        axis: the axis of the classes.
        reduction, name, dtype: see `Loss`.

    >>> SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [0.5, 0.5]])
    tensor(0.6931)
    """

    _torchkeras_arguments = ("from_logits", "ignore_class", "axis")
    _torchkeras_keeps_targets = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `sparse_categorical_crossentropy` of each sample."""
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.ignore_class, self.axis)

    def _torchkeras_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        is_simple = y_pred.dim() == 2 and self.axis in (1, -1) and y_true.dim() == 1 and y_true.dtype is torch.int64
        if self.from_logits and is_simple and self.ignore_class is None and y_true.shape[0] == y_pred.shape[0]:
            return F.cross_entropy(y_pred, y_true, ignore_index=operations.NO_CLASS)
        return None


@catalog.register()
class CategoricalGeneralizedCrossEntropy(Loss):
    """(1 - p ** q) / q, where p is the probability of the right class: robust to wrong targets.

    Args:
        q: between 0, which is nearly the cross-entropy, and 1, which is the absolute error.
        reduction, name, dtype: see `Loss`.

    Targets are the right classes as ints.

    Raises:
        ValueError: if `q` is not between 0 and 1.

    >>> CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]])
    tensor(1.)
    """

    _torchkeras_arguments = ("q",)
    _torchkeras_keeps_targets = True

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"CategoricalGeneralizedCrossEntropy: q must be between 0 and 1. Received: q={q!r}.")
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.q = q

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `categorical_generalized_cross_entropy` of each sample."""
        return categorical_generalized_cross_entropy(y_true, y_pred, self.q)


def _classes(name: str, y_true: Any, y_pred: Tensor, axis: int) -> Tensor:
    """Return classes as int64, without the axis."""
    y_true = read_targets(name, y_true, y_pred)
    sizes = list(y_pred.shape)
    if sizes:
        del sizes[axes_of(axis, y_pred.dim())[0]]
    if y_true.dim() == y_pred.dim() + 1 and y_true.shape[-1] == 1:
        y_true = y_true.squeeze(-1)
    if y_true.dim() == y_pred.dim() and sizes and y_true.shape[axis] == 1:
        y_true = y_true.squeeze(axis)
    if not y_pred.dim() or list(y_true.shape) != sizes:
        raise ValueError(
            f"{name}: y_true must have one class for each vector of y_pred. Received: y_true of shape "
            f"{tuple(y_true.shape)}, y_pred of shape {tuple(y_pred.shape)}. For vectors with 1 at the right class, "
            "write categorical_crossentropy."
        )
    return y_true.to(torch.int64)
