"""Which layers flip, crop and stretch images at random in training?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import one_of, positive_int
from torchkeras_layer.layers.augmentation.augmentation_layer import AugmentationLayer
from torchkeras_layer.layers.augmentation.random_source import RandomSource
from torchkeras_layer.layers.augmentation.ranges import read_range
from torchkeras_layer.layers.preprocessing.data_layer import in_compute_dtype
from torchkeras_layer.layers.preprocessing.images import check_image_shape, from_batch, resized_shape, to_batch
from torchkeras_layer.ops.resizing import INTERPOLATIONS, crop_center, largest_window, resize


@catalog.register()
class RandomFlip(AugmentationLayer):
    """In training, mirror about half of the images. Shapes: as `AugmentationLayer`.

    Args:
        mode: 'horizontal', 'vertical' or 'horizontal_and_vertical', which does both or neither, as in Keras 3.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomFlip("horizontal", seed=3)(torch.arange(4.0).reshape(1, 1, 4, 1)).flatten()
    tensor([3., 2., 1., 0.])
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.mode = one_of(self, "mode", mode, "horizontal", "vertical", "horizontal_and_vertical")

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        return {"flips": source.uniform(source.one_each) <= 0.5, "input_shape": tuple(source.images.shape)}

    def _torchkeras_move(self, images: torch.Tensor, transformation: Any, interpolation: str) -> torch.Tensor:
        axes = [axis for axis, word in ((3, "horizontal"), (2, "vertical")) if word in self.mode]
        return torch.where(transformation["flips"].reshape(-1, 1, 1, 1), images.flip(axes), images)


@catalog.register()
class RandomCrop(AugmentationLayer):
    """In training, cut a random part out of the images, the same of a batch; in inference, the center.

    Shapes: (batch, rows, columns, channels) or (rows, columns, channels) -> the same with new sizes. In inference, and
    where images are too small, the largest part that has the aspect ratio of the output is resized.

    Args:
        height: number of rows of the output, in pixels.
        width: number of columns of the output, in pixels.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if a size is not a positive int, or another argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.RandomCrop(1, 2, seed=3)
    >>> layer(torch.arange(4.0).reshape(1, 1, 4, 1)).shape, layer.eval()(torch.arange(2.0).reshape(1, 2, 1)).flatten()
    (torch.Size([1, 1, 2, 1]), tensor([0., 1.]))
    """

    def __init__(
        self, height: int, width: int, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.height = positive_int(self, "height", height)
        self.width = positive_int(self, "width", width)

    def transform_images(self, images: torch.Tensor, transformation: Any, training: bool = True) -> torch.Tensor:
        """Return the part of the images at the place that was drawn; in inference, the center."""
        check_image_shape(self, images.shape)
        return self._torchkeras_cut(in_compute_dtype(self, images), transformation if training else None)

    def transform_segmentation_masks(
        self, segmentation_masks: torch.Tensor, transformation: Any, training: bool = True
    ) -> torch.Tensor:
        """Return the same part of masks, in their own dtype."""
        return self._torchkeras_cut(segmentation_masks, transformation if training else None, "nearest")

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        if source.height < self.height or source.width < self.width:
            return None
        sizes = ((source.height, self.height), (source.width, self.width))
        return tuple(
            source.uniform((), 0.0, old - new + 1.0).to(torch.int32).clamp(max=old - new) for old, new in sizes
        )

    def _torchkeras_cut(self, images: torch.Tensor, starts: Any, interpolation: str = "bilinear") -> torch.Tensor:
        """Return the part of images that starts at the given row and column; for `None`, the center, resized."""
        size, batch = (self.height, self.width), to_batch(self, images, self.data_format)
        if starts is None:
            batch = crop_center(batch, largest_window(batch.shape[2], batch.shape[3], size), (2, 3))
        else:
            for axis, start, length in zip((2, 3), starts, size, strict=True):
                # An index rather than a slice, so that the start may be a tensor that only a run knows.
                places = torch.arange(length, device=batch.device) + torch.as_tensor(start, device=batch.device)
                batch = batch.index_select(axis, places.clamp(max=batch.shape[axis] - 1))
        if tuple(batch.shape[2:]) != size:
            batch = resize(batch, size, interpolation)
        return from_batch(batch, images.dim(), self.data_format)

    def _torchkeras_shape_of_images(self, shape: Shape) -> Shape:
        return resized_shape(self, shape, (self.height, self.width), self.data_format)


class _RandomSize(AugmentationLayer):
    """Base of the two layers of TF-Keras that change one size of images; `_torchkeras_axis` is its axis.

    Args:
        factor: the change of the size, relative to it: a number f for -f to f, or a pair.
        interpolation: as in `Resizing`.
        seed, data_format: as in `AugmentationLayer`.
    """

    # The axis of images (batch, channels, rows, columns) whose size changes.
    _torchkeras_axis = 2

    def __init__(
        self,
        factor: Any,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = factor
        self._torchkeras.derived = read_range(self, "factor", factor, -1.0, 10.0**6)
        self.interpolation = one_of(self, "interpolation", interpolation, *INTERPOLATIONS)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        return {"scale": 1 + source.uniform((), *self._torchkeras.derived)}

    def _torchkeras_move(self, images: torch.Tensor, transformation: Any, interpolation: str) -> torch.Tensor:
        if images.is_meta:
            return images
        size = list(images.shape[2:])
        size[self._torchkeras_axis - 2] = max(int(size[self._torchkeras_axis - 2] * transformation["scale"]), 1)
        return resize(images, (size[0], size[1]), interpolation)

    def _torchkeras_shape_of_images(self, shape: Shape) -> Shape:
        axis = self._torchkeras_axis - (4 if self.data_format == "channels_first" else 5)
        sizes = list(shape)
        sizes[axis] = None
        return tuple(sizes)


@catalog.register()
class RandomHeight(_RandomSize):
    """In training, stretch a batch of images to a random number of rows; a layer of TF-Keras only.

    Shapes: (batch, rows, columns, channels) or (rows, columns, channels) -> the same with a free number of rows.

    Args:
        factor: the change of the number of rows, relative to it: a number f for -f to f, or a pair.
        interpolation: as in `Resizing`.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomHeight((0.5, 0.5))(torch.ones(1, 4, 4, 3)).shape
    torch.Size([1, 6, 4, 3])
    """


@catalog.register()
class RandomWidth(_RandomSize):
    """In training, stretch a batch of images to a random number of columns; a layer of TF-Keras only.

    Shapes: (batch, rows, columns, channels) or (rows, columns, channels) -> the same with a free number of columns.

    Args:
        factor: the change of the number of columns, relative to it: a number f for -f to f, or a pair.
        interpolation: as in `Resizing`.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomWidth((0.5, 0.5))(torch.ones(1, 4, 4, 3)).shape
    torch.Size([1, 4, 6, 3])
    """

    _torchkeras_axis = 3
