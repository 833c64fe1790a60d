"""Which layers gray, invert, sharpen and blur images at random in training?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import number_between, one_per_axis
from torchkeras_layer.layers.augmentation import colors
from torchkeras_layer.layers.augmentation.augmentation_layer import AugmentationLayer, for_each_image
from torchkeras_layer.layers.augmentation.light import ColorLayer
from torchkeras_layer.layers.augmentation.random_source import RandomSource
from torchkeras_layer.layers.augmentation.ranges import read_range


@catalog.register()
class RandomGrayscale(AugmentationLayer):
    """In training, take the colors out of some images. Shapes: as `AugmentationLayer`, with three channels.

    Args:
        factor: with which probability, from 0 to 1.
        data_format, seed: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these; in a call, if there are not three channels.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomGrayscale(1.0)(torch.tensor([[[[100.0, 0.0, 0.0]]]])).flatten()
    tensor([29.8900, 29.8900, 29.8900])
    """

    def __init__(
        self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = number_between(self, "factor", factor, 0, 1)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        return source.uniform((source.batch, 1, 1, 1)) < self.factor

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        return torch.where(for_each_image(transformation, images), colors.gray(self, images), images)


@catalog.register()
class RandomColorDegeneration(ColorLayer):
    """In training, take some of the colors out of images. Shapes: as `AugmentationLayer`, with three channels.

    Args:
        factor: which part of the colors, 1 for all: a number f for -f to f, or a pair; from -1 to 1. Negative numbers
            make colors stronger.
        value_range: the lowest and the highest value of a pixel; results are clipped to it.
        data_format, seed: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these; in a call, if there are not three channels.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomColorDegeneration((1, 1))(torch.tensor([[[[100.0, 0.0, 0.0]]]])).flatten()
    tensor([29.8900, 29.8900, 29.8900])
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
        return {"factor": source.uniform((source.batch, 1, 1, 1), *self.factor)}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        factor = for_each_image(transformation["factor"], images)
        return (images + factor * (colors.gray(self, images) - images)).clamp(*self.value_range)


@catalog.register()
class RandomInvert(ColorLayer):
    """In training, turn some images into their negatives. Shapes: as `AugmentationLayer`.

    Args:
        factor: with which probability: a number f for 0 to f, or a pair, from which it is drawn.
        value_range: the lowest and the highest value of a pixel; pixels are subtracted from the highest.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomInvert((1, 1))(torch.tensor([[[[100.0, 255.0]]]])).flatten()
    tensor([155.,   0.])
    """

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = read_range(self, "factor", factor, 0.0)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        return {"apply_inversion": source.happens(self.factor)}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        are_inverted = for_each_image(transformation["apply_inversion"], images)
        return torch.where(are_inverted, self.value_range[1] - images, images)


@catalog.register()
class RandomSharpness(ColorLayer):
    """In training, smooth or sharpen images. Shapes: as `AugmentationLayer`.

    Args:
        factor: 0 for the smoothed image, 0.5 for the image as it is, 1 for the sharpest: a number f for 0 to f, or a
            pair.
        value_range: the lowest and the highest value of a pixel; results are clipped to it.
        data_format, seed: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomSharpness((0, 0))(torch.full((1, 3, 3, 1), 13.0)).flatten()
    tensor([ 8., 10.,  8., 10., 13., 10.,  8., 10.,  8.])
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
        return {"factor": source.uniform((source.batch,), *self.factor)}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        channels = images.shape[1]
        kernel = torch.full((3, 3), 1 / 13, dtype=images.dtype, device=images.device)
        kernel[1, 1] = 5 / 13
        smooth = F.conv2d(images, kernel.expand(channels, 1, 3, 3), padding=1, groups=channels)
        sharpness = for_each_image(transformation["factor"], images) * 2
        return (images + (1 - sharpness) * (smooth - images)).clamp(*self.value_range)


@catalog.register()
class RandomGaussianBlur(ColorLayer):
    """In training, blur some images. Shapes: as `AugmentationLayer`.

    Args:
        factor: with which probability: a number f for 0 to f, or a pair, from which it is drawn.
        kernel_size: the odd number of rows and columns of the kernel, or a pair of such numbers.
        sigma: the standard deviation of the kernel, in pixels: a number s for 0 to s, or a pair; from 0 to 1.
        value_range: the lowest and the highest value of a pixel; results are clipped to it.
        data_format, seed: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomGaussianBlur((1, 1), 3, (1, 1))(torch.ones(1, 3, 3, 1)).flatten()[3:6]
    tensor([0.7259, 1.0000, 0.7259])
    """

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = read_range(self, "factor", factor, 0.0)
        self.sigma = read_range(self, "sigma", sigma, 0.0)
        rows, columns = one_per_axis(self, "kernel_size", kernel_size, 2)
        self.kernel_size = (rows, columns)
        if rows % 2 == 0 or columns % 2 == 0:
            raise ValueError(
                f"{type(self).__name__}: kernel_size must be odd, so that a kernel has a middle. "
                f"Received: kernel_size={kernel_size!r}."
            )

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        dtype = self._torchkeras.compute_dtype or torch.float32
        applied = source.happens(self.factor)
        return {"should_apply_blur": applied, "blur_factor": source.uniform((2,), *self.sigma, dtype=dtype) + 1e-6}

    def _torchkeras_transform(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        blurred = colors.blur(images, self.kernel_size, transformation["blur_factor"])
        applied = for_each_image(transformation["should_apply_blur"], images)
        return torch.where(applied, blurred, images).clamp(*self.value_range)
