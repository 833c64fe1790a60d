"""Which operations normalize values, and encode classes as vectors?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer.ops.values import as_float, as_tensor, axes_of


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Tensor, Tensor]:
    """Return the mean and variance along axes; half precision is computed in float32.

    >>> moments([1.0, 3.0], [0])
    (tensor(2.), tensor(1.))
    """
    x = as_float(x)
    places = axes_of(axes, x.dim())
    exact = x.to(torch.float32) if x.dtype in (torch.float16, torch.bfloat16) else x
    variance, mean = torch.var_mean(exact, places, correction=0, keepdim=keepdims)
    return mean.to(x.dtype), variance.to(x.dtype)


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Tensor:
    """Return (x - mean) / sqrt(variance + epsilon) * scale + offset, with vectors along `axis`."""
    x = as_float(x)
    shape = [1] * x.dim()
    shape[axis] = -1
    factor = torch.rsqrt(as_tensor(variance).reshape(shape) + epsilon)
    if scale is not None:
        factor = factor * as_tensor(scale).reshape(shape)
    result = (x - as_tensor(mean).reshape(shape)) * factor
    return result if offset is None else result + as_tensor(offset).reshape(shape)


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None, rms_scaling: bool = False
) -> Tensor:
    """Return values of mean 0 and variance 1 along axes, times `gamma`, plus `beta`; epsilon is 1e-7 by default."""
    x = as_float(x)
    exact = x.to(torch.promote_types(x.dtype, torch.float32))
    axes = axes_of(axis, x.dim())
    variance, mean = torch.var_mean(exact, axes, correction=0, keepdim=True)
    factor = torch.rsqrt(variance + _epsilon(epsilon))
    if rms_scaling:
        result = exact * factor
        return (result if gamma is None else result * _along(gamma, axes, x)).to(x.dtype)
    result = (exact - mean) * factor
    result = result if gamma is None else result * _along(gamma, axes, x)
    return (result if beta is None else result + _along(beta, axes, x)).to(x.dtype)


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Tensor:
    """Return values whose mean square along axes is 1, times `scale`; epsilon is 1e-7 by default."""
    x = as_float(x)
    exact = x.to(torch.promote_types(x.dtype, torch.float32))
    axes = axes_of(axis, x.dim())
    result = exact * torch.rsqrt(torch.mean(exact**2, axes, keepdim=True) + _epsilon(epsilon))
    return (result if scale is None else result * _along(scale, axes, x)).to(x.dtype)


def normalize(x: Any, axis: Any = -1, order: Any = 2, epsilon: float | None = None) -> Tensor:
    """Return vectors along an axis, divided by their norms, which are at least epsilon, 1e-7 by default.

    >>> normalize([3.0, 4.0])
    tensor([0.6000, 0.8000])
    """
    x = as_float(x)
    norms = torch.linalg.vector_norm(x, order, axes_of(axis, x.dim()), keepdim=True)
    return x / norms.clamp(min=_epsilon(epsilon))


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Tensor:
    """Return vectors with 1 at the class of each value, along a new axis; zeros for classes that do not exist.

    >>> one_hot([1, -1], 2)
    tensor([[0., 1.],
            [0., 0.]])
    """
    x = as_tensor(x)
    is_class = x.unsqueeze(-1) == torch.arange(num_classes, device=x.device)
    return is_class.movedim(-1, axis).to(torch_dtype(dtype or floatx()))


def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """Return vectors with 1 at each class in a list of classes, along `axis`.

    >>> multi_hot([[0, 2]], 3)
    tensor([[1., 0., 1.]])
    """
    inputs = as_tensor(inputs)
    assert num_classes is not None, "multi_hot: num_classes must be given"
    vectors = one_hot(inputs, num_classes, axis, dtype)
    return torch.amax(vectors, 1 if inputs.dim() > 1 else 0)


def _along(weight: Any, axes: tuple[int, ...], x: Tensor) -> Tensor:
    return as_tensor(weight).reshape([x.shape[one] if one in axes else 1 for one in range(x.dim())])


def _epsilon(epsilon: float | None) -> float:
    return 1e-7 if epsilon is None else epsilon
