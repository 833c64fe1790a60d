"""How does a layer go the way of a convolution backwards, from its windows to what they lay in?"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import as_plain, plain_int, positive_int
from torchkeras_layer.layers.built_in_layer import add_parameter, is_torchs_to_cast, weight_of
from torchkeras_layer.layers.convolution.sliding import Sliding
from torchkeras_layer.layers.convolution.transpose_sizes import torch_padding, transposed_size
from torchkeras_layer.layers.inputs import as_real
from torchkeras_layer.layers.window_counts import reach


class ConvolutionTranspose(Sliding):
    """Base of the transposed convolutions: each value of the inputs lays the kernel, times itself, on the output.

    The kernel is (spatial …, filters, channels).

    Args:
        filters: how many channels the output has.
        kernel_size, strides, data_format, dilation_rate: see `Sliding`; `strides` is how far apart the kernels are
            laid; `strides` and `dilation_rate` cannot both be above 1.
        padding: 'valid' for all that the kernels reach, 'same' for `strides` output values for each of the inputs.
        output_padding: how much the output goes beyond its least size, less than `strides`, an int or one for each
            spatial axis; by default as `padding` says.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or `groups` is above 1; for inputs of another rank, of unknown
            channels, or so small that the output would be empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Conv2DTranspose.__mro__[1] is ConvolutionTranspose
    True
    """

    # Keras 2 writes it into its configs, and computes 1 alone.
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
        self.output_padding = None if output_padding is None else self._read_output_padding(output_padding)
        self._take_weight_arguments("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._take_weight_arguments("bias", bias_initializer, bias_regularizer, bias_constraint)
        self._refuse_strides_with_dilation()
        # Whether nothing may be left of what an even kernel makes of a single value.
        self._leaves_out = 0 in [transposed_size(1, *axis) for axis in self._axes()]

    def _read_output_padding(self, value: Any) -> tuple[int, ...]:
        value = as_plain(value)
        given = tuple(value) if isinstance(value, (list, tuple)) else (value,) * self.rank
        sizes = tuple(size for size in map(plain_int, given) if size is not None and size >= 0)
        if not len(sizes) == len(given) == self.rank or any(map(operator.ge, sizes, self.strides)):
            wanted = "an int" if self.rank == 1 else f"an int, or {self.rank} ints,"
            raise ValueError(
                f"{type(self).__name__}: output_padding must be {wanted} from 0 to less than strides={self.strides}. "
                f"Received: output_padding={value!r}."
            )
        return sizes

    def build(self, input_shape: Shape) -> None:
        """Create `kernel` and `bias`."""
        channels = self._begin_build(input_shape)
        spatial, filters, channel = range(self.rank), self.rank, self.rank + 1
        order = (channel, *spatial, filters) if self._channels_are_last else (channel, filters, *spatial)
        self.kernel = self._add_kernel("kernel", "kernel", (*self.kernel_size, self.filters, channels), order)
        self.bias = add_parameter(self, "bias", (self.filters,)) if self.use_bias else None

    def _prepare_calls(self) -> None:
        """Find out what is the same at every call."""
        pads = [torch_padding(*axis) for axis in self._axes()]
        # Torch wants the last axis first.
        channels = [(0, 0)] if self._channels_are_last else []
        self._zeros_before = [width for pair in (*channels, *((pad[0], 0) for pad in pads[::-1])) for width in pair]
        self._pads_before = any(self._zeros_before)
        # Sequences with the channels last go as images of height 1, for which torch has a memory format.
        none, one = ((0,), (1,)) if self._is_as_image else ((), ())
        cuts, additions = (none + tuple(pad[which] for pad in pads) for which in (1, 2))
        self._torch_arguments = one + self.strides, cuts, additions, 1, one + self.dilation_rate
        functions = F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d
        self._torch_convolution = functions[self.rank - 1 + self._is_as_image]
        spatial = range(self.rank)
        self._to_torch = self.rank + 1, self.rank, *spatial
        self._to_images = 0, self.rank + 1, *(axis + 1 for axis in spatial)
        self._from_images = 0, *(axis + 2 for axis in spatial), 1

    def _axes(self) -> Iterator[tuple[int, int, str, int | None]]:
        """Yield for each spatial axis what its sizes depend on."""
        reaches = map(reach, self.kernel_size, self.dilation_rate)
        extras = self.output_padding or (None,) * self.rank
        return zip(reaches, self.strides, (self.padding,) * self.rank, extras, strict=True)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(transposed convolution of inputs and kernel, + bias)`."""
        if self._leaves_out or 0 in inputs.shape:
            self._check_sizes(inputs.shape)
        kernel = weight_of(self, "kernel")
        if inputs.dtype is not kernel.dtype and not is_torchs_to_cast(inputs):
            inputs = as_real(self, inputs, kernel.dtype)
        if self._pads_before:
            inputs = F.pad(inputs, self._zeros_before)
        # Channels that come last are torch's memory format "channels_last" once permuted: nothing is copied.
        images = inputs.permute(*self._to_images) if self._channels_are_last else inputs
        kernel = kernel.permute(*self._to_torch)
        if self._is_as_image:
            images, kernel = images.unsqueeze(2), kernel.unsqueeze(2)
        outputs = self._torch_convolution(
            images, kernel, weight_of(self, "bias") if self.use_bias else None, *self._torch_arguments
        )
        outputs = outputs.squeeze(2) if self._is_as_image else outputs
        return self._activate(outputs.permute(*self._from_images) if self._channels_are_last else outputs)

    def _check_sizes(self, shape: Sequence[int | None]) -> None:
        lengths = shape[1:-1] if self._channels_are_last else shape[2:]
        for length, axis in zip(lengths, self._axes(), strict=True):
            if length is not None and (length < 1 or (transposed_size(length, *axis) or 0) < 1):
                raise ValueError(
                    f"{self.name}: inputs of shape {tuple(shape)} are too small for kernel_size={self.kernel_size}, "
                    f"padding={self.padding!r}, output_padding={self.output_padding}: the output would be empty. "
                    "Give larger inputs, or padding='valid'."
                )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, sizes …, filters) or (batch, filters, sizes …)."""
        self._check_rank(input_shape)
        last = self._channels_are_last
        self._check_sizes(input_shape)
        lengths = input_shape[1:-1] if last else input_shape[2:]
        sizes = [transposed_size(length, *axis) for length, axis in zip(lengths, self._axes(), strict=True)]
        return (input_shape[0], *sizes, self.filters) if last else (input_shape[0], self.filters, *sizes)
