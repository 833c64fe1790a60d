"""Which layers pool each channel to one value?"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch

from torchkeras_layer._autograd import is_transformed
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import layout
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic import InputSpec


class GlobalPooling(BuiltInLayer):
    """Base class of the layers that pool each channel to one value, over `rank` spatial dimensions.

    Args:
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        keepdims: whether the output keeps the spatial dimensions, with size 1.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for another `data_format`; in a call, for inputs of another rank.

    >>> class Spread(GlobalPooling):
    ...     rank = 1
    ...     def call(self, inputs):
    ...         return inputs.std(self.axes, keepdim=self.keepdims)
    >>> Spread().compute_output_shape((None, 4, 3)), Spread().axes
    ((None, 3), (1,))
    """

    rank: ClassVar[int]

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = layout(self, data_format)
        self.keepdims = bool(keepdims)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes of the spatial dimensions."""
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, channels); with `keepdims`, with spatial dimensions of size 1."""
        sizes = (1 if axis in self.axes else size for axis, size in enumerate(input_shape))
        return tuple(sizes) if self.keepdims else tuple(s for a, s in enumerate(input_shape) if a not in self.axes)


class GlobalAveragePooling(GlobalPooling):
    """Base class of the global average poolings. Arguments: those of `GlobalPooling`. Int inputs are cast.

    >>> GlobalAveragePooling.__mro__[1] is GlobalPooling
    True
    """

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the averages."""
        return _as_inexact(self, inputs).mean(self.axes, keepdim=self.keepdims)


