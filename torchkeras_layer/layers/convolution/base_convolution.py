"""What have all layers in common that slide a kernel over spatial axes?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch

from torchkeras_layer import activations
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import known_sizes, layout, one_of, one_per_axis, resolved
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.convolution.kernels import put_in_order
from torchkeras_layer.layers.inputs import check_shape
from torchkeras_layer.layers.window_counts import count_windows, reach
from torchkeras_layer.symbolic import InputSpec


class BaseConvolution(BuiltInLayer):
    """Base class of the layers whose kernel has `rank` spatial dimensions.

    Shapes: (batch, spatial …, channels), with channels_first (batch, channels, spatial …).

    Args:
        kernel_size: size of the kernel, an int or one for each spatial dimension.
        strides: step of the kernel, an int or one for each spatial dimension.
        padding: 'valid' for no padding, 'same' for ceil(size / strides) outputs; 'causal' (some 1D layers) for zeros
            before the first step only.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        dilation_rate: distance of neighbouring values of the kernel, an int or one for each spatial dimension.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> class Sums(BaseConvolution):
    ...     rank = 2
    >>> Sums(3, 1, "same", "channels_first", 1, None, False).kernel_size
    (3, 3)
    """

    rank: ClassVar[int]
    # Possible values of `padding`.
    _torchkeras_paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    # The names of the kernels that are turned into torch's filters, and whether each is depthwise.
    _torchkeras_kernels: ClassVar[Mapping[str, bool]] = {"kernel": False}

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
        self.padding = one_of(self, "padding", padding, *self._torchkeras_paddings)
        self.data_format = layout(self, data_format)
        self.dilation_rate = one_per_axis(self, "dilation_rate", dilation_rate, self.rank)
        self.activation = resolved(self, "activation", activation, activations.get)
        self.use_bias = bool(use_bias)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        """Apply `.to()` and similar methods; a memory format is that of torch's filters."""
        super()._apply(fn, recurse)
        if self.built:
            put_in_order(self, self._torchkeras_kernels)
        return self


def has_channels_last(layer: Any) -> bool:
    """Whether the channels are the last axis of the inputs. Calls read it from the layer's geometry, which is faster.

    >>> import torchkeras_layer as keras
    >>> has_channels_last(keras.layers.Conv1D(1, 1, data_format="channels_first"))
    False
    """
    return layer.data_format == "channels_last"


def refuse_strides_with_dilation(layer: BaseConvolution) -> None:
    """Check that `strides` and `dilation_rate` are not both above 1.

    Raises:
        ValueError: if they are.
    """
    if max(layer.strides) > 1 and max(layer.dilation_rate) > 1:
        raise ValueError(
            f"{type(layer).__name__}: strides and dilation_rate cannot both be above 1. "
            f"Received: strides={layer.strides}, dilation_rate={layer.dilation_rate}. Leave one of them at 1."
        )


def begin_build(layer: BaseConvolution, input_shape: Shape) -> int:
    """Return the number of channels of the inputs, and set the input spec to it.

    Raises:
        ValueError: if the shape has another rank, if the number of channels is unknown or 0, or if no window fits.
    """
    check_axes(layer, input_shape)
    axis = -1 if has_channels_last(layer) else 1
    (channels,) = known_sizes(layer, input_shape, [axis])
    if channels < 1:
        raise ValueError(f"{layer.name}: the inputs must have channels. Received: input_shape={tuple(input_shape)}.")
    # Raises if no window fits.
    layer.compute_output_shape(input_shape)
    advice = _order_advice(layer, input_shape) if layer.rank > 1 else ""
    if layer.rank == 2 and axis == -1 and _are_rgb_first(input_shape):
        advice += f"The channels are on the last axis here. {layer._torchkeras_advise(tuple(input_shape))} "
    if advice:
        warnings.warn(f"{layer.name}: {advice}Received: input_shape={tuple(input_shape)}.", stacklevel=2)
    layer.input_spec = InputSpec(ndim=layer.rank + 2, axes={axis: channels})
    return channels


