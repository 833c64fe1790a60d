"""Which layers convolve each channel separately, and may then mix the channels?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer import activations, initializers
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int, weight_arguments
from torchkeras_layer.layers.built_in_layer import add_parameter, weight_of
from torchkeras_layer.layers.convolution.base_convolution import (
    BaseConvolution,
    begin_build,
    check_axes,
    convolved_shape,
    has_channels_last,
)
from torchkeras_layer.layers.convolution.kernels import depthwise_filters, filters_of, put_in_order
from torchkeras_layer.layers.convolution.products import mix_channels
from torchkeras_layer.layers.convolution.torch_kernels import (
    ConvolutionGeometry,
    as_images,
    as_outputs,
    checked,
    convolve,
    in_order_of_inputs,
    plan_convolution,
)


class DepthwiseConvolution(BaseConvolution):
    """Base class of the layers that convolve each channel separately, with `depth_multiplier` kernels.

    The kernel is (spatial …, channels, depth_multiplier); the results of one channel are neighbours in the output.

    Args:
        kernel_size: size of the kernels, an int or one for each spatial dimension.
        strides: step of the kernels, an int or one for each spatial dimension.
        padding: 'valid' for no padding, or 'same' for ceil(size / strides) outputs.
        depth_multiplier: number of kernels for each channel.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, spatial …). Default
            `backend.image_data_format()`.
        dilation_rate: distance of neighbouring values of a kernel, an int or one for each spatial dimension.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (channels * depth_multiplier,).
        depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer, depthwise_constraint,
            bias_constraint: identifiers or callables; `depthwise_` for `kernel`.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these, or `groups` is above 1; for inputs of another rank, of unknown
            channels, or too small.

    >>> import torchkeras_layer as keras
    >>> keras.layers.DepthwiseConv2D.__mro__[1] is DepthwiseConvolution
    True
    """

    # TF-Keras writes groups=1 into its configs.
    _torchkeras_unsupported = {"groups": 1}
    _torchkeras_kernels = {"kernel": True}

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs["activity_regularizer"] = activity_regularizer
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, **kwargs)
        self.depth_multiplier = positive_int(self, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer, self.depthwise_regularizer, self.depthwise_constraint = weight_arguments(
            self, "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint
        )
        self.bias_initializer, self.bias_regularizer, self.bias_constraint = weight_arguments(
            self, "bias", bias_initializer, bias_regularizer, bias_constraint
        )

    @property
    def depthwise_kernel(self) -> torch.Tensor:
        """The kernel, by its name in Keras 2."""
        return self.kernel

    def build(self, input_shape: Shape) -> None:
        """Create `kernel` and `bias`."""
        channels = begin_build(self, input_shape)
        geometry = plan_convolution(self, channels, channels, trims_windows=True)
        self.kernel = _add_depthwise_kernel(self, "kernel", geometry)
        put_in_order(self, self._torchkeras_kernels)
        self.bias = add_parameter(self, "bias", (channels * self.depth_multiplier,)) if self.use_bias else None

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(depthwise convolution(inputs, kernel) + bias)`."""
        geometry: ConvolutionGeometry = self._torchkeras.derived
        kernel = depthwise_filters(weight_of(self, "kernel"), geometry.uses_channels_last_memory)
        bias = weight_of(self, "bias") if self.use_bias else None
        images, padding, kept = as_images(geometry, checked(self, geometry, inputs, kernel.dtype))
        return as_outputs(self, geometry, convolve(geometry, images, kernel, bias, padding), kept)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, channels * depth_multiplier) or (batch, channels * depth_multiplier, windows …)."""
        check_axes(self, input_shape)
        channels = input_shape[-1 if has_channels_last(self) else 1]
        return convolved_shape(self, input_shape, None if channels is None else channels * self.depth_multiplier)


class SeparableConvolution(BaseConvolution):
    """Base class of the layers that convolve each channel separately, and then mix the channels.

    Args:
        filters: number of channels of the output.
        kernel_size: size of the kernels, an int or one for each spatial dimension.
        strides: step of the kernels, an int or one for each spatial dimension.
        padding: 'valid' for no padding, or 'same' for ceil(size / strides) outputs; for `SeparableConv1D`
            also 'causal', for zeros before the first step only.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, spatial …). Default
            `backend.image_data_format()`.
        dilation_rate: distance of neighbouring values of a kernel, an int or one for each spatial dimension.
        depth_multiplier: number of kernels for each channel.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer,
            bias_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint: identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: for a `kernel_initializer`, `kernel_regularizer` or `kernel_constraint`, unless it is the default
            that Keras 2 writes into configs.
        ValueError: if an argument is not one of these, or `groups` is above 1; for inputs of another rank, of unknown
            channels, or too small.

    >>> import torchkeras_layer as keras
    >>> keras.layers.SeparableConv2D.__mro__[1] is SeparableConvolution
    True
    """

    # TF-Keras writes groups=1 into its configs.
    _torchkeras_unsupported = {"groups": 1}
    _torchkeras_kernels = {"depthwise_kernel": True, "pointwise_kernel": False}

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs["activity_regularizer"] = activity_regularizer
        _drop_arguments_of_conv(type(self), kwargs)
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, **kwargs)
        self.filters = positive_int(self, "filters", filters)
        self.depth_multiplier = positive_int(self, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer, self.depthwise_regularizer, self.depthwise_constraint = weight_arguments(
            self, "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint
        )
        self.pointwise_initializer, self.pointwise_regularizer, self.pointwise_constraint = weight_arguments(
            self, "pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint
        )
        self.bias_initializer, self.bias_regularizer, self.bias_constraint = weight_arguments(
            self, "bias", bias_initializer, bias_regularizer, bias_constraint
        )

    def build(self, input_shape: Shape) -> None:
        """Create `depthwise_kernel`, `pointwise_kernel` and `bias`."""
        channels = begin_build(self, input_shape)
        geometry = plan_convolution(self, channels, channels)
        self.depthwise_kernel = _add_depthwise_kernel(self, "depthwise_kernel", geometry)
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel",
            (*[1] * self.rank, channels * self.depth_multiplier, self.filters),
            initializer=self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
        )
        put_in_order(self, self._torchkeras_kernels)
        self.bias = add_parameter(self, "bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(pointwise convolution of the depthwise convolution + bias)`."""
        geometry: ConvolutionGeometry = self._torchkeras.derived
        kernel = depthwise_filters(weight_of(self, "depthwise_kernel"), geometry.uses_channels_last_memory)
        mixture = weight_of(self, "pointwise_kernel")
        bias = weight_of(self, "bias") if self.use_bias else None
        images, padding, _ = as_images(geometry, checked(self, geometry, inputs, kernel.dtype))
        images = convolve(geometry, images, kernel, None, padding)
        if geometry.channels_last and mixture.is_contiguous():
            outputs = mix_channels(in_order_of_inputs(geometry, images), mixture, bias)
            return outputs if self.activation is activations.linear else self.activation(outputs)
        mixture = filters_of(mixture, geometry.channels_last)
        mixture = mixture.unsqueeze(2) if geometry.is_as_image else mixture
        return as_outputs(self, geometry, geometry.torch_convolution(images, mixture, bias))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, filters) or (batch, filters, windows …)."""
        return convolved_shape(self, input_shape, self.filters)


def _add_depthwise_kernel(
    layer: DepthwiseConvolution | SeparableConvolution, name: str, geometry: ConvolutionGeometry
) -> torch.Tensor:
    """Create the kernel (spatial …, channels, depth_multiplier)."""
    return layer.add_weight(
        name,
        (*layer.kernel_size, geometry.groups, layer.depth_multiplier),
        initializer=layer.depthwise_initializer,
        regularizer=layer.depthwise_regularizer,
        constraint=layer.depthwise_constraint,
    )


def _drop_arguments_of_conv(cls: type, kwargs: dict[str, Any]) -> None:
    """Drop the arguments that TF-Keras writes into configs, and refuse other values, which would have no effect."""
    for kind in ("initializer", "regularizer", "constraint"):
        value = kwargs.pop(f"kernel_{kind}", None)
        if not (value is None or (kind == "initializer" and _is_default_initializer(value))):
            raise TypeError(
                f"{cls.__name__}: the layer has a depthwise_kernel and a pointwise_kernel, and no kernel. "
                f"Received: kernel_{kind}={value!r}. Pass depthwise_{kind}, pointwise_{kind} or both."
            )


def _is_default_initializer(value: Any) -> bool:
    try:
        initializer = initializers.get(value)
    except (TypeError, ValueError):
        return False
    return isinstance(initializer, initializers.GlorotUniform) and initializer.seed is None


@catalog.register()
class DepthwiseConv1D(DepthwiseConvolution):
    """Convolve each channel by itself. Shapes: (batch, steps, channels) -> (batch, windows, as many or more channels).

    `kernel` is (kernel_size, channels, depth_multiplier); the results of a channel are neighbours.

    Args: those of `DepthwiseConvolution`.

    Raises:
        ValueError: if an argument is not one of these; for inputs of another rank, with an unknown number of channels,
            or too short.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.DepthwiseConv1D(2, depthwise_initializer="ones")
    >>> layer(torch.tensor([[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]])).tolist()
    [[[3.0, 30.0], [5.0, 50.0]]]
    """

    rank = 1


@catalog.register()
class DepthwiseConv2D(DepthwiseConvolution):
    """Convolve each channel by itself. Shapes: (batch, height, width, channels) -> the same, windows and more channels.

    `kernel` is (height, width, channels, depth_multiplier); the results of a channel are
    neighbours.

    Args: those of `DepthwiseConvolution`.

    Raises:
        ValueError: if an argument is not one of these; for inputs of another rank, with an unknown number of channels,
            or too small.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)
    >>> layer(torch.ones(1, 4, 5, 3)).shape, layer.kernel.shape
    (torch.Size([1, 4, 5, 6]), torch.Size([3, 3, 3, 2]))
    """

    rank = 2


@catalog.register("SeparableConvolution1D")
class SeparableConv1D(SeparableConvolution):
    """Convolve each channel by itself, then mix them. Shapes: (batch, steps, channels) -> (batch, windows, filters).

    `depthwise_kernel` is (kernel_size, channels, depth_multiplier), `pointwise_kernel` is
    (1, channels * depth_multiplier, filters).

    Args: those of `SeparableConvolution`; `padding` may also be 'causal'.

    Raises:
        TypeError: for a `kernel_initializer`, `kernel_regularizer` or `kernel_constraint`, unless it is the default
            that Keras 2 writes into configs.
        ValueError: if an argument is not one of these; for inputs of another rank, with an unknown number of channels,
            or too short.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.SeparableConv1D(1, 2, depthwise_initializer="ones", pointwise_initializer="ones")
    >>> layer(torch.tensor([[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]])).tolist()
    [[[33.0], [55.0]]]
    """

    rank = 1
    _torchkeras_paddings = ("valid", "same", "causal")


@catalog.register("SeparableConvolution2D")
class SeparableConv2D(SeparableConvolution):
    """Convolve each channel by itself, then mix them. Shapes: (batch, height, width, channels) -> the same, windows.

    `depthwise_kernel` is (height, width, channels, depth_multiplier), `pointwise_kernel` is
    (1, 1, channels * depth_multiplier, filters).

    Args: those of `SeparableConvolution`.

    Raises:
        TypeError: for a `kernel_initializer`, `kernel_regularizer` or `kernel_constraint`, unless it is the default
            that Keras 2 writes into configs.
        ValueError: if an argument is not one of these; for inputs of another rank, with an unknown number of channels,
            or too small.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.SeparableConv2D(8, 3, 2, "same")
    >>> layer(torch.ones(1, 6, 5, 3)).shape, [tuple(weight.shape) for weight in layer.weights]
    (torch.Size([1, 3, 3, 8]), [(3, 3, 3, 1), (1, 1, 3, 8), (8,)])
    """

    rank = 2
