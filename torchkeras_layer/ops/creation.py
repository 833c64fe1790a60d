"""Which operations make tensors of a shape or of a range of numbers?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.signal import windows as _windows

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer.ops.values import as_sizes, as_tensor, promoted_floats


def zeros_like(x: Any, dtype: Any = None) -> Tensor:
    """Return zeros in the shape of a tensor."""
    return torch.zeros_like(as_tensor(x), dtype=_given(dtype))


def ones_like(x: Any, dtype: Any = None) -> Tensor:
    """Return ones in the shape of a tensor."""
    return torch.ones_like(as_tensor(x), dtype=_given(dtype))


def empty_like(x: Any, dtype: Any = None) -> Tensor:
    """Return a tensor in the shape of another, whose values may be anything: here they are 0."""
    return zeros_like(x, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """Return the value `fill_value` in the shape of a tensor."""
    x = as_tensor(x)
    return as_tensor(fill_value, x.dtype if dtype is None else dtype).broadcast_to(x.shape).clone()


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """Return the value `fill_value` in a shape.

    >>> full((2,), 1.5)
    tensor([1.5000, 1.5000])
    """
    return as_tensor(fill_value, dtype or floatx()).broadcast_to(as_sizes(shape)).clone()


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """Return zeros in a shape."""
    return torch.zeros(as_sizes(shape), dtype=torch_dtype(dtype or floatx()))


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """Return ones in a shape."""
    return torch.ones(as_sizes(shape), dtype=torch_dtype(dtype or floatx()))


def empty(shape: Any, dtype: Any = None) -> Tensor:
    """Return a tensor of a shape, whose values may be anything."""
    return torch.empty(as_sizes(shape), dtype=torch_dtype(dtype or floatx()))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Return a matrix of N rows and M columns, with ones on the diagonal `k` and zeros elsewhere.

    >>> eye(2, k=1)
    tensor([[0., 1.],
            [0., 0.]])
    """
    rows, columns = torch.arange(N).unsqueeze(1), torch.arange(N if M is None else M)
    return (columns - rows == k).to(torch_dtype(dtype or floatx()))


def identity(n: int, dtype: Any = None) -> Tensor:
    """Return a square matrix with ones on the diagonal, and zeros elsewhere."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Return a matrix with ones on the diagonal `k` and below it, and zeros above.

    >>> tri(2, k=-1)
    tensor([[0., 0.],
            [1., 0.]])
    """
    return torch.ones(N, N if M is None else M, dtype=torch_dtype(dtype or floatx())).tril(k)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """Return the numbers from `start` to `stop`, without it, in steps; with one number, from 0 to it.

    >>> arange(3), arange(1, 2, 0.5)
    (tensor([0, 1, 2], dtype=torch.int32), tensor([1.0000, 1.5000]))
    """
    start, stop = (0, start) if stop is None else (start, stop)
    bounds = [as_sizes(value)[0] for value in (start, stop, 1 if step is None else step)]
    is_float = any(isinstance(value, float) for value in bounds)
    return torch.arange(*bounds, dtype=torch_dtype(dtype or (floatx() if is_float else "int32")))


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return `num` evenly spaced numbers from `start` to `stop`, along a new axis; with `retstep`, their distance too.

    >>> linspace(0.0, 1.0, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    low, high = torch.broadcast_tensors(*promoted_floats(start, stop))
    pieces = num - 1 if endpoint else num
    step = (high - low) / pieces if pieces > 0 else torch.full_like(low, float("nan"))
    counts = torch.arange(num, dtype=low.dtype, device=low.device).reshape(-1, *[1] * low.dim())
    values = low + counts * (step if pieces > 0 else 0)
    if endpoint and num > 1:
        values = torch.cat([values[:-1], high.unsqueeze(0)])
    values = values.movedim(0, axis)
    values = values if dtype is None else _as_dtype(values, dtype)
    return (values, step) if retstep else values


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Tensor:
    """Return numbers whose logarithms are evenly spaced: from `base ** start` to `base ** stop`."""
    values = torch.pow(as_tensor(base), linspace(start, stop, num, endpoint, axis=axis))
    return values if dtype is None else _as_dtype(values, dtype)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Tensor:
    """Return numbers from `start` to `stop`, each by the same factor greater than the one before."""
    low, high = promoted_floats(start, stop)
    sign = torch.where((low < 0) & (high < 0), -1, 1).to(low.dtype)
    values = torch.exp(linspace(torch.log(low * sign), torch.log(high * sign), num, endpoint, axis=axis))
    values = values * (sign.unsqueeze(axis) if sign.dim() else sign)
    return values if dtype is None else _as_dtype(values, dtype)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Tensor:
    """Return the powers of the values of a vector, along a new last axis."""
    x = as_tensor(x)
    powers = torch.arange(x.shape[0] if N is None else N, device=x.device)
    # Not torch.vander, which has no gradient.
    return torch.pow(x.unsqueeze(-1), powers if increasing else powers.flip(0)).to(x.dtype)


def bartlett(x: Any) -> Tensor:
    """Return the Bartlett window of a length."""
    return _windows.bartlett(int(x))


def blackman(x: Any) -> Tensor:
    """Return the Blackman window of a length."""
    return _windows.blackman(int(x))


def hamming(x: Any) -> Tensor:
    """Return the Hamming window of a length."""
    return _windows.hamming(int(x))


def hanning(x: Any) -> Tensor:
    """Return the Hann window of a length.

    >>> hanning(3)
    tensor([0., 1., 0.])
    """
    return _windows.hann(int(x))


def kaiser(x: Any, beta: Any) -> Tensor:
    """Return the Kaiser window of a length, narrower for a greater `beta`."""
    return _windows.kaiser(int(x), beta=float(beta))


def array(x: Any, dtype: Any = None) -> Tensor:
    """Return an array, number, list or tensor as a tensor."""
    return as_tensor(x, dtype)


def _given(dtype: Any) -> torch.dtype | None:
    return None if dtype is None else torch_dtype(dtype)


def _as_dtype(values: Tensor, dtype: Any) -> Tensor:
    target = torch_dtype(dtype)
    return values.to(target) if target.is_floating_point else torch.floor(values).to(target)
