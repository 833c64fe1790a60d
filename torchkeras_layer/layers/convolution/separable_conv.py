"""How does a layer convolve each channel of its inputs by itself, and then mix the channels?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer import initializers
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.built_in_layer import add_parameter, weight_of
from torchkeras_layer.layers.convolution.depthwise_conv import depthwise_filters
from torchkeras_layer.layers.convolution.sliding import Sliding


class SeparableConvolution(Sliding):
    """Base of the layers that convolve each channel by itself, and mix the channels of each result then.

    Args: those of `SeparableConv2D`.

    >>> import torchkeras_layer as keras
    >>> keras.layers.SeparableConv2D.__mro__[1] is SeparableConvolution
    True
    """

    # TF-Keras writes groups=1 into the configs.
    _torchkeras_unsupported = {"groups": 1}

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
        self._drop_arguments_of_conv(kwargs)
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, **kwargs)
        self.filters = positive_int(self, "filters", filters)
        self.depth_multiplier = positive_int(self, "depth_multiplier", depth_multiplier)
        self._take_weight_arguments("depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        self._take_weight_arguments("pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint)
        self._take_weight_arguments("bias", bias_initializer, bias_regularizer, bias_constraint)

    def _drop_arguments_of_conv(self, kwargs: dict[str, Any]) -> None:
        """Drop the arguments that TF-Keras writes into the configs; what else they say would have no effect."""
        for kind in ("initializer", "regularizer", "constraint"):
            value = kwargs.pop(f"kernel_{kind}", None)
            if not (value is None or (kind == "initializer" and _is_default_initializer(value))):
                raise TypeError(
                    f"{type(self).__name__}: there is no `kernel`, but a depthwise_kernel and a pointwise_kernel. "
                    f"Received: kernel_{kind}={value!r}. Give depthwise_{kind}, pointwise_{kind} or both."
                )

    def build(self, input_shape: Shape) -> None:
        """Create `depthwise_kernel`, `pointwise_kernel` and `bias`."""
        self._groups = self._begin_build(input_shape)
        spatial, inner, outer = range(self.rank), self.rank, self.rank + 1
        self._to_filters, self._to_mixture = (inner, outer, *spatial), (outer, inner, *spatial)
        shape = (*self.kernel_size, self._groups, self.depth_multiplier)
        self.depthwise_kernel = self._add_kernel("depthwise_kernel", "depthwise", shape, self._to_filters)
        shape = (*[1] * self.rank, self._groups * self.depth_multiplier, self.filters)
        order = (outer, *spatial, inner) if self._channels_are_last else self._to_mixture
        self.pointwise_kernel = self._add_kernel("pointwise_kernel", "pointwise", shape, order)
        self.bias = add_parameter(self, "bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(mixture of the convolutions of each channel, + bias)`."""
        kernel = depthwise_filters(weight_of(self, "depthwise_kernel"), self._to_filters)
        mixture = torch.permute(weight_of(self, "pointwise_kernel"), self._to_mixture)
        bias = weight_of(self, "bias") if self.use_bias else None
        images, padding, _ = self._as_images(inputs, kernel.dtype)
        images = self._convolve(images, kernel, None, padding, self._groups)
        mixture = mixture.unsqueeze(2) if self._is_as_image else mixture
        return self._as_outputs(self._torch_convolution(images, mixture, bias))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, filters) or (batch, filters, windows …)."""
        return self._slide_shape(input_shape, self.filters)


def _is_default_initializer(value: Any) -> bool:
    try:
        initializer = initializers.get(value)
    except (TypeError, ValueError):
        return False
    return isinstance(initializer, initializers.GlorotUniform) and initializer.seed is None


@catalog.register("SeparableConvolution1D")
class SeparableConv1D(SeparableConvolution):
    """Convolve each channel by itself, then mix them. Shapes: (batch, steps, channels) -> (batch, windows, filters).

    `depthwise_kernel` is (kernel_size, channels, depth_multiplier), `pointwise_kernel` is
    (1, channels * depth_multiplier, filters).

    Args:
        filters: how many channels the output has.
        kernel_size: how many steps the kernels have, an int; strides: how far they move.
        padding: 'valid' for no padding, 'same' for an output step in every `strides` steps, or 'causal' for zeros
            before the first step only.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, steps). Default
            `backend.image_data_format()`.
        dilation_rate: how far apart the steps are that a kernel takes.
        depth_multiplier: how many kernels each channel has.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer,
            bias_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint: identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: for a `kernel_initializer`, `kernel_regularizer` or `kernel_constraint`, if it is not what Keras 2
            writes into its configs.
        ValueError: if an argument is none of these; for inputs of another rank, of unknown channels, or too short.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.SeparableConv1D(1, 2, depthwise_initializer="ones", pointwise_initializer="ones")
    >>> layer(torch.tensor([[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]])).tolist()
    [[[33.0], [55.0]]]
    """

    rank = 1
    _paddings = ("valid", "same", "causal")


@catalog.register("SeparableConvolution2D")
class SeparableConv2D(SeparableConvolution):
    """Convolve each channel by itself, then mix them. Shapes: (batch, height, width, channels) -> the same, windows.

    `depthwise_kernel` is (height, width, channels, depth_multiplier), `pointwise_kernel` is
    (1, 1, channels * depth_multiplier, filters).

    Args:
        filters: how many channels the output has.
        kernel_size: height and width of the kernels, or an int for both; strides: how far they move, likewise.
        padding: 'valid' for no padding, or 'same' for an output value in every `strides` values.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, height, width). Default
            `backend.image_data_format()`.
        dilation_rate: how far apart the values are that a kernel takes, an int or one for each spatial axis.
        depth_multiplier: how many kernels each channel has.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer,
            bias_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint: identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: for a `kernel_initializer`, `kernel_regularizer` or `kernel_constraint`, if it is not what Keras 2
            writes into its configs.
        ValueError: if an argument is none of these; for inputs of another rank, of unknown channels, or too small.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.SeparableConv2D(8, 3, 2, "same")
    >>> layer(torch.ones(1, 6, 5, 3)).shape, [tuple(weight.shape) for weight in layer.weights]
    (torch.Size([1, 3, 3, 8]), [(3, 3, 3, 1), (1, 1, 3, 8), (8,)])
    """

    rank = 2
