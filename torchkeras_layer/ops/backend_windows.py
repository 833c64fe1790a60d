"""How do convolutions, pooling and biases of Keras's K compute?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.ops import tensorflow_layers, windows
from torchkeras_layer.ops.backend_arrays import _format
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor, promoted_floats


def conv1d(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Return the convolution of sequences with a kernel (steps, channels, filters); `padding` may be 'causal'.

    >>> conv1d(torch.ones(1, 5, 2), torch.ones(3, 2, 4), padding="causal").shape
    torch.Size([1, 5, 4])
    """
    x, kernel = promoted_floats(x, kernel)
    if padding == "causal":
        margin = windows.per_axis(dilation_rate, 1)[0] * (kernel.shape[0] - 1)
        is_last = _format(data_format, "K.conv1d") == "channels_last"
        x, padding = F.pad(x, [0, 0] * is_last + [margin, 0]), "valid"
    return _conv("conv1d", x, kernel, strides, padding, data_format, dilation_rate)


def conv2d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """Return the convolution of images with a kernel (rows, columns, channels, filters)."""
    return _conv("conv2d", x, kernel, strides, padding, data_format, dilation_rate)


def conv3d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1, 1),
) -> Tensor:
    """Return the convolution of volumes with a kernel (depth, rows, columns, channels, filters)."""
    return _conv("conv3d", x, kernel, strides, padding, data_format, dilation_rate)


def conv2d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """Return the transposed convolution with a kernel (rows, columns, filters, channels), of shape `output_shape`.

    >>> conv2d_transpose(torch.ones(1, 2, 2, 3), torch.ones(3, 3, 4, 3), (None, 4, 4, 4), (2, 2), "same").shape
    torch.Size([1, 4, 4, 4])
    """
    return _transposed("conv2d_transpose", x, kernel, output_shape, strides, padding, data_format, dilation_rate)


def deconv2d(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str | None = None,
    image_shape: Any = None,
    filter_shape: Any = None,
) -> Tensor:
    """Return the transposed convolution of Keras 1, with a kernel (rows, columns, channels, filters)."""
    kernel = _kernel(kernel, dim_ordering).transpose(-1, -2)
    layout = _format(dim_ordering, "K.deconv2d")
    return _transposed("deconv2d", x, kernel, output_shape, strides, border_mode, layout, 1)


def atrous_conv2d(
    x: Any, kernel: Any, rate: int, border_mode: str = "valid", dim_ordering: str | None = None
) -> Tensor:
    """Return the dilated convolution of images: a function of Keras 1."""
    return conv2d(x, kernel, 1, border_mode, dim_ordering, rate)


def conv3d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Return the transposed convolution of volumes, of shape `output_shape`."""
    return _transposed("conv3d_transpose", x, kernel, output_shape, strides, padding, data_format, 1)


def depthwise_conv2d(
    x: Any,
    depthwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """Return the convolution of each channel with its own kernels, (rows, columns, channels, kernels of each)."""
    how = _checked("depthwise_conv2d", x, 2, padding, data_format)
    return windows.depthwise_conv(x, _kernel(depthwise_kernel, data_format), strides, *how, dilation_rate)


def separable_conv1d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Return the convolution of each channel of sequences, then one of all channels at each step."""
    how = _checked("separable_conv1d", x, 1, padding, data_format)
    return windows.separable_conv(x, depthwise_kernel, pointwise_kernel, strides, *how, dilation_rate)


def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """Return the convolution of each channel of images, then one of all channels at each pixel."""
    how = _checked("separable_conv2d", x, 2, padding, data_format)
    kernels = _kernel(depthwise_kernel, data_format), _kernel(pointwise_kernel, data_format)
    return windows.separable_conv(x, *kernels, strides, *how, dilation_rate)


