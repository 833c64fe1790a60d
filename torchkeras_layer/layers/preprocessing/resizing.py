"""How do layers change the size of images: by resizing, or by cropping to the center?"""

from __future__ import annotations

import math
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import layout, number_between, one_of, positive_int
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer, in_compute_dtype
from torchkeras_layer.layers.preprocessing.images import check_image_shape, from_batch, resized_shape, to_batch
from torchkeras_layer.ops.resizing import INTERPOLATIONS, crop_center, largest_window, pad_to_aspect_ratio, resize


@catalog.register()
class Resizing(DataLayer):
    """Resize images. Shapes: (batch, rows, columns, channels) or (rows, columns, channels) -> the same with new sizes.

    The dtype stays the same: integers are rounded, and never overflow.

    Args:
        height: number of rows of the output, in pixels.
        width: number of columns of the output, in pixels.
        interpolation: 'bilinear', 'nearest', 'bicubic' (with a=-0.5, as in TensorFlow and JAX; Keras 3 on torch has
            -0.75), 'lanczos3', 'lanczos5', 'area', 'gaussian' or 'mitchellcubic'.
        crop_to_aspect_ratio: whether to crop images around their center to the new aspect ratio first.
        pad_to_aspect_ratio: whether to pad images on both ends to the new aspect ratio first.
        fill_mode: 'constant': `pad_to_aspect_ratio` pads with `fill_value`.
        fill_value: a number.
        antialias: whether images that become smaller are smoothed over all pixels that a new pixel covers.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, rows, columns); by default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if a size is not a positive int, a mode is unknown, or both aspect ratio options are set; in a call,
            if the rank of the inputs is neither 3 nor 4, or they have no pixels.

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
                f"{type(self).__name__}: crop_to_aspect_ratio and pad_to_aspect_ratio must not both be set. "
                "Received: crop_to_aspect_ratio=True, pad_to_aspect_ratio=True."
            )

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the images in their new size."""
        images = to_batch(self, inputs, self.data_format)
        size = (self.height, self.width)
        if self.crop_to_aspect_ratio:
            images = crop_center(images, largest_window(images.shape[2], images.shape[3], size), (2, 3))
        elif self.pad_to_aspect_ratio:
            images = pad_to_aspect_ratio(images, size, self.fill_value)
        return from_batch(resize(images, size, self.interpolation, self.antialias), inputs.dim(), self.data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs with the new sizes.

        Raises:
            ValueError: if the rank is neither 3 nor 4, or there are no pixels.
        """
        return resized_shape(self, input_shape, (self.height, self.width), self.data_format)


@catalog.register()
class CenterCrop(DataLayer):
    """Crop images to their center, in floating point.

    Shapes: (batch, rows, columns, channels) or (rows, columns, channels) -> the same with new sizes. Images that are
    too small are cropped to the aspect ratio of the output, and enlarged.

    Args:
        height: number of rows of the output, in pixels.
        width: number of columns of the output, in pixels.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, rows, columns); by default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if a size is not a positive int or `data_format` is unknown; in a call, if the rank of the inputs is
            neither 3 nor 4, or they have no pixels.

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
        """Return the center of the images."""
        check_image_shape(self, inputs.shape)
        images, size = in_compute_dtype(self, inputs), (self.height, self.width)
        axes = (-2, -1) if self.data_format == "channels_first" else (-3, -2)
        height, width = images.shape[axes[0]], images.shape[axes[1]]
        if height >= self.height and width >= self.width:
            return crop_center(images, size, axes)
        window = to_batch(self, crop_center(images, largest_window(height, width, size), axes), self.data_format)
        return from_batch(resize(window, size, "bilinear"), inputs.dim(), self.data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs with the new sizes.

        Raises:
            ValueError: if the rank is neither 3 nor 4, or there are no pixels.
        """
        return resized_shape(self, input_shape, (self.height, self.width), self.data_format)
