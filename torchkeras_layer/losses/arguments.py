"""How do targets and predictions become two tensors that fit together?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._ranks import broadcast, same_rank
from torchkeras_layer.ops.values import IsSymbolic, as_float, as_tensor
from torchkeras_layer.registry.envelope import excerpt


def read(what: str, value: Any) -> Tensor:
    """Return a value as a tensor.

    Args:
        what: what messages begin with, such as 'hinge: y_true'.
        value: a tensor, an array, a number or a list of numbers.

    Raises:
        TypeError: for anything else.

    >>> read("hinge: y_true", None)
    Traceback (most recent call last):
    TypeError: hinge: y_true must be a tensor, an array, a number or a list of numbers. Received: None. ...
    """
    if isinstance(value, Tensor):
        return value
    try:
        return as_tensor(value)
    except IsSymbolic:
        raise
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{what} must be a tensor, an array, a number or a list of numbers. Received: {excerpt(value)}. {error}"
        ) from error


def read_targets(name: str, y_true: Any, y_pred: Tensor) -> Tensor:
    """Return targets as a tensor in their dtype; anything but tensors comes to the predictions' device.

    >>> read_targets("hinge", [1, 0], torch.ones(2))
    tensor([1, 0], dtype=torch.int32)
    """
    return y_true if isinstance(y_true, Tensor) else read(f"{name}: y_true", y_true).to(y_pred.device)


def tensors(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return targets and predictions as tensors of the floating-point dtype of the predictions.

    Raises:
        TypeError: if one cannot become a tensor; the message begins with `name`.

    >>> tensors("hinge", [1, 0], [0.5, 0.25])
    (tensor([1., 0.]), tensor([0.5000, 0.2500]))
    """
    y_pred = as_float(read(f"{name}: y_pred", y_pred))
    y_true = read_targets(name, y_true, y_pred)
    return (y_true if y_true.dtype is y_pred.dtype else y_true.to(y_pred.dtype)), y_pred


def fitting(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return the same as `tensors`, with equal ranks.

    Raises:
        ValueError: if the shapes do not fit; the message begins with `name`.

    >>> [tuple(x.shape) for x in fitting("loss", [1.0, 2.0], [[1.0], [2.0]])]
    [(2, 1), (2, 1)]
    """
    y_true, y_pred = tensors(name, y_true, y_pred)
    if y_true.shape == y_pred.shape:
        return y_true, y_pred
    y_true, y_pred = same_rank(y_true, y_pred)
    if not broadcast(y_true, y_pred):
        raise ValueError(_of_shapes(name, y_true, y_pred))
    return y_true, y_pred


def alike(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return the same as `fitting`, in the shape to which both broadcast.

    >>> [tuple(x.shape) for x in alike("loss", [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]])]
    [(2, 2), (2, 2)]
    """
    y_true, y_pred = fitting(name, y_true, y_pred)
    if y_true.shape == y_pred.shape:
        return y_true, y_pred
    y_true, y_pred = torch.broadcast_tensors(y_true, y_pred)
    return y_true, y_pred


def same_shape(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return the same as `fitting`, with equal shapes.

    Raises:
        ValueError: if the shapes differ.
    """
    y_true, y_pred = fitting(name, y_true, y_pred)
    if y_true.shape != y_pred.shape:
        raise ValueError(_of_shapes(name, y_true, y_pred))
    return y_true, y_pred


def _of_shapes(name: str, y_true: Tensor, y_pred: Tensor) -> str:
    return (
        f"{name}: the shapes of y_true and y_pred do not fit together. Received: y_true of shape "
        f"{tuple(y_true.shape)}, y_pred of shape {tuple(y_pred.shape)}."
    )
