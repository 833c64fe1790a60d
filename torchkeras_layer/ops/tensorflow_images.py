"""What do TensorFlow's functions of images compute in another way than Keras's?

Images have their channels last: (batch, rows, columns, channels), or one image without a batch.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.ops import images as keras_images
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor

_LAST = "channels_last"
# The methods of TensorFlow 1 by their numbers.
_METHODS = ("bilinear", "nearest", "bicubic", "area")


def resize(
    images: Any, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False, antialias: bool = False
) -> Tensor:
    """Return images of `size`, (rows, columns), or of their own aspect ratio within it; floats, unless by 'nearest'."""
    images = as_tensor(images)
    rows, columns = _within(images, size) if preserve_aspect_ratio else as_sizes(size)
    kind = str(method).lower()
    if kind != "nearest" and not images.is_floating_point():
        images = images.to(torch.float32)
    return keras_images.resize(images, (rows, columns), kind, antialias, data_format=_LAST)


def resize_bilinear(images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False) -> Tensor:
    """Return resized images, as TensorFlow 1 does by default: pixels have their values at their upper left corners."""
    if half_pixel_centers:
        return resize(images, size, "bilinear")
    x = as_float(images)
    for axis, new in zip((-3, -2), as_sizes(size), strict=True):
        old = x.shape[axis]
        places = _places(old, new, align_corners, x)
        low = torch.floor(places).to(torch.int64).clamp(max=old - 1)
        weight = (places - low).reshape(-1, *[1] * (-axis - 1))
        first, second = torch.index_select(x, axis, low), torch.index_select(x, axis, (low + 1).clamp(max=old - 1))
        x = first + (second - first) * weight
    return x


def resize_nearest(images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False) -> Tensor:
    """Return resized images, as TensorFlow 1 does by default: the pixel above and left of each place."""
    x = as_tensor(images)
    if half_pixel_centers:
        return resize(x, size, "nearest")
    for axis, new in zip((-3, -2), as_sizes(size), strict=True):
        places = _places(x.shape[axis], new, align_corners, x)
        places = torch.floor(places + 0.5 if align_corners else places)
        x = torch.index_select(x, axis, places.to(torch.int64).clamp(max=x.shape[axis] - 1))
    return x


def resize_bicubic(images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False) -> Tensor:
    """Return images, resized by cubic interpolation between the centers of pixels."""
    if align_corners or not half_pixel_centers:
        raise ValueError("resize_bicubic: only half_pixel_centers=True is here. Received: half_pixel_centers=False.")
    return resize(images, size, "bicubic")


def resize_images(
    images: Any, size: Any, method: Any = 0, align_corners: bool = False, preserve_aspect_ratio: bool = False
) -> Tensor:
    """Return resized images, as TensorFlow 1 does: `method` is 0 for bilinear, 1 nearest, 2 bicubic, 3 area."""
    images, kind = as_tensor(images), str(method).lower()
    kind = _METHODS[int(kind)] if kind.isdecimal() and int(kind) < len(_METHODS) else kind
    if kind not in _METHODS:
        raise ValueError(f"resize_images: method must be one of {_METHODS} or their place. Received: {method!r}.")
    if preserve_aspect_ratio:
        size = _within(images, size)
    if tuple(as_sizes(size)) == tuple(images.shape[-3:-1]):
        return images
    if kind == "area":
        return resize(images, size, kind)
    by = {"bilinear": resize_bilinear, "nearest": resize_nearest, "bicubic": resize_bicubic}
    return by[kind](images, size, align_corners)


def _within(images: Tensor, size: Any) -> tuple[int, int]:
    """Return the greatest size within (rows, columns) that has the images' aspect ratio."""
    rows, columns = as_sizes(size)
    height, width = images.shape[-3], images.shape[-2]
    factor = min(rows / height, columns / width)
    return round(factor * height), round(factor * width)


def _places(old: int, new: int, align_corners: bool, like: Tensor) -> Tensor:
    factor = (old - 1) / (new - 1) if align_corners and new > 1 else old / new
    return torch.arange(new, dtype=torch.float32, device=like.device) * factor


def flip_left_right(image: Any) -> Tensor:
    """Return images, mirrored from left to right."""
    return torch.flip(as_tensor(image), (-2,))


def flip_up_down(image: Any) -> Tensor:
    """Return images, mirrored from top to bottom."""
    return torch.flip(as_tensor(image), (-3,))


def rot90(image: Any, k: int = 1) -> Tensor:
    """Return images, rotated `k` times by 90 degrees counter-clockwise."""
    return torch.rot90(as_tensor(image), k, (-3, -2))


def transpose_image(image: Any) -> Tensor:
    """Return images with rows and columns exchanged."""
    return as_tensor(image).transpose(-3, -2)


def rgb_to_grayscale(images: Any) -> Tensor:
    """Return the brightness of pixels, along one channel."""
    images = as_tensor(images)
    weights = torch.tensor([0.2989, 0.587, 0.114], dtype=torch.float32, device=images.device)
    exact = as_float(images)
    gray = torch.sum(exact * weights.to(exact.dtype), -1, keepdim=True)
    return gray if images.is_floating_point() else gray.to(images.dtype)


