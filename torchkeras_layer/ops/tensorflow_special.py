"""Which special functions and sums does TensorFlow have in addition to Keras's?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor, pair


def bessel_i0e(x: Any) -> Tensor:
    """Return the modified Bessel function of order 0, divided by exp(|x|)."""
    return torch.special.i0e(as_float(x))


def bessel_i1(x: Any) -> Tensor:
    """Return the modified Bessel function of order 1."""
    return torch.special.i1(as_float(x))


def bessel_i1e(x: Any) -> Tensor:
    """Return the modified Bessel function of order 1, divided by exp(|x|)."""
    return torch.special.i1e(as_float(x))


def igamma(a: Any, x: Any) -> Tensor:
    """Return the lower regularized incomplete gamma function."""
    return torch.special.gammainc(as_float(a), as_float(x))


def igammac(a: Any, x: Any) -> Tensor:
    """Return the upper regularized incomplete gamma function."""
    return torch.special.gammaincc(as_float(a), as_float(x))


def lbeta(x: Any) -> Tensor:
    """Return the logarithm of the absolute value of the beta function of the values along the last axis."""
    x = as_float(x)
    return torch.sum(torch.lgamma(x), -1) - torch.lgamma(torch.sum(x, -1))


def ndtri(x: Any) -> Tensor:
    """Return where the normal distribution function has the given values."""
    return torch.special.ndtri(as_float(x))


def erfcinv(x: Any) -> Tensor:
    """Return the inverse of the complementary error function."""
    return -torch.special.ndtri(as_float(x) / 2) * 0.5**0.5


def polygamma(a: Any, x: Any) -> Tensor:
    """Return the derivative of order `a` of the digamma function."""
    a, x = as_float(a), as_float(x)
    sign = torch.where(a % 2 == 0, -1.0, 1.0).to(x.dtype)
    higher = sign * torch.exp(torch.lgamma(a + 1)) * torch.special.zeta(a + 1, x)
    return torch.where(a == 0, torch.digamma(x), higher)


def zeta(x: Any, q: Any) -> Tensor:
    """Return the Hurwitz zeta function."""
    return torch.special.zeta(as_float(x), as_float(q))


def xlog1py(x: Any, y: Any) -> Tensor:
    """Return x * log(1 + y), 0 where x is 0."""
    return torch.special.xlog1py(as_float(x), as_float(y))


def reciprocal_no_nan(x: Any) -> Tensor:
    """Return 1 / x, 0 where x is 0."""
    x = as_float(x)
    is_zero = x == 0
    return torch.where(is_zero, torch.zeros_like(x), torch.reciprocal(torch.where(is_zero, torch.ones_like(x), x)))


def rint(x: Any) -> Tensor:
    """Return the nearest ints, the even ones in the middle."""
    return torch.round(as_float(x))


def cumulative_logsumexp(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Return the logarithms of the sums so far of exponentials; `exclusive` leaves out the value itself."""
    x = as_float(x)
    x = torch.flip(x, (axis,)) if reverse else x
    result = torch.logcumsumexp(x, axis)
    if exclusive:
        # What TensorFlow has in place of minus infinity.
        first = torch.full_like(torch.narrow(result, axis, 0, 1), torch.finfo(x.dtype).min)
        result = torch.cat([first, torch.narrow(result, axis, 0, result.shape[axis] - 1)], axis)
    return torch.flip(result, (axis,)) if reverse else result


def is_non_decreasing(x: Any) -> Tensor:
    """Whether no value, in the order of the last axis, is less than the one before it."""
    x = as_tensor(x).reshape(-1)
    return torch.all(x[1:] >= x[:-1])


