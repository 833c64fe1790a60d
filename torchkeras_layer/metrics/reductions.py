"""How are the weighted mean and sum over all calls computed?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._ranks import same_rank
from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.metric import Metric
from torchkeras_layer.metrics.values import masked, numbers, ratio, weights_error, weights_for


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
            raise ValueError(f"{type(self).__name__}: dtype must be a float type. Received: dtype={dtype!r}.")
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
        self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values to the mean.

        Args:
            values: tensor, array, list of numbers, or number.
            sample_weight: weights in the shape of the values, or in the first axes of it.
        """
        add_to_mean(self, values, sample_weight)

    def result(self) -> Tensor:
        """Return the mean so far, a scalar."""
        return ratio(self.total, self.count)


@catalog.register()
class MeanTensor(Metric):
    """The weighted mean of tensors of one shape over all calls, entry by entry: a metric of Keras 2.

    Args:
        name: the metric's name.
        dtype: dtype of the state; default `floatx()`.
        shape: the shape; default that of the first values.

    Raises:
        ValueError: from `update_state`, if values have another shape, or weights do not fit; from `result`, if there
            are no values and no shape was given.
        TypeError: from `update_state`, if the values or weights are not numbers.

    >>> mean = MeanTensor()
    >>> mean([0, 1]), mean([4, 6], sample_weight=[1, 3])
    (tensor([0., 1.]), tensor([2.0000, 4.7500]))
    """

    total: Tensor
    count: Tensor

    def __init__(self, name: str | None = "mean_tensor", dtype: Any = None, shape: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)
        self._given_shape = None if shape is None else tuple(shape)
        self._built = False
        if shape is not None:
            self._build(tuple(shape))

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values to the mean.

        Args:
            values: tensor, array, list of numbers, or number.
            sample_weight: weights in the shape of the values, or in the first axes of it.
        """
        values = numbers(self, values)
        if not self._built:
            self._build(tuple(values.shape))
        if values.shape != self.total.shape:
            raise ValueError(
                f"{self.name}: the values must have the shape of the first ones, {tuple(self.total.shape)}. Received: "
                f"values of shape {tuple(values.shape)}."
            )
        weights = weights_for(self, sample_weight, values)
        self.total.add_(values if weights is None else values * weights)
        self.count.add_(1 if weights is None else weights)

    def result(self) -> Tensor:
        """Return the mean so far, in the shape of the values."""
        if not self._built:
            raise ValueError(f"{self.name}: there are no values yet. Call update_state(values) first.")
        return ratio(self.total, self.count)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        given = {} if self._given_shape is None else {"shape": list(self._given_shape)}
        return {**super().get_config(), **given}

    def _build(self, shape: tuple[int, ...]) -> None:
        for name in ("total", "count"):
            setattr(self, name, self.add_variable(shape, "zeros", dtype=self.dtype, name=name))
        self._built = True


def add_to_mean(mean: Mean, values: Any, sample_weight: Any) -> None:
    """Add values to a mean, as its `update_state` does.

    >>> mean = Mean(); add_to_mean(mean, [1.0, 3.0], None); mean.result()
    tensor(2.)
    """
    samples, weights = _samples_and_weights(mean, values, sample_weight, torch.mean)
    mean.total.add_(samples.sum())
    if weights is not None:
        mean.count.add_(weights.sum())
    else:
        mean.count.add_(samples.shape[0] if samples.ndim else 1)


def _samples_and_weights(
    metric: Metric, values: Any, sample_weight: Any, reduce: Callable[..., Tensor]
) -> tuple[Tensor, Tensor | None]:
    """Reduce values and weights to one number for each sample, as Keras does."""
    samples = numbers(metric, values)
    if sample_weight is None:
        return _reduced_from(1, samples, reduce), None
    mask = getattr(values, "_keras_mask", None)
    weights = numbers(metric, sample_weight) if mask is None else masked(metric, sample_weight, mask)
    samples, weights = same_rank(samples, weights)
    samples = _reduced_from(weights.ndim, samples, reduce)
    try:
        weights = weights.expand(samples.shape)
    except RuntimeError:
        raise weights_error(metric, weights, samples) from None
    return _reduced_from(1, samples * weights, reduce), _reduced_from(1, weights, reduce)


def _reduced_from(axis: int, values: Tensor, reduce: Callable[..., Tensor]) -> Tensor:
    return reduce(values, dim=tuple(range(axis, values.ndim))) if values.ndim > axis else values
