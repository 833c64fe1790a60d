"""How does a layer average the values of each window?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.inputs import as_real
from torchkeras_layer.layers.pooling.pooling import Pooling
from torchkeras_layer.layers.pooling.window_sizes import padded


class AveragePooling(Pooling):
    """Base of the layers that average each window, channel by channel. Arguments: `Pooling`.

    What lies outside of the inputs does not count, as in TensorFlow. (Keras 3 on torch, where 'same' pads more at the
    end than at the start, counts the values at the edges twice.) Int inputs are cast.

    >>> AveragePooling.__mro__[1] is Pooling
    True
    """

    def _pool(self, images: torch.Tensor, *window: Any) -> torch.Tensor:
        sizes, strides, padding, ceil_mode = window
        images = images if images.is_floating_point() else as_real(self, images, self._torchkeras.compute_dtype)
        if self.rank < 3:
            return F.avg_pool2d(images, sizes, strides, padding, ceil_mode, count_include_pad=False)
        is_short = any(length < size for length, size in zip(images.shape[2:], sizes, strict=True))
        if is_short or images.stride(1) == 1:
            # Torch refuses windows longer than what was not padded yet; this happens with padding "same" alone. And
            # with the channels last in memory, its function for three axes takes up to four times as long.
            return _average_twice(images, *window)
        # On the CPU torch averages no halves in three axes.
        is_half = images.device.type == "cpu" and images.dtype in (torch.float16, torch.bfloat16)
        values = images.float() if is_half else images
        return F.avg_pool3d(values, sizes, strides, padding, ceil_mode, count_include_pad=False).to(images.dtype)

    def _pool_padded(self, images: torch.Tensor, sizes: Sequence[int], strides: Sequence[int]) -> torch.Tensor:
        inside = images.new_ones((1, 1, *images.shape[2:]))
        window = sizes, strides, (0,) * len(sizes), False
        shares = self._pool(padded(inside, sizes, strides, 0), *window)
        return self._pool(padded(images, sizes, strides, 0), *window) / shares


def _average_twice(images: torch.Tensor, *window: Any) -> torch.Tensor:
    """Average windows of three axes over two of them, then over the first: what is outside is so along whole axes."""
    sizes, strides, padding, ceil_mode = window
    # The first axis beside the samples: a view where the channels are last in memory, which they stay.
    planes = images.transpose(1, 2).flatten(0, 1)
    planes = F.avg_pool2d(planes, sizes[1:], strides[1:], padding[1:], ceil_mode, count_include_pad=False)
    rows = planes.flatten(2).unflatten(0, (images.shape[0], images.shape[2])).transpose(1, 2)
    rows = F.avg_pool2d(rows, (sizes[0], 1), (strides[0], 1), (padding[0], 0), ceil_mode, count_include_pad=False)
    return rows.unflatten(3, planes.shape[2:])


@catalog.register("AvgPool1D")
class AveragePooling1D(AveragePooling):
    """Average each window. Shapes: (batch, steps, channels) -> (batch, windows, channels).

    Args:
        pool_size: size of the windows, an int or one for each axis.
        strides: from one window to the next, likewise; default `pool_size`.
        padding: 'valid', or 'same' for a window in every `strides` values; what is outside does not count.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AveragePooling1D(2, padding="same")(torch.tensor([[[1.0], [5.0], [3.0]]])).flatten()
    tensor([3., 3.])
    """

    rank = 1


@catalog.register("AvgPool2D")
class AveragePooling2D(AveragePooling):
    """Average each window. Shapes: (batch, height, width, channels) -> the same, fewer windows.

    Args:
        pool_size: size of the windows, an int or one for each axis.
        strides: from one window to the next, likewise; default `pool_size`.
        padding: 'valid', or 'same' for a window in every `strides` values; what is outside does not count.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AveragePooling2D((1, 3), 1)(torch.arange(8.0).reshape(1, 2, 4, 1)).reshape(2, 2)
    tensor([[1., 2.],
            [5., 6.]])
    """

    rank = 2


@catalog.register("AvgPool3D")
class AveragePooling3D(AveragePooling):
    """Average each window. Shapes: (batch, depth, height, width, channels) -> fewer windows.

    Args:
        pool_size: size of the windows, an int or one for each axis.
        strides: from one window to the next, likewise; default `pool_size`.
        padding: 'valid', or 'same' for a window in every `strides` values; what is outside does not count.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or the inputs have other axes or hold no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AveragePooling3D((2, 1, 2))(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).flatten()
    tensor([2.5000, 4.5000])
    """

    rank = 3
