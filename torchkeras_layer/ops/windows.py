"""Which operations move a window over sequences, images or volumes: convolution and pooling?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.ops.channels import channels_first, per_axis, undone
from torchkeras_layer.ops.values import as_float, as_tensor, promoted_floats

_CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
_MAXIMA = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_MEANS: dict[int, Any] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Return the convolution with a kernel of shape (spatial …, channels, filters); fewer channels mean groups."""
    inputs, kernel = promoted_floats(inputs, kernel)
    rank = inputs.dim() - 2
    steps, rates = per_axis(strides, rank), per_axis(dilation_rate, rank)
    x = channels_first(inputs, data_format)
    if padding.lower() == "same":
        x = _padded(x, kernel.shape[:-2], steps, rates, 0.0)
    filters = kernel.movedim(-1, 0).movedim(-1, 1)
    groups = x.shape[1] // filters.shape[1]
    return undone(_CONVOLUTIONS[rank](x, filters, None, steps, 0, rates, groups), data_format)


def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Return the convolution of each channel with its own kernels, (spatial …, channels, kernels of each)."""
    kernel = as_tensor(kernel)
    filters = kernel.reshape(*kernel.shape[:-2], 1, kernel.shape[-2] * kernel.shape[-1])
    return conv(inputs, filters, strides, padding, data_format, dilation_rate)


def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Return the convolution of each channel, then one of all channels at each place."""
    x = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(x, pointwise_kernel, 1, "valid", data_format)


def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Return the transposed convolution with a kernel of shape (spatial …, filters, channels)."""
    inputs, kernel = promoted_floats(inputs, kernel)
    rank = inputs.dim() - 2
    steps, rates = per_axis(strides, rank), per_axis(dilation_rate, rank)
    more = [None] * rank if output_padding is None else per_axis(output_padding, rank)
    x = channels_first(inputs, data_format)
    result = _TRANSPOSED[rank](x, kernel.movedim(-1, 0).movedim(-1, 1), None, steps, 0, 0, 1, rates)
    amounts: list[int] = []
    for axis, (step, rate, extra) in enumerate(zip(steps, rates, more, strict=True)):
        width = (kernel.shape[axis] - 1) * rate + 1
        amounts = [*_margins(padding.lower(), width, step, extra), *amounts]
    return undone(F.pad(result, amounts) if any(amounts) else result, data_format)


def _margins(padding: str, width: int, step: int, extra: int | None) -> tuple[int, int]:
    """Return how many zeros are added before and after the full transposed convolution; negative: removed."""
    if padding == "valid":
        return 0, max(step - width, 0) if extra is None else extra
    cut = width - step if extra is None else width - width % 2 - extra
    start = max(cut // 2, 0)
    return -start, start - cut


def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """Return the greatest value of each window; margins of 'same' do not count."""
    x, sizes, steps = _windows(inputs, pool_size, strides, data_format)
    if padding.lower() == "same":
        lowest = float("-inf") if x.is_floating_point() else torch.iinfo(x.dtype).min
        x = _padded(x, sizes, steps, [1] * len(sizes), lowest)
    return undone(_MAXIMA[len(sizes)](x, sizes, steps), data_format)


def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """Return the mean of each window; margins of 'same' do not count."""
    x, sizes, steps = _windows(as_float(inputs), pool_size, strides, data_format)
    pool = _MEANS[len(sizes)]
    if padding.lower() != "same":
        return undone(pool(x, sizes, steps), data_format)
    rates = [1] * len(sizes)
    counted = _padded(torch.ones_like(x[:1, :1]), sizes, steps, rates, 0.0)
    return undone(pool(_padded(x, sizes, steps, rates, 0.0), sizes, steps) / pool(counted, sizes, steps), data_format)


def adaptive_average_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Tensor:
    """Return the means of as many windows along each axis as `output_size` says."""
    return _adaptive("adaptive_avg_pool", as_float(inputs), output_size, data_format)


def adaptive_max_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Tensor:
    """Return the greatest values of as many windows along each axis as `output_size` says."""
    return _adaptive("adaptive_max_pool", as_float(inputs), output_size, data_format)


def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Return the windows of images (batch, channels, rows, columns), a column for each window."""
    return F.unfold(as_float(x), kernel_size, dilation, padding, stride)


def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Return images (batch, channels, rows, columns) as the sums of their windows: the transpose of `unfold`."""
    return F.fold(as_float(x), output_size, kernel_size, dilation, padding, stride)


def _windows(inputs: Any, pool_size: Any, strides: Any, data_format: str | None) -> tuple[Tensor, list[int], list[int]]:
    x = as_tensor(inputs)
    sizes = per_axis(pool_size, x.dim() - 2)
    steps = sizes if strides is None else per_axis(strides, x.dim() - 2)
    return channels_first(x, data_format), sizes, steps


def _padded(x: Tensor, sizes: Sequence[int], steps: list[int], rates: list[int], value: float) -> Tensor:
    """Pad the spatial axes as 'same' does: the extra value of an odd number comes last."""
    amounts: list[Any] = []
    for size, step, rate, length in zip(sizes, steps, rates, x.shape[2:], strict=True):
        width = (size - 1) * rate + 1
        total = max((-(-length // step) - 1) * step + width - length, 0)
        amounts = [total // 2, total - total // 2, *amounts]
    return F.pad(x, amounts, value=value)


def _adaptive(name: str, x: Tensor, output_size: Any, data_format: str | None) -> Tensor:
    rank = x.dim() - 2
    pool = getattr(F, f"{name}{rank}d")
    return undone(pool(channels_first(x, data_format), per_axis(output_size, rank)), data_format)


def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Return images with blocks of pixels in place of channels: TensorFlow's order, 'DCR' in ONNX.

    >>> depth_to_space(torch.arange(4).reshape(1, 1, 1, 4), 2).flatten(1)
    tensor([[0, 1, 2, 3]])
    """
    x = _channels_last(as_tensor(x), data_format)
    batch, height, width, depth = x.shape
    x = x.reshape(batch, height, width, block_size, block_size, depth // block_size**2).permute(0, 1, 3, 2, 4, 5)
    x = x.reshape(batch, height * block_size, width * block_size, depth // block_size**2)
    return _channels_last(x, data_format, undo=True)


def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Return images with channels in place of blocks of pixels: the inverse of `depth_to_space`."""
    x = _channels_last(as_tensor(x), data_format)
    batch, height, width, depth = x.shape
    rows, columns = height // block_size, width // block_size
    x = x.reshape(batch, rows, block_size, columns, block_size, depth).permute(0, 1, 3, 2, 4, 5)
    return _channels_last(x.reshape(batch, rows, columns, depth * block_size**2), data_format, undo=True)


def _channels_last(x: Tensor, data_format: str | None, undo: bool = False) -> Tensor:
    if data_format != "channels_first":
        return x
    return x.movedim(-1, 1) if undo else x.movedim(1, -1)
