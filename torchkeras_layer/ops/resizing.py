"""How are images resized, cropped and padded?"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic")


def resize(images: torch.Tensor, size: tuple[int, int], interpolation: str, antialias: bool = False) -> torch.Tensor:
    """Resize images (batch, channels, rows, columns) to `size`, (rows, columns); integers are rounded.

    >>> resize(torch.tensor([[[[1.0, 3.0]]]]), (1, 4), "bilinear").flatten()
    tensor([1.0000, 1.5000, 2.5000, 3.0000])
    """
    if interpolation == "nearest":
        for axis, length in zip((2, 3), size, strict=True):
            images = images.index_select(axis, _nearest(images.shape[axis], length, images.device))
        return images
    dtype = images.dtype
    if dtype is torch.float32 or dtype is torch.float64:
        # Without casts: for small images, two casts to the same dtype take half as long as the rest.
        return _interpolated(images, size, interpolation, antialias)
    resized = _interpolated(images.to(_exact_dtype(dtype)), size, interpolation, antialias)
    return resized.to(dtype) if dtype.is_floating_point else _as_ints(resized, dtype)


def largest_window(height: int, width: int, size: tuple[int, int]) -> tuple[int, int]:
    """Return the size, (rows, columns), of the largest part of an image that has the aspect ratio of `size`.

    >>> largest_window(4, 6, (10, 10))
    (4, 4)
    """
    return (
        max(min(height, width * size[0] // size[1]), 1),
        max(min(width, height * size[1] // size[0]), 1),
    )


def crop_center(images: torch.Tensor, size: tuple[int, int], axes: tuple[int, int]) -> torch.Tensor:
    """Return the center of images, of the given size; `axes` are those of rows and columns.

    If the number of pixels to remove is odd, one more is removed at the end.

    >>> crop_center(torch.arange(4).reshape(1, 4, 1), (1, 3), (-3, -2)).flatten()
    tensor([0, 1, 2])
    """
    for axis, length in zip(axes, size, strict=True):
        images = images.narrow(axis, (images.shape[axis] - length) // 2, length)
    return images


def pad_to_aspect_ratio(images: torch.Tensor, size: tuple[int, int], value: float) -> torch.Tensor:
    """Pad images (batch, channels, rows, columns) with `value` to the aspect ratio of `size`.

    Both ends are padded by the same number of pixels, so that the ratio may be approximate.

    >>> pad_to_aspect_ratio(torch.ones(1, 1, 1, 3), (1, 1), 0.0).shape
    torch.Size([1, 1, 3, 3])
    """
    height, width = images.shape[2:]
    above = (max(height, width * size[0] // size[1]) - height) // 2
    beside = (max(width, height * size[1] // size[0]) - width) // 2
    return F.pad(images, (beside, beside, above, above), value=value)


def _exact_dtype(dtype: torch.dtype) -> torch.dtype:
    # Float32 does not represent all 32-bit ints, and interpolation in half precision would be less exact than Keras's.
    return torch.float64 if dtype in (torch.int32, torch.int64) else torch.promote_types(dtype, torch.float32)


def _nearest(old: int, new: int, device: torch.device) -> torch.Tensor:
    # The same as torch's `nearest-exact`, which supports neither vmap nor ints; in float32, as in all implementations.
    positions = (torch.arange(new, dtype=torch.float32, device=device) + 0.5) * (old / new)
    return positions.floor().to(torch.int64).clamp(max=old - 1)


def _interpolated(images: torch.Tensor, size: tuple[int, int], interpolation: str, antialias: bool) -> torch.Tensor:
    if interpolation == "bilinear":
        return F.interpolate(images, size, mode="bilinear", antialias=antialias)
    rows, columns = (
        _resampling_matrix(interpolation, old, new, antialias, images.device).to(images.dtype)
        for old, new in zip(images.shape[2:], size, strict=True)
    )
    return rows @ images @ columns.T


def _as_ints(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Round, and clip to the range of the dtype, because some interpolations overshoot."""
    if dtype is torch.bool:
        return values.round() != 0
    limits = torch.iinfo(dtype)
    return values.round().clamp(limits.min, limits.max).to(dtype)


def _resampling_matrix(interpolation: str, old: int, new: int, antialias: bool, device: torch.device) -> torch.Tensor:
    """Return the matrix of the weights of `old` pixels in `new` ones, (new, old), in float64; its rows sum to 1.

    Pixels outside of the image have weight 0. With `antialias`, the kernel is as wide as the new pixels.

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
            # TensorFlow reads this kernel from a table with 1024 entries per pixel.
            middles = (middles * 1024).round() / 1024
        distances = (middles - pixels).abs() / width
        weights = torch.where(distances < radius, kernel(distances), 0)
    return weights / weights.sum(dim=1, keepdim=True)


def _cubic(b: float, c: float) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the cubic kernel of Mitchell and Netravali; with b=0 and c=0.5, it is that of Keys with a=-0.5."""

    def kernel(x: torch.Tensor) -> torch.Tensor:
        near = (12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + (6 - 2 * b)
        far = (-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + (8 * b + 24 * c)
        return torch.where(x < 1, near, far) / 6

    return kernel


def _lanczos(radius: int) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda x: torch.sinc(x) * torch.sinc(x / radius)


def _gaussian(x: torch.Tensor) -> torch.Tensor:
    # The kernel of TensorFlow: the standard deviation is half a pixel, and it ends at three of them.
    return torch.exp(-(x**2) / (2 * 0.5**2))


_KERNELS: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], float]] = {
    "bicubic": (_cubic(0.0, 0.5), 2.0),
    "lanczos3": (_lanczos(3), 3.0),
    "lanczos5": (_lanczos(5), 5.0),
    "gaussian": (_gaussian, 3 * 0.5),
    "mitchellcubic": (_cubic(1 / 3, 1 / 3), 2.0),
}
