"""Which layers mix the images of a batch, and erase parts of images, at random in training?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import as_plain, finite_number
from torchkeras_layer.layers.augmentation.augmentation_layer import AugmentationLayer, for_each_image
from torchkeras_layer.layers.augmentation.light import ColorLayer
from torchkeras_layer.layers.augmentation.random_source import RandomSource
from torchkeras_layer.layers.augmentation.ranges import Range, read_range
from torchkeras_layer.layers.preprocessing.images import to_batch


class MixingLayer(AugmentationLayer, adds_losses=False, adds_updates=False):
    """Base of the layers that mix each image of a batch with another; labels, such as one-hot ones, are mixed alike.

    Args:
        **kwargs: those of `AugmentationLayer`.

    >>> import torchkeras_layer as keras
    >>> batch = {"images": torch.ones(2, 4, 4, 3), "labels": torch.eye(2)}
    >>> keras.layers.MixUp(seed=1)(batch)["labels"].sum(1)
    tensor([1., 1.])
    """

    def transform_labels(self, labels: torch.Tensor, transformation: Any, training: bool = True) -> torch.Tensor:
        """Return the labels, mixed as the images were; that of a single image stays as it is."""
        if not training or transformation is None:
            return labels
        order = transformation["permutation_order"]
        if len(order) == 1:
            return labels
        weight = transformation["mix_weight"].reshape(-1, *(1,) * (labels.dim() - 1)).to(labels.device)
        return weight * labels + (1 - weight) * labels[order.to(labels.device)]


@catalog.register()
class MixUp(MixingLayer):
    """In training, return weighted means of each image and another of the batch. Shapes: as `AugmentationLayer`.

    Args:
        alpha: both parameters of the beta distribution of the weights; small numbers mix little.
        data_format, seed: as in `AugmentationLayer`; other numbers are drawn than in Keras.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.MixUp()(torch.ones(2, 4, 4, 3)).shape
    torch.Size([2, 4, 4, 3])
    """

    def __init__(
        self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.alpha = finite_number(self, "alpha", alpha, 1e-6)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        order = source.order(source.batch)
        return {"mix_weight": source.beta((source.batch,), self.alpha), "permutation_order": order}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        weight = for_each_image(transformation["mix_weight"], images)
        return weight * images + (1 - weight) * images[transformation["permutation_order"].to(images.device)]

    def transform_segmentation_masks(
        self, segmentation_masks: torch.Tensor, transformation: Any, training: bool = True
    ) -> torch.Tensor:
        """Return the masks, mixed as the images were."""
        return self.transform_labels(segmentation_masks, transformation, training)


@catalog.register()
class CutMix(MixingLayer):
    """In training, put a rectangle of another image of the batch into each image. Shapes: as `AugmentationLayer`.

    Args:
        factor: both parameters of the beta distribution of the part that stays: a number f for 0 to f, or a pair.
        seed, data_format: as in `AugmentationLayer`; other numbers are drawn than in Keras.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.CutMix()(torch.ones(2, 4, 4, 3)).shape
    torch.Size([2, 4, 4, 3])
    """

    def __init__(
        self, factor: Any = 1.0, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = read_range(self, "factor", factor, 0.0)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        if not source.is_batch:
            return None
        alpha = source.uniform((), *self.factor) + 1e-6
        stays = source.beta((source.batch,), alpha)
        sides = torch.sqrt(1 - stays)
        masks, area = _rectangles(source, sides, sides, self.data_format)
        weight = (1 - area / (source.width * source.height)).reshape(-1, 1, 1, 1)
        return {"permutation_order": source.order(source.batch), "batch_masks": masks, "mix_weight": weight}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        return self._torchkeras_put(images, transformation, transformation["permutation_order"])

    def _torchkeras_put(self, images: torch.Tensor, transformation: Any, order: torch.Tensor) -> torch.Tensor:
        """Return images (batch, channels, rows, columns) with the rectangles of others."""
        masks = to_batch(self, transformation["batch_masks"], self.data_format)[:, :1].to(images.device)
        return torch.where(masks, images[order.to(images.device)], images)

    def transform_segmentation_masks(
        self, segmentation_masks: torch.Tensor, transformation: Any, training: bool = True
    ) -> torch.Tensor:
        """Return masks with the same rectangles of others."""
        if not training or transformation is None:
            return segmentation_masks
        masks = to_batch(self, segmentation_masks, self.data_format)
        put = self._torchkeras_put(masks, transformation, transformation["permutation_order"])
        return put if self.data_format == "channels_first" else put.permute(0, 2, 3, 1)


def _rectangles(
    source: RandomSource, across: torch.Tensor, down: torch.Tensor, data_format: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which pixels are inside a rectangle of each image, as images with one channel, and its area.

    Args:
        source: the random numbers, for the places.
        across, down: the sizes of the rectangles, relative to those of the images.
        data_format: the layout of the images.
    """
    inside, area = [], torch.ones_like(across)
    for share, length in ((across, source.width), (down, source.height)):
        size = share * length
        start = source.uniform((source.batch,), dtype=share.dtype) * (length - size)
        end = start + size
        places = torch.arange(length, dtype=share.dtype, device=share.device)
        inside.append((places >= start[:, None]) & (places < end[:, None]))
        area = area * (end - start)
    masks = inside[1].unsqueeze(2) & inside[0].unsqueeze(1)
    return masks.unsqueeze(1 if data_format == "channels_first" else 3), area


@catalog.register()
class RandomErasing(ColorLayer):
    """In training, fill a rectangle in some images. Shapes: as `AugmentationLayer`.

    Args:
        factor: with which probability: a number f for 0 to f, or a pair, from which it is drawn.
        scale: the size of the rectangle: a number s for 0 to s, or a pair; its sides are the square roots of two such
            numbers, relative to those of the image.
        fill_value: a number, or one for each of three channels; `None` for noise.
        value_range: the lowest and the highest value of a pixel.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomErasing((1, 1), (1, 1), fill_value=3)(torch.ones(1, 2, 2, 1)).flatten()
    tensor([3., 3., 3., 3.])
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor: Range = read_range(self, "factor", factor, 0.0)
        self.scale: Range = read_range(self, "scale", scale, 0.0)
        self.fill_value = _read_fill(self, fill_value)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        dtype = self._torchkeras.compute_dtype or torch.float32
        sides = source.uniform((source.batch, 2), *self.scale, dtype=dtype).sqrt()
        masks, _ = _rectangles(source, sides[:, 0], sides[:, 1], self.data_format)
        applied = source.happens(self.factor)
        shape = source.images.shape
        if self.fill_value is None:
            fill = source.normal(shape, dtype) * self.value_range[1]
        else:
            fill = torch.tensor(self.fill_value, dtype=dtype, device=sides.device)
            if fill.dim() and self.data_format == "channels_first":
                fill = fill.reshape(-1, 1, 1)
            fill = fill.expand(shape)
        return {"apply_erasing": applied, "batch_masks": masks, "fill_value": fill.clamp(*self.value_range)}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        masks, fill = (
            to_batch(self, transformation[key], self.data_format).to(images.device)
            for key in ("batch_masks", "fill_value")
        )
        return torch.where(masks[:, :1] & for_each_image(transformation["apply_erasing"], images), fill, images)


def _read_fill(layer: RandomErasing, value: Any) -> Any:
    value = as_plain(value)
    if value is None:
        return None
    if isinstance(value, (list, tuple)) and len(value) == 3:
        return [finite_number(layer, "fill_value", number) for number in value]
    return finite_number(layer, "fill_value", value)
