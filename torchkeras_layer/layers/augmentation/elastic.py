"""Which layer bends images at random in training?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number, one_of
from torchkeras_layer.layers.augmentation import warping
from torchkeras_layer.layers.augmentation.augmentation_layer import AugmentationLayer, for_each_image
from torchkeras_layer.layers.augmentation.colors import blur
from torchkeras_layer.layers.augmentation.random_source import RandomSource
from torchkeras_layer.layers.augmentation.ranges import read_range, read_value_range


@catalog.register()
class RandomElasticTransform(AugmentationLayer):
    """In training, bend images: move pixels by distances that vary smoothly. Shapes: as `AugmentationLayer`.

    Args:
        factor: with which probability an image is changed: a number f for 0 to f, or a pair, from which it is drawn.
        scale: how far and how smoothly: a number s for 0 to s, or a pair; from 0 to 1.
        interpolation: 'bilinear' or 'nearest'.
        fill_mode: what is outside of an image: 'reflect', 'wrap', 'constant', 'nearest' or 'mirror'.
        fill_value: a number, for `fill_mode='constant'`.
        value_range: the lowest and the highest value of a pixel; results are clipped to it.
        seed, data_format: as in `AugmentationLayer`; other numbers are drawn than in Keras, which heeds no seed here.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomElasticTransform()(torch.ones(2, 8, 8, 3)).shape
    torch.Size([2, 8, 8, 3])
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = read_range(self, "factor", factor, 0.0)
        self.scale = read_range(self, "scale", scale, 0.0)
        self.interpolation = one_of(self, "interpolation", interpolation, *warping.INTERPOLATIONS)
        self.fill_mode = one_of(self, "fill_mode", fill_mode, *warping.FILL_MODES, "mirror")
        self.fill_value = finite_number(self, "fill_value", fill_value)
        self.value_range = read_value_range(self, value_range)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        if self.scale[1] == 0 or self.factor[1] == 0:
            return None
        dtype = torch.promote_types(self._torchkeras.compute_dtype or torch.float32, torch.float32)
        applied, amount = source.happens(self.factor), source.uniform((), *self.scale, dtype=dtype)
        # The kernel is as large as the largest deviation needs: its size must not depend on what is drawn.
        deviation = 0.05 * amount * min(source.height, source.width)
        size = int(6 * 0.05 * self.scale[1] * min(source.height, source.width)) | 1
        noise = source.normal((source.batch, 2, source.height, source.width), dtype) * deviation
        moves = blur(noise, (size, size), deviation.clamp(min=1e-3).expand(2))
        moves = moves * (0.1 * amount * max(source.height, source.width))
        return {"apply_transform": applied, "distortion_factor": amount, "moves": moves}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        return super()._torchkeras_transform(images, transformation).clamp(*self.value_range)

    def _torchkeras_move(self, images: torch.Tensor, transformation: Any, interpolation: str) -> torch.Tensor:
        x, y = warping.pixel_places(images)
        right, down = transformation["moves"].to(device=images.device, dtype=x.dtype).unbind(1)
        moved = warping.sample(images, x + right, y + down, interpolation, self.fill_mode, self.fill_value)
        return torch.where(for_each_image(transformation["apply_transform"], images), moved.to(images.dtype), images)
