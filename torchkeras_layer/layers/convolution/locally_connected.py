"""Which layers convolve with different weights for each window?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from torchkeras_layer import activations
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import known_sizes, positive_int, weight_arguments
from torchkeras_layer.layers.built_in_layer import add_parameter, is_torchs_to_cast, weight_of
from torchkeras_layer.layers.convolution.base_convolution import (
    BaseConvolution,
    begin_build,
    convolved_shape,
    has_channels_last,
)
from torchkeras_layer.layers.inputs import as_real
from torchkeras_layer.layers.window_counts import count_windows
from torchkeras_layer.symbolic import InputSpec


@dataclass(frozen=True)
class Windows:
    """The windows of a layer: over axes of `lengths`, of `sizes` each, with steps of `strides`.

    >>> Windows((5,), (3,), (2,), "same").counts, Windows((5,), (3,), (2,), "valid").values().tolist()
    ((3,), [[0, 1, 2], [2, 3, 4]])
    """

    lengths: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of windows along each axis."""
        axes = zip(self.lengths, self.sizes, self.strides, strict=True)
        return tuple(count_windows(*axis, 1, self.padding) or 0 for axis in axes)

    @property
    def zeros(self) -> list[tuple[int, int]]:
        """The numbers of zeros before and after each axis.

        With 'same', the first window is centred on the first value for any stride, unlike in `Conv2D`.
        """
        if self.padding == "valid":
            return [(0, 0)] * len(self.lengths)
        ends = []
        for length, size, stride, count in zip(self.lengths, self.sizes, self.strides, self.counts, strict=True):
            before = size // 2
            ends.append((before, max((count - 1) * stride + size - before - length, 0)))
        return ends

    def values(self) -> torch.Tensor:
        """Return the index of each value of each window, -1 in the padding. Shape: (windows, values)."""
        numbers, is_inside = np.zeros((1, 1), int), np.ones((1, 1), bool)
        axes = zip(self.lengths, self.sizes, self.strides, self.counts, self.zeros, strict=True)
        for length, size, stride, count, (before, _) in axes:
            on_axis = np.arange(count)[:, None] * stride - before + np.arange(size)
            # Windows first, then values; the last axis varies fastest.
            numbers = (numbers[:, None, :, None] * length + on_axis[None, :, None, :]).reshape(len(numbers) * count, -1)
            is_inside = is_inside[:, None, :, None] & ((on_axis >= 0) & (on_axis < length))[None, :, None, :]
            is_inside = is_inside.reshape(numbers.shape)
        # On the CPU, for any default device.
        return torch.from_numpy(np.where(is_inside, numbers, -1))


@dataclass(slots=True)
class LocalGeometry:
    """What is constant over calls of a locally connected layer; computed when the layer is built."""

    channels_last: bool
    windows: Windows
    # Numbers of windows along each axis, of channels and of filters; widths of the zero padding for `F.pad`.
    counts: tuple[int, ...]
    channels_and_filters: tuple[int, int]
    zeros_around: tuple[int, ...]
    # Orders of the axes: windows first, and back.
    to_windows: tuple[int, ...]
    from_windows: tuple[int, ...]


