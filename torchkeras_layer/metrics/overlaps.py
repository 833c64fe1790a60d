"""How far do predicted and true areas of classes overlap, over all calls?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchkeras_layer._settings import epsilon
from torchkeras_layer._shapes import broadcasts_to
from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.metric import Metric
from torchkeras_layer.metrics.values import check_int, check_share, numbers, weights_error


@catalog.register()
class IoU(Metric):
    """The mean, over some classes, of the intersection over the union of what is predicted and what is true.

    Classes that are neither predicted nor true do not count; if no class is, the result is 0.

    Args:
        num_classes: how many classes there are.
        target_class_ids: those that count.
        name: see `Metric`.
        dtype: dtype of the counts; default int32, for which weights are rounded toward 0.
        ignore_class: a class; places where it is true do not count.
        sparse_y_true, sparse_y_pred: whether targets and predictions are classes as ints, and not scores along `axis`.
        axis: the axis of scores.

    Raises:
        ValueError: for other arguments; from `update_state`, if shapes do not fit.

    >>> IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])
    tensor(0.3333)
    """

    total_cm: Tensor

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype="int32" if dtype is None else dtype, name=name)
        self.num_classes = check_int(type(self), "num_classes", num_classes, 1)
        self.target_class_ids = _read_classes(type(self), target_class_ids, num_classes)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        shape = (self.num_classes, self.num_classes)
        self.total_cm = self.add_variable(shape, "zeros", dtype=self.dtype, name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count how often each class is predicted where each class is true.

        Args:
            y_true: the classes that are true; those that do not exist do not count.
            y_pred: the predicted classes, likewise, of the same number.
            sample_weight: how much each counts, in the same shape.
        """
        rows = self._classes(y_true, self.sparse_y_true)
        columns = self._classes(y_pred, self.sparse_y_pred)
        if rows.numel() != columns.numel():
            raise ValueError(
                f"{self.name}: y_true and y_pred must have as many classes. Received: y_true with classes of shape "
                f"{tuple(rows.shape)}, y_pred with classes of shape {tuple(columns.shape)}."
            )
        # With a row and a column at each end for classes that do not exist.
        count = self.num_classes
        width = count + 2
        rows, columns = rows.reshape(-1).clamp(-1, count), columns.reshape(-1).clamp(-1, count)
        places = columns.add_(rows, alpha=width).add_(width + 1)
        weights = self._weights(sample_weight, places)
        matrix = torch.zeros(width * width, dtype=weights.dtype, device=weights.device)
        found = matrix.scatter_add_(0, places, weights).view(width, width)[1:-1, 1:-1]
        if self.ignore_class is not None and 0 <= self.ignore_class < count:
            found[self.ignore_class] = 0
        self.total_cm.add_(found)

    def result(self) -> Tensor:
        """Return the mean over the classes, a scalar."""
        matrix = self.total_cm
        both = matrix.diagonal()
        either = matrix.sum(0) + matrix.sum(1) - both
        either, both = either[self.target_class_ids].float(), both[self.target_class_ids].float()
        is_there = either > 1e-9
        shares = torch.where(is_there, both / (either + epsilon()), 0)
        return shares.sum() / (is_there.sum() + epsilon())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _classes(self, values: Any, is_sparse: bool) -> Tensor:
        if is_sparse:
            return numbers(self, values, torch.int64)
        scores = numbers(self, values, None if isinstance(values, Tensor) else torch.float32)
        scores = values if isinstance(values, Tensor) else scores
        if not -scores.dim() <= self.axis < scores.dim():
            raise ValueError(
                f"{self.name}: scores must have the axis {self.axis}. Received: scores of shape {tuple(scores.shape)}."
            )
        return torch.argmax(scores.to(torch.uint8) if scores.dtype is torch.bool else scores, self.axis)

    def _weights(self, sample_weight: Any, like: Tensor) -> Tensor:
        if sample_weight is None:
            return self.total_cm.new_ones(()).expand(like.shape)
        weights = numbers(self, sample_weight, self.total_cm.dtype)
        weights = weights.reshape(-1) if weights.dim() > 1 else weights
        if not broadcasts_to(weights.shape, like.shape):
            raise weights_error(self, weights, like)
        is_rounded = not self.total_cm.is_floating_point() and "float" in str(getattr(sample_weight, "dtype", ""))
        if is_rounded and not torch.compiler.is_compiling():
            advice = "Pass dtype='float32' to the metric."
            warnings.warn(f"{self.name}: sample_weight is rounded to whole numbers. {advice}", stacklevel=4)
        return weights.expand(like.shape)


@catalog.register()
class BinaryIoU(IoU):
    """The intersection over union of two classes, for scores that are compared with a threshold.

    Args:
        target_class_ids: which of 0, below the threshold, and 1 count.
        threshold: scores that are at least as great are of class 1.
        name, dtype: see `IoU`.

    Raises:
        ValueError: for other arguments; from `update_state`, if shapes do not fit.

    >>> BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
    tensor(0.3333)
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = check_share(type(self), "threshold", threshold)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count how often each class is predicted where each class is true.

        Args:
            y_true: 0 and 1.
            y_pred: scores, of the same number.
            sample_weight: how much each counts, in the same shape.
        """
        scores = numbers(self, y_pred, torch.float32)
        super().update_state(y_true, (scores >= self.threshold).to(torch.int64), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"target_class_ids": self.target_class_ids, "threshold": self.threshold}
        return {**own, "name": self.name, "dtype": self.dtype}


@catalog.register()
class MeanIoU(IoU):
    """The mean, over all classes that occur, of the intersection over the union of what is predicted and what is true.

    Args:
        num_classes: how many classes there are.
        name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis: see `IoU`.

    Raises:
        ValueError: for other arguments; from `update_state`, if shapes do not fit.

    >>> MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])
    tensor(0.3333)
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        classes = range(check_int(type(self), "num_classes", num_classes, 1))
        super().__init__(num_classes, classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return _without(super().get_config(), "target_class_ids")


@catalog.register()
class OneHotIoU(IoU):
    """`IoU` of targets that are vectors with 1 at the true class.

    Args:
        num_classes: how many classes there are.
        target_class_ids: those that count.
        name, dtype, ignore_class, axis: see `IoU`.
        sparse_y_pred: whether predictions are classes as ints, and not scores along `axis`.

    Raises:
        ValueError: for other arguments; from `update_state`, if shapes do not fit.

    >>> OneHotIoU(2, [1])([[1, 0], [0, 1]], [[0.3, 0.7], [0.2, 0.8]])
    tensor(0.5000)
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return _without(super().get_config(), "sparse_y_true")


@catalog.register()
class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of targets that are vectors with 1 at the true class.

    Args:
        num_classes: how many classes there are.
        name, dtype, ignore_class, axis: see `IoU`.
        sparse_y_pred: whether predictions are classes as ints, and not scores along `axis`.

    Raises:
        ValueError: for other arguments; from `update_state`, if shapes do not fit.

    >>> OneHotMeanIoU(2)([[1, 0], [0, 1]], [[0.3, 0.7], [0.2, 0.8]])
    tensor(0.2500)
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return _without(super().get_config(), "sparse_y_true")


def _read_classes(owner: type, classes: Any, num_classes: int) -> list[int]:
    ids = [check_int(owner, "target_class_ids", one, 0) for one in classes] if np.ndim(classes) == 1 else []
    if not ids or max(ids) >= num_classes:
        raise ValueError(
            f"{owner.__name__}: target_class_ids must be ints from 0 to {num_classes - 1}, at least one. Received: "
            f"target_class_ids={classes!r}."
        )
    return ids


def _without(config: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != name}
