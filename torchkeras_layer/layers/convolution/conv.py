"""Which layers convolve sequences, images and volumes?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer import activations
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int, weight_arguments
from torchkeras_layer.layers.built_in_layer import add_parameter, weight_of
from torchkeras_layer.layers.convolution.base_convolution import (
    BaseConvolution,
    begin_build,
    convolved_shape,
    has_channels_last,
    refuse_strides_with_dilation,
)
from torchkeras_layer.layers.convolution.kernels import filters_of, put_in_order
from torchkeras_layer.layers.convolution.products import is_faster_as_product, mix_channels, multiply_windows
from torchkeras_layer.layers.convolution.torch_kernels import (
    ConvolutionGeometry,
    as_images,
    checked,
    convolve,
    in_order_of_inputs,
    pad_whole,
    plan_convolution,
)


class Convolution(BaseConvolution):
    """Base class of the convolutions: `activation(convolution(inputs, kernel) + bias)`.

    The kernel is (spatial …, channels / groups, filters).

    Args:
        filters: number of channels of the output.
        kernel_size: size of the kernel, an int or one for each spatial dimension.
        strides: step of the kernel, an int or one for each spatial dimension.
        padding: 'valid' for no padding, or 'same' for ceil(size / strides) outputs; for `Conv1D` also
            'causal', for zeros before the first step only.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, spatial …). Default
            `backend.image_data_format()`.
        dilation_rate: distance of neighbouring values of the kernel, an int or one for each spatial dimension; it and
            `strides` cannot both be above 1.
        groups: number of groups of channels and filters; each group is convolved separately.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these, `groups` does not divide `filters` or the channels, or
            `lora_rank` or `lora_alpha` is given; for inputs of another rank, with an unknown number of channels, or too
            small.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Conv2D.__mro__[1] is Convolution
    True
    """

    _torchkeras_unsupported = {"lora_rank": None, "lora_alpha": None}

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
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
        self.groups = positive_int(self, "groups", groups)
        self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint = weight_arguments(
            self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint
        )
        self.bias_initializer, self.bias_regularizer, self.bias_constraint = weight_arguments(
            self, "bias", bias_initializer, bias_regularizer, bias_constraint
        )
        refuse_strides_with_dilation(self)
        if self.filters % self.groups:
            raise ValueError(
                f"{type(self).__name__}: groups must divide filters. Received: groups={groups}, filters={filters}."
            )

    def build(self, input_shape: Shape) -> None:
        """Create `kernel` and `bias`."""
        channels = begin_build(self, input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{self.name}: groups must divide the channels of the inputs. "
                f"Received: groups={self.groups}, input_shape={tuple(input_shape)} with {channels} channels."
            )
        plan_convolution(self, channels, self.groups)
        self.kernel = add_parameter(self, "kernel", (*self.kernel_size, channels // self.groups, self.filters))
        put_in_order(self, self._torchkeras_kernels)
        self.bias = add_parameter(self, "bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(convolution(inputs, kernel) + bias)`."""
        if type(self).convolution_op is not Convolution.convolution_op:
            return _call_with_own_operation(self, inputs)
        bias = weight_of(self, "bias") if self.use_bias else None
        outputs = _convolve(self, inputs, weight_of(self, "kernel"), bias)
        return outputs if self.activation is activations.linear else self.activation(outputs)

    def convolution_op(self, inputs: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
        """Return the inputs convolved with a kernel (spatial …, channels / groups, filters), without the bias.

        A subclass may override it, as in Keras; this one does not run where none does.

        >>> import torchkeras_layer as keras
        >>> class Normalized(keras.layers.Conv1D):
        ...     def convolution_op(self, inputs, kernel):
        ...         return super().convolution_op(inputs, kernel / kernel.sum())
        >>> Normalized(1, 2)(torch.ones(1, 3, 1)).detach().round(decimals=3).flatten()
        tensor([1., 1.])
        """
        return _convolve(self, inputs, kernel, None)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, filters) or (batch, filters, windows …)."""
        return convolved_shape(self, input_shape, self.filters)


def _convolve(layer: Convolution, inputs: torch.Tensor, kernel: torch.Tensor, bias: Any) -> torch.Tensor:
    """Return the convolution in the way that is fastest for a kernel in Keras's order."""
    geometry: ConvolutionGeometry = layer._torchkeras.derived
    inputs = checked(layer, geometry, inputs, kernel.dtype)
    if geometry.is_pointwise and kernel.is_contiguous():
        return mix_channels(inputs, kernel, bias)
    if geometry.may_be_product and is_faster_as_product(inputs, kernel, geometry.windows):
        return multiply_windows(pad_whole(geometry, inputs), kernel, bias, geometry.windows[1])
    images, padding, _ = as_images(geometry, inputs)
    if geometry.may_be_turned:
        filters = filters_of(kernel, geometry.uses_channels_last_memory)
    else:
        filters = torch.permute(kernel, geometry.to_filters)
    return in_order_of_inputs(geometry, convolve(geometry, images, filters, bias, padding))


def _call_with_own_operation(layer: Convolution, inputs: torch.Tensor) -> torch.Tensor:
    outputs = layer.convolution_op(inputs, weight_of(layer, "kernel"))
    if layer.use_bias:
        bias = weight_of(layer, "bias")
        outputs = outputs + (bias if has_channels_last(layer) else bias.view(-1, *[1] * layer.rank))
    return layer.activation(outputs)


@catalog.register("Convolution1D")
class Conv1D(Convolution):
    """Convolution of sequences. Shapes: (batch, steps, channels) -> (batch, windows, filters).

    `kernel` is (kernel_size, channels / groups, filters).

    Args: those of `Convolution`; `padding` may also be 'causal'.

    Raises:
        ValueError: if an argument is not one of these, or `groups` does not divide `filters` or the channels; for
            inputs of another rank, with an unknown number of channels, or too short.

    >>> import torch, torchkeras_layer as keras
    >>> layer = keras.layers.Conv1D(1, 2, padding="causal", kernel_initializer="ones")
    >>> layer(torch.tensor([[[1.0], [2.0], [4.0]]])).flatten().tolist()
    [1.0, 3.0, 6.0]
    """

    rank = 1
    _torchkeras_paddings = ("valid", "same", "causal")


@catalog.register("Convolution2D")
class Conv2D(Convolution):
    """Convolution of images. Shapes: (batch, height, width, channels) -> (batch, windows …, filters).

    `kernel` is (height, width, channels / groups, filters).

    Args: those of `Convolution`.

    Raises:
        ValueError: if an argument is not one of these, or `groups` does not divide `filters` or the channels; for
            inputs of another rank, with an unknown number of channels, or too small.

    >>> import torch, torchkeras_layer as keras
    >>> layer = keras.layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")
    >>> layer(torch.ones(1, 28, 28, 3)).shape, layer.kernel.shape
    (torch.Size([1, 14, 14, 8]), torch.Size([3, 3, 3, 8]))
    """

    rank = 2


@catalog.register("Convolution3D")
class Conv3D(Convolution):
    """Convolution of volumes. Shapes: (batch, a, b, c, channels) -> (batch, windows …, filters).

    `kernel` is (a, b, c, channels / groups, filters).

    Args: those of `Convolution`.

    Raises:
        ValueError: if an argument is not one of these, or `groups` does not divide `filters` or the channels; for
            inputs of another rank, with an unknown number of channels, or too small.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Conv3D(2, (1, 2, 3)).compute_output_shape((None, 4, 4, None, 1))
    (None, 4, 3, None, 2)
    """

    rank = 3
