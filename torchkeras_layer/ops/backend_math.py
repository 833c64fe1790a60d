"""What do functions of numbers in Keras's K compute in another way than `keras.ops`?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._settings import floatx
from torchkeras_layer.activations import relu as bent_relu
from torchkeras_layer.ops import reductions, tensorflow_math
from torchkeras_layer.ops.values import as_float, as_tensor, axes_of


def sqrt(x: Any) -> Tensor:
    """Return the square roots, 0 of negative values.

    >>> sqrt([4.0, -1.0])
    tensor([2., 0.])
    """
    return torch.sqrt(as_float(x).clamp(min=0))


def round(x: Any) -> Tensor:
    """Return the values, rounded to integers; halves are rounded to even ones."""
    return torch.round(as_tensor(x))


def clip(x: Any, min_value: Any, max_value: Any) -> Tensor:
    """Return the values, at least `min_value` and at most `max_value`; `None` is no limit.

    >>> clip([-2.0, 0.5, 3.0], 0, None)
    tensor([0.0000, 0.5000, 3.0000])
    """
    x = as_tensor(x)
    if isinstance(min_value, (int, float)) and isinstance(max_value, (int, float)):
        return torch.clamp(x, min_value, max(min_value, max_value))
    limits = [None if limit is None else as_tensor(limit).to(x.dtype) for limit in (min_value, max_value)]
    return x if limits == [None, None] else torch.clamp(x, *limits)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the mean along axes; of bools in floatx, of ints rounded towards 0."""
    return tensorflow_math.mean(_without_bools(x), axis, keepdims)


def argmax(x: Any, axis: int = -1) -> Tensor:
    """Return the index of the greatest value along an axis, in int64."""
    return tensorflow_math.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Tensor:
    """Return the index of the least value along an axis, in int64."""
    return tensorflow_math.argmin(x, axis)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the variance along axes, of the values as a whole population."""
    return reductions.var(_without_bools(x), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the standard deviation along axes, of the values as a whole population."""
    return reductions.std(_without_bools(x), axis, keepdims)


def relu(x: Any, alpha: Any = 0.0, max_value: Any = None, threshold: float = 0.0) -> Tensor:
    """Return the values above `threshold`, at most `max_value`; below it, `alpha * (x - threshold)`.

    >>> relu([-2.0, 0.5, 9.0], alpha=0.1, max_value=6.0)
    tensor([-0.2000,  0.5000,  6.0000])
    """
    x = as_tensor(x)
    if isinstance(alpha, Tensor) or isinstance(max_value, Tensor):
        positive = bent_relu(x, 0.0, None, threshold)
        positive = positive if max_value is None else torch.minimum(positive, as_tensor(max_value))
        return positive - alpha * torch.relu(threshold - x)
    return bent_relu(x, alpha, max_value, threshold)


def hard_sigmoid(x: Any) -> Tensor:
    """Return 0.2 x + 0.5, limited to the range from 0 to 1, as in Keras 1 and 2.

    >>> hard_sigmoid([-3.0, 1.0])
    tensor([0.0000, 0.7000])
    """
    return torch.clamp(0.2 * as_float(x) + 0.5, 0.0, 1.0)


def l2_normalize(x: Any, axis: Any = None) -> Tensor:
    """Return the values, divided by their Euclidean norm along axes."""
    return tensorflow_math.l2_normalize(x, axis, 1e-12)


def normalize_batch_in_training(
    x: Any, gamma: Any, beta: Any, reduction_axes: Any, epsilon: float = 1e-3
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the batch, normalized by its mean and variance along axes, then the mean and the variance.

    `gamma` and `beta` may be `None`. As in Keras, the variance that is returned for images is the unbiased one.
    """
    x = as_float(x)
    axes = axes_of(reduction_axes, x.dim())
    variance, average = torch.var_mean(x, axes, correction=0, keepdim=True)
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
    weights = [None if weight is None else as_tensor(weight).reshape(shape) for weight in (gamma, beta)]
    is_fused = axes in ((0, 1, 2),) and x.dim() == 4
    epsilon = max(epsilon, 1.001e-5) if is_fused else epsilon
    normed = (x - average) * torch.rsqrt(variance + epsilon)
    normed = normed if weights[0] is None else normed * weights[0]
    normed = normed if weights[1] is None else normed + weights[1]
    count = x.numel() // average.numel()
    shown = variance * (count / (count - 1)) if is_fused and count > 1 else variance
    return normed, average.squeeze(axes), shown.squeeze(axes)


def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3
) -> Tensor:
    """Return (x - mean) / sqrt(var + epsilon) * gamma + beta; vectors lie along `axis`, others broadcast."""
    x = as_float(x)
    shape = [1] * x.dim()
    shape[axis] = -1

    def placed(weight: Any) -> Tensor:
        weight = as_tensor(weight)
        return weight.reshape(shape) if weight.dim() == 1 else weight

    factor = torch.rsqrt(placed(var) + epsilon)
    factor = factor if gamma is None else factor * placed(gamma)
    result = (x - placed(mean)) * factor
    return result if beta is None else result + placed(beta)


def _without_bools(x: Any) -> Tensor:
    x = as_tensor(x)
    return as_tensor(x, floatx()) if x.dtype is torch.bool else x