@catalog.register("GlobalAvgPool1D")
class GlobalAveragePooling1D(GlobalAveragePooling, only_merges_masks=True):
    """Average each channel over the unmasked steps. Shapes: (batch, steps, channels) -> (batch, channels).

    If all steps are masked, the average is NaN, as in Keras 3. The output has no mask.

    Arguments: those of `GlobalPooling`.

    Raises:
        ValueError: for another `data_format`, inputs of another rank, or a mask that is not (batch, steps).

    >>> import torchkeras_layer as keras
    >>> inputs, mask = torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[True, True, False]])
    >>> keras.layers.GlobalAveragePooling1D()(inputs, mask=mask)
    tensor([[2.]])
    """

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor, mask: Any = None) -> torch.Tensor:
        """Return the averages over the steps where `mask` is true; over all steps without a mask."""
        if mask is None:
            return super().call(inputs)
        (steps,) = self.axes
        mask = torch.as_tensor(mask, device=inputs.device)
        if mask.dim() != 2 or mask.shape[0] not in (1, inputs.shape[0]) or mask.shape[1] != inputs.shape[steps]:
            raise ValueError(
                f"{self.name}: the mask must be of shape (batch, steps), which is "
                f"{(inputs.shape[0], inputs.shape[steps])}. Received: a mask of shape {tuple(mask.shape)}."
            )
        counts = mask.to(torch.bool).unsqueeze(3 - steps)
        total = torch.where(counts, _as_inexact(self, inputs), 0).sum(steps, keepdim=self.keepdims)
        return total / counts.sum(steps, keepdim=self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return `None`: the output has no steps."""


@catalog.register("GlobalAvgPool2D")
class GlobalAveragePooling2D(GlobalAveragePooling):
    """Average each channel. Shapes: (batch, height, width, channels) -> (batch, channels).

    Arguments: those of `GlobalPooling`.

    Raises:
        ValueError: for another `data_format`, or inputs of another rank.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GlobalAveragePooling2D(keepdims=True)(torch.arange(8.0).reshape(1, 2, 2, 2))
    tensor([[[[3., 4.]]]])
    """

    rank = 2


@catalog.register("GlobalAvgPool3D")
class GlobalAveragePooling3D(GlobalAveragePooling):
    """Average each channel. Shapes: (batch, depth, height, width, channels) -> (batch, channels).

    Arguments: those of `GlobalPooling`.

    Raises:
        ValueError: for another `data_format`, or inputs of another rank.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GlobalAveragePooling3D("channels_first")(torch.arange(8.0).reshape(1, 2, 1, 2, 2))
    tensor([[1.5000, 5.5000]])
    """

    rank = 3


# Torch's kernel processes several channels at once if they are last in memory. With fewer, it is ten times as slow:
# 1329 µs for 32 images of 32×32×16, 33 if two pixels are treated as one, and 377 with a copy whose channels are second.
_ENOUGH_CHANNELS = 32


class GlobalMaxPooling(GlobalPooling):
    """Base class of the global max poolings. Arguments: those of `GlobalPooling`.

    >>> GlobalMaxPooling.__mro__[1] is GlobalPooling
    True
    """

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the largest values."""
        if any(inputs.shape[axis] == 0 for axis in self.axes):
            raise ValueError(
                f"{self.name}: the inputs must not be empty. Received: inputs of shape {tuple(inputs.shape)}."
            )
        if self.data_format == "channels_first" or inputs.shape[-1] >= _ENOUGH_CHANNELS:
            return inputs.amax(self.axes, keepdim=self.keepdims)
        largest = _largest_of_channels(inputs)
        return largest.view(largest.shape[0], *[1] * self.rank, largest.shape[1]) if self.keepdims else largest


@catalog.register("GlobalMaxPool1D")
class GlobalMaxPooling1D(GlobalMaxPooling):
    """The largest value of each channel. Shapes: (batch, steps, channels) -> (batch, channels).

    Arguments: those of `GlobalPooling`.

    Raises:
        ValueError: for another `data_format`, or inputs of another rank or without values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GlobalMaxPooling1D()(torch.tensor([[[1.0, 5.0], [3.0, 2.0]]]))
    tensor([[3., 5.]])
    """

    rank = 1


@catalog.register("GlobalMaxPool2D")
class GlobalMaxPooling2D(GlobalMaxPooling):
    """The largest value of each channel. Shapes: (batch, height, width, channels) -> (batch, channels).

    Arguments: those of `GlobalPooling`.

    Raises:
        ValueError: for another `data_format`, or inputs of another rank or without values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GlobalMaxPooling2D(keepdims=True)(torch.arange(8.0).reshape(1, 2, 2, 2))
    tensor([[[[6., 7.]]]])
    """

    rank = 2


@catalog.register("GlobalMaxPool3D")
class GlobalMaxPooling3D(GlobalMaxPooling):
    """The largest value of each channel. Shapes: (batch, depth, height, width, channels) -> (batch, channels).

    Arguments: those of `GlobalPooling`.

    Raises:
        ValueError: for another `data_format`, or inputs of another rank or without values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GlobalMaxPooling3D("channels_first")(torch.arange(8.0).reshape(1, 2, 1, 2, 2))
    tensor([[3., 7.]])
    """

    rank = 3


def _as_inexact(layer: GlobalPooling, inputs: torch.Tensor) -> torch.Tensor:
    """Return values that can be averaged: ints are cast."""
    is_inexact = inputs.is_floating_point() or inputs.is_complex()
    return inputs if is_inexact else inputs.to(layer._torchkeras.compute_dtype)


def _largest_of_channels(inputs: torch.Tensor) -> torch.Tensor:
    """Return the largest value of each channel, for few channels that are last."""
    batch, *lengths, channels = inputs.shape
    # In two steps, equal values would not get equal gradients. Free sizes are not compared.
    wants_gradients = torch.is_grad_enabled() and inputs.requires_grad or is_transformed()
    is_traced = torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None
    together = 0 if is_traced else 1 << ((_ENOUGH_CHANNELS - 1) // max(channels, 1)).bit_length()
    if wants_gradients or is_traced or math.prod(lengths) % together:
        return inputs.movedim(inputs.dim() - 1, 1).contiguous().amax(tuple(range(2, inputs.dim())))
    rows = inputs.reshape(batch, math.prod(lengths) // together, together * channels).amax(1)
    return rows.view(batch, together, channels).amax(1)
