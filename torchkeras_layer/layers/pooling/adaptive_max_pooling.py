"""How does a layer keep the largest values of a given number of windows of each channel?"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.pooling.adaptive_pooling import AdaptivePooling

_FUNCTIONS = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}


class AdaptiveMaxPooling(AdaptivePooling):
    """Base of the layers that keep the largest value of each window of each channel. Arguments: `AdaptivePooling`.

    >>> AdaptiveMaxPooling.__mro__[1] is AdaptivePooling
    True
    """

    def _pool(self, images: torch.Tensor) -> torch.Tensor:
        if images.is_floating_point():
            return _FUNCTIONS[self.rank](images, self.output_size)
        # Torch compares no ints here; as float64 they are exact up to 2**53.
        return _FUNCTIONS[self.rank](images.double(), self.output_size).to(images.dtype)


@catalog.register()
class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    """Keep the largest value of as many windows as asked for.

    Shapes: (batch, steps, channels) -> (batch, output_size, channels).

    Args:
        output_size: how many windows, an int.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveMaxPooling1D(2)(torch.tensor([[[1.0], [5.0], [3.0]]])).flatten()
    tensor([5., 5.])
    """

    rank = 1


@catalog.register()
class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    """Keep the largest value of as many windows as asked for.

    Shapes: (batch, height, width, channels) -> (batch, *output_size, channels).

    Args:
        output_size: how many windows, an int for all axes or one for each.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveMaxPooling2D((1, 2))(torch.arange(8.0).reshape(1, 2, 4, 1)).flatten()
    tensor([5., 7.])
    """

    rank = 2


@catalog.register()
class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """Keep the largest value of as many windows as asked for.

    Shapes: (batch, depth, height, width, channels) -> (batch, *output_size, channels).

    Args:
        output_size: how many windows, an int for all axes or one for each.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveMaxPooling3D((2, 1, 1))(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).flatten()
    tensor([3., 7.])
    """

    rank = 3