def is_strictly_increasing(x: Any) -> Tensor:
    """Whether each value, in the order of the last axis, is greater than the one before it."""
    x = as_tensor(x).reshape(-1)
    return torch.all(x[1:] > x[:-1])


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, weights: Any = None, dtype: Any = "int32"
) -> Tensor:
    """Return how often each class, a row, was predicted as each one, a column.

    >>> confusion_matrix([0, 1, 1], [0, 1, 0])
    tensor([[1, 0],
            [1, 1]], dtype=torch.int32)
    """
    rows, columns = (as_tensor(x).reshape(-1).to(torch.int64) for x in (labels, predictions))
    count = int(torch.max(rows.max(), columns.max())) + 1 if num_classes is None else as_sizes(num_classes)[0]
    target = torch_dtype(dtype)
    amounts = torch.ones_like(rows, dtype=target) if weights is None else as_tensor(weights, target).reshape(-1)
    zeros = torch.zeros(count * count, dtype=target, device=rows.device)
    return zeros.index_add(0, rows * count + columns, amounts).reshape(count, count)


def histogram_fixed_width_bins(values: Any, value_range: Any, nbins: Any = 100, dtype: Any = "int32") -> Tensor:
    """Return the number of the bin of each value; those outside are in the first and last one."""
    values = as_tensor(values)
    low, high = as_tensor(value_range, values.dtype).unbind()
    count = as_sizes(nbins)[0]
    places = torch.floor((values - low) / (high - low) * count)
    return places.clamp(0, count - 1).to(torch_dtype(dtype))


def histogram_fixed_width(values: Any, value_range: Any, nbins: Any = 100, dtype: Any = "int32") -> Tensor:
    """Return how many values are in each of `nbins` bins of one width.

    >>> histogram_fixed_width([0.0, 0.1, 0.9], [0.0, 1.0], 2)
    tensor([2, 1], dtype=torch.int32)
    """
    places = histogram_fixed_width_bins(values, value_range, nbins, "int64").reshape(-1)
    return torch.bincount(places, minlength=as_sizes(nbins)[0]).to(torch_dtype(dtype))


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = "int32", axis: Any = None
) -> Tensor:
    """Return how often each int occurs, or the sums of the weights of each: of all values; with axis=-1, row by row.

    >>> bincount([[1, 1], [0, 3]], minlength=5)
    tensor([1, 2, 0, 1, 0], dtype=torch.int32)
    """
    arr = as_tensor(arr).to(torch.int64)
    if axis not in (None, 0, -1):
        raise ValueError(f"bincount: axis must be None, 0 or -1. Received: axis={axis!r}.")
    rows = arr.reshape(1, -1) if axis != -1 or arr.dim() == 1 else arr
    count = max(int(arr.max()) + 1 if arr.numel() else 0, minlength or 0)
    count = count if maxlength is None else min(count, maxlength)
    given = torch.ones_like(rows) if weights is None else as_tensor(weights).reshape(rows.shape)
    given = torch.where(rows < count, given, 0)
    found = torch.zeros(rows.shape[0], count, dtype=given.dtype, device=rows.device)
    found = found.scatter_add(1, rows.clamp(max=max(count - 1, 0)), given)
    found = found.to(torch_dtype(dtype)) if weights is None else found
    return found if axis == -1 and arr.dim() > 1 else found[0]


def global_norm(t_list: Any) -> Tensor:
    """Return the length of all tensors together; `None` among them counts as nothing."""
    return torch.sqrt(sum((torch.sum(torch.square(as_tensor(t))) for t in t_list if t is not None), torch.zeros(())))


def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None) -> tuple[list[Any], Tensor]:
    """Return tensors, scaled down so that they have at most the length `clip_norm` together, and their length."""
    length = global_norm(t_list) if use_norm is None else as_tensor(use_norm)
    factor = clip_norm / torch.maximum(length, as_tensor(clip_norm, length.dtype))
    return [None if t is None else as_tensor(t) * factor for t in t_list], length


def div(x: Any, y: Any) -> Tensor:
    """Return the quotients: of ints, rounded down."""
    x, y = pair(x, y)
    is_float = x.is_floating_point() or y.is_floating_point()
    return torch.true_divide(x, y) if is_float else torch.floor_divide(x, y)
