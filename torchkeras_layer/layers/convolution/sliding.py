"""What do all layers have in common that slide a kernel over the spatial axes of their inputs?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from torchkeras_layer import activations, constraints, initializers, regularizers
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import known_sizes, layout, one_of, one_per_axis, resolved
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, is_torchs_to_cast
from torchkeras_layer.layers.convolution.kernel_memory import store_in_order
from torchkeras_layer.layers.convolution.windows import has_fixed_ends, torch_padding
from torchkeras_layer.layers.inputs import as_real, check_shape
from torchkeras_layer.layers.window_counts import count_windows, reach
from torchkeras_layer.symbolic import InputSpec

Amounts = tuple[Any, ...]
Slices = tuple[slice, ...]
_remembered_padding = functools.lru_cache(torch_padding)


class Sliding(BuiltInLayer):
    """Base of the layers with a kernel of `rank` axes: where it slides, what is added to the result, what follows.

    Shapes: (batch, spatial …, channels), with channels_first (batch, channels, spatial …).

    Args:
        kernel_size: size of the kernel, an int or one for each spatial axis; strides: how far it moves, likewise.
        padding: 'valid' for no padding, 'same' for an output value in every `strides` values; 'causal' (some layers of
            rank 1) for zeros before the first step only.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        dilation_rate: how far apart the values are that the kernel takes, an int or one for each spatial axis.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these.

    >>> class Sums(Sliding):
    ...     rank = 2
    >>> Sums(3, 1, "same", "channels_first", 1, None, False).kernel_size
    (3, 3)
    """

    rank: ClassVar[int]
    _paddings: ClassVar[tuple[str, ...]] = ("valid", "same")

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int],
        padding: str,
        data_format: str | None,
        dilation_rate: int | Sequence[int],
        activation: Any,
        use_bias: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size = one_per_axis(self, "kernel_size", kernel_size, self.rank)
        self.strides = one_per_axis(self, "strides", strides, self.rank)
        self.padding = one_of(self, "padding", padding, *self._paddings)
        self.data_format = layout(self, data_format)
        self.dilation_rate = one_per_axis(self, "dilation_rate", dilation_rate, self.rank)
        self.activation = resolved(self, "activation", activation, activations.get)
        self.use_bias = bool(use_bias)
        self._channels_are_last = self.data_format == "channels_last"
        self._is_as_image = self.rank == 1 and self._channels_are_last
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _take_weight_arguments(self, weight: str, initializer: Any, regularizer: Any, constraint: Any) -> None:
        """Keep how a weight is made, under the names of the arguments: `kernel_initializer` and so on."""
        for kind, value, module in (
            ("initializer", initializer, initializers),
            ("regularizer", regularizer, regularizers),
            ("constraint", constraint, constraints),
        ):
            setattr(self, f"{weight}_{kind}", resolved(self, f"{weight}_{kind}", value, module.get))

    def _add_kernel(self, name: str, arguments: str, shape: Shape, order: Sequence[int]) -> torch.Tensor:
        """Create a weight as the arguments that begin with `arguments` say, with its axes in some order in memory."""
        kinds = ("initializer", "regularizer", "constraint")
        kernel = self.add_weight(name, shape, **{kind: getattr(self, f"{arguments}_{kind}") for kind in kinds})
        store_in_order(kernel, order)
        return kernel

    def _refuse_strides_with_dilation(self) -> None:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{type(self).__name__}: strides and dilation_rate cannot both be above 1. "
                f"Received: strides={self.strides}, dilation_rate={self.dilation_rate}. Leave one of them at 1."
            )

    def _begin_build(self, input_shape: Shape) -> int:
        """Return how many channels the inputs have; expect as many from now on, and prepare the calls."""
        self._check_rank(input_shape)
        axis = -1 if self._channels_are_last else 1
        (channels,) = known_sizes(self, input_shape, [axis])
        if channels < 1:
            raise ValueError(f"{self.name}: inputs must have channels. Received: input_shape={tuple(input_shape)}.")
        # Raises if no window fits.
        self.compute_output_shape(input_shape)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        self._goes_channels_last = self._channels_are_last and not (
            channels == 1 and self.rank > 1 and self.strides[-2] == 1 < self.strides[-1]
        )
        self._prepare_calls()
        return channels

    def _prepare_calls(self) -> None:
        """Find out what is the same at every call."""
        axes = tuple(zip(self.kernel_size, self.strides, self.dilation_rate, strict=True))
        self._least_lengths = tuple(self._least_length(window, dilation) for window, _, dilation in axes)
        # Sequences with the channels last go as images of height 1, because torch has a memory format for those.
        height = (1,) if self._is_as_image else ()
        self._torch_convolution = (F.conv1d, F.conv2d, F.conv3d)[self.rank + len(height) - 1]
        self._torch_strides, self._torch_dilation = height + self.strides, height + self.dilation_rate
        spatial = tuple(range(1, self.rank + 1))
        self._to_images, self._from_images = (0, self.rank + 1, *spatial), (0, *(axis + 1 for axis in spatial), 1)
        self._geometry = self.kernel_size, self.strides, self.dilation_rate, self.padding
        is_fixed = all(has_fixed_ends(*axis, self.padding) for axis in axes)
        self._fixed_padding = self._find_padding((1,) * self.rank) if is_fixed else None

    def _as_images(self, inputs: torch.Tensor, dtype: torch.dtype) -> tuple[torch.Tensor, Amounts, Slices | None]:
        """Return the inputs as torch's kernels want them, how these must pad them, and what to keep of the results.

        Channels that come last are torch's memory format "channels_last" once permuted: nothing is copied.
        """
        if inputs.dtype is not dtype and not is_torchs_to_cast(inputs):
            inputs = as_real(self, inputs, dtype)
        lengths = inputs.shape[1:-1] if self._channels_are_last else inputs.shape[2:]
        for length, least in zip(lengths, self._least_lengths, strict=True):
            if length < least:
                raise ValueError(self._too_small(inputs.shape))
        padding, others, kept = self._fixed_padding or self._find_padding(lengths)
        if others is not None:
            # Torch's kernels pad both ends alike: an odd zero takes a copy, a tenth of the time of a small convolution
            # (3x3, stride 2, 16 to 32 channels). To pad both ends by a whole stride more and cut off the windows there
            # is no faster, and slower in training.
            inputs = F.pad(inputs, others)
        if not self._channels_are_last:
            return inputs, padding, kept
        if not self._goes_channels_last:
            # Of one channel, torch 2.13 computes garbage with such strides where one window fits into the last axis.
            # Compiled by inductor it does so still, as `nn.Conv2d`: that takes channels_last by itself.
            return inputs.squeeze(-1).unsqueeze(1), padding, kept
        images = torch.permute(inputs, self._to_images)
        return images.unsqueeze(2) if self._is_as_image else images, padding, kept

    def _convolve(
        self, images: torch.Tensor, kernel: torch.Tensor, bias: Any, padding: tuple[Any, ...], groups: int
    ) -> torch.Tensor:
        """Slide a kernel of torch's shape, (filters, channels / groups, spatial …), over `_as_images`."""
        if self._is_as_image:
            kernel = kernel.unsqueeze(2)
        return self._torch_convolution(images, kernel, bias, self._torch_strides, padding, self._torch_dilation, groups)

    def _as_outputs(self, images: torch.Tensor, kept: Slices | None = None) -> torch.Tensor:
        """Put the axes back in the order of the inputs, keep what is asked for, and apply the activation."""
        if self._channels_are_last:
            images = torch.permute(images.squeeze(2) if self._is_as_image else images, self._from_images)
        return self._activate(images if kept is None else images[kept].contiguous())

    def _activate(self, outputs: torch.Tensor) -> torch.Tensor:
        return outputs if self.activation is activations.linear else self.activation(outputs)

    def _find_padding(self, lengths: Sequence[Any]) -> tuple[Amounts, Amounts | None, Slices | None]:
        """Return what torch's kernel pads, what must be padded before, and what to keep of its results."""
        if torch.compiler.is_compiling():
            both, others = torch_padding(lengths, *self._geometry)
        else:
            both, others = _remembered_padding(self._short(lengths), *self._geometry)
        return self._as_of_images(both), self._as_of_inputs(others), None

    def _short(self, lengths: Sequence[Any]) -> tuple[int, ...]:
        """Take whole strides off the lengths: what remains is padded alike, and there are few of those."""
        return tuple([int((length - 1) % stride) + 1 for length, stride in zip(lengths, self.strides, strict=True)])

    def _as_of_images(self, amounts: Amounts) -> Amounts:
        return (0, *amounts) if self._is_as_image else amounts

    def _as_of_inputs(self, amounts: Amounts | None) -> Amounts | None:
        return (0, 0, *amounts) if amounts is not None and self._channels_are_last else amounts

    def _check_rank(self, input_shape: Shape) -> None:
        check_shape(self, input_shape)
        if len(input_shape) != self.rank + 2:
            axes = "spatial axes" if self.rank > 1 else "one spatial axis"
            wanted = f"(batch, {axes}, channels)" if self._channels_are_last else f"(batch, channels, {axes})"
            raise ValueError(
                f"{self.name}: expects inputs of {self.rank + 2} axes, {wanted}. "
                f"Received: a shape of {len(input_shape)}, {tuple(input_shape)}."
            )

    def _least_length(self, window: int, dilation: int) -> int:
        return reach(window, dilation) if self.padding == "valid" else 1

    def _too_small(self, shape: Sequence[int | None]) -> str:
        way_out = ", or padding='same'" if self.padding == "valid" else ""
        return (
            f"{self.name}: inputs of shape {tuple(shape)} are too small for kernel_size={self.kernel_size}, "
            f"dilation_rate={self.dilation_rate}, padding={self.padding!r}: the output would be empty. "
            f"Give larger inputs or a smaller kernel{way_out}."
        )

    def _slide_shape(self, input_shape: Shape, channels: int | None) -> Shape:
        """Return the shape of the output with that many channels."""
        self._check_rank(input_shape)
        first = 1 if self._channels_are_last else 2
        lengths = input_shape[first : first + self.rank]
        axes = list(zip(lengths, self.kernel_size, self.strides, self.dilation_rate, strict=True))
        if any(length is not None and length < self._least_length(window, d) for length, window, _, d in axes):
            raise ValueError(self._too_small(input_shape))
        windows = tuple(count_windows(*axis, self.padding) for axis in axes)
        batch = input_shape[0]
        return (batch, *windows, channels) if self._channels_are_last else (batch, channels, *windows)
