"""Which operations compute one value from all values along axes?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.ops.values import (
    as_float,
    as_number,
    as_orderable,
    as_tensor,
    axes_of,
    promoted,
    promoted_floats,
    sum_dtype,
)


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the sum along axes.

    >>> sum([[1, 2], [3, 4]], axis=1)
    tensor([3, 7], dtype=torch.int32)
    """
    x = as_tensor(x)
    dtype = x.dtype if x.is_floating_point() else sum_dtype(x)
    if axis is None or isinstance(axis, int):
        return torch.sum(x, axis, keepdims, dtype=dtype)
    axes = axes_of(axis, x.dim())
    return torch.sum(x, axes, keepdims, dtype=dtype) if axes else x.to(dtype)


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """Return the product along axes.

    >>> prod([[1, 2], [3, 4]])
    tensor(24, dtype=torch.int32)
    """
    x = as_tensor(x)
    wanted = sum_dtype(x) if dtype is None else torch_dtype(dtype)
    return _one_axis_after_another(torch.prod, x.to(wanted), axis, keepdims, wanted)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the mean along axes.

    >>> mean([[1, 2], [3, 4]], axis=-1, keepdims=True)
    tensor([[1.5000],
            [3.5000]])
    """
    x = as_float(x)
    if axis is None or isinstance(axis, int):
        return torch.mean(x, axis, keepdims)
    axes = axes_of(axis, x.dim())
    return torch.mean(x, axes, keepdims) if axes else x


def average(x: Any, axis: Any = None, weights: Any = None) -> Tensor:
    """Return the mean along axes, weighted by `weights`, which may belong to one axis.

    >>> average([1.0, 4.0], weights=[1, 2])
    tensor(3.)
    """
    if weights is None:
        return mean(x, axis)
    x, weights = promoted_floats(x, weights)
    if weights.dim() == 1 and x.dim() > 1:
        (only,) = axes_of(axis, x.dim())
        weights = weights.reshape([-1 if place == only else 1 for place in range(x.dim())])
    weights = weights.broadcast_to(x.shape)
    return sum(x * weights, axis) / sum(weights, axis)


def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """Return the greatest value along axes, at least `initial`.

    >>> max([[1, 2], [3, 0]], axis=0)
    tensor([3, 2], dtype=torch.int32)
    """
    return _extreme(torch.amax, torch.maximum, x, axis, keepdims, initial)


def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """Return the least value along axes, at most `initial`."""
    return _extreme(torch.amin, torch.minimum, x, axis, keepdims, initial)


def amax(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the greatest value along axes."""
    return max(x, axis, keepdims)


def amin(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the least value along axes."""
    return min(x, axis, keepdims)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the greatest minus the least value along axes."""
    x = as_number(x)
    return max(x, axis, keepdims) - min(x, axis, keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return whether all values along axes are true."""
    return _one_axis_after_another(torch.all, as_tensor(x).to(torch.bool), axis, keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return whether any value along axes is true."""
    return _one_axis_after_another(torch.any, as_tensor(x).to(torch.bool), axis, keepdims)


def count_nonzero(x: Any, axis: Any = None) -> Tensor:
    """Return the number of values along axes that are not 0."""
    return sum(as_tensor(x) != 0, axis)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the standard deviation along axes, of the values as a whole population."""
    x = as_float(x)
    return torch.std(x, axes_of(axis, x.dim()), correction=0, keepdim=keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the variance along axes, of the values as a whole population."""
    x = as_float(x)
    return torch.var(x, axes_of(axis, x.dim()), correction=0, keepdim=keepdims)


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Return the sums of the values so far along an axis; of all values for `None`."""
    x = as_number(x) if dtype is None else as_tensor(x, dtype)
    if axis is not None and x.is_floating_point():
        return torch.cumsum(x, axis)
    return torch.cumsum(x.flatten() if axis is None else x, axis or 0, dtype=x.dtype)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Return the products of the values so far along an axis; of all values for `None`."""
    x = as_number(x) if dtype is None else as_tensor(x, dtype)
    return torch.cumprod(x.flatten() if axis is None else x, axis or 0, dtype=x.dtype)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the index of the greatest value along an axis; in the flat tensor for `None`."""
    return torch.argmax(as_orderable(x), axis, keepdims).to(torch.int32)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the index of the least value along an axis; in the flat tensor for `None`."""
    return torch.argmin(as_orderable(x), axis, keepdims).to(torch.int32)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Return the sum of the diagonal of the matrices along two axes."""
    x = as_tensor(x)
    return torch.sum(torch.diagonal(x, offset, axis1, axis2), -1, dtype=sum_dtype(x))


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """Return the integral of values at the points `x`, or at distances `dx`, by the trapezoidal rule."""
    y = as_float(y)
    return torch.trapezoid(y, dx=dx, dim=axis) if x is None else torch.trapezoid(*promoted(y, x), dim=axis)


def _extreme(reduce: Any, choose: Any, x: Any, axis: Any, keepdims: bool, initial: Any) -> Tensor:
    x = as_tensor(x)
    if isinstance(axis, int) and initial is None:
        return reduce(x, axis, keepdims)
    axes = axes_of(axis, x.dim())
    result = reduce(x, axes, keepdims) if axes else x
    return result if initial is None else choose(result, as_tensor(initial, result.dtype))


def _one_axis_after_another(
    function: Callable[..., Tensor], x: Tensor, axis: Any, keepdims: bool, dtype: Any = None
) -> Tensor:
    given = {} if dtype is None else {"dtype": dtype}
    for one in sorted(axes_of(axis, x.dim()), reverse=True):
        x = function(x, one, keepdims, **given)
    return x