class LocallyConnected(BaseConvolution):
    """Base class of the layers that convolve with different weights for each window.

    The sizes of the inputs are fixed when the layer is built. Keras 3 has no such layers.

    Args:
        filters: number of channels of the output.
        kernel_size: size of the windows, an int or one for each spatial dimension.
        strides: step of the windows, an int or one for each spatial dimension.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, spatial …). Default
            `backend.image_data_format()`.
        padding: 'valid', or 'same' if `implementation` is 2 or 3.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (windows …, filters).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        implementation: how the `kernel` is stored: 1 as (windows, values of a window, filters), 2 as (spatial …,
            channels, windows …, filters), of which only the connections are used, 3 as a flat list of the connections.
            The output is the same. 1 is the fastest.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these; for inputs of another rank, with unknown sizes, or too small.

    >>> import torchkeras_layer as keras
    >>> keras.layers.LocallyConnected2D.__mro__[1] is LocallyConnected
    True
    """

    # The number of each value of each window, -1 for one in the padding. Shape: (windows, values).
    _torchkeras_values: torch.Tensor
    # Torch has no such convolution, and so no order for its kernel.
    _torchkeras_kernels = {}

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        kwargs["activity_regularizer"] = activity_regularizer
        super().__init__(kernel_size, strides, padding, data_format, 1, activation, use_bias, **kwargs)
        self.filters = positive_int(self, "filters", filters)
        self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint = weight_arguments(
            self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint
        )
        self.bias_initializer, self.bias_regularizer, self.bias_constraint = weight_arguments(
            self, "bias", bias_initializer, bias_regularizer, bias_constraint
        )
        self.implementation = positive_int(self, "implementation", implementation)
        if self.implementation > 3:
            raise ValueError(
                f"{type(self).__name__}: implementation must be 1, 2 or 3. Received: implementation={implementation!r}."
            )
        if self.padding == "same" and self.implementation == 1:
            raise ValueError(
                f"{type(self).__name__}: padding must be 'valid' if implementation is 1. "
                f"Received: padding={padding!r}, implementation={implementation!r}. Give implementation=2 or 3."
            )

    def build(self, input_shape: Shape) -> None:
        """Create `kernel` and `bias`, and set the input spec to these sizes."""
        begin_build(self, input_shape)
        sizes = known_sizes(self, input_shape, range(1, self.rank + 2))
        self.input_spec = InputSpec(ndim=self.rank + 2, axes=dict(enumerate(sizes, 1)))
        geometry = self._torchkeras.derived = _plan(self, sizes)
        channels, filters = geometry.channels_and_filters
        windows = geometry.windows
        shape = kernel_shape(self.implementation, windows, channels, filters, geometry.channels_last)
        self.kernel = add_parameter(self, "kernel", shape)
        self.bias = add_parameter(self, "bias", (*windows.counts, filters)) if self.use_bias else None
        # Not persistent, because it is not a weight in Keras.
        self.register_buffer("_torchkeras_values", windows.values().to(self.kernel.device), persistent=False)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        """Recompute the indices, which checkpoints do not contain, and a layer from the meta device does not have."""
        super()._load_from_state_dict(*args, **kwargs)
        if self.built:
            self._torchkeras_values = self._torchkeras.derived.windows.values().to(self.kernel.device)

    def reset_parameters(self) -> None:
        """Give the weights new values; also recompute the indices, which a layer from the meta device does not have."""
        super().reset_parameters()
        if self.built:
            self._torchkeras_values = self._torchkeras.derived.windows.values().to(self.kernel.device)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(each window @ its kernel + its bias)`."""
        geometry: LocalGeometry = self._torchkeras.derived
        kernel = weight_of(self, "kernel")
        if inputs.dtype is not kernel.dtype and not is_torchs_to_cast(inputs):
            inputs = as_real(self, inputs, kernel.dtype)
        values, sizes = self._torchkeras_values, geometry.channels_and_filters
        kernel = by_windows(self.implementation, kernel, values, sizes, geometry.channels_last)
        patches = _unfold(self, geometry, inputs)
        if self.use_bias:
            outputs = torch.baddbmm(_bias_by_windows(self, geometry), patches, kernel)
        else:
            outputs = torch.bmm(patches, kernel)
        outputs = torch.permute(outputs.unflatten(0, geometry.counts), geometry.from_windows)
        return outputs if self.activation is activations.linear else self.activation(outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, filters) or (batch, filters, windows …)."""
        return convolved_shape(self, input_shape, self.filters)


def _plan(layer: LocallyConnected, sizes: tuple[int, ...]) -> LocalGeometry:
    """Compute what is constant over calls, for inputs of these sizes."""
    rank, channels_last = layer.rank, has_channels_last(layer)
    channels, lengths = (sizes[-1], sizes[:-1]) if channels_last else (sizes[0], sizes[1:])
    windows = Windows(lengths, layer.kernel_size, layer.strides, layer.padding)
    # F.pad takes the last axis first.
    zeros = tuple(width for pair in reversed(windows.zeros) for width in pair)
    first = 1 if channels_last else 2
    values = range(rank + 2, 2 * rank + 2)
    inner = (*values, rank + 1) if channels_last else (1, *values)
    batch, filters = rank, rank + 1
    return LocalGeometry(
        channels_last=channels_last,
        windows=windows,
        counts=windows.counts,
        channels_and_filters=(channels, layer.filters),
        zeros_around=((0, 0, *zeros) if channels_last else zeros) if any(zeros) else (),
        to_windows=(*range(first, first + rank), 0, *inner),
        from_windows=(batch, *range(rank), filters) if channels_last else (batch, filters, *range(rank)),
    )


def _bias_by_windows(layer: LocallyConnected, geometry: LocalGeometry) -> torch.Tensor:
    bias = weight_of(layer, "bias")
    if geometry.channels_last:
        return bias.reshape(-1, 1, layer.filters)
    # Keras reads it as (filters, windows …) there, in spite of its shape.
    return bias.reshape(layer.filters, -1).t().unsqueeze(1)


def _unfold(layer: LocallyConnected, geometry: LocalGeometry, inputs: torch.Tensor) -> torch.Tensor:
    """Return a copy of each window: (windows, batch, values · channels)."""
    if geometry.zeros_around:
        inputs = F.pad(inputs, geometry.zeros_around)
    for axis, size, stride in zip(geometry.to_windows[: layer.rank], layer.kernel_size, layer.strides, strict=True):
        inputs = inputs.unfold(axis, size, stride)
    width = math.prod(layer.kernel_size) * geometry.channels_and_filters[0]
    return torch.permute(inputs, geometry.to_windows).reshape(math.prod(geometry.counts), -1, width)


def kernel_shape(
    implementation: int, windows: Windows, channels: int, filters: int, channels_are_last: bool
) -> tuple[int, ...]:
    """Return the shape of the kernel: 1 by windows, 2 like that of a Dense layer, 3 only its connections.

    >>> [kernel_shape(one, Windows((5,), (3,), (2,), "valid"), 4, 6, True) for one in (1, 2, 3)]
    [(2, 12, 6), (5, 4, 2, 6), (144,)]
    """
    if implementation == 1:
        return (math.prod(windows.counts), math.prod(windows.sizes) * channels, filters)
    if implementation == 3:
        return (int((windows.values() >= 0).sum()) * channels * filters,)
    if channels_are_last:
        return (*windows.lengths, channels, *windows.counts, filters)
    return (channels, *windows.lengths, filters, *windows.counts)


def by_windows(
    implementation: int, kernel: torch.Tensor, values: torch.Tensor, sizes: tuple[int, int], channels_are_last: bool
) -> torch.Tensor:
    """Return the kernel in the shape of implementation 1, (windows, values · channels, filters).

    `values` is `Windows.values()`, `sizes` are the numbers of channels and filters. The kernel of 1 is not copied; for
    2 and 3, a call copies the connections. Weights for values in the padding may be any finite numbers.

    >>> kernel = by_windows(3, torch.arange(8.0), Windows((3,), (2,), (1,), "valid").values(), (1, 2), True)
    >>> kernel[0].tolist()
    [[0.0, 2.0], [1.0, 3.0]]
    """
    if implementation == 1:
        return kernel
    pick = _from_dense if implementation == 2 else _from_connections
    return pick(kernel, values, *sizes, channels_are_last).reshape(len(values), -1, sizes[1])


def _from_dense(
    kernel: torch.Tensor, values: torch.Tensor, channels: int, filters: int, channels_are_last: bool
) -> torch.Tensor:
    places, window = values.clamp(min=0), torch.arange(len(values), device=values.device)[:, None]
    if channels_are_last:
        return kernel.reshape(-1, channels, len(values), filters)[places, :, window]
    return kernel.reshape(channels, -1, filters, len(values))[:, places, :, window].transpose(1, 2)


def _from_connections(
    kernel: torch.Tensor, values: torch.Tensor, channels: int, filters: int, channels_are_last: bool
) -> torch.Tensor:
    """Read the weights in their order: by output, then by input."""
    count, size = values.shape
    if channels_are_last:
        shape, is_inside, order = (count, filters, size, channels), (values >= 0)[:, None, :, None], (0, 2, 3, 1)
    else:
        shape, is_inside, order = (filters, count, channels, size), (values >= 0)[None, :, None, :], (1, 2, 3, 0)
    if len(kernel) == math.prod(shape):
        return kernel.reshape(shape).permute(order)
    return kernel.new_zeros(shape).masked_scatter(is_inside, kernel).permute(order)


@catalog.register()
class LocallyConnected1D(LocallyConnected):
    """Convolve with different weights for each window.

    Shapes: (batch, steps, channels) -> (batch, windows, filters).

    Args: those of `LocallyConnected`.

    Raises:
        ValueError: if an argument is not one of these, or for inputs of another rank, with unknown sizes, or too small.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.LocallyConnected1D(4, 3, strides=2)
    >>> layer(torch.zeros(1, 7, 2)).shape, layer.kernel.shape
    (torch.Size([1, 3, 4]), torch.Size([3, 6, 4]))
    """

    rank = 1


@catalog.register()
class LocallyConnected2D(LocallyConnected):
    """Convolve with different weights for each window.

    Shapes: (batch, height, width, channels) -> (batch, windows down, windows across, filters).

    Args: those of `LocallyConnected`.

    Raises:
        ValueError: if an argument is not one of these, or for inputs of another rank, with unknown sizes, or too small.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.LocallyConnected2D(4, (3, 2))
    >>> layer(torch.zeros(1, 5, 6, 2)).shape, layer.kernel.shape
    (torch.Size([1, 3, 5, 4]), torch.Size([15, 12, 4]))
    """

    rank = 2
