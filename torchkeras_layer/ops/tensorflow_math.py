"""What do TensorFlow's functions of numbers compute in another way than Keras's, or in addition to them?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.ops import reductions
from torchkeras_layer.ops.values import as_float, as_number, as_orderable, as_tensor, axes_of, pair

_EXACT_INTS = (torch.int32, torch.int64)


def squared_difference(x1: Any, x2: Any) -> Tensor:
    """Return the squares of the differences."""
    x1, x2 = pair(x1, x2)
    return torch.square(x1 - x2)


def multiply_no_nan(x1: Any, x2: Any) -> Tensor:
    """Return the products, 0 where `x2` is 0."""
    x1, x2 = pair(x1, x2)
    return torch.where(x2 == 0, torch.zeros_like(x1 * x2), x1 * x2)


def xlogy(x1: Any, x2: Any) -> Tensor:
    """Return x1 * log(x2), 0 where x1 is 0."""
    return torch.xlogy(*pair(x1, x2))


def xdivy(x1: Any, x2: Any) -> Tensor:
    """Return x1 / x2, 0 where x1 is 0."""
    x1, x2 = pair(x1, x2)
    return torch.where(x1 == 0, torch.zeros_like(x1 / torch.ones_like(x2)), x1 / torch.where(x1 == 0, 1, x2))


def truediv(x1: Any, x2: Any) -> Tensor:
    """Return the quotients: of int32 and int64 as float64, of other ints as float32."""
    x1, x2 = pair(x1, x2)
    if x1.dtype in _EXACT_INTS and not x2.is_floating_point():
        return torch.true_divide(x1.to(torch.float64), x2.to(torch.float64))
    return torch.true_divide(x1, x2)


def truncatediv(x: Any, y: Any) -> Tensor:
    """Return the quotients, rounded towards 0."""
    return torch.div(*pair(x, y), rounding_mode="trunc")


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the mean along axes; of ints, rounded towards 0.

    >>> mean(torch.tensor([1, 2]))
    tensor(1)
    """
    x = as_tensor(x)
    if x.is_floating_point() or x.is_complex():
        return reductions.mean(x, axis, keepdims)
    count = torch.ones_like(x)
    total, number = (torch.sum(values, axes_of(axis, x.dim()), keepdims, dtype=x.dtype) for values in (x, count))
    return torch.div(total, number, rounding_mode="trunc")


def euclidean_norm(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the square root of the sum of squares along axes."""
    x = as_float(x)
    return torch.linalg.vector_norm(x, 2, axes_of(axis, x.dim()), keepdims)


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the norm along axes, of all values by default; over two axes, 'euclidean' is Frobenius's."""
    tensor = as_float(tensor)
    axes = axes_of(axis, tensor.dim())
    if ord in ("euclidean", "fro") or axis is None:
        number = 2 if ord in ("euclidean", "fro") else ord
        return torch.linalg.vector_norm(tensor, float(number), axes, keepdims)
    if len(axes) == 1:
        return torch.linalg.vector_norm(tensor, float(ord), axes, keepdims)
    return torch.linalg.matrix_norm(tensor, float(ord), axes, keepdims)


def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None) -> tuple[Tensor, Tensor]:
    """Return vectors divided by their norms, and the norms."""
    tensor = as_float(tensor)
    length = norm(tensor, ord, axis, keepdims=True)
    return tensor / length, length


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12) -> Tensor:
    """Return vectors along axes, divided by their lengths; the square of a length counts as at least epsilon.

    >>> l2_normalize([3.0, 4.0])
    tensor([0.6000, 0.8000])
    """
    x = as_float(x)
    square = torch.sum(x * x, axes_of(axis, x.dim()), keepdim=True)
    return x * torch.rsqrt(square.clamp(min=epsilon))


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None) -> Tensor:
    """Return a tensor, scaled down so that its length along axes is at most `clip_norm`."""
    t = as_float(t)
    length = torch.sqrt(torch.sum(t * t, axes_of(axes, t.dim()), keepdim=True))
    return t * clip_norm / torch.maximum(length, torch.as_tensor(clip_norm, dtype=t.dtype))


def count_nonzero(input: Any, axis: Any = None, keepdims: bool = False, dtype: Any = "int64") -> Tensor:
    """Return the number of values along axes that are not 0."""
    input = as_tensor(input)
    return torch.sum(input != 0, axes_of(axis, input.dim()), keepdims).to(torch_dtype(dtype))


def argmax(input: Any, axis: int | None = 0, output_type: Any = "int64") -> Tensor:
    """Return the index of the greatest value along an axis, by default the first."""
    return torch.argmax(as_orderable(input), 0 if axis is None else axis).to(torch_dtype(output_type))


def argmin(input: Any, axis: int | None = 0, output_type: Any = "int64") -> Tensor:
    """Return the index of the least value along an axis, by default the first."""
    return torch.argmin(as_orderable(input), 0 if axis is None else axis).to(torch_dtype(output_type))


def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Return the sums so far along an axis; `exclusive` leaves out the value itself, `reverse` begins at the end.

    >>> cumsum([1, 2, 3], exclusive=True)
    tensor([0, 1, 3], dtype=torch.int32)
    """
    return _so_far(torch.cumsum, 0, x, axis, exclusive, reverse)


def cumprod(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Return the products so far along an axis; `exclusive` leaves out the value itself."""
    return _so_far(torch.cumprod, 1, x, axis, exclusive, reverse)


def _so_far(function: Any, start: int, x: Any, axis: int, exclusive: bool, reverse: bool) -> Tensor:
    x = as_number(x)
    x = torch.flip(x, (axis,)) if reverse else x
    result = function(x, axis, dtype=x.dtype)
    if exclusive:
        first = torch.full_like(torch.narrow(result, axis, 0, 1), start)
        result = torch.cat([first, torch.narrow(result, axis, 0, result.shape[axis] - 1)], axis)
    return torch.flip(result, (axis,)) if reverse else result


def add_n(inputs: Any) -> Tensor:
    """Return the sum of tensors."""
    total = as_tensor(inputs[0])
    for x in inputs[1:]:
        total = total + as_tensor(x)
    return total


def digamma(x: Any) -> Tensor:
    """Return the derivative of the logarithm of the gamma function."""
    return torch.digamma(as_float(x))


def lgamma(x: Any) -> Tensor:
    """Return the logarithm of the absolute value of the gamma function."""
    return torch.lgamma(as_float(x))


def complex(real: Any, imag: Any) -> Tensor:
    """Return complex numbers."""
    return torch.complex(as_float(real), as_float(imag))


def polyval(coeffs: Any, x: Any) -> Tensor:
    """Return a polynomial, whose first coefficient is that of the highest power, at the values."""
    x = as_tensor(x)
    result = torch.zeros_like(x)
    for factor in coeffs:
        result = result * x + as_tensor(factor)
    return result


def zero_fraction(value: Any) -> Tensor:
    """Return the share of values that are 0."""
    return torch.mean((as_tensor(value) == 0).to(torch.float32))