def pool2d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Tensor:
    """Return the greatest value of each window of images, or with `pool_mode='avg'` the mean.

    >>> pool2d(torch.ones(1, 4, 4, 3), (2, 2), (2, 2), pool_mode="avg").shape
    torch.Size([1, 2, 2, 3])
    """
    return _pool("pool2d", x, 2, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Tensor:
    """Return the greatest value of each window of volumes, or with `pool_mode='avg'` the mean."""
    return _pool("pool3d", x, 3, pool_size, strides, padding, data_format, pool_mode)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Tensor:
    """Return a tensor with a bias added: a vector along the channels, or one value for each place, (…, channels).

    Raises:
        ValueError: if the bias has another rank.

    >>> bias_add(torch.zeros(1, 2), [1.0, 2.0])
    tensor([[1., 2.]])
    """
    x, bias = as_tensor(x), as_tensor(bias)
    is_first = _format(data_format, "K.bias_add") == "channels_first"
    if bias.dim() not in (1, x.dim() - 1):
        raise ValueError(
            f"K.bias_add: the bias must have 1 or {x.dim() - 1} axes. Received: a bias of shape {tuple(bias.shape)} "
            f"for a tensor of shape {tuple(x.shape)}."
        )
    if is_first and x.dim() > 2:
        # As in Keras, the values of a larger bias are not moved: it lies in memory as (…, channels) and is read anew.
        bias = bias.reshape(bias.shape[-1], *(bias.shape[:-1] if bias.dim() > 1 else [1] * (x.dim() - 2)))
    return x + bias


def local_conv1d(inputs: Any, kernel: Any, kernel_size: Any, strides: Any, data_format: str | None = None) -> Tensor:
    """Return a convolution of sequences with an own kernel for each place: (steps, window * channels, filters)."""
    return local_conv(inputs, kernel, kernel_size, strides, (as_tensor(kernel).shape[0],), data_format)


def local_conv2d(
    inputs: Any, kernel: Any, kernel_size: Any, strides: Any, output_shape: Any, data_format: str | None = None
) -> Tensor:
    """Return a convolution of images with an own kernel for each place: (places, window * channels, filters)."""
    return local_conv(inputs, kernel, kernel_size, strides, output_shape, data_format)


def local_conv(
    inputs: Any, kernel: Any, kernel_size: Any, strides: Any, output_shape: Any, data_format: str | None = None
) -> Tensor:
    """Return a convolution with an own kernel for each place of the output, whose spatial shape is `output_shape`."""
    x, kernel = promoted_floats(inputs, kernel)
    is_first = _format(data_format, "K.local_conv") == "channels_first"
    x = x if is_first else x.movedim(-1, 1)
    rank = x.dim() - 2
    sizes, steps, places = (windows.per_axis(value, rank) for value in (kernel_size, strides, as_sizes(output_shape)))
    for axis, (size, step, count) in enumerate(zip(sizes, steps, places, strict=True), 2):
        x = x.unfold(axis, size, step).narrow(axis, 0, count)
    # Now (batch, channels, places …, window …): the values of a window lie as its kernel has them.
    around, within = list(range(2, 2 + rank)), list(range(2 + rank, 2 + 2 * rank))
    x = x.permute([0, *around, *([1, *within] if is_first else [*within, 1])])
    x = x.reshape(x.shape[0], kernel.shape[0], kernel.shape[1])
    found = torch.einsum("bpv,pvf->bpf", x, kernel).unflatten(1, places)
    return found.movedim(-1, 1) if is_first else found


def _conv(name: str, x: Any, kernel: Any, strides: Any, padding: str, data_format: str | None, rates: Any) -> Tensor:
    kernel = _kernel(kernel, data_format)
    how = _checked(name, x, kernel.dim() - 2, padding, data_format)
    return windows.conv(x, kernel, strides, *how, rates)


def _kernel(kernel: Any, data_format: str | None) -> Tensor:
    """Return a kernel as it is; with 'th' it is one of Keras 1, (filters, channels, spatial …), and is turned."""
    kernel = as_tensor(kernel)
    return kernel.movedim(1, -1).movedim(0, -1) if data_format == "th" else kernel


def _transposed(
    name: str, x: Any, kernel: Any, output_shape: Any, strides: Any, padding: str, data_format: str | None, rates: Any
) -> Tensor:
    x, kernel = as_float(x), _kernel(kernel, data_format)
    rank = kernel.dim() - 2
    how, layout = _checked(name, x, rank, padding, data_format)
    sizes = as_sizes(output_shape)
    if len(sizes) != rank + 2:
        raise ValueError(f"K.{name}: output_shape must have {rank + 2} entries. Received: {output_shape!r}.")
    spatial = "DHW"[-rank:]
    order = f"NC{spatial}" if layout == "channels_first" else f"N{spatial}C"
    return tensorflow_layers.conv_transpose(x, kernel, sizes, strides, how.upper(), order, rates)


def _pool(
    name: str, x: Any, rank: int, pool_size: Any, strides: Any, padding: str, data_format: str | None, pool_mode: str
) -> Tensor:
    functions = {"max": windows.max_pool, "avg": windows.average_pool}
    if pool_mode not in functions:
        raise ValueError(f"K.{name}: pool_mode must be 'max' or 'avg'. Received: pool_mode={pool_mode!r}.")
    return functions[pool_mode](x, pool_size, strides, *_checked(name, x, rank, padding, data_format))


def _checked(name: str, x: Any, rank: int, padding: Any, data_format: str | None) -> tuple[str, str]:
    """Return the padding and the layout, in lower case and not `None`."""
    how = padding.lower() if isinstance(padding, str) else padding
    if how not in ("valid", "same"):
        known = "'valid', 'same' or 'causal'" if name == "conv1d" else "'valid' or 'same'"
        raise ValueError(f"K.{name}: padding must be {known}. Received: padding={padding!r}.")
    layout = _format(data_format, f"K.{name}")
    found = as_tensor(x).dim()
    if found != rank + 2:
        raise ValueError(f"K.{name}: x must have {rank + 2} axes. Received: a tensor of rank {found}.")
    return how, layout
