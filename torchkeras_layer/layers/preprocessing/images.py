"""How are images resized, cropped and padded?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import Layer

INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic")


def resize(images: torch.Tensor, size: tuple[int, int], interpolation: str, antialias: bool = False) -> torch.Tensor:
    """Return images of shape (batch, channels, rows, columns) in another size; ints are rounded.

    >>> resize(torch.tensor([[[[1.0, 3.0]]]]), (1, 4), "bilinear").flatten()
    tensor([1.0000, 1.5000, 2.5000, 3.0000])
    """
    if interpolation == "nearest":
        for axis, length in zip((2, 3), size, strict=True):
            images = images.index_select(axis, _nearest(images.shape[axis], length, images.device))
        return images
    dtype = images.dtype
    if dtype is torch.float32 or dtype is torch.float64:
        # Without casts: for small images, two casts to the dtype that they have take half as long as the rest.
        return _interpolated(images, size, interpolation, antialias)
    resized = _interpolated(images.to(_exact_dtype(dtype)), size, interpolation, antialias)
    return resized.to(dtype) if dtype.is_floating_point else _as_ints(resized, dtype)


def largest_window(height: int, width: int, size: tuple[int, int]) -> tuple[int, int]:
    """Return the rows and columns of the largest part of an image that has the aspect ratio of `size`.

    >>> largest_window(4, 6, (10, 10))
    (4, 4)
    """
    return (
        max(min(height, width * size[0] // size[1]), 1),
        max(min(width, height * size[1] // size[0]), 1),
    )


def crop_center(images: torch.Tensor, size: tuple[int, int], axes: tuple[int, int]) -> torch.Tensor:
    """Return the center of images, whose rows and columns are the given axes; of an odd margin, one pixel more is
    cut off behind.

    >>> crop_center(torch.arange(4).reshape(1, 4, 1), (1, 3), (-3, -2)).flatten()
    tensor([0, 1, 2])
    """
    for axis, length in zip(axes, size, strict=True):
        images = images.narrow(axis, (images.shape[axis] - length) // 2, length)
    return images


def pad_to_aspect_ratio(images: torch.Tensor, size: tuple[int, int], value: float) -> torch.Tensor:
    """Return images padded to the aspect ratio of `size`, as closely as the same whole number of pixels on both sides
    allows.

    >>> pad_to_aspect_ratio(torch.ones(1, 1, 1, 3), (1, 1), 0.0).shape
    torch.Size([1, 1, 3, 3])
    """
    height, width = images.shape[2:]
    above = (max(height, width * size[0] // size[1]) - height) // 2
    beside = (max(width, height * size[1] // size[0]) - width) // 2
    return F.pad(images, (beside, beside, above, above), value=value)


def to_batch(layer: Layer, images: torch.Tensor, data_format: str) -> torch.Tensor:
    """Return one image or a batch of them as (batch, channels, rows, columns).

    Raises:
        ValueError: if it does not have three or four axes, or there are no pixels.

    >>> to_batch(Layer(), torch.ones(5, 6, 3), "channels_last").shape
    torch.Size([1, 3, 5, 6])
    """
    check_image_shape(layer, images.shape)
    batch = images if images.dim() == 4 else images.unsqueeze(0)
    return batch if data_format == "channels_first" else batch.permute(0, 3, 1, 2)


def from_batch(batch: torch.Tensor, ndim: int, data_format: str) -> torch.Tensor:
    """Undo `to_batch` for images that had `ndim` axes.

    >>> from_batch(torch.ones(1, 3, 5, 6), 3, "channels_last").shape
    torch.Size([5, 6, 3])
    """
    images = batch if data_format == "channels_first" else batch.permute(0, 2, 3, 1)
    return images if ndim == 4 else images.squeeze(0)


def resized_shape(layer: Layer, input_shape: Shape, size: tuple[int, int], data_format: str) -> Shape:
    """Return the shape of images with another size.

    Raises:
        ValueError: if it does not have three or four axes, or there are no pixels.

    >>> resized_shape(Layer(), (None, 8, 8, 3), (5, 6), "channels_last")
    (None, 5, 6, 3)
    """
    check_image_shape(layer, input_shape)
    shape = tuple(input_shape)
    return (*shape[:-2], *size) if data_format == "channels_first" else (*shape[:-3], *size, shape[-1])


def check_image_shape(layer: Layer, shape: Any) -> None:
    """Check that a shape is that of an image or of a batch of images, and that an image has pixels.

    Raises:
        ValueError: if it is not.

    >>> check_image_shape(Layer(), (5, 6, 3))
    """
    if len(shape) not in (3, 4):
        raise ValueError(
            f"{layer.name}: expected an image, of three axes, or a batch of images, of four. "
            f"Received: inputs of shape {tuple(shape)}."
        )
    if 0 in shape[-3:]:
        raise ValueError(
            f"{layer.name}: an image must have at least one row, column and channel. "
            f"Received: inputs of shape {tuple(shape)}."
        )


def _exact_dtype(dtype: torch.dtype) -> torch.dtype:
    # Not every int is a float32; weights in half precision would be coarser than Keras's.
    return torch.float64 if dtype in (torch.int32, torch.int64) else torch.promote_types(dtype, torch.float32)


def _nearest(old: int, new: int, device: torch.device) -> torch.Tensor:
    # As `nearest-exact` of torch, which vmap does not know and which takes no ints; in float32, as all others do it.
    places = (torch.arange(new, dtype=torch.float32, device=device) + 0.5) * (old / new)
    return places.floor().to(torch.int64).clamp(max=old - 1)


def _interpolated(images: torch.Tensor, size: tuple[int, int], interpolation: str, antialias: bool) -> torch.Tensor:
    if interpolation == "bilinear":
        return F.interpolate(images, size, mode="bilinear", antialias=antialias)
    rows, columns = (
        _resampling_matrix(interpolation, old, new, antialias, images.device).to(images.dtype)
        for old, new in zip(images.shape[2:], size, strict=True)
    )
    return rows @ images @ columns.T


def _as_ints(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Round, and clip to the range of the dtype: some interpolations overshoot."""
    if dtype is torch.bool:
        return values.round() != 0
    limits = torch.iinfo(dtype)
    return values.round().clamp(limits.min, limits.max).to(dtype)


