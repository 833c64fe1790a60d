"""How does a layer bring images to one size?"""

from __future__ import annotations

import math
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import layout, number_between, one_of, positive_int
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer
from torchkeras_layer.layers.preprocessing.images import (
    as_batch,
    as_before,
    cut_middle,
    largest_window,
    pad_around,
    resize,
    shape_with_size,
)
from torchkeras_layer.layers.preprocessing.resampling import INTERPOLATIONS


@catalog.register()
class Resizing(DataLayer):
    """Resize images. Shapes: (batch, rows, columns, channels) or (rows, columns, channels) -> the same with new sizes.

    The dtype stays: ints are rounded, and never overshoot.

    Args:
        height: number of rows of the output. width: number of its columns.
        interpolation: 'bilinear', 'nearest', 'bicubic' (with a=-0.5, as in TensorFlow and JAX; Keras 3 on torch has
            -0.75), 'lanczos3', 'lanczos5', 'area', 'gaussian' or 'mitchellcubic'.
        crop_to_aspect_ratio: whether to cut images to the new aspect ratio first, in their middle.
        pad_to_aspect_ratio: whether to pad images to the new aspect ratio first, on both sides.
        fill_mode: 'constant': `pad_to_aspect_ratio` pads with `fill_value`.
        fill_value: a number.
        antialias: whether all old pixels within a new one count where images become smaller.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, rows, columns). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if a size is not a positive int, a word is unknown, or both aspect ratios are asked for; in a call,
            if the inputs have not three or four axes, or no pixels.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Resizing(1, 4)(torch.tensor([[[1.0], [3.0]]])).flatten()
    tensor([1.0000, 1.5000, 2.5000, 3.0000])
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height = positive_int(self, "height", height)
        self.width = positive_int(self, "width", width)
        self.interpolation = one_of(self, "interpolation", interpolation, *INTERPOLATIONS)
        self.crop_to_aspect_ratio = bool(crop_to_aspect_ratio)
        self.pad_to_aspect_ratio = bool(pad_to_aspect_ratio)
        self.fill_mode = one_of(self, "fill_mode", fill_mode, "constant")
        self.fill_value = number_between(self, "fill_value", fill_value, -math.inf, math.inf)
        self.antialias = bool(antialias)
        self.data_format = layout(self, data_format)
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ValueError(
                f"{type(self).__name__}: images are cropped or padded to the aspect ratio, not both. "
                "Received: crop_to_aspect_ratio=True, pad_to_aspect_ratio=True."
            )

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the images in their new size."""
        images = as_batch(self, inputs, self.data_format)
        size = (self.height, self.width)
        if self.crop_to_aspect_ratio:
            images = cut_middle(images, largest_window(images.shape[2], images.shape[3], size), (2, 3))
        elif self.pad_to_aspect_ratio:
            images = pad_around(images, size, self.fill_value)
        return as_before(resize(images, size, self.interpolation, self.antialias), inputs.dim(), self.data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs with the new sizes.

        Raises:
            ValueError: if it has not three or four axes, or there are no pixels.
        """
        return shape_with_size(self, input_shape, (self.height, self.width), self.data_format)
