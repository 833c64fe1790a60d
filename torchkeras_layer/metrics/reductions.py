"""How are the weighted mean and sum over all calls computed?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.metric import Metric


@catalog.register()
class Sum(Metric):
    """The weighted sum of all values so far.

    Args:
        name: the metric's name.
        dtype: dtype of the state; default `floatx()`.

    Raises:
        ValueError: from `update_state`, if `sample_weight` does not broadcast to the values.
        TypeError: from `update_state`, if the values or weights are not numbers.

    >>> total = Sum()
    >>> total([1.0, 3.0]), total([5.0, 7.0], sample_weight=[1, 0])
    (tensor(4.), tensor(9.))
    """

    total: Tensor

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values to the sum.

        Args:
            values: tensor, array, list of numbers, or number.
            sample_weight: weights in the shape of the values, or in the first axes of it.
        """
        samples, _ = _samples_and_weights(self, values, sample_weight, torch.sum)
        self.total.add_(samples.sum())

    def result(self) -> Tensor:
        """Return the sum so far, a scalar."""
        return self.total.clone()


@catalog.register()
class Mean(Metric):
    """The weighted mean of all values so far; 0 before the first call.

    Each sample, which is an entry along the first axis, counts once: its own values are averaged first.

    Args:
        name: the metric's name.
        dtype: dtype of the state; default `floatx()`.

    Raises:
        ValueError: if `dtype` is not a float type; from `update_state`, if `sample_weight` does not broadcast.
        TypeError: from `update_state`, if the values or weights are not numbers.

    >>> mean = Mean()
    >>> mean([1.0, 3.0]), mean([5.0, 7.0], sample_weight=[1, 0])
    (tensor(2.), tensor(3.))
    """

    total: Tensor
    count: Tensor

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)
        if not torch_dtype(self.dtype).is_floating_point:
            raise ValueError(f"Mean: dtype must be a float type. Received: dtype={dtype!r}.")
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
        self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values to the mean.

        Args:
            values: tensor, array, list of numbers, or number.
            sample_weight: weights in the shape of the values, or in the first axes of it.
        """
        samples, weights = _samples_and_weights(self, values, sample_weight, torch.mean)
        self.total.add_(samples.sum())
        if weights is not None:
            self.count.add_(weights.sum())
        else:
            self.count.add_(samples.shape[0] if samples.ndim else 1)

    def result(self) -> Tensor:
        """Return the mean so far, a scalar."""
        return torch.where(self.count == 0, 0, self.total / self.count)


def _samples_and_weights(
    metric: Metric, values: Any, sample_weight: Any, reduce: Callable[..., Tensor]
) -> tuple[Tensor, Tensor | None]:
    """Reduce values and weights to one number for each sample, as Keras does."""
    samples = _as_state_dtype(metric, values)
    if sample_weight is None:
        return _reduced_from(1, samples, reduce), None
    weights = _as_state_dtype(metric, sample_weight)
    mask = getattr(values, "_keras_mask", None)
    if mask is not None:
        kept, weights = _same_rank(_as_state_dtype(metric, mask), weights)
        weights = weights * kept
    samples, weights = _same_rank(samples, weights)
    samples = _reduced_from(weights.ndim, samples, reduce)
    try:
        weights = weights.expand(samples.shape)
    except RuntimeError:
        raise ValueError(
            f"{metric.name}: sample_weight must have the shape of the values, or their first axes. "
            f"Received: weights of shape {tuple(weights.shape)} for values of shape {tuple(samples.shape)}."
        ) from None
    return _reduced_from(1, samples * weights, reduce), _reduced_from(1, weights, reduce)


def _as_state_dtype(metric: Metric, values: Any) -> Tensor:
    dtype = torch_dtype(metric.dtype)
    if isinstance(values, Tensor):
        return values.detach().to(dtype)
    try:
        return torch.as_tensor(values, dtype=dtype, device=metric.variables[0].device)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"{metric.name}: expected a tensor, an array, a list of numbers or a number. Received: {values!r}."
        ) from None


def _reduced_from(axis: int, values: Tensor, reduce: Callable[..., Tensor]) -> Tensor:
    return reduce(values, dim=tuple(range(axis, values.ndim))) if values.ndim > axis else values


def _same_rank(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Add or remove a last axis of size 1, if the ranks of the two differ by it."""
    if first.ndim == second.ndim + 1 and first.shape[-1] == 1:
        return (first, second.unsqueeze(-1)) if second.ndim == 1 else (first.squeeze(-1), second)
    if second.ndim == first.ndim + 1 and second.shape[-1] == 1:
        return (first.unsqueeze(-1), second) if first.ndim == 1 else (first, second.squeeze(-1))
    return first, second
