"""How are inputs handed to torch's convolutions, and their results put back into Keras's order of axes?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer import activations
from torchkeras_layer.layers.built_in_layer import is_torchs_to_cast
from torchkeras_layer.layers.convolution.base_convolution import (
    BaseConvolution,
    has_channels_last,
    least_lengths,
    too_small,
)
from torchkeras_layer.layers.convolution.windows import (
    cached_torch_padding,
    cached_wide_padding,
    has_fixed_ends,
    torch_padding,
)
from torchkeras_layer.layers.inputs import as_real

Amounts = tuple[Any, ...]
Slices = tuple[slice, ...]
Padding = tuple[Amounts, Amounts | None, Slices | None]


@dataclass(slots=True)
class ConvolutionGeometry:
    """What is the same at each call of a convolution, worked out once, when the layer is built."""

    channels_last: bool
    # Sequences with the channels last go as images of height 1, because torch has a memory format for those.
    is_as_image: bool
    # Whether images go in torch's memory format "channels_last".
    uses_channels_last_memory: bool
    groups: int
    # Orders of the axes: of kernels (spatial …, inner, outer) and (spatial …, channels, multiplier), and of images.
    to_filters: tuple[int, ...]
    to_depthwise_filters: tuple[int, ...]
    to_images: tuple[int, ...]
    from_images: tuple[int, ...]
    # Arguments of torch's.
    torch_convolution: Callable[..., torch.Tensor]
    torch_strides: tuple[int, ...]
    torch_dilation: tuple[int, ...]
    # kernel_size, strides, dilation_rate and padding, and the padding that follows where it is always the same.
    windows: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], str]
    least_lengths: tuple[int, ...]
    trims_windows: bool
    fixed_padding: Padding | None = None


def plan_convolution(
    layer: BaseConvolution, channels: int, groups: int, trims_windows: bool = False
) -> ConvolutionGeometry:
    """Work out the geometry of a layer for inputs with that many channels, and keep it.

    Args:
        trims_windows: whether, without gradients, torch pads both ends alike, and windows too many are cut off.
    """
    rank, channels_last = layer.rank, has_channels_last(layer)
    is_as_image = rank == 1 and channels_last
    height = (1,) if is_as_image else ()
    spatial, axes_of_images = tuple(range(rank)), tuple(range(1, rank + 1))
    is_at_risk = channels == 1 and rank > 1 and layer.strides[-2] == 1 < layer.strides[-1]
    geometry = ConvolutionGeometry(
        channels_last=channels_last,
        is_as_image=is_as_image,
        # Of one channel, torch 2.13 computes garbage with such strides where one window fits into the last axis.
        # Compiled by inductor it does so still, as `nn.Conv2d`: that takes channels_last by itself.
        uses_channels_last_memory=channels_last and not is_at_risk,
        groups=groups,
        to_filters=(rank + 1, rank, *spatial),
        to_depthwise_filters=(rank, rank + 1, *spatial),
        to_images=(0, rank + 1, *axes_of_images),
        from_images=(0, *(axis + 1 for axis in axes_of_images), 1),
        torch_convolution=(F.conv1d, F.conv2d, F.conv3d)[rank + len(height) - 1],
        torch_strides=height + layer.strides,
        torch_dilation=height + layer.dilation_rate,
        windows=(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding),
        least_lengths=least_lengths(layer),
        trims_windows=trims_windows,
    )
    axes = zip(layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
    if all(has_fixed_ends(*axis, layer.padding) for axis in axes):
        padding = _padded_before(geometry, (1,) * rank)
        geometry.fixed_padding = None if trims_windows and padding[1] is not None else padding
    layer._torchkeras.derived = geometry
    return geometry


def filters_order(geometry: ConvolutionGeometry) -> tuple[int, ...]:
    """Return the order in which torch wants the axes of a kernel (spatial …, inner, outer) in memory."""
    outer, inner, *spatial = geometry.to_filters
    return (outer, *spatial, inner) if geometry.uses_channels_last_memory else geometry.to_filters


def as_images(
    layer: BaseConvolution, geometry: ConvolutionGeometry, inputs: torch.Tensor, dtype: torch.dtype
) -> tuple[torch.Tensor, Amounts, Slices | None]:
    """Return the inputs as torch's kernels want them, how these must pad them, and what to keep of the results.

    Channels that come last are torch's memory format "channels_last" once permuted: nothing is copied.

    Raises:
        ValueError: if the inputs are too small for a window.
    """
    if inputs.dtype is not dtype and not is_torchs_to_cast(inputs):
        inputs = as_real(layer, inputs, dtype)
    lengths = inputs.shape[1:-1] if geometry.channels_last else inputs.shape[2:]
    for length, least in zip(lengths, geometry.least_lengths, strict=True):
        if length < least:
            raise too_small(layer, inputs.shape)
    padding, others, kept = geometry.fixed_padding or _find_padding(geometry, lengths)
    if others is not None:
        # Torch's kernels pad both ends alike: an odd zero takes a copy, a tenth of the time of a small convolution
        # (3x3, stride 2, 16 to 32 channels). To pad both ends by a whole stride more and cut off the windows there
        # is no faster, and slower in training.
        inputs = F.pad(inputs, others)
    if not geometry.channels_last:
        return inputs, padding, kept
    if not geometry.uses_channels_last_memory:
        return inputs.squeeze(-1).unsqueeze(1), padding, kept
    images = torch.permute(inputs, geometry.to_images)
    return images.unsqueeze(2) if geometry.is_as_image else images, padding, kept


def convolve(
    geometry: ConvolutionGeometry, images: torch.Tensor, kernel: torch.Tensor, bias: Any, padding: Amounts
) -> torch.Tensor:
    """Slide a kernel of torch's shape, (filters, channels / groups, spatial …), over `as_images`."""
    if geometry.is_as_image:
        kernel = kernel.unsqueeze(2)
    return geometry.torch_convolution(
        images, kernel, bias, geometry.torch_strides, padding, geometry.torch_dilation, geometry.groups
    )


def as_outputs(
    layer: BaseConvolution, geometry: ConvolutionGeometry, images: torch.Tensor, kept: Slices | None = None
) -> torch.Tensor:
    """Put the axes back in the order of the inputs, keep what is asked for, and apply the activation."""
    if geometry.channels_last:
        images = torch.permute(images.squeeze(2) if geometry.is_as_image else images, geometry.from_images)
    outputs = images if kept is None else images[kept].contiguous()
    return outputs if layer.activation is activations.linear else layer.activation(outputs)


def _find_padding(geometry: ConvolutionGeometry, lengths: Sequence[Any]) -> Padding:
    """Return what torch's kernel pads, what must be padded before, and what to keep of its results.

    Depthwise, a copy of the inputs takes twice the time of the convolution; what it computes too much, a tenth. But
    torch's kernel for the gradients is three times as slow for wide padding.
    """
    if not geometry.trims_windows or torch.is_grad_enabled() or torch.compiler.is_compiling():
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
    """Take whole strides off the lengths: what remains is padded alike, and there are few of those."""
    return tuple([int((length - 1) % stride) + 1 for length, stride in zip(lengths, strides, strict=True)])


def _padding_of_images(geometry: ConvolutionGeometry, amounts: Amounts) -> Amounts:
    return (0, *amounts) if geometry.is_as_image else amounts