def _are_rgb_first(shape: Shape) -> bool:
    """Whether a shape looks like that of square images with three channels first: 3 rows, and 24 columns or more."""
    return shape[1] == 3 and shape[2] == shape[3] and shape[2] is not None and shape[2] >= 24


def check_axes(layer: BaseConvolution, input_shape: Shape) -> None:
    """Check that an input shape has the layer's rank.

    Raises:
        ValueError: if it is not.
    """
    check_shape(layer, input_shape)
    if len(input_shape) != layer.rank + 2:
        axes = "spatial dimensions" if layer.rank > 1 else "one spatial dimension"
        wanted = f"(batch, {axes}, channels)" if has_channels_last(layer) else f"(batch, channels, {axes})"
        raise ValueError(
            f"{layer.name}: expects inputs of rank {layer.rank + 2}, {wanted}. "
            f"Received: a shape of rank {len(input_shape)}, {tuple(input_shape)}."
        )


def least_lengths(layer: BaseConvolution) -> tuple[int, ...]:
    """Return the minimum size of each spatial dimension for a window to fit.

    >>> import torchkeras_layer as keras
    >>> least_lengths(keras.layers.Conv2D(1, (3, 2), dilation_rate=2))
    (5, 3)
    """
    if layer.padding != "valid":
        return (1,) * layer.rank
    return tuple(map(reach, layer.kernel_size, layer.dilation_rate))


def too_small(layer: BaseConvolution, shape: Sequence[int | None]) -> ValueError:
    """Return the error for inputs that no window fits into."""
    way_out = ", or padding='same'" if layer.padding == "valid" else ""
    return ValueError(
        f"{layer.name}: inputs of shape {tuple(shape)} are too small for kernel_size={layer.kernel_size}, "
        f"dilation_rate={layer.dilation_rate}, padding={layer.padding!r}: the output would be empty. "
        f"Give larger inputs or a smaller kernel{way_out}. {_order_advice(layer, shape)}"
        f"{layer._torchkeras_advise(tuple(shape))}".rstrip()
    )


def _order_advice(layer: Any, shape: Sequence[int | None]) -> str:
    """Return what to write if the arguments look as if they were in the order of torch's convolutions, else ''.

    `Conv2D(3, 16, 3)` has 3 filters of 16 x 16 values, 3 steps apart. Torch's first argument is the number of channels
    of the inputs, and its kernel sizes are mostly odd.
    """
    filters, kernel, strides = getattr(layer, "filters", None), {*layer.kernel_size}, {*layer.strides}
    if filters not in (shape[1], shape[-1]) or len(kernel) > 1 or strides not in ({3}, {5}, {7}) or min(kernel) < 8:
        return ""
    name, ours = type(layer).__name__, f"{min(kernel)}, {min(strides)}"
    return (
        f"{name}({filters}, {ours}) has {filters} filters, kernel_size={min(kernel)}, strides={min(strides)}. If you "
        f"mean torch's order, in_channels, out_channels, kernel_size, write {name}({ours}): layers learn the size of "
        "their inputs. "
    )


def convolved_shape(layer: BaseConvolution, input_shape: Shape, channels: int | None) -> Shape:
    """Return the shape of an output with the given number of channels.

    Raises:
        ValueError: if the shape has another rank, or no window fits.

    >>> import torchkeras_layer as keras
    >>> convolved_shape(keras.layers.Conv2D(8, 3), (None, 6, None, 3), 8)
    (None, 4, None, 8)
    """
    check_axes(layer, input_shape)
    channels_last = has_channels_last(layer)
    first = 1 if channels_last else 2
    lengths = input_shape[first : first + layer.rank]
    if any(length is not None and length < least for length, least in zip(lengths, least_lengths(layer), strict=True)):
        raise too_small(layer, input_shape)
    axes = zip(lengths, layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
    windows = tuple(count_windows(*axis, layer.padding) for axis in axes)
    batch = input_shape[0]
    return (batch, *windows, channels) if channels_last else (batch, channels, *windows)
