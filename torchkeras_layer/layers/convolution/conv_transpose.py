"""Which layers compute transposed convolutions?"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer import activations
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import as_plain, plain_int, positive_int, weight_arguments
from torchkeras_layer.layers.built_in_layer import add_parameter, is_torchs_to_cast, weight_of
from torchkeras_layer.layers.convolution.base_convolution import (
    BaseConvolution,
    begin_build,
    check_axes,
    has_channels_last,
    refuse_strides_with_dilation,
)
from torchkeras_layer.layers.convolution.kernels import filters_of, put_in_order
from torchkeras_layer.layers.inputs import as_real
from torchkeras_layer.layers.window_counts import reach


@dataclass(slots=True)
class TransposeGeometry:
    """What is constant over calls of a transposed convolution; computed when the layer is built."""

    channels_last: bool
    # Sequences with the channels last are treated as images of height 1, for which torch has a memory format.
    is_as_image: bool
    # Whether nothing may be left of what an even kernel makes of a single value.
    may_be_empty: bool
    # Widths for `F.pad` of the zeros before the inputs; empty if there are none.
    zeros_before: tuple[int, ...]
    # For kernels of single values with strides above 1, the zeros after each input value, and how many are cut off at
    # the end, of each spatial dimension: such inputs are convolved with strides of 1.
    zeros_between: tuple[tuple[int, int], ...]
    # Orders of the axes of images.
    to_images: tuple[int, ...]
    from_images: tuple[int, ...]
    torch_convolution: Callable[..., torch.Tensor]
    # strides, padding, output_padding, groups and dilation.
    torch_arguments: tuple[Any, ...]


class ConvolutionTranspose(BaseConvolution):
    """Base class of the transposed convolutions: each input value adds the kernel, times the value, to the output.

    The kernel is (spatial …, filters, channels).

    Args:
        filters: number of channels of the output.
        kernel_size: size of the kernel, an int or one for each spatial dimension.
        strides: distance of neighbouring kernels in the output, an int or one for each spatial dimension.
        padding: 'valid' to keep all outputs, 'same' to keep `strides` outputs for each input.
        output_padding: additional size of the output, less than `strides`, an int or one for each spatial dimension;
            default: that of `padding`.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, spatial …). Default
            `backend.image_data_format()`.
        dilation_rate: distance of neighbouring values of the kernel, an int or one for each spatial dimension; it and
            `strides` cannot both be above 1.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these, or `groups` is above 1; for inputs of another rank, of unknown
            channels, or so small that the output would be empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Conv2DTranspose.__mro__[1] is ConvolutionTranspose
    True
    """

    # Keras 2 writes it into its configs, but supports only 1.
    _torchkeras_unsupported = {"groups": 1}

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        output_padding: int | Sequence[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs["activity_regularizer"] = activity_regularizer
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, **kwargs)
        self.filters = positive_int(self, "filters", filters)
        self.output_padding = None if output_padding is None else _read_output_padding(self, output_padding)
        self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint = weight_arguments(
            self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint
        )
        self.bias_initializer, self.bias_regularizer, self.bias_constraint = weight_arguments(
            self, "bias", bias_initializer, bias_regularizer, bias_constraint
        )
        refuse_strides_with_dilation(self)

    def build(self, input_shape: Shape) -> None:
        """Create `kernel` and `bias`."""
        channels = begin_build(self, input_shape)
        self._torchkeras.derived = _plan(self)
        self.kernel = add_parameter(self, "kernel", (*self.kernel_size, self.filters, channels))
        put_in_order(self, self._torchkeras_kernels)
        self.bias = add_parameter(self, "bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(transposed convolution(inputs, kernel) + bias)`."""
        geometry: TransposeGeometry = self._torchkeras.derived
        if geometry.may_be_empty or 0 in inputs.shape:
            _check_sizes(self, inputs.shape)
        kernel = weight_of(self, "kernel")
        if inputs.dtype is not kernel.dtype and not is_torchs_to_cast(inputs):
            inputs = as_real(self, inputs, kernel.dtype)
        bias = weight_of(self, "bias") if self.use_bias else None
        if geometry.zeros_between:
            inputs = _spread(inputs, geometry)
            if geometry.channels_last:
                outputs = F.linear(inputs, kernel.flatten(0, -2), bias)
                return outputs if self.activation is activations.linear else self.activation(outputs)
        if geometry.zeros_before:
            inputs = F.pad(inputs, geometry.zeros_before)
        # Permuting channels from last to second gives torch's memory format "channels_last", without a copy.
        images = torch.permute(inputs, geometry.to_images) if geometry.channels_last else inputs
        kernel = filters_of(kernel, geometry.channels_last)
        if geometry.is_as_image:
            images, kernel = images.unsqueeze(2), kernel.unsqueeze(2)
        outputs = geometry.torch_convolution(images, kernel, bias, *geometry.torch_arguments)
        outputs = outputs.squeeze(2) if geometry.is_as_image else outputs
        outputs = torch.permute(outputs, geometry.from_images) if geometry.channels_last else outputs
        return outputs if self.activation is activations.linear else self.activation(outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, sizes …, filters) or (batch, filters, sizes …)."""
        check_axes(self, input_shape)
        last = has_channels_last(self)
        _check_sizes(self, input_shape)
        lengths = input_shape[1:-1] if last else input_shape[2:]
        sizes = [transposed_size(length, *axis) for length, axis in zip(lengths, _axes(self), strict=True)]
        return (input_shape[0], *sizes, self.filters) if last else (input_shape[0], self.filters, *sizes)


def transposed_size(size: int | None, reach: int, stride: int, padding: str, extra: int | None) -> int | None:
    """Return the output size of an axis; `None` for a free one, 0 or less if the output would be empty.

    `reach` is the number of neighbouring values that the kernel spans, `extra` is Keras's `output_padding`.

    >>> [transposed_size(5, 3, 2, *how) for how in (("same", None), ("same", 0), ("valid", 1))]
    [10, 9, 12]
    """
    if size is None:
        return None
    if padding == "valid":
        return (size - 1) * stride + reach + (max(stride - reach, 0) if extra is None else extra)
    return size * stride if extra is None else (size - 1) * stride + reach % 2 + extra


def transposed_padding(reach: int, stride: int, padding: str, extra: int | None) -> tuple[int, int, int]:
    """Return the number of zeros to add before an axis, and torch's `padding` and `output_padding`.

    Keras crops the full output equally at both ends, or by one more at the end (a negative amount adds zeros). Torch
    crops `padding` at both ends, and `output_padding` less at the end; it cannot crop more at the end. The same result
    is computed by adding a zero before the inputs and cropping its part of the output at the start. With this copy,
    the layer takes 0.97 to 1.24 times the time of torch's own layer, which crops the other way. Cropping a larger
    output takes 1.0 to 2.8 times (torch is slow if strides do not divide its size), and is not contiguous.

    >>> [transposed_padding(*axis, None) for axis in ((4, 2, "same"), (3, 2, "same"), (1, 2, "valid"))]
    [(0, 1, 0), (1, 2, 1), (0, 0, 1)]
    """
    # The sum of both ends, for any size of the axis.
    cut = stride + reach - (transposed_size(2, reach, stride, padding, extra) or 0)
    start = max(cut // 2, 0)
    end = cut - start
    return (1, start + stride, stride - 1) if end > start else (0, start, start - end)


def _axes(layer: ConvolutionTranspose) -> Iterator[tuple[int, int, str, int | None]]:
    """Yield for each spatial dimension the arguments that its size depends on."""
    reaches = map(reach, layer.kernel_size, layer.dilation_rate)
    extras = layer.output_padding or (None,) * layer.rank
    return zip(reaches, layer.strides, (layer.padding,) * layer.rank, extras, strict=True)


def _plan(layer: ConvolutionTranspose) -> TransposeGeometry:
    pads = [transposed_padding(*axis) for axis in _axes(layer)]
    channels_last = has_channels_last(layer)
    is_as_image = layer.rank == 1 and channels_last
    # F.pad takes the last axis first.
    zeros = [width for pad in reversed(pads) for width in (pad[0], 0)]
    none, one = ((0,), (1,)) if is_as_image else ((), ())
    cuts, additions = (none + tuple(pad[which] for pad in pads) for which in (1, 2))
    strides, zeros_between = layer.strides, ()
    if max(layer.kernel_size) == 1 < max(strides):
        axes = zip(strides, pads, strict=True)
        zeros_between = tuple((stride - 1, stride - 1 - extra) for stride, (_, _, extra) in axes)
        strides, additions = (1,) * layer.rank, (0,) * len(additions)
    functions = F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d
    spatial = range(layer.rank)
    return TransposeGeometry(
        channels_last=channels_last,
        is_as_image=is_as_image,
        may_be_empty=0 in [transposed_size(1, *axis) for axis in _axes(layer)],
        zeros_before=(*((0, 0) if channels_last else ()), *zeros) if any(zeros) else (),
        zeros_between=zeros_between,
        to_images=(0, layer.rank + 1, *(axis + 1 for axis in spatial)),
        from_images=(0, *(axis + 2 for axis in spatial), 1),
        torch_convolution=functions[layer.rank - 1 + is_as_image],
        torch_arguments=(one + strides, cuts, additions, 1, one + layer.dilation_rate),
    )


def _spread(inputs: torch.Tensor, geometry: TransposeGeometry) -> torch.Tensor:
    """Return inputs with zeros between their values, for kernels of one value with strides above 1.

    For such kernels, the gradient in oneDNN 3.12, which torch 2.13 uses, writes beyond its memory if there are less
    than 8 or 16 filters (https://github.com/uxlfoundation/oneDNN/issues/6035). It does not for strides of 1.
    """
    first = 1 if geometry.channels_last else 2
    for axis, (zeros, surplus) in enumerate(geometry.zeros_between, first):
        if zeros:
            behind = inputs.dim() - axis - 1
            inputs = F.pad(inputs.unsqueeze(axis + 1), (0, 0) * behind + (0, zeros)).flatten(axis, axis + 1)
            inputs = inputs.narrow(axis, 0, inputs.shape[axis] - surplus)
    return inputs


def _read_output_padding(layer: ConvolutionTranspose, value: Any) -> tuple[int, ...]:
    value = as_plain(value)
    given = tuple(value) if isinstance(value, (list, tuple)) else (value,) * layer.rank
    sizes = tuple(size for size in map(plain_int, given) if size is not None and size >= 0)
    if not len(sizes) == len(given) == layer.rank or any(map(operator.ge, sizes, layer.strides)):
        wanted = "an int" if layer.rank == 1 else f"an int, or {layer.rank} ints,"
        raise ValueError(
            f"{type(layer).__name__}: output_padding must be {wanted} from 0 to less than strides={layer.strides}. "
            f"Received: output_padding={value!r}."
        )
    return sizes


def _check_sizes(layer: ConvolutionTranspose, shape: Sequence[int | None]) -> None:
    lengths = shape[1:-1] if has_channels_last(layer) else shape[2:]
    for length, axis in zip(lengths, _axes(layer), strict=True):
        if length is not None and (length < 1 or (transposed_size(length, *axis) or 0) < 1):
            raise ValueError(
                f"{layer.name}: inputs of shape {tuple(shape)} are too small for kernel_size={layer.kernel_size}, "
                f"padding={layer.padding!r}, output_padding={layer.output_padding}: the output would be empty. "
                "Give larger inputs, or padding='valid'."
            )


@catalog.register("Convolution1DTranspose")
class Conv1DTranspose(ConvolutionTranspose):
    """Transposed convolution: add the kernel, times each input value, to the output.

    Shapes: (batch, steps, channels) -> (batch, more steps, filters), with `kernel` (kernel_size, filters, channels).

    Args: those of `ConvolutionTranspose`.

    Raises:
        ValueError: if an argument is not one of these; for inputs of another rank, with an unknown number of channels,
            or too small.

    >>> import torch, torchkeras_layer as keras
    >>> layer = keras.layers.Conv1DTranspose(1, 3, 2, kernel_initializer="ones")
    >>> layer(torch.tensor([[[1.0], [10.0]]])).flatten()
    tensor([ 1.,  1., 11., 10., 10.], grad_fn=<ViewBackward0>)
    """

    rank = 1


@catalog.register("Convolution2DTranspose")
class Conv2DTranspose(ConvolutionTranspose):
    """Transposed convolution: add the kernel, times each input value, to the output.

    Shapes: (batch, height, width, channels) -> (batch, more height, more width, filters), with `kernel`
    (*kernel_size, filters, channels).

    Args: those of `ConvolutionTranspose`.

    Raises:
        ValueError: if an argument is not one of these; for inputs of another rank, with an unknown number of channels,
            or too small.

    >>> import torch, torchkeras_layer as keras
    >>> layer = keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")
    >>> layer(torch.zeros(1, 5, 6, 8)).shape, layer.kernel.shape
    (torch.Size([1, 10, 12, 4]), torch.Size([3, 3, 4, 8]))
    """

    rank = 2


@catalog.register("Convolution3DTranspose")
class Conv3DTranspose(ConvolutionTranspose):
    """Transposed convolution: add the kernel, times each input value, to the output.

    Shapes: (batch, depth, height, width, channels) -> (batch, more depth, more height, more width, filters), with
    `kernel` (*kernel_size, filters, channels).

    Args: those of `ConvolutionTranspose`.

    Raises:
        ValueError: if an argument is not one of these; for inputs of another rank, with an unknown number of channels,
            or too small.

    >>> import torch, torchkeras_layer as keras
    >>> layer = keras.layers.Conv3DTranspose(4, 2, 2, data_format="channels_first")
    >>> layer(torch.zeros(1, 8, 2, 3, 4)).shape, layer.kernel.shape
    (torch.Size([1, 4, 4, 6, 8]), torch.Size([2, 2, 2, 4, 8]))
    """

    rank = 3