def grayscale_to_rgb(images: Any) -> Tensor:
    """Return three channels with the values of one."""
    images = as_tensor(images)
    return images.expand(*images.shape[:-1], 3)


def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """Return images with `delta` added."""
    return as_float(image) + delta


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """Return images whose differences from the mean of each channel are scaled."""
    x = as_float(images)
    middle = torch.mean(x, (-3, -2), keepdim=True)
    return (x - middle) * contrast_factor + middle


def per_image_standardization(image: Any) -> Tensor:
    """Return images of mean 0 and variance 1 each; the deviation counts as at least 1 / sqrt(number of values)."""
    x = as_float(image)
    variance, middle = torch.var_mean(x, (-3, -2, -1), correction=0, keepdim=True)
    count = x.shape[-3] * x.shape[-2] * x.shape[-1]
    return (x - middle) / torch.sqrt(variance).clamp(min=count**-0.5)


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """Return the center of images, a fraction of each side."""
    image = as_tensor(image)
    for axis in (-3, -2):
        size = image.shape[axis]
        start = int((size - size * central_fraction) / 2)
        image = torch.narrow(image, axis, start, size - 2 * start)
    return image


def resize_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Tensor:
    """Return images of a size: cut at both ends, or with zeros there."""
    image = as_tensor(image)
    for axis, target in ((-3, target_height), (-2, target_width)):
        size = image.shape[axis]
        if size >= target:
            image = torch.narrow(image, axis, (size - target) // 2, target)
        else:
            before = (target - size) // 2
            image = F.pad(image, [0, 0] * (-axis - 1) + [before, target - size - before])
    return image


def extract_patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: str = "VALID") -> Tensor:
    """Return the values of each window in the place of the channels; arguments have an entry for each of four axes."""
    size, step, rate = (as_sizes(value)[1:3] for value in (sizes, strides, rates))
    return keras_images.extract_patches(as_float(images), size, step, rate, padding.lower(), _LAST)


def crop_and_resize(
    image: Any,
    boxes: Any,
    box_indices: Any,
    crop_size: Any,
    method: str = "bilinear",
    extrapolation_value: float = 0,
) -> Tensor:
    """Return boxes, (top, left, bottom, right) between 0 and 1, of the images that `box_indices` names, in one size."""
    x, boxes = as_float(image), as_float(boxes)
    numbers = as_tensor(box_indices).to(torch.int64)
    down = _along_box(boxes[:, 0], boxes[:, 2], as_sizes(crop_size)[0], x.shape[1])
    across = _along_box(boxes[:, 1], boxes[:, 3], as_sizes(crop_size)[1], x.shape[2])
    if method == "nearest":
        result = _pixel(x, numbers, torch.round(down), torch.round(across))
    else:
        top, left = torch.floor(down), torch.floor(across)
        below, beside = (down - top)[:, :, None, None], (across - left)[:, None, :, None]
        upper = _pixel(x, numbers, top, left) * (1 - beside) + _pixel(x, numbers, top, left + 1) * beside
        lower = _pixel(x, numbers, top + 1, left) * (1 - beside) + _pixel(x, numbers, top + 1, left + 1) * beside
        result = upper * (1 - below) + lower * below
    is_row, is_column = (down >= 0) & (down <= x.shape[1] - 1), (across >= 0) & (across <= x.shape[2] - 1)
    is_inside = is_row[:, :, None] & is_column[:, None]
    return torch.where(is_inside.unsqueeze(-1), result, torch.tensor(extrapolation_value, dtype=x.dtype))


def _along_box(start: Tensor, end: Tensor, count: int, size: int) -> Tensor:
    """Return the coordinates of `count` pixels of each box along one axis."""
    if count == 1:
        return ((start + end) * 0.5 * (size - 1)).unsqueeze(1)
    steps = torch.arange(count, dtype=start.dtype, device=start.device) / (count - 1)
    return (start.unsqueeze(1) + (end - start).unsqueeze(1) * steps) * (size - 1)


def _pixel(x: Tensor, numbers: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    row = rows.to(torch.int64).clamp(0, x.shape[1] - 1)[:, :, None]
    column = columns.to(torch.int64).clamp(0, x.shape[2] - 1)[:, None]
    return x[numbers[:, None, None], row, column]


def ssim(
    img1: Any,
    img2: Any,
    max_val: float,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """Return how similar images are: 1 for equal ones."""
    return keras_images.ssim(img1, img2, max_val, filter_size, filter_sigma, k1, k2, _LAST)


def psnr(a: Any, b: Any, max_val: float) -> Tensor:
    """Return the peak signal-to-noise ratio of each image, in decibels."""
    square = torch.mean((as_float(a) - as_float(b)) ** 2, (-3, -2, -1))
    return 20 * torch.log10(torch.tensor(float(max_val))) - 10 * torch.log10(square)