def _resampling_matrix(interpolation: str, old: int, new: int, antialias: bool, device: torch.device) -> torch.Tensor:
    """Return how much each of `old` pixels counts in each of `new` ones, in float64: a matrix whose rows sum up to 1.

    Pixels outside of the image count nothing. With `antialias`, the kernel is as wide as the new pixels are.

    >>> _resampling_matrix("area", 3, 2, False, torch.device("cpu")) * 3
    tensor([[2., 1., 0.],
            [0., 1., 2.]], dtype=torch.float64)
    """
    scale = old / new
    starts = torch.arange(new, dtype=torch.float64, device=device).unsqueeze(1) * scale
    pixels = torch.arange(old, dtype=torch.float64, device=device)
    if interpolation == "area":
        weights = (torch.minimum(starts + scale, pixels + 1) - torch.maximum(starts, pixels)).clamp(min=0)
    else:
        kernel, radius = _KERNELS[interpolation]
        width = max(scale, 1.0) if antialias else 1.0
        middles = starts + scale / 2 - 0.5
        if interpolation == "bicubic" and not antialias:
            # TensorFlow reads this kernel from a table of that many steps.
            middles = (middles * 1024).round() / 1024
        distances = (middles - pixels).abs() / width
        weights = torch.where(distances < radius, kernel(distances), 0)
    return weights / weights.sum(dim=1, keepdim=True)


def _cubic(b: float, c: float) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the cubic kernel of Mitchell and Netravali; b=0, c=0.5 is that of Keys with a=-0.5."""

    def kernel(x: torch.Tensor) -> torch.Tensor:
        near = (12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + (6 - 2 * b)
        far = (-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + (8 * b + 24 * c)
        return torch.where(x < 1, near, far) / 6

    return kernel


def _lanczos(radius: int) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda x: torch.sinc(x) * torch.sinc(x / radius)


def _gaussian(x: torch.Tensor) -> torch.Tensor:
    # TensorFlow's, which ends at three standard deviations of half a pixel.
    return torch.exp(-(x**2) / (2 * 0.5**2))


_KERNELS: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], float]] = {
    "bicubic": (_cubic(0.0, 0.5), 2.0),
    "lanczos3": (_lanczos(3), 3.0),
    "lanczos5": (_lanczos(5), 5.0),
    "gaussian": (_gaussian, 3 * 0.5),
    "mitchellcubic": (_cubic(1 / 3, 1 / 3), 2.0),
}
