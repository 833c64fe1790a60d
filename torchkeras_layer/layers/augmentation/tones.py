"""Which layers change how light the tones of images are: by fewer bits, by a threshold, by their histograms?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number, one_per_axis, positive_int
from torchkeras_layer.layers.augmentation import histograms
from torchkeras_layer.layers.augmentation.augmentation_layer import AugmentationLayer, for_each_image
from torchkeras_layer.layers.augmentation.colors import rescale
from torchkeras_layer.layers.augmentation.light import ColorLayer
from torchkeras_layer.layers.augmentation.random_source import RandomSource
from torchkeras_layer.layers.augmentation.ranges import read_range, read_value_range

_BYTES = (0, 255)


@catalog.register()
class RandomPosterization(ColorLayer):
    """In training, keep only some bits of each value. Shapes: as `AugmentationLayer`.

    Args:
        factor: how many of 8 bits: a number f for 1 to below f, or a pair (a, b) for a to below b; from 1 to 8. Twice
            the same number stands for that number.
        value_range: the lowest and the highest value of a pixel.
        data_format, seed: as in `AugmentationLayer`; other numbers are drawn than in Keras.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomPosterization((2, 2))(torch.tensor([[[[63.0, 64.0, 255.0]]]])).flatten()
    tensor([  0.,  64., 192.])
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
        self.factor = read_range(self, "factor", factor, 1.0, 8.0, lowest=1, both_inside=True)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        low, high = (int(number) for number in self.factor)
        return {"shift_factor": 8 - source.integers((source.batch,), low, max(high, low + 1))}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        values = rescale(images, self.value_range, _BYTES).clamp(*_BYTES).floor()
        step = 2 ** for_each_image(transformation["shift_factor"], images)
        return rescale((values / step).floor() * step, _BYTES, self.value_range)


@catalog.register()
class Solarization(ColorLayer):
    """In training, add to values, and then invert those from a threshold on. Shapes: as `AugmentationLayer`.

    Args:
        addition_factor: what is added, relative to the range: a number f for 0 to f, or a pair; from 0 to 1.
        threshold_factor: the threshold, likewise.
        value_range: the lowest and the highest value of a pixel.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Solarization()(torch.tensor([[[[0.0, 100.0, 255.0]]]])).flatten()
    tensor([255., 155.,   0.])
    """

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        *,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.addition_factor = read_range(self, "addition_factor", addition_factor, 0.0, lowest=0, both_inside=True)
        self.threshold_factor = read_range(self, "threshold_factor", threshold_factor, 0.0, lowest=0, both_inside=True)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        dtype = self._torchkeras.compute_dtype or torch.float32
        additions, thresholds = (
            source.uniform(source.one_each, low, high * 255, dtype)
            for low, high in (self.addition_factor, self.threshold_factor)
        )
        return {"additions": additions, "thresholds": thresholds}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        additions, thresholds = (for_each_image(transformation[key], images) for key in ("additions", "thresholds"))
        values = (rescale(images, self.value_range, _BYTES) + additions).clamp(*_BYTES)
        return rescale(torch.where(values < thresholds, values, 255 - values), _BYTES, self.value_range)


class _FixedLayer(AugmentationLayer, adds_losses=False, adds_updates=False):
    """Base of the layers that draw nothing, and of which some change images in inference as in training."""

    # Whether images are changed in inference too.
    _torchkeras_lasts: bool = False

    def __init__(self, value_range: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = read_value_range(self, value_range)

    def transform_images(self, images: torch.Tensor, transformation: Any = None, training: bool = True) -> torch.Tensor:
        """Return the changed images."""
        return super().transform_images(images, {}, training or self._torchkeras_lasts)


@catalog.register()
class AutoContrast(_FixedLayer):
    """Spread the values of each image and channel over the whole range, in training and in inference.

    Shapes: as `AugmentationLayer`. A channel of one value stays as it is.

    Args:
        value_range: the lowest and the highest value of a pixel.
        data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AutoContrast()(torch.tensor([[[[10.0], [20.0], [30.0]]]])).flatten()
    tensor([  0.0000, 127.5000, 255.0000])
    """

    _torchkeras_lasts = True

    def __init__(self, value_range: Any = (0, 255), *, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(value_range, data_format, **kwargs)

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        values = rescale(images, self.value_range, _BYTES)
        low, high = values.amin((2, 3), keepdim=True), values.amax((2, 3), keepdim=True)
        scale = 255 / torch.where(high > low, high - low, 1)
        spread = rescale((values * scale - low * scale).clamp(*_BYTES), _BYTES, self.value_range)
        return torch.where(high > low, spread, images)


@catalog.register()
class Equalization(_FixedLayer):
    """In training, spread the values of each channel so that all are about equally frequent in the batch, as in Keras.

    Shapes: as `AugmentationLayer`.

    Args:
        value_range: the lowest and the highest value of a pixel.
        bins: how many values are told apart.
        data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Equalization()(torch.tensor([[[[10.0], [11.0], [12.0]]]])).flatten()
    tensor([  0., 128., 255.])
    """

    def __init__(
        self, value_range: Any = (0, 255), bins: int = 256, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range, data_format, **kwargs)
        self.bins = positive_int(self, "bins", bins)

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        values = rescale(images, self.value_range, _BYTES)
        return rescale(histograms.equalized(values, self.bins), _BYTES, self.value_range)


@catalog.register()
class ContrastLimitedAdaptiveHistogramEqualization(_FixedLayer):
    """Spread the values of each part of an image so that all are about equally frequent there, up to a limit.

    Shapes: as `AugmentationLayer`. Images are changed in training and in inference.

    Args:
        value_range: the lowest and the highest value of a pixel.
        clip_limit: how many times as frequent as on the average a value may count; 0 for no limit.
        tile_grid_size: into how many parts the rows and the columns are divided.
        data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2))
    >>> layer(torch.arange(64.0).reshape(8, 8, 1)).shape
    torch.Size([8, 8, 1])
    """

    _torchkeras_lasts = True

    def __init__(
        self,
        value_range: Any = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Any = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, data_format, **kwargs)
        self.clip_limit = finite_number(self, "clip_limit", clip_limit, 0)
        rows, columns = one_per_axis(self, "tile_grid_size", tile_grid_size, 2)
        self.tile_grid_size = (rows, columns)

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        values = rescale(images.to(torch.promote_types(images.dtype, torch.float32)), self.value_range, _BYTES)
        changed = histograms.equalized_by_tiles(values, self.tile_grid_size, self.clip_limit)
        return rescale(changed, _BYTES, self.value_range)
