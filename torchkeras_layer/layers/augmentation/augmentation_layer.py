"""What do the layers that change images at random in training have in common?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import layout
from torchkeras_layer.layers.augmentation.random_source import RandomSource
from torchkeras_layer.layers.preprocessing.data_layer import in_compute_dtype, read_numeric_inputs
from torchkeras_layer.layers.preprocessing.images import check_image_shape, from_batch, to_batch
from torchkeras_layer.layers.regularization.seeded_layer import SeededLayer, take_seed

_KEYS = ("images", "labels", "segmentation_masks")


class AugmentationLayer(SeededLayer, adds_losses=False, adds_updates=False):
    """Base of the layers that change images in training, and leave them as they are in inference.

    They are called on images, (batch, rows, columns, channels) or one without the batch, or on a dict with 'images' and
    maybe 'labels' and 'segmentation_masks', which are changed with the images. Results are in the compute dtype.

    A transformation is drawn by `get_random_transformation` and applied by `transform_images`, with the keys and
    numbers of Keras; with a seed, it is the one that Keras draws, unless a layer says otherwise.

    Args:
        seed: where random numbers start, an int; `None` for torch's generator, which `torch.manual_seed` seeds.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, rows, columns); by default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.RandomFlip("horizontal", seed=3)
    >>> layer(torch.arange(4.0).reshape(1, 1, 4, 1)).flatten(), layer.eval()(torch.ones(1, 1, 1)).flatten()
    (tensor([3., 2., 1., 0.]), tensor([1.]))
    >>> pixels = torch.arange(4).reshape(1, 1, 4, 1)
    >>> layer.train()({"images": pixels / 2, "segmentation_masks": pixels})["segmentation_masks"].shape
    torch.Size([1, 1, 4, 1])
    """

    _torchkeras_unsupported = {"bounding_box_format": None}
    # How pixels between others are found; layers that find none have no such argument.
    interpolation: str = "nearest"

    def __init__(self, *, seed: int | None = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        take_seed(self, seed)
        self.data_format = layout(self, data_format)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return the images, in training changed at random, with what came with them in a dict."""
        if not isinstance(inputs, Mapping):
            transformation = self.get_random_transformation(inputs, training=bool(training))
            return self.transform_images(inputs, transformation, training=bool(training))
        _check_keys(self, inputs)
        transformation = self.get_random_transformation(inputs, training=bool(training))
        methods = (self.transform_images, self.transform_labels, self.transform_segmentation_masks)
        changed = {
            key: method(inputs[key], transformation, training=bool(training))
            for key, method in zip(_KEYS, methods, strict=True)
            if key in inputs
        }
        return {key: changed[key] for key in inputs}

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw a transformation for images, as a dict of tensors; `None` if there is nothing to draw.

        Args:
            data: the images, or a dict with 'images'.
            training: whether to draw; `None` is returned if not.
            seed: an int to draw from instead of the layer's own seed.

        Raises:
            ValueError: if the images have neither rank 3 nor 4.
        """
        images = data["images"] if isinstance(data, Mapping) else data
        check_image_shape(self, images.shape)
        if not training:
            return None
        if isinstance(seed, RandomSource):
            return self._torchkeras_sample(seed)
        return self._torchkeras_sample(RandomSource(self, images, self.data_format, seed))

    def transform_images(self, images: torch.Tensor, transformation: Any, training: bool = True) -> torch.Tensor:
        """Return images, in the compute dtype, with a transformation applied in training.

        Raises:
            ValueError: if they have neither rank 3 nor 4.
        """
        check_image_shape(self, images.shape)
        images = in_compute_dtype(self, images)
        if not training or transformation is None:
            return images
        changed = self._torchkeras_transform(to_batch(self, images, self.data_format), transformation)
        return from_batch(changed.to(images.dtype), images.dim(), self.data_format)

    def transform_labels(self, labels: torch.Tensor, transformation: Any, training: bool = True) -> torch.Tensor:
        """Return labels for the changed images: the same, unless images are mixed."""
        return labels

    def transform_segmentation_masks(
        self, segmentation_masks: torch.Tensor, transformation: Any, training: bool = True
    ) -> torch.Tensor:
        """Return masks, in their own dtype, whose pixels were moved as those of the images, without new values."""
        moves_pixels = type(self)._torchkeras_move is not AugmentationLayer._torchkeras_move
        if not moves_pixels or not training or transformation is None:
            return segmentation_masks
        masks = to_batch(self, segmentation_masks, self.data_format)
        moved = self._torchkeras_move(masks, transformation, "nearest").to(masks.dtype)
        return from_batch(moved, segmentation_masks.dim(), self.data_format)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the inputs.

        Raises:
            ValueError: if images have neither rank 3 nor 4.
        """
        images = input_shape["images"] if isinstance(input_shape, Mapping) else input_shape
        check_image_shape(self, images)
        changed = self._torchkeras_shape_of_images(tuple(images))
        return {**input_shape, "images": changed} if isinstance(input_shape, Mapping) else changed

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        """Draw a transformation."""
        return None

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        """Return images (batch, channels, rows, columns) with a transformation applied."""
        return self._torchkeras_move(images, transformation, self.interpolation)

    def _torchkeras_move(self, images: torch.Tensor, transformation: Any, interpolation: str) -> torch.Tensor:
        """Return images (batch, channels, rows, columns) with their pixels moved; only layers that do so have it."""
        raise NotImplementedError(f"{type(self).__name__}: define _torchkeras_transform in the class.")

    def _torchkeras_shape_of_images(self, shape: Shape) -> Shape:
        """Return the shape of the changed images."""
        return shape

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        if isinstance(inputs, Mapping):
            return {key: read_numeric_inputs(self, value) for key, value in inputs.items()}
        return read_numeric_inputs(self, inputs)


def for_each_image(values: Any, images: torch.Tensor) -> torch.Tensor:
    """Return one number for each image in the shape (batch, 1, 1, 1) and the dtype of the images; bools stay bools.

    >>> for_each_image(torch.tensor([True, False]), torch.ones(2, 3, 4, 4)).shape
    torch.Size([2, 1, 1, 1])
    """
    tensor = torch.as_tensor(values, device=images.device)
    return (tensor if tensor.dtype is torch.bool else tensor.to(images.dtype)).reshape(-1, 1, 1, 1)


def _check_keys(layer: AugmentationLayer, inputs: Mapping[str, Any]) -> None:
    unknown = [key for key in inputs if key not in _KEYS]
    if unknown or "images" not in inputs:
        boxes = " Bounding boxes are not moved with images here." if "bounding_boxes" in inputs else ""
        link = " See docs/differences.md#layers-that-change-images"
        raise ValueError(
            f"{layer.name}: a dict must have 'images', and may have {' and '.join(map(repr, _KEYS[1:]))}. "
            f"Received: {sorted(map(str, inputs))}.{boxes}{link}"
        )
