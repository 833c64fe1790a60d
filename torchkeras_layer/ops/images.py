"""Which operations resize, cut and filter images, and change their colours?

Images are a batch of rank 4 or one image of rank 3, with the channels last unless `data_format` says otherwise.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._settings import image_data_format
from torchkeras_layer.ops import resizing, windows
from torchkeras_layer.ops.channels import channels_first, per_axis, undone
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor


def resize(
    images: Any,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Return images of `size`, (rows, columns); ints are rounded.

    >>> resize(torch.tensor([[[[1.0], [3.0]]]]), (1, 4)).flatten()
    tensor([1.0000, 1.5000, 2.5000, 3.0000])
    """
    batch, rank = _first(images, data_format)
    rows, columns = as_sizes(size)
    if crop_to_aspect_ratio:
        window = resizing.largest_window(batch.shape[2], batch.shape[3], (rows, columns))
        batch = resizing.crop_center(batch, window, (2, 3))
    elif pad_to_aspect_ratio:
        batch = resizing.pad_to_aspect_ratio(batch, (rows, columns), fill_value)
    return _as_given(resizing.resize(batch, (rows, columns), interpolation, antialias), rank, data_format)


def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Return a part of images: of each axis, two of the cropping before, the one after and the size are given."""
    batch, rank = _first(images, data_format)
    rows = _inside(batch.shape[2], top_cropping, bottom_cropping, target_height)
    columns = _inside(batch.shape[3], left_cropping, right_cropping, target_width)
    return _as_given(batch.narrow(2, *rows).narrow(3, *columns), rank, data_format)


def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Return images with zeros around: two of the padding before, the one after and the size are given of each axis."""
    batch, rank = _first(images, data_format)
    rows = _around(batch.shape[2], top_padding, bottom_padding, target_height)
    columns = _around(batch.shape[3], left_padding, right_padding, target_width)
    return _as_given(F.pad(batch, (*columns, *rows)), rank, data_format)


