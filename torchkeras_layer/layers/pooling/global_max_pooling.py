"""How does a layer keep the largest value of each channel?"""

from __future__ import annotations

import math

import torch

from torchkeras_layer._autograd import is_transformed
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.pooling.global_pooling import GlobalPooling

# Torch's kernel takes several channels at once if they are last in memory. With fewer, it is ten times as slow: for 32
# images of 32×32×16, 1329 µs; 33 if it takes two pixels as one, and 377 with a copy in which channels are second.
_ENOUGH_CHANNELS = 32


class GlobalMaxPooling(GlobalPooling):
    """Base of the layers that keep the largest value of each channel. Arguments: `GlobalPooling`.

    >>> GlobalMaxPooling.__mro__[1] is GlobalPooling
    True
    """

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the largest values."""
        if any(inputs.shape[axis] == 0 for axis in self.axes):
            raise ValueError(
                f"{self.name}: the inputs hold no values to choose from. Received: inputs of shape "
                f"{tuple(inputs.shape)}."
            )
        if self.data_format == "channels_first" or inputs.shape[-1] >= _ENOUGH_CHANNELS:
            return inputs.amax(self.axes, keepdim=self.keepdims)
        largest = self._largest_of_rows(inputs)
        return largest.view(largest.shape[0], *[1] * self.rank, largest.shape[1]) if self.keepdims else largest

    def _largest_of_rows(self, inputs: torch.Tensor) -> torch.Tensor:
        batch, *lengths, channels = inputs.shape
        together = 1 << ((_ENOUGH_CHANNELS - 1) // max(channels, 1)).bit_length()
        # In two steps, equal values would not get equal gradients. Of free sizes nothing is asked.
        wants_gradients = torch.is_grad_enabled() and inputs.requires_grad or is_transformed()
        if wants_gradients or torch.compiler.is_compiling() or math.prod(lengths) % together:
            return inputs.movedim(-1, 1).contiguous().amax(tuple(range(2, inputs.dim())))
        rows = inputs.reshape(batch, math.prod(lengths) // together, together * channels).amax(1)
        return rows.view(batch, together, channels).amax(1)


@catalog.register("GlobalMaxPool1D")
class GlobalMaxPooling1D(GlobalMaxPooling):
    """Keep the largest value of each channel. Shapes: (batch, steps, channels) -> (batch, channels).

    Args:
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        keepdims: whether the output keeps the other axes, with size 1.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for another `data_format`, or inputs that have other axes or an empty one.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GlobalMaxPooling1D()(torch.tensor([[[1.0, 5.0], [3.0, 2.0]]]))
    tensor([[3., 5.]])
    """

    rank = 1


@catalog.register("GlobalMaxPool2D")
class GlobalMaxPooling2D(GlobalMaxPooling):
    """Keep the largest value of each channel. Shapes: (batch, height, width, channels) -> (batch, channels).

    Args:
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        keepdims: whether the output keeps the other axes, with size 1.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for another `data_format`, or inputs that have other axes or an empty one.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GlobalMaxPooling2D(keepdims=True)(torch.arange(8.0).reshape(1, 2, 2, 2))
    tensor([[[[6., 7.]]]])
    """

    rank = 2


@catalog.register("GlobalMaxPool3D")
class GlobalMaxPooling3D(GlobalMaxPooling):
    """Keep the largest value of each channel. Shapes: (batch, depth, height, width, channels) -> (batch, channels).

    Args:
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        keepdims: whether the output keeps the other axes, with size 1.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for another `data_format`, or inputs that have other axes or an empty one.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GlobalMaxPooling3D("channels_first")(torch.arange(8.0).reshape(1, 2, 1, 2, 2))
    tensor([[3., 7.]])
    """

    rank = 3
