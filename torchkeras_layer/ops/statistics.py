"""Which operations compute quantiles and correlations, and reductions that leave out NaN?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops import reductions
from torchkeras_layer.ops.values import as_float, as_tensor, as_wide_float, axes_of


def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the quantiles `q`, between 0 and 1, along axes; several ones along a new first axis.

    `method` is 'linear', 'lower', 'higher', 'nearest' or 'midpoint'.

    >>> quantile([1.0, 2.0, 4.0], 0.75)
    tensor(3.)
    """
    return _quantile(torch.quantile, x, q, axis, method, keepdims)


def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the quantiles `q`, between 0 and 1, along axes, leaving out NaN."""
    return _quantile(torch.nanquantile, x, q, axis, method, keepdims)


def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the percentiles `q`, between 0 and 100, along axes."""
    return quantile(x, as_tensor(q) / 100, axis, method, keepdims)


def nanpercentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return the percentiles `q`, between 0 and 100, along axes, leaving out NaN."""
    return nanquantile(x, as_tensor(q) / 100, axis, method, keepdims)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the median along axes; for an even number of values, the mean of the middle two.

    >>> median([1.0, 2.0, 4.0, 8.0])
    tensor(3.)
    """
    return quantile(x, 0.5, axis, keepdims=keepdims)


def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the median along axes, leaving out NaN."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the sum along axes, leaving out NaN."""
    return reductions.sum(_filled(x, 0), axis, keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the product along axes, leaving out NaN."""
    return reductions.prod(_filled(x, 1), axis, keepdims)


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the mean along axes, leaving out NaN.

    >>> nanmean([1.0, float("nan"), 3.0])
    tensor(2.)
    """
    x = as_float(x)
    return _of_counted(_filled(x, 0), x, axis, keepdims)


def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the variance along axes of the values that are not NaN, as a whole population."""
    x = as_float(x)
    # Without a NaN in the mean, whose gradient would be NaN too.
    mean = torch.nan_to_num(nanmean(x, axis, keepdims=True))
    return _of_counted(torch.square(_filled(x - mean, 0)), x, axis, keepdims)


def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the standard deviation along axes of the values that are not NaN, as a whole population."""
    return torch.sqrt(nanvar(x, axis, keepdims))


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the greatest value along axes, leaving out NaN."""
    return _extreme(x, float("-inf"), reductions.max, axis, keepdims)


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the least value along axes, leaving out NaN."""
    return _extreme(x, float("inf"), reductions.min, axis, keepdims)


def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the index of the greatest value along an axis, leaving out NaN; -1 if there is no other."""
    return _index(x, float("-inf"), reductions.argmax, axis, keepdims)


def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the index of the least value along an axis, leaving out NaN; -1 if there is no other."""
    return _index(x, float("inf"), reductions.argmin, axis, keepdims)


def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Return the sums of the values so far along an axis, leaving out NaN."""
    return reductions.cumsum(_filled(x, 0), axis, dtype)


def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Return the products of the values so far along an axis, leaving out NaN."""
    return reductions.cumprod(_filled(x, 1), axis, dtype)


def corrcoef(x: Any) -> Tensor:
    """Return the correlation coefficients of the rows of a matrix."""
    x = as_wide_float(x)
    rows = x - torch.mean(x, -1, keepdim=True)
    lengths = torch.sqrt(torch.sum(rows**2, -1))
    return (rows @ rows.T / (lengths.unsqueeze(1) * lengths)).clamp(-1, 1)


def _quantile(function: Any, x: Any, q: Any, axis: Any, method: str, keepdims: bool) -> Tensor:
    x = as_float(x)
    exact = x if x.dtype is torch.float64 else x.to(torch.float32)
    axes = axes_of(axis, x.dim())
    moved = torch.movedim(exact, axes, tuple(range(-len(axes), 0))).flatten(-len(axes)) if axes else exact.unsqueeze(-1)
    result = function(moved, as_tensor(q, exact.dtype), dim=-1, interpolation=method).to(x.dtype)
    if keepdims:
        first = result.dim() - moved.dim() + 1
        for one in sorted(axes):
            result = result.unsqueeze(first + one)
    return result


def _of_counted(filled: Tensor, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """Return the sums of values, divided by how many of `x` are not NaN; NaN if none is."""
    count = reductions.sum(~torch.isnan(x), axis, keepdims)
    return torch.where(count > 0, reductions.sum(filled, axis, keepdims) / count.clamp(min=1), torch.nan)


def _filled(x: Any, value: float) -> Tensor:
    x = as_tensor(x)
    return torch.where(torch.isnan(x), torch.full_like(x, value), x) if x.is_floating_point() else x


def _extreme(x: Any, worst: float, function: Any, axis: Any, keepdims: bool) -> Tensor:
    x = as_tensor(x)
    if not x.is_floating_point():
        return function(x, axis, keepdims)
    result = function(_filled(x, worst), axis, keepdims)
    return torch.where(reductions.all(torch.isnan(x), axis, keepdims), torch.full_like(result, float("nan")), result)


def _index(x: Any, worst: float, function: Any, axis: int | None, keepdims: bool) -> Tensor:
    x = as_tensor(x)
    index = function(_filled(x, worst) if x.is_floating_point() else x, axis, keepdims)
    return torch.where(reductions.all(torch.isnan(x), axis, keepdims), torch.full_like(index, -1), index)
