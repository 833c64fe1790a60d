"""How does a layer take weights of their own for each window?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import known_sizes, positive_int
from torchkeras_layer.layers.built_in_layer import add_parameter, is_torchs_to_cast, weight_of
from torchkeras_layer.layers.convolution.local_kernels import Windows, by_windows, kernel_shape
from torchkeras_layer.layers.convolution.sliding import Sliding
from torchkeras_layer.layers.inputs import as_real
from torchkeras_layer.symbolic import InputSpec


class LocallyConnected(Sliding):
    """Base of the layers that are convolutions whose weights are others at each place.

    The sizes of the inputs are fixed when the layer is built. Keras 3 has no such layers.

    Args:
        filters: how many channels the output has.
        kernel_size, strides, data_format: see `Sliding`.
        padding: 'valid', or 'same' if `implementation` is 2 or 3.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (windows …, filters).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        implementation: how the `kernel` is kept: 1 as (windows, values of a window, filters), 2 as (spatial …,
            channels, windows …, filters), of which only what connects is used, 3 as the flat list of what connects.
            The output is the same. 1 is the fastest.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these; for inputs of another rank, of unknown sizes, or too small.

    >>> import torchkeras_layer as keras
    >>> keras.layers.LocallyConnected2D.__mro__[1] is LocallyConnected
    True
    """

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
        self._take_weight_arguments("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._take_weight_arguments("bias", bias_initializer, bias_regularizer, bias_constraint)
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
        """Create `kernel` and `bias`, and expect inputs of these sizes from now on."""
        self._begin_build(input_shape)
        sizes = known_sizes(self, input_shape, range(1, self.rank + 2))
        self.input_spec = InputSpec(ndim=self.rank + 2, axes=dict(enumerate(sizes, 1)))
        last = self._channels_are_last
        channels, lengths = (sizes[-1], sizes[:-1]) if last else (sizes[0], sizes[1:])
        self._windows = windows = Windows(lengths, self.kernel_size, self.strides, self.padding)
        self._counts, self._sizes = windows.counts, (channels, self.filters)
        # Torch wants the last axis first.
        zeros = [width for pair in windows.zeros[::-1] for width in pair]
        self._zeros_around = [0, 0, *zeros] if last else zeros
        shape = kernel_shape(self.implementation, windows, channels, self.filters, last)
        self.kernel = add_parameter(self, "kernel", shape)
        self.bias = add_parameter(self, "bias", (*windows.counts, self.filters)) if self.use_bias else None
        # Not persistent, because it is no weight in Keras.
        self.register_buffer("_values", windows.values().to(self.kernel.device), persistent=False)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        """Find out anew what no checkpoint holds: a layer made on the device "meta" has nothing in it."""
        super()._load_from_state_dict(*args, **kwargs)
        if self.built:
            self._values = self._windows.values().to(self.kernel.device)

    def _prepare_calls(self) -> None:
        """Find out in which order the axes go: windows first, and back."""
        first = 1 if self._channels_are_last else 2
        windows, values = range(first, first + self.rank), range(self.rank + 2, 2 * self.rank + 2)
        channels = self.rank + 1 if self._channels_are_last else 1
        inner = (*values, channels) if self._channels_are_last else (channels, *values)
        self._to_windows = (*windows, 0, *inner)
        spatial, batch, filters = range(self.rank), self.rank, self.rank + 1
        self._from_windows = (batch, *spatial, filters) if self._channels_are_last else (batch, filters, *spatial)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(each window @ its kernel + its bias)`."""
        kernel = weight_of(self, "kernel")
        if inputs.dtype is not kernel.dtype and not is_torchs_to_cast(inputs):
            inputs = as_real(self, inputs, kernel.dtype)
        kernel = by_windows(self.implementation, kernel, self._values, self._sizes, self._channels_are_last)
        patches = self._unfold(inputs)
        if self.use_bias:
            outputs = torch.baddbmm(self._bias_by_windows(), patches, kernel)
        else:
            outputs = torch.bmm(patches, kernel)
        return self._activate(outputs.unflatten(0, self._counts).permute(self._from_windows))

    def _bias_by_windows(self) -> torch.Tensor:
        bias = weight_of(self, "bias")
        if self._channels_are_last:
            return bias.reshape(-1, 1, self.filters)
        # Keras takes it as (filters, windows …) there, without turning its axes, whatever its shape says.
        return bias.reshape(self.filters, -1).t().unsqueeze(1)

    def _unfold(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return a copy of each window, (windows, batch, values · channels)."""
        if any(self._zeros_around):
            inputs = F.pad(inputs, self._zeros_around)
        for axis, size, stride in zip(self._to_windows[: self.rank], self.kernel_size, self.strides, strict=True):
            inputs = inputs.unfold(axis, size, stride)
        width = math.prod(self.kernel_size) * self._sizes[0]
        return inputs.permute(self._to_windows).reshape(math.prod(self._counts), -1, width)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, filters) or (batch, filters, windows …)."""
        return self._slide_shape(input_shape, self.filters)


@catalog.register()
class LocallyConnected1D(LocallyConnected):
    """Convolve with weights of their own for each window.

    Shapes: (batch, steps, channels) -> (batch, windows, filters).

    Args:
        filters: how many channels the output has.
        kernel_size: size of the windows, an int.
        strides, padding, data_format, implementation: see `LocallyConnected`.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or for inputs of other axes, of unknown sizes or too small.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.LocallyConnected1D(4, 3, strides=2)
    >>> layer(torch.zeros(1, 7, 2)).shape, layer.kernel.shape
    (torch.Size([1, 3, 4]), torch.Size([3, 6, 4]))
    """

    rank = 1


@catalog.register()
class LocallyConnected2D(LocallyConnected):
    """Convolve with weights of their own for each window.

    Shapes: (batch, height, width, channels) -> (batch, windows down, windows across, filters).

    Args:
        filters: how many channels the output has.
        kernel_size: size of the windows, an int or one for each axis.
        strides, padding, data_format, implementation: see `LocallyConnected`.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or for inputs of other axes, of unknown sizes or too small.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.LocallyConnected2D(4, (3, 2))
    >>> layer(torch.zeros(1, 5, 6, 2)).shape, layer.kernel.shape
    (torch.Size([1, 3, 5, 4]), torch.Size([15, 12, 4]))
    """

    rank = 2
