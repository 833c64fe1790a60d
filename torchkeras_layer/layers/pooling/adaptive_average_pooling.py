"""How does a layer average a given number of windows of each channel?"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.inputs import as_real
from torchkeras_layer.layers.pooling.adaptive_pooling import AdaptivePooling

_FUNCTIONS = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}


class AdaptiveAveragePooling(AdaptivePooling):
    """Base of the layers that average the windows of each channel. Arguments: `AdaptivePooling`. Int inputs are cast.

    >>> AdaptiveAveragePooling.__mro__[1] is AdaptivePooling
    True
    """

    def _pool(self, images: torch.Tensor) -> torch.Tensor:
        values = images if images.is_floating_point() else as_real(self, images, self._torchkeras.compute_dtype)
        return _FUNCTIONS[self.rank](values, self.output_size)


@catalog.register()
class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """Average as many windows of each channel as asked for.

    Shapes: (batch, steps, channels) -> (batch, output_size, channels).

    Args:
        output_size: how many windows, an int.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveAveragePooling1D(2)(torch.tensor([[[1.0], [5.0], [3.0]]])).flatten()
    tensor([3., 4.])
    """

    rank = 1


@catalog.register()
class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """Average as many windows of each channel as asked for.

    Shapes: (batch, height, width, channels) -> (batch, *output_size, channels).

    Args:
        output_size: how many windows, an int for all axes or one for each.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveAveragePooling2D((1, 2))(torch.arange(8.0).reshape(1, 2, 4, 1)).flatten()
    tensor([2.5000, 4.5000])
    """

    rank = 2


@catalog.register()
class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """Average as many windows of each channel as asked for.

    Shapes: (batch, depth, height, width, channels) -> (batch, *output_size, channels).

    Args:
        output_size: how many windows, an int for all axes or one for each.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveAveragePooling3D((2, 1, 1))(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).flatten()
    tensor([1.5000, 5.5000])
    """

    rank = 3
