"""How does a layer convolve each channel of its inputs by itself?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.built_in_layer import add_parameter, weight_of
from torchkeras_layer.layers.convolution.sliding import Amounts, Slices, Sliding
from torchkeras_layer.layers.convolution.windows import wide_padding

_remembered_wide_padding = functools.lru_cache(wide_padding)


def depthwise_filters(kernel: torch.Tensor, order: tuple[int, ...]) -> torch.Tensor:
    """Return a kernel (spatial …, channels, depth_multiplier) as torch wants it, (filters, 1, spatial …).

    `order`: of the kernel's axes, the two last ones first.

    >>> depthwise_filters(torch.ones(3, 3, 8, 2), (2, 3, 0, 1)).shape
    torch.Size([16, 1, 3, 3])
    """
    filters = torch.permute(kernel, order)
    return filters if filters.shape[1] == 1 else filters.flatten(0, 1).unsqueeze(1)


class DepthwiseConvolution(Sliding):
    """Base of the layers that convolve each channel with `depth_multiplier` kernels of its own.

    The kernel is (spatial …, channels, depth_multiplier); the results of one channel stand side by side in the output.

    Args: those of `DepthwiseConv2D`.

    >>> import torchkeras_layer as keras
    >>> keras.layers.DepthwiseConv2D.__mro__[1] is DepthwiseConvolution
    True
    """

    # TF-Keras writes groups=1 into the configs.
    _torchkeras_unsupported = {"groups": 1}

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
        self._take_weight_arguments("depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        self._take_weight_arguments("bias", bias_initializer, bias_regularizer, bias_constraint)

    @property
    def depthwise_kernel(self) -> torch.Tensor:
        """The kernel, under its name in Keras 2."""
        return self.kernel

    def build(self, input_shape: Shape) -> None:
        """Create `kernel` and `bias`."""
        self._groups = self._begin_build(input_shape)
        shape = (*self.kernel_size, self._groups, self.depth_multiplier)
        self._to_filters = (self.rank, self.rank + 1, *range(self.rank))
        self.kernel = self._add_kernel("kernel", "depthwise", shape, self._to_filters)
        filters = self._groups * self.depth_multiplier
        self.bias = add_parameter(self, "bias", (filters,)) if self.use_bias else None

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(convolution of each channel, + bias)`."""
        kernel = depthwise_filters(weight_of(self, "kernel"), self._to_filters)
        bias = weight_of(self, "bias") if self.use_bias else None
        images, padding, kept = self._as_images(inputs, kernel.dtype)
        return self._as_outputs(self._convolve(images, kernel, bias, padding, self._groups), kept)

    def _prepare_calls(self) -> None:
        super()._prepare_calls()
        if self._fixed_padding is not None and self._fixed_padding[1] is not None:
            self._fixed_padding = None

    def _find_padding(self, lengths: Sequence[Any]) -> tuple[Amounts, Amounts | None, Slices | None]:
        """Have the kernel pad more where no gradients are wanted.

        A copy of the inputs takes twice the time of the convolution; what it computes too much, a tenth. But torch's
        kernel for the gradients is three times as slow for wide padding.
        """
        if torch.is_grad_enabled() or torch.compiler.is_compiling():
            return super()._find_padding(lengths)
        both, kept = _remembered_wide_padding(self._short(lengths), *self._geometry)
        others = (slice(None),) if self._channels_are_last else (slice(None), slice(None))
        return self._as_of_images(both), None, None if kept is None else others + kept

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, channels * depth_multiplier), or with the channels second."""
        self._check_rank(input_shape)
        channels = input_shape[-1 if self._channels_are_last else 1]
        return self._slide_shape(input_shape, None if channels is None else channels * self.depth_multiplier)


@catalog.register()
class DepthwiseConv1D(DepthwiseConvolution):
    """Convolve each channel by itself. Shapes: (batch, steps, channels) -> (batch, windows, as many or more channels).

    `kernel` is (kernel_size, channels, depth_multiplier); the results of a channel stand side by side.

    Args:
        kernel_size: how many steps the kernels have, an int; strides: how far they move.
        padding: 'valid' for no padding, or 'same' for an output step in every `strides` steps.
        depth_multiplier: how many kernels each channel has.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, steps). Default
            `backend.image_data_format()`.
        dilation_rate: how far apart the steps are that a kernel takes.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (channels * depth_multiplier,).
        depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer, depthwise_constraint,
            bias_constraint: identifiers or callables; `depthwise_` for `kernel`.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these; for inputs of another rank, of unknown channels, or too short.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.DepthwiseConv1D(2, depthwise_initializer="ones")
    >>> layer(torch.tensor([[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]])).tolist()
    [[[3.0, 30.0], [5.0, 50.0]]]
    """

    rank = 1


@catalog.register()
class DepthwiseConv2D(DepthwiseConvolution):
    """Convolve each channel by itself. Shapes: (batch, height, width, channels) -> the same, windows and more channels.

    `kernel` is (height, width, channels, depth_multiplier); the `depth_multiplier` results of a channel stand side by
    side.

    Args:
        kernel_size: height and width of the kernels, or an int for both; strides: how far they move, likewise.
        padding: 'valid' for no padding, or 'same' for an output value in every `strides` values.
        depth_multiplier: how many kernels each channel has.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, height, width). Default
            `backend.image_data_format()`.
        dilation_rate: how far apart the values are that a kernel takes, an int or one for each spatial axis.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (channels * depth_multiplier,).
        depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer, depthwise_constraint,
            bias_constraint: identifiers or callables; `depthwise_` for `kernel`.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these; for inputs of another rank, of unknown channels, or too small.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)
    >>> layer(torch.ones(1, 4, 5, 3)).shape, layer.kernel.shape
    (torch.Size([1, 4, 5, 6]), torch.Size([3, 3, 3, 2]))
    """

    rank = 2
