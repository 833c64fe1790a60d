"""How are inputs and outputs converted between Keras's order of axes and that of torch's convolutions?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer import activations
from torchkeras_layer._autograd import may_need_gradients
from torchkeras_layer.layers.built_in_layer import is_torchs_to_cast
from torchkeras_layer.layers.convolution.base_convolution import (
    BaseConvolution,
    has_channels_last,
    least_lengths,
    too_small,
)
from torchkeras_layer.layers.convolution.kernels import may_be_turned
from torchkeras_layer.layers.convolution.products import may_be_product
from torchkeras_layer.layers.convolution.windows import (
    cached_torch_padding,
    cached_wide_padding,
    ends,
    has_fixed_ends,
    torch_padding,
)
from torchkeras_layer.layers.inputs import as_real

Amounts = tuple[Any, ...]
Slices = tuple[slice, ...]
Padding = tuple[Amounts, Amounts | None, Slices | None]


@dataclass(slots=True)
class ConvolutionGeometry:
    """What is constant over calls of a convolution; computed when the layer is built."""

    channels_last: bool
    # Sequences with the channels last are treated as images of height 1, for which torch has a memory format.
    is_as_image: bool
    # Whether images have torch's memory format "channels_last".
    uses_channels_last_memory: bool
    groups: int
    # Whether windows are single values, and whether they are not dilated and kernels large: both may be products of
    # matrices.
    is_pointwise: bool
    may_be_product: bool
    # Whether kernels may be copied into the order of torch's filters, and the order of their axes for the others.
    may_be_turned: bool
    to_filters: tuple[int, ...]
    # The values that windows of one value with strides above 1 see; only they are convolved, with strides of 1.
    seen: Slices | None
    # Orders of the axes of images.
    to_images: tuple[int, ...]
    from_images: tuple[int, ...]
    # Arguments of torch's functions.
    torch_convolution: Callable[..., torch.Tensor]
    torch_strides: tuple[int, ...]
    torch_dilation: tuple[int, ...]
    # kernel_size, strides (over the values seen), dilation_rate and padding, and the resulting padding if it does not
    # depend on sizes.
    windows: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], str]
    # The axes of inputs and their minimum sizes, for a window to fit.
    least_sizes: tuple[tuple[int, int], ...]
    trims_windows: bool
    fixed_padding: Padding | None = None


def plan_convolution(
    layer: BaseConvolution, channels: int, groups: int, trims_windows: bool = False
) -> ConvolutionGeometry:
    """Compute the geometry of a layer for inputs with a number of channels, and store it.

    Args:
        trims_windows: whether, without gradients, torch pads both ends equally, and surplus windows are cropped.
    """
    rank, channels_last = layer.rank, has_channels_last(layer)
    is_as_image = rank == 1 and channels_last
    height = (1,) if is_as_image else ()
    axes_of_images = tuple(range(1, rank + 1))
    is_one_matrix = channels_last and groups == 1
    kernel_shape = (*layer.kernel_size, channels // groups, getattr(layer, "filters", 1))
    seen = _slices_seen(layer)
    strides = layer.strides if seen is None else (1,) * rank
    is_at_risk = channels == 1 and rank > 1 and strides[-2] == 1 < strides[-1]
    geometry = ConvolutionGeometry(
        channels_last=channels_last,
        is_as_image=is_as_image,
        # With one channel, torch 2.13 computes wrong results for such strides if one window fits into the last axis.
        # Compiled by inductor it still does, like `nn.Conv2d`, because inductor chooses channels_last itself.
        uses_channels_last_memory=channels_last and not is_at_risk,
        groups=groups,
        is_pointwise=is_one_matrix and max(*layer.kernel_size, *strides) == 1,
        may_be_product=is_one_matrix and max(layer.dilation_rate) == 1 and may_be_product(kernel_shape),
        may_be_turned=may_be_turned(kernel_shape),
        to_filters=(rank + 1, rank, *range(rank)),
        seen=seen,
        to_images=(0, rank + 1, *axes_of_images),
        from_images=(0, *(axis + 1 for axis in axes_of_images), 1),
        torch_convolution=(F.conv1d, F.conv2d, F.conv3d)[rank + len(height) - 1],
        torch_strides=height + strides,
        torch_dilation=height + layer.dilation_rate,
        windows=(layer.kernel_size, strides, layer.dilation_rate, layer.padding),
        least_sizes=tuple(enumerate(least_lengths(layer), 1 if channels_last else 2)),
        trims_windows=trims_windows,
    )
    axes = zip(*geometry.windows[:3], strict=True)
    if all(has_fixed_ends(*axis, layer.padding) for axis in axes):
        padding = _padded_before(geometry, (1,) * rank)
        geometry.fixed_padding = None if trims_windows and padding[1] is not None else padding
    layer._torchkeras.derived = geometry
    return geometry


def _slices_seen(layer: BaseConvolution) -> Slices | None:
    """Return what to keep of inputs for windows of one value with strides above 1, `None` for other windows.

    For such windows, oneDNN 3.12, which torch 2.13 uses, writes beyond its memory when it computes the gradient of the
    kernel, if there are less than 8 or 16 channels, the last axis in memory: the process dies, hangs, or learns from
    wrong gradients (https://github.com/uxlfoundation/oneDNN/issues/6035). It does not for strides of 1.
    """
    if max(layer.kernel_size) > 1 or max(layer.strides) == 1:
        return None
    before = (slice(None),) if has_channels_last(layer) else (slice(None), slice(None))
    return before + tuple(slice(None, None, stride) for stride in layer.strides)


def checked(
    layer: BaseConvolution, geometry: ConvolutionGeometry, inputs: torch.Tensor, dtype: torch.dtype
) -> torch.Tensor:
    """Return the inputs, cast to the dtype of the kernel, without the values that strides skip for all windows.

    Raises:
        ValueError: if no window fits into them.
    """
    if inputs.dtype is not dtype and not is_torchs_to_cast(inputs):
        inputs = as_real(layer, inputs, dtype)
    shape = inputs.shape
    for axis, least in geometry.least_sizes:
        if shape[axis] < least:
            raise too_small(layer, shape)
    if geometry.seen is None:
        return inputs
    # Torch's product and convolution would copy the slice too; this copy asks for no size, which exports need.
    return inputs[geometry.seen].clone(memory_format=torch.contiguous_format)


def lengths_of(geometry: ConvolutionGeometry, inputs: torch.Tensor) -> Sequence[Any]:
    """Return the sizes of the spatial dimensions of inputs."""
    return inputs.shape[1:-1] if geometry.channels_last else inputs.shape[2:]


def as_images(geometry: ConvolutionGeometry, inputs: torch.Tensor) -> tuple[torch.Tensor, Amounts, Slices | None]:
    """Return the inputs in the form of torch's kernels, the padding of the kernels, and the windows to keep.

    Permuting channels from last to second gives torch's memory format "channels_last", without a copy.

    Args:
        geometry: that of the layer.
        inputs: what `checked` returned.
    """
    padding, others, kept = geometry.fixed_padding or _find_padding(geometry, lengths_of(geometry, inputs))
    if others is not None:
        # Torch's kernels pad both ends equally. An odd zero needs a copy: a tenth of the time of a small convolution
        # (3x3, stride 2, 16 to 32 channels). Padding both ends by a whole stride more, and cropping the windows there,
        # is no faster, and slower in training.
        inputs = F.pad(inputs, others)
    if not geometry.channels_last:
        return inputs, padding, kept
    if not geometry.uses_channels_last_memory:
        return inputs.squeeze(-1).unsqueeze(1), padding, kept
    images = torch.permute(inputs, geometry.to_images)
    return images.unsqueeze(2) if geometry.is_as_image else images, padding, kept


def pad_whole(geometry: ConvolutionGeometry, inputs: torch.Tensor) -> torch.Tensor:
    """Return inputs, channels last, with the zeros of all windows around them."""
    pairs = [ends(*axis, geometry.windows[3]) for axis in zip(inputs.shape[1:-1], *geometry.windows[:3], strict=True)]
    amounts = [amount for pair in reversed(pairs) for amount in pair]
    return F.pad(inputs, (0, 0, *amounts)) if any(amounts) else inputs


def convolve(
    geometry: ConvolutionGeometry, images: torch.Tensor, kernel: torch.Tensor, bias: Any, padding: Amounts
) -> torch.Tensor:
    """Convolve the inputs, in the form of `as_images`, with a kernel (filters, channels / groups, spatial …)."""
    if geometry.is_as_image:
        kernel = kernel.unsqueeze(2)
    return geometry.torch_convolution(
        images, kernel, bias, geometry.torch_strides, padding, geometry.torch_dilation, geometry.groups
    )


def in_order_of_inputs(geometry: ConvolutionGeometry, images: torch.Tensor) -> torch.Tensor:
    """Return outputs of torch's kernels with the axes in the order that the inputs have."""
    if not geometry.channels_last:
        return images
    return torch.permute(images.squeeze(2) if geometry.is_as_image else images, geometry.from_images)


def as_outputs(
    layer: BaseConvolution, geometry: ConvolutionGeometry, images: torch.Tensor, kept: Slices | None = None
) -> torch.Tensor:
    """Restore the order of axes, crop surplus windows, and apply the activation."""
    images = in_order_of_inputs(geometry, images)
    outputs = images if kept is None else images[kept].contiguous()
    return outputs if layer.activation is activations.linear else layer.activation(outputs)


def _find_padding(geometry: ConvolutionGeometry, lengths: Sequence[Any]) -> Padding:
    """Return the padding of torch's kernel, the padding before it, and the windows to keep.

    For depthwise convolutions, a copy of the inputs takes twice the time of the convolution, and surplus windows a
    tenth. But torch's kernel for the gradients is three times as slow with wide padding.
    """
    if not geometry.trims_windows or may_need_gradients() or torch.compiler.is_compiling():
        return _padded_before(geometry, lengths)
    both, kept = cached_wide_padding(_without_whole_strides(lengths, geometry.windows[1]), *geometry.windows)
    others = (slice(None),) if geometry.channels_last else (slice(None), slice(None))
    return _padding_of_images(geometry, both), None, None if kept is None else others + kept


def _padded_before(geometry: ConvolutionGeometry, lengths: Sequence[Any]) -> Padding:
    if torch.compiler.is_compiling():
        both, others = torch_padding(lengths, *geometry.windows)
    else:
        both, others = cached_torch_padding(_without_whole_strides(lengths, geometry.windows[1]), *geometry.windows)
    if others is not None and geometry.channels_last:
        others = (0, 0, *others)
    return _padding_of_images(geometry, both), others, None


def _without_whole_strides(lengths: Sequence[Any], strides: Sequence[int]) -> tuple[int, ...]:
    """Reduce the sizes by whole strides: the rest is padded in the same way, and has few values to cache."""
    return tuple([int((length - 1) % stride) + 1 for length, stride in zip(lengths, strides, strict=True)])


def _padding_of_images(geometry: ConvolutionGeometry, amounts: Amounts) -> Amounts:
    return (0, *amounts) if geometry.is_as_image else amounts
