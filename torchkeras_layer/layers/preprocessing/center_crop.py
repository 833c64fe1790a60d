"""How does a layer cut the middle out of images?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import layout, positive_int
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer
from torchkeras_layer.layers.preprocessing.images import (
    as_batch,
    as_before,
    check_rank,
    cut_middle,
    largest_window,
    resize,
    shape_with_size,
)


@catalog.register()
class CenterCrop(DataLayer):
    """Cut out the middle of images, in floats. Shapes: (batch, rows, columns, channels) or without a batch -> cut.

    Images that are too small are cut to the aspect ratio that is wanted, and enlarged.

    Args:
        height: number of rows of the output. width: number of its columns.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, rows, columns). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if a size is not a positive int or `data_format` is unknown; in a call, if the inputs have not three
            or four axes, or no pixels.

    >>> import torchkeras_layer as keras
    >>> keras.layers.CenterCrop(1, 2)(torch.arange(4).reshape(1, 4, 1)).flatten()
    tensor([1., 2.])
    """

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = positive_int(self, "height", height)
        self.width = positive_int(self, "width", width)
        self.data_format = layout(self, data_format)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the middle of the images."""
        check_rank(self, inputs.shape)
        images, size = self._in_compute_dtype(inputs), (self.height, self.width)
        axes = (-2, -1) if self.data_format == "channels_first" else (-3, -2)
        height, width = images.shape[axes[0]], images.shape[axes[1]]
        if height >= self.height and width >= self.width:
            return cut_middle(images, size, axes)
        window = as_batch(self, cut_middle(images, largest_window(height, width, size), axes), self.data_format)
        return as_before(resize(window, size, "bilinear"), inputs.dim(), self.data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs with the new sizes.

        Raises:
            ValueError: if it has not three or four axes, or there are no pixels.
        """
        return shape_with_size(self, input_shape, (self.height, self.width), self.data_format)
