"""How do the arguments of an update become tensors that fit together?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._ranks import broadcast, same_rank
from torchkeras_layer._shapes import broadcasts_to
from torchkeras_layer.metrics.metric import Metric
from torchkeras_layer.registry.envelope import excerpt


def numbers(metric: Metric, values: Any, dtype: torch.dtype | None = None) -> Tensor:
    """Return values as a tensor of a dtype, by default that of the metric; arrays come to the device of its state.

    Raises:
        TypeError: if they are no numbers.

    >>> from torchkeras_layer.metrics import Mean
    >>> numbers(Mean(), [1, 2])
    tensor([1., 2.])
    """
    dtype = torch_dtype(metric.dtype) if dtype is None else dtype
    if isinstance(values, Tensor):
        return values if values.dtype is dtype else values.detach().to(dtype)
    state = metric.variables
    try:
        return torch.as_tensor(values, dtype=dtype, device=state[0].device if state else None)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"{metric.name}: expected a tensor, an array, a list of numbers or a number. Received: {excerpt(values)}."
        ) from None


def pair(metric: Metric, y_true: Any, y_pred: Any, dtype: torch.dtype | None = None) -> tuple[Tensor, Tensor]:
    """Return targets and predictions as tensors of one dtype and shape.

    Raises:
        TypeError: if they are no numbers.
        ValueError: if they differ in shape, other than by a last axis of size 1.

    >>> from torchkeras_layer.metrics import Mean
    >>> [tuple(x.shape) for x in pair(Mean(), [1, 0], [[0.5], [0.5]])]
    [(2, 1), (2, 1)]
    """
    y_true, y_pred = numbers(metric, y_true, dtype), numbers(metric, y_pred, dtype)
    if y_true.shape != y_pred.shape:
        y_true, y_pred = same_rank(y_true, y_pred)
        check_shapes(metric, y_true, y_pred)
    return y_true, y_pred


def check_shapes(metric: Metric, y_true: Tensor, y_pred: Tensor) -> None:
    """Check that targets and predictions have one shape.

    Raises:
        ValueError: if they do not.
    """
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"{metric.name}: y_true and y_pred must have the same shape. Received: y_true of shape "
            f"{tuple(y_true.shape)}, y_pred of shape {tuple(y_pred.shape)}."
        )


def weights_for(metric: Metric, sample_weight: Any, like: Tensor) -> Tensor | None:
    """Return weights in the shape of a tensor, to whose first axes they belong; `None` for `None`.

    Raises:
        TypeError: if they are no numbers.
        ValueError: if they do not fit.

    >>> from torchkeras_layer.metrics import Mean
    >>> weights_for(Mean(), [1.0, 2.0], torch.ones(2, 3))
    tensor([[1., 1., 1.],
            [2., 2., 2.]])
    """
    if sample_weight is None:
        return None
    weights = numbers(metric, sample_weight, like.dtype)
    if weights.dim() == like.dim() - 1:
        weights = weights.unsqueeze(-1)
    if weights.numel() == 1:
        weights = weights.reshape(())
    if weights.dim() not in (0, like.dim()) or not broadcasts_to(weights.shape, like.shape):
        raise weights_error(metric, weights, like)
    return weights.expand(like.shape)


def masked(metric: Metric, sample_weight: Any, mask: Any) -> Tensor:
    """Return weights where a mask is true, else 0; the one of lower rank belongs to the first axes of the other.

    Raises:
        TypeError: if they are no numbers.
        ValueError: if they do not fit.

    >>> from torchkeras_layer.metrics import Mean
    >>> masked(Mean(), [1.0, 2.0], [[True, False], [True, True]])
    tensor([[1., 0.],
            [2., 2.]])
    """
    kept = numbers(metric, mask)
    if sample_weight is None:
        return kept
    kept, weights = same_rank(kept, numbers(metric, sample_weight))
    rank = max(kept.dim(), weights.dim())
    kept, weights = (part.reshape(part.shape + (1,) * (rank - part.dim())) for part in (kept, weights))
    if not broadcast(kept, weights):
        raise weights_error(metric, weights, kept)
    return weights * kept


def weights_error(metric: Metric, weights: Tensor, values: Tensor) -> ValueError:
    """Return the error for weights that do not fit the values."""
    return ValueError(
        f"{metric.name}: sample_weight must have the shape of the values, or their first axes. "
        f"Received: weights of shape {tuple(weights.shape)} for values of shape {tuple(values.shape)}."
    )


def ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Return the quotient, and 0 where the denominator is 0.

    >>> ratio(torch.tensor([1.0, 1.0]), torch.tensor([2.0, 0.0]))
    tensor([0.5000, 0.0000])
    """
    return torch.where(denominator == 0, 0, numerator / denominator)


def check_choice(metric_class: type, name: str, value: Any, choices: Iterable[Any]) -> None:
    """Check that an argument has one of some values.

    Raises:
        ValueError: if it has another.

    >>> check_choice(Metric, "average", "all", (None, "micro"))
    Traceback (most recent call last):
    ValueError: Metric: average must be one of None, 'micro'. Received: average='all'.
    """
    choices = tuple(choices)
    if not any(value is choice or (type(value) is type(choice) and value == choice) for choice in choices):
        expected = ", ".join(map(repr, choices))
        raise ValueError(f"{metric_class.__name__}: {name} must be one of {expected}. Received: {name}={value!r}.")


def check_int(metric_class: type, name: str, value: Any, least: int) -> int:
    """Return an argument that is an int and not below `least`.

    Raises:
        ValueError: for anything else.

    >>> check_int(Metric, "k", 0, 1)
    Traceback (most recent call last):
    ValueError: Metric: k must be an int, and at least 1. Received: k=0.
    """
    is_int = hasattr(value, "__index__") and not isinstance(value, (bool, Tensor))
    if not is_int or value < least:
        raise ValueError(
            f"{metric_class.__name__}: {name} must be an int, and at least {least}. Received: {name}={value!r}."
        )
    return int(value)


def check_share(metric_class: type, name: str, value: Any) -> Any:
    """Return an argument that is a number from 0 to 1.

    Raises:
        ValueError: for anything else.

    >>> check_share(Metric, "recall", 1.5)
    Traceback (most recent call last):
    ValueError: Metric: recall must be a number from 0 to 1. Received: recall=1.5.
    """
    try:
        is_share = not isinstance(value, (bool, str)) and 0 <= value <= 1
    except (TypeError, ValueError, RuntimeError):
        is_share = False
    if not is_share:
        raise ValueError(f"{metric_class.__name__}: {name} must be a number from 0 to 1. Received: {name}={value!r}.")
    return value