def extract_patches(
    images: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Return the values of each window of images, or of volumes for three sizes, in the place of the channels.

    >>> extract_patches(torch.arange(4.0).reshape(1, 2, 2, 1), 2).flatten()
    tensor([0., 1., 2., 3.])
    """
    x = as_tensor(images)
    spatial = len(as_sizes(size)) if not isinstance(size, int) else 2
    is_one = x.dim() == spatial + 1
    x = x.unsqueeze(0) if is_one else x
    sizes = per_axis(size, spatial)
    channels = channels_first(x, data_format).shape[1]
    depth = int(torch.Size(sizes).numel()) * channels
    kernel = torch.eye(depth, dtype=x.dtype, device=x.device).reshape(*sizes, channels, depth)
    found = windows.conv(x, kernel, strides or size, padding, data_format, dilation_rate)
    return found.squeeze(0) if is_one else found


def extract_patches_3d(
    volumes: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Return the values of each window of volumes in the place of the channels."""
    return extract_patches(volumes, per_axis(size, 3), strides, dilation_rate, padding, data_format)


def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Tensor:
    """Return the brightness of pixels, along one channel."""
    images, axis = as_tensor(images), _channel_axis(data_format)
    if images.shape[axis] == 1:
        return images
    red, green, blue = images.unbind(axis)
    return (0.2989 * red + 0.587 * green + 0.114 * blue).to(images.dtype).unsqueeze(axis)


def rgb_to_hsv(images: Any, data_format: str | None = None) -> Tensor:
    """Return hue, saturation and value of pixels, each between 0 and 1."""
    images, axis = as_float(images), _channel_axis(data_format)
    images = torch.where(images.abs() < torch.finfo(images.dtype).eps, 0.0, images)
    red, green, blue = images.unbind(axis)
    value, least = torch.amax(images, axis), torch.amin(images, axis)
    spread = value - least
    unit = 1 / (6 * torch.where(spread > 0, spread, 1.0))
    hue = torch.where(value == green, (blue - red) * unit + 1 / 3, (red - green) * unit + 2 / 3)
    hue = torch.where(value == red, (green - blue) * unit, hue)
    hue = torch.where(spread > 0, hue, 0.0) + (hue < 0).to(hue.dtype)
    saturation = torch.where(value > 0, spread / torch.where(value > 0, value, 1.0), 0.0)
    return torch.stack([hue, saturation, value], axis)


def hsv_to_rgb(images: Any, data_format: str | None = None) -> Tensor:
    """Return the colours of hue, saturation and value.

    >>> hsv_to_rgb([[[1 / 3, 1.0, 0.5]]]).flatten()
    tensor([0.0000, 0.5000, 0.0000])
    """
    images, axis = as_float(images), _channel_axis(data_format)
    hue, saturation, value = images.unbind(axis)
    place = (hue % 1) * 6
    parts = ((place - 3).abs() - 1, 2 - (place - 2).abs(), 2 - (place - 4).abs())
    return torch.stack([value * (1 - saturation + saturation * part.clamp(0, 1)) for part in parts], axis)


def gaussian_blur(
    images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: str | None = None
) -> Tensor:
    """Return images, each pixel of which is a weighted mean of those around it; zeros are around the image."""
    batch, rank = _first(as_float(images), data_format)
    first, second = as_sizes(kernel_size)
    # Sizes are (rows, columns), but deviations (columns, rows), as in Keras.
    kernel = torch.outer(_bell(first, float(sigma[1]), batch), _bell(second, float(sigma[0]), batch))
    weights = kernel.expand(batch.shape[1], 1, first, second)
    blurred = F.conv2d(batch, weights, padding=(first // 2, second // 2), groups=batch.shape[1])
    return _as_given(blurred, rank, data_format)


def sobel_edges(images: Any, data_format: str | None = None) -> Tensor:
    """Return how much a batch of images changes down and to the right, along a new last axis."""
    batch, rank = _first(as_float(images), data_format)
    right = torch.tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=batch.dtype, device=batch.device)
    found = [
        F.conv2d(batch, kernel.expand(batch.shape[1], 1, 3, 3), padding=1, groups=batch.shape[1])
        for kernel in (right.T, right)
    ]
    return torch.stack([_as_given(edges, rank, data_format) for edges in found], -1)


def ssim(
    image1: Any,
    image2: Any,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Tensor:
    """Return how similar images are in brightness, contrast and structure: 1 for equal ones."""
    (one, rank), (other, _) = (_first(as_float(image), data_format) for image in (image1, image2))
    line = _bell(filter_size, filter_sigma, one)
    kernel = torch.outer(line, line).expand(one.shape[1], 1, filter_size, filter_size)

    def blurred(x: Tensor) -> Tensor:
        return F.conv2d(x, kernel, groups=x.shape[1])

    mean1, mean2 = blurred(one), blurred(other)
    variance1, variance2 = blurred(one * one) - mean1**2, blurred(other * other) - mean2**2
    covariance = blurred(one * other) - mean1 * mean2
    low, high = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    brightness = (2 * mean1 * mean2 + low) / (mean1**2 + mean2**2 + low)
    result = torch.mean(brightness * (2 * covariance + high) / (variance1 + variance2 + high), (1, 2, 3))
    return result if rank == 4 else result.squeeze(0)


def _bell(size: int, sigma: float, like: Tensor) -> Tensor:
    places = torch.arange(size, dtype=like.dtype, device=like.device) - (size - 1) / 2
    weights = torch.exp(-0.5 * (places / sigma) ** 2)
    return weights / torch.sum(weights)


def _inside(size: int, before: int | None, after: int | None, target: int | None) -> tuple[int, int]:
    if target is None:
        target = size - (before or 0) - (after or 0)
    return (size - target - (after or 0) if before is None else before), target


def _around(size: int, before: int | None, after: int | None, target: int | None) -> tuple[int, int]:
    if target is None:
        return before or 0, after or 0
    first = target - size - (after or 0) if before is None else before
    return first, target - size - first


def _channel_axis(data_format: str | None) -> int:
    return -1 if (data_format or image_data_format()) == "channels_last" else -3


def _first(images: Any, data_format: str | None) -> tuple[Tensor, int]:
    """Return a batch of images with the channels first, and the rank that they had."""
    images = as_tensor(images)
    if images.dim() not in (3, 4):
        raise ValueError(f"expected images of rank 3 or 4. Received: a tensor of shape {tuple(images.shape)}.")
    batch = images if images.dim() == 4 else images.unsqueeze(0)
    return channels_first(batch, data_format), images.dim()


def _as_given(batch: Tensor, rank: int, data_format: str | None) -> Tensor:
    images = undone(batch, data_format)
    return images if rank == 4 else images.squeeze(0)
