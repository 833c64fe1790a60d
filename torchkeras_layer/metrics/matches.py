"""Which predictions are right: equal to the targets, on the right side of a threshold, or with the right class first?

Classes are compared as ints, and numbers in float32 at least, so that half precision does not round them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._ranks import broadcast, same_rank
from torchkeras_layer.losses.arguments import read, read_targets
from torchkeras_layer.ops.values import float_dtype

_HALF = (torch.float16, torch.bfloat16)


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where targets and predictions are equal, else 0.

    Args:
        y_true: the targets.
        y_pred: the predictions, in the same shape.

    Raises:
        ValueError: if the shapes do not fit.

    >>> accuracy([1, 2, 3], [1, 3, 3])
    tensor([1., 0., 1.])
    """
    y_true, y_pred = _pair("accuracy", y_true, y_pred)
    return (y_true == y_pred).to(float_dtype())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """Return 1 where a prediction is above the threshold and the target is 1, or neither, else 0.

    Args:
        y_true: 0 and 1.
        y_pred: the predictions, in the same shape.
        threshold: what predictions are compared with.

    Raises:
        ValueError: if the shapes do not fit.

    >>> binary_accuracy([1, 1, 0], [0.9, 0.5, 0.1])
    tensor([1., 0., 1.])
    """
    y_true, y_pred = _pair("binary_accuracy", y_true, y_pred)
    return (y_true == (y_pred > threshold)).to(float_dtype())


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the greatest prediction is that of the greatest target, else 0: (batch,).

    Args:
        y_true: vectors with 1 at the right class, (batch, …, classes).
        y_pred: scores, in the same shape.

    Raises:
        ValueError: if the shapes do not fit.

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]])
    tensor([1., 0.])
    """
    y_pred = _scores("categorical_accuracy", y_pred)
    classes = _argmax(_vectors("categorical_accuracy", y_true, y_pred))
    return _first("categorical_accuracy", classes, y_pred).reshape(classes.shape)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the greatest prediction is that of the right class, else 0: (batch,).

    Args:
        y_true: the right classes as ints, (batch, …) or (batch, …, 1).
        y_pred: scores, (batch, …, classes).

    Raises:
        ValueError: if the shapes do not fit.

    >>> sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.3, 0.7]])
    tensor([1., 0.])
    """
    y_pred = _scores("sparse_categorical_accuracy", y_pred)
    y_true = read_targets("sparse_categorical_accuracy", y_true, y_pred)
    matches = _first("sparse_categorical_accuracy", y_true, y_pred)
    return matches.squeeze(-1) if matches.dim() > 1 and matches.shape[-1] == 1 else matches


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Return 1 where the right class is among the `k` greatest predictions, else 0: (batch,).

    Args:
        y_true: vectors with 1 at the right class, (batch, …, classes).
        y_pred: scores, in the same shape.
        k: how many predictions count.

    Raises:
        ValueError: if the shapes do not fit, or there are less than `k` classes.

    >>> top_k_categorical_accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0, 0.95]], k=2)
    tensor([1., 0.])
    """
    y_pred = _scores("top_k_categorical_accuracy", y_pred)
    classes = _argmax(_vectors("top_k_categorical_accuracy", y_true, y_pred))
    return _among("top_k_categorical_accuracy", classes, y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """Return 1 where the right class is among the `k` greatest predictions, else 0, in the shape of `y_true`.

    Args:
        y_true: the right classes as ints, (batch, …).
        y_pred: scores, (batch, …, classes).
        k: how many predictions count.
        from_sorted_ids: whether `y_pred` holds classes instead of scores, the best first.

    Raises:
        ValueError: if the shapes do not fit, or there are less than `k` classes.

    >>> sparse_top_k_categorical_accuracy([2, 1], [[0.1, 0.9, 0.8], [0.05, 0, 0.95]], k=2)
    tensor([1., 0.])
    >>> sparse_top_k_categorical_accuracy([2, 1], [[1, 2, 0], [2, 0, 1]], k=2, from_sorted_ids=True)
    tensor([1., 0.])
    """
    name = "sparse_top_k_categorical_accuracy"
    y_pred = _scores(name, y_pred)
    y_true = read_targets(name, y_true, y_pred)
    if not from_sorted_ids:
        return _among(name, y_true.to(torch.int64), y_pred, k)
    y_true, y_pred = _wide(y_true), _wide(y_pred)
    classes = y_true.reshape(-1)
    best = y_pred.reshape(-1, y_pred.shape[-1])[:, :k]
    _check_rows(name, classes, best, y_true, y_pred)
    return (classes.unsqueeze(1) == best).any(1).to(float_dtype()).reshape(y_true.shape)


def _pair(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return targets and predictions of equal rank."""
    y_pred = _wide(read(f"{name}: y_pred", y_pred))
    y_true, y_pred = same_rank(_wide(read_targets(name, y_true, y_pred)), y_pred)
    if not broadcast(y_true, y_pred):
        raise _mismatch(name, y_true, y_pred)
    return y_true, y_pred


def _wide(values: Tensor) -> Tensor:
    return values.float() if values.dtype in _HALF else values


def _scores(name: str, y_pred: Any) -> Tensor:
    y_pred = read(f"{name}: y_pred", y_pred)
    if not y_pred.dim():
        raise ValueError(f"{name}: y_pred must have an axis of classes. Received: y_pred of shape ().")
    return y_pred


def _vectors(name: str, y_true: Any, y_pred: Tensor) -> Tensor:
    y_true = read_targets(name, y_true, y_pred)
    if not y_true.dim():
        raise ValueError(f"{name}: y_true must have an axis of classes. Received: y_true of shape ().")
    return y_true


def _argmax(values: Tensor) -> Tensor:
    return torch.argmax(values.to(torch.uint8) if values.dtype is torch.bool else values, -1)


def _first(name: str, y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return whether the greatest score is that of the class, in the shape of the classes."""
    found = _argmax(y_pred)
    classes = y_true.squeeze(-1) if y_true.dim() == y_pred.dim() and y_true.shape[-1] == 1 else y_true
    if classes.dim() != found.dim() or not broadcast(classes, found):
        raise _mismatch(name, y_true, y_pred)
    return (_wide(classes) == found).to(float_dtype())


def _among(name: str, classes: Tensor, y_pred: Tensor, k: int) -> Tensor:
    """Return whether the scores of classes are among the greatest of their rows, in the shape of the classes."""
    rows = y_pred.reshape(-1, y_pred.shape[-1])
    flat = classes.reshape(-1)
    _check_rows(name, flat, rows, classes, y_pred)
    if not 1 <= k <= rows.shape[-1]:
        raise ValueError(f"{name}: k must be from 1 to the number of classes, {rows.shape[-1]}. Received: k={k!r}.")
    least = torch.topk(rows, k).values[:, -1]
    exists = (flat >= 0) & (flat < rows.shape[-1])
    own = torch.gather(rows, 1, torch.where(exists, flat, 0).unsqueeze(1)).squeeze(1)
    return (exists & (own >= least)).to(float_dtype()).reshape(classes.shape)


def _check_rows(name: str, classes: Tensor, rows: Tensor, y_true: Tensor, y_pred: Tensor) -> None:
    if classes.shape[0] != rows.shape[0]:
        raise _mismatch(name, y_true, y_pred)


def _mismatch(name: str, y_true: Tensor, y_pred: Tensor) -> ValueError:
    return ValueError(
        f"{name}: the shapes of y_true and y_pred do not fit together. Received: y_true of shape "
        f"{tuple(y_true.shape)}, y_pred of shape {tuple(y_pred.shape)}."
    )
