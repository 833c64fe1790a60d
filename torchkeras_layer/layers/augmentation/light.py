"""Which layers change brightness, contrast and colors of images at random in training?"""

from __future__ import annotations

from typing import Any

import torch
from typing_extensions import Self

from torchkeras_layer._settings import epsilon
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.augmentation import colors
from torchkeras_layer.layers.augmentation.augmentation_layer import AugmentationLayer, for_each_image
from torchkeras_layer.layers.augmentation.random_source import RandomSource
from torchkeras_layer.layers.augmentation.ranges import read_range, read_value_range
from torchkeras_layer.ops.images import hsv_to_rgb, rgb_to_hsv


class ColorLayer(AugmentationLayer, adds_losses=False, adds_updates=False):
    """Base of the layers that change the values of pixels.

    Args:
        value_range: the lowest and the highest value of a pixel.
        seed, data_format: as in `AugmentationLayer`.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomBrightness(0.1, value_range=(0, 1)).value_range
    (0, 1)
    """

    def __init__(
        self, value_range: Any, *, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.value_range = read_value_range(self, value_range)


@catalog.register()
class RandomBrightness(ColorLayer):
    """In training, make images lighter or darker. Shapes: as `AugmentationLayer`.

    Args:
        factor: what is added, relative to the size of `value_range`: a number f for -f to f, or a pair; from -1 to 1.
        value_range: the lowest and the highest value of a pixel; results are clipped to it.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomBrightness((0.1, 0.1))(torch.tensor([[[[100.0, 250.0]]]])).flatten()
    tensor([125.5000, 255.0000])
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | None = None,
        *,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = read_range(self, "factor", factor)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        size = self.value_range[1] - self.value_range[0]
        return {"rgb_delta": source.uniform(source.one_each, *self.factor) * size}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        return (images + for_each_image(transformation["rgb_delta"], images)).clamp(*self.value_range)


@catalog.register()
class RandomContrast(ColorLayer):
    """In training, spread values around the mean of each image and channel, or narrow them.

    Shapes: as `AugmentationLayer`.

    Args:
        factor: by how much: a pair (a, b) for factors from 1 - a to 1 + b; a number f for (0, f), as in Keras 3.
        value_range: the lowest and the highest value of a pixel; results are clipped to it.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomContrast(0.5).eval()(torch.tensor([[[[2.0], [6.0]]]])).flatten()
    tensor([2., 6.])
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | None = None,
        *,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = read_range(self, "factor", factor, 0.0)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Create a layer from a config; one number as `factor`, which only TF-Keras writes, is for both directions."""
        factor = config.get("factor") if isinstance(config, dict) else None
        return super().from_config({**config, "factor": (factor,) * 2} if isinstance(factor, (int, float)) else config)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        dtype = self._torchkeras.compute_dtype or torch.float32
        limits = (1.0 - self.factor[0], 1.0 + self.factor[1])
        return {"contrast_factor": source.uniform(source.one_each, *limits, dtype=dtype)}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        mean = images.mean((2, 3), keepdim=True)
        factor = for_each_image(transformation["contrast_factor"], images)
        return ((images - mean) * factor + mean).clamp(*self.value_range)


@catalog.register()
class RandomHue(ColorLayer):
    """In training, shift the hue of images. Shapes: as `AugmentationLayer`, with three channels.

    Args:
        factor: by which part of half the circle, in either direction: a number f for 0 to f, or a pair; from 0 to 1.
        value_range: the lowest and the highest value of a pixel.
        data_format, seed: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these; in a call, if there are not three channels.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomHue(0.2)(torch.ones(2, 4, 5, 3)).shape
    torch.Size([2, 4, 5, 3])
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = read_range(self, "factor", factor, 0.0)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        signs = source.signs((source.batch,))
        return {"factor": signs * source.uniform((source.batch,), *self.factor) * 0.5}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        colors.check_colors(self, images)
        hsv = rgb_to_hsv(colors.rescale(images, self.value_range, (0, 1)), "channels_first")
        hue = (hsv[:, :1] + for_each_image(transformation["factor"], images)) % 1
        changed = hsv_to_rgb(torch.cat([hue, hsv[:, 1:]], dim=1), "channels_first").clamp(0, 1)
        return colors.rescale(changed, (0, 1), self.value_range)


@catalog.register()
class RandomSaturation(ColorLayer):
    """In training, make colors stronger or weaker. Shapes: as `AugmentationLayer`, with three channels.

    Args:
        factor: 0 for gray, 0.5 for the colors as they are, 1 for the strongest: a number f for 0 to f, or a pair.
        value_range: the lowest and the highest value of a pixel.
        data_format, seed: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these; in a call, if there are not three channels.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomSaturation((0, 0), (0, 1))(torch.tensor([[[[0.2, 0.6, 0.4]]]])).flatten()
    tensor([0.6000, 0.6000, 0.6000])
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = read_range(self, "factor", factor)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        factor = source.uniform((source.batch,), *self.factor)
        return {"factor": factor / (1 - factor + epsilon())}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        colors.check_colors(self, images)
        hsv = rgb_to_hsv(images, "channels_first")
        saturation = (hsv[:, 1:2] * for_each_image(transformation["factor"], images)).clamp(*self.value_range)
        return hsv_to_rgb(torch.cat([hsv[:, :1], saturation, hsv[:, 2:]], dim=1), "channels_first")
