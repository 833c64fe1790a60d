"""How does a layer keep the largest value of each window?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.pooling.pooling import Pooling
from torchkeras_layer.layers.pooling.window_sizes import padded


class MaxPooling(Pooling):
    """Base of the layers that keep the largest value of each window, channel by channel. Arguments: `Pooling`.

    >>> MaxPooling.__mro__[1] is Pooling
    True
    """

    def _pool(self, images: torch.Tensor, *window: Any) -> torch.Tensor:
        sizes, strides, padding, ceil_mode = window
        pool = F.max_pool3d if self.rank == 3 else F.max_pool2d
        return pool(images, sizes, strides, padding, ceil_mode=ceil_mode)

    def _pool_padded(self, images: torch.Tensor, sizes: Sequence[int], strides: Sequence[int]) -> torch.Tensor:
        least = -math.inf if images.is_floating_point() else torch.iinfo(images.dtype).min
        return self._pool(padded(images, sizes, strides, least), sizes, strides, (0,) * len(sizes), False)


@catalog.register("MaxPool1D")
class MaxPooling1D(MaxPooling):
    """Keep the largest value of each window. Shapes: (batch, steps, channels) -> (batch, windows, channels).

    Args:
        pool_size: size of the windows, an int or one for each axis.
        strides: from one window to the next, likewise; default `pool_size`.
        padding: 'valid', or 'same' for a window in every `strides` values; what is outside does not count.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.MaxPooling1D(2)(torch.tensor([[[1.0], [5.0], [3.0], [2.0]]])).flatten()
    tensor([5., 3.])
    """

    rank = 1


@catalog.register("MaxPool2D")
class MaxPooling2D(MaxPooling):
    """Keep the largest value of each window. Shapes: (batch, height, width, channels) -> the same, fewer windows.

    Args:
        pool_size: size of the windows, an int or one for each axis.
        strides: from one window to the next, likewise; default `pool_size`.
        padding: 'valid', or 'same' for a window in every `strides` values; what is outside does not count.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.MaxPooling2D(2, padding="same")(torch.arange(9.0).reshape(1, 3, 3, 1)).reshape(2, 2)
    tensor([[4., 5.],
            [7., 8.]])
    """

    rank = 2


@catalog.register("MaxPool3D")
class MaxPooling3D(MaxPooling):
    """Keep the largest value of each window. Shapes: (batch, depth, height, width, channels) -> fewer windows.

    Args:
        pool_size: size of the windows, an int or one for each axis.
        strides: from one window to the next, likewise; default `pool_size`.
        padding: 'valid', or 'same' for a window in every `strides` values; what is outside does not count.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.MaxPooling3D((2, 1, 2))(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).flatten()
    tensor([5., 7.])
    """

    rank = 3
