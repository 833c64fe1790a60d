"""What do TensorFlow's functions for neural networks compute in another way than Keras's?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.ops import windows
from torchkeras_layer.ops.tensorflow_arrays import _format
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor


def swish(features: Any, beta: float = 1.0) -> Tensor:
    """Return x * sigmoid(beta x)."""
    x = as_float(features)
    return F.silu(x) if beta == 1 else x * torch.sigmoid(beta * x)


def gelu(features: Any, approximate: bool = False) -> Tensor:
    """Return the Gaussian error linear unit, by default the exact one."""
    return F.gelu(as_float(features), approximate="tanh" if approximate else "none")


def bias_add(value: Any, bias: Any, data_format: str | None = None) -> Tensor:
    """Return a tensor with a vector added along the channels."""
    value, bias = as_tensor(value), as_tensor(bias)
    if _is_first(data_format):
        bias = bias.reshape(-1, *[1] * (value.dim() - 2))
    return value + bias


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any = None, scale: Any = None, variance_epsilon: float = 1e-3
) -> Tensor:
    """Return (x - mean) / sqrt(variance + epsilon) * scale + offset, of tensors that broadcast."""
    factor = torch.rsqrt(as_tensor(variance) + variance_epsilon)
    factor = factor if scale is None else factor * as_tensor(scale)
    result = (as_float(x) - as_tensor(mean)) * factor
    return result if offset is None else result + as_tensor(offset)


def batch_norm_with_global_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    beta: Any,
    gamma: Any,
    variance_epsilon: float,
    scale_after_normalization: bool,
) -> Tensor:
    """Return normalized values, multiplied by `gamma` only if they shall be scaled, plus `beta`."""
    return batch_normalization(x, mean, variance, beta, gamma if scale_after_normalization else None, variance_epsilon)


def conv(
    input: Any,
    filters: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """Return the convolution; strides may have an entry for each axis of the input."""
    rank = as_tensor(input).dim() - 2
    steps, rates = _spatial(strides, rank, data_format), _spatial(dilations, rank, data_format)
    x, how = _explicit(as_float(input), padding, data_format)
    return windows.conv(x, filters, steps, how, _keras_format(data_format), rates)


def depthwise_conv(
    input: Any,
    filter: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """Return the convolution of each channel with its own filters."""
    steps, rates = _spatial(strides, 2, data_format), _spatial(dilations, 2, data_format)
    x, how = _explicit(as_float(input), padding, data_format)
    return windows.depthwise_conv(x, filter, steps, how, _keras_format(data_format), rates)


def separable_conv(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """Return the convolution of each channel, then one of all channels at each place."""
    x = depthwise_conv(input, depthwise_filter, strides, padding, data_format, dilations)
    return windows.conv(x, pointwise_filter, 1, "valid", _keras_format(data_format))


def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """Return the transposed convolution, of the shape `output_shape`."""
    x, filters = as_float(input), as_tensor(filters)
    rank = x.dim() - 2
    steps = _spatial(strides, rank, data_format)
    rates = _spatial(dilations, rank, data_format)
    full = windows.conv_transpose(x, filters, steps, "valid", [0] * rank, _keras_format(data_format), rates)
    first = 2 if _is_first(data_format) else 1
    sizes = as_sizes(output_shape)
    # A shape may be that of the images alone.
    wanted = sizes if len(sizes) == rank else sizes[first : first + rank]
    widths = [(size - 1) * rate + 1 for size, rate in zip(filters.shape, rates, strict=False)]
    for axis, (target, step, width) in enumerate(zip(wanted, steps, widths, strict=True), first):
        lost = max((x.shape[axis] - 1) * step + width - target, 0) if padding.upper() == "SAME" else 0
        full = torch.narrow(full, axis, lost // 2, min(target, full.shape[axis] - lost // 2))
        missing = target - full.shape[axis]
        if missing > 0:
            full = F.pad(full, [0, 0] * (full.dim() - 1 - axis) + [0, missing])
    return full


def max_pool(inputs: Any, ksize: Any, strides: Any, padding: Any = "VALID", data_format: str | None = None) -> Tensor:
    """Return the greatest value of each window."""
    return _pooled(windows.max_pool, as_tensor(inputs), ksize, strides, padding, data_format)


def avg_pool(inputs: Any, ksize: Any, strides: Any, padding: Any = "VALID", data_format: str | None = None) -> Tensor:
    """Return the mean of each window."""
    return _pooled(windows.average_pool, as_tensor(inputs), ksize, strides, padding, data_format)


def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    strides: Any = 1,
    padding: str = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """Return the greatest value, or the mean, of each window: 'MAX' or 'AVG'."""
    function = windows.max_pool if pooling_type == "MAX" else windows.average_pool
    return _pooled(function, as_tensor(input), window_shape, strides or 1, padding, data_format)


def dropout(
    x: Any, rate: float | None = None, noise_shape: Any = None, seed: Any = None, keep_prob: float | None = None
) -> Tensor:
    """Return the values, a share `rate` of which became 0 while the others were scaled up; in inference too.

    Raises:
        ValueError: unless one of `rate` and, as TensorFlow 1 has it, `keep_prob`, 1 - rate, is given.
    """
    if keep_prob is not None and rate is None:
        rate = 1 - keep_prob
    elif keep_prob is not None or rate is None:
        raise ValueError(f"dropout: give rate or keep_prob. Received: rate={rate!r}, keep_prob={keep_prob!r}.")
    x = as_float(x)
    if noise_shape is None:
        return F.dropout(x, rate, training=True)
    sizes = [size if given is None else given for given, size in zip(noise_shape, x.shape, strict=True)]
    return x * F.dropout(torch.ones(sizes, dtype=x.dtype, device=x.device), rate, training=True)


def local_response_normalization(
    input: Any, depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5
) -> Tensor:
    """Return the values, divided by a power of the sum of the squares of their neighbours among the channels."""
    x = as_float(input)
    squares = F.pad(x * x, (depth_radius, depth_radius)).unfold(-1, 2 * depth_radius + 1, 1)
    return x / (bias + alpha * torch.sum(squares, -1)) ** beta


def l2_loss(t: Any) -> Tensor:
    """Return half the sum of the squares."""
    return torch.sum(torch.square(as_float(t))) / 2


def sigmoid_cross_entropy(labels: Any, logits: Any) -> Tensor:
    """Return the cross-entropy of each logit."""
    logits = as_float(logits)
    return F.binary_cross_entropy_with_logits(logits, as_tensor(labels).to(logits.dtype), reduction="none")


def softmax_cross_entropy(labels: Any, logits: Any, axis: int = -1) -> Tensor:
    """Return the cross-entropy of logits along an axis."""
    return -torch.sum(as_tensor(labels) * torch.log_softmax(as_float(logits), axis), axis)


def sparse_softmax_cross_entropy(labels: Any, logits: Any) -> Tensor:
    """Return the cross-entropy of logits along the last axis, for classes as ints."""
    logs = torch.log_softmax(as_float(logits), -1)
    return -torch.gather(logs, -1, as_tensor(labels).to(torch.int64).unsqueeze(-1)).squeeze(-1)


def _pooled(function: Any, x: Tensor, sizes: Any, strides: Any, padding: Any, data_format: str | None) -> Tensor:
    rank = x.dim() - 2
    window = _spatial(sizes, rank, data_format)
    steps = _spatial(sizes if strides is None else strides, rank, data_format)
    return function(x, window, steps, padding.lower(), _keras_format(data_format))


def _is_first(data_format: str | None) -> bool:
    return data_format is not None and _format(data_format) == "channels_first"


def _keras_format(data_format: str | None) -> str:
    return "channels_first" if _is_first(data_format) else "channels_last"


def _spatial(value: Any, rank: int, data_format: str | None) -> list[int]:
    """Return the entries for the spatial axes."""
    if value is None:
        return [1] * rank
    entries = [int(one) for one in value] if isinstance(value, Sequence) else [int(value)]
    if len(entries) == 1:
        return entries * rank
    if len(entries) == rank:
        return entries
    return entries[2:] if _is_first(data_format) else entries[1:-1]


def _explicit(x: Tensor, padding: Any, data_format: str | None) -> tuple[Tensor, str]:
    """Return the input, padded if the amounts are given for each axis, and how to pad it further."""
    if isinstance(padding, str):
        if padding.upper() not in ("SAME", "VALID"):
            raise ValueError(f"padding must be 'SAME' or 'VALID', or amounts for each axis. Received: {padding!r}.")
        return x, padding.lower()
    return F.pad(x, [int(amount) for both in reversed(padding) for amount in both]), "valid"
