"""How does TensorFlow change the colors of images, by given or by random amounts?

Random amounts are of torch's generator; functions whose names begin with `stateless` give the same for one seed.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.ops import images as keras_images
from torchkeras_layer.ops.tensorflow_images import adjust_brightness, adjust_contrast, flip_left_right, flip_up_down
from torchkeras_layer.ops.tensorflow_random import stateless_uniform
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor

_YIQ = [[0.299, 0.59590059, 0.2115], [0.587, -0.27455667, -0.52273617], [0.114, -0.32134392, 0.31119955]]
_YUV = [[0.299, -0.14714119, 0.61497538], [0.587, -0.28886916, -0.51496512], [0.114, 0.43601035, -0.10001026]]


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False) -> Tensor:
    """Return images of another dtype: floats from 0 to 1, ints up to the greatest one.

    >>> convert_image_dtype(torch.tensor([0, 255], dtype=torch.uint8), "float32")
    tensor([0., 1.])
    """
    x, target = as_tensor(image), torch_dtype(dtype)
    if x.dtype is target or (x.is_floating_point() and target.is_floating_point):
        return x.to(target)
    if x.is_floating_point():
        scaled = x * (torch.iinfo(target).max + 0.5)
        limits = torch.iinfo(target)
        return (scaled.clamp(limits.min, limits.max) if saturate else scaled).to(target)
    if target.is_floating_point:
        return x.to(target) * (1.0 / torch.iinfo(x.dtype).max)
    old, new = torch.iinfo(x.dtype).max, torch.iinfo(target).max
    if old > new:
        return torch.div(x, (old + 1) // (new + 1), rounding_mode="trunc").to(target)
    return x.to(target) * ((new + 1) // (old + 1))


def adjust_gamma(image: Any, gamma: float = 1, gain: float = 1) -> Tensor:
    """Return gain * image ** gamma."""
    return _in_floats(image, lambda x: gain * x**gamma)


def adjust_hue(image: Any, delta: Any) -> Tensor:
    """Return images with their colors turned by `delta` around the color wheel, from -1 to 1."""

    def turned(x: Tensor) -> Tensor:
        hue, saturation, value = keras_images.rgb_to_hsv(x, data_format="channels_last").unbind(-1)
        hsv = torch.stack([torch.remainder(hue + delta, 1.0), saturation, value], -1)
        return keras_images.hsv_to_rgb(hsv, data_format="channels_last")

    return _in_floats(image, turned)


def adjust_saturation(image: Any, saturation_factor: Any) -> Tensor:
    """Return images whose saturation is scaled."""

    def scaled(x: Tensor) -> Tensor:
        hue, saturation, value = keras_images.rgb_to_hsv(x, data_format="channels_last").unbind(-1)
        hsv = torch.stack([hue, (saturation * saturation_factor).clamp(0, 1), value], -1)
        return keras_images.hsv_to_rgb(hsv, data_format="channels_last")

    return _in_floats(image, scaled)


def _in_floats(image: Any, change: Any) -> Tensor:
    x = as_tensor(image)
    changed = change(convert_image_dtype(x, "float32") if not x.is_floating_point() else x)
    return convert_image_dtype(changed, x.dtype, saturate=True)


def rgb_to_yiq(images: Any) -> Tensor:
    """Return the brightness and two color differences of pixels, as in NTSC."""
    return _mixed(images, _YIQ, inverse=False)


def yiq_to_rgb(images: Any) -> Tensor:
    """Return the colors of pixels from `rgb_to_yiq`."""
    return _mixed(images, _YIQ, inverse=True)


def rgb_to_yuv(images: Any) -> Tensor:
    """Return the brightness and two color differences of pixels, as in PAL."""
    return _mixed(images, _YUV, inverse=False)


def yuv_to_rgb(images: Any) -> Tensor:
    """Return the colors of pixels from `rgb_to_yuv`."""
    return _mixed(images, _YUV, inverse=True)


def _mixed(images: Any, weights: list[list[float]], inverse: bool) -> Tensor:
    images = as_float(images)
    matrix = torch.tensor(weights, dtype=torch.float64)
    matrix = torch.linalg.inv(matrix) if inverse else matrix
    return images @ matrix.to(images.dtype).to(images.device)


def total_variation(images: Any) -> Tensor:
    """Return the sum of the absolute differences of neighbouring pixels of each image."""
    x = as_tensor(images)
    down, across = (torch.diff(x, dim=axis).abs() for axis in (-3, -2))
    return torch.sum(down, (-3, -2, -1)) + torch.sum(across, (-3, -2, -1))


def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """Return the differences of each pixel to the one below, and to the one on the right; 0 at the end."""
    x = as_tensor(image)
    below, right = (torch.diff(x, dim=axis, append=x.narrow(axis, x.shape[axis] - 1, 1)) for axis in (1, 2))
    return below, right


def sobel_edges(image: Any) -> Tensor:
    """Return how much images change down and across, along a new last axis; at the edges, they are mirrored."""
    x = as_float(image).movedim(-1, 1)
    down = x.new_tensor([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    kernels = torch.stack([down, down.T]).unsqueeze(1).repeat(x.shape[1], 1, 1, 1)
    found = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernels, groups=x.shape[1])
    return found.unflatten(1, (x.shape[1], 2)).movedim((1, 2), (-2, -1))


def random_brightness(image: Any, max_delta: float, seed: Any = None) -> Tensor:
    """Return images with a random number from -max_delta to max_delta added."""
    return adjust_brightness(image, _between(-max_delta, max_delta))


def random_contrast(image: Any, lower: float, upper: float, seed: Any = None) -> Tensor:
    """Return images with their contrast scaled by a random factor."""
    return adjust_contrast(image, _between(lower, upper))


def random_hue(image: Any, max_delta: float, seed: Any = None) -> Tensor:
    """Return images with their colors turned by a random amount."""
    return adjust_hue(image, _between(-max_delta, max_delta))


def random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> Tensor:
    """Return images with their saturation scaled by a random factor."""
    return adjust_saturation(image, _between(lower, upper))


def random_flip_left_right(image: Any, seed: Any = None) -> Tensor:
    """Return images, half of them mirrored from left to right."""
    return _some_flipped(image, flip_left_right, None)


def random_flip_up_down(image: Any, seed: Any = None) -> Tensor:
    """Return images, half of them mirrored from top to bottom."""
    return _some_flipped(image, flip_up_down, None)


def random_crop(value: Any, size: Any, seed: Any = None) -> Tensor:
    """Return a part of a tensor, of a size, at a random place."""
    return _cropped(value, size, None)


def stateless_random_brightness(image: Any, max_delta: float, seed: Any) -> Tensor:
    """Return images with a number from -max_delta to max_delta added, the same one for the same seed."""
    return adjust_brightness(image, _between(-max_delta, max_delta, seed))


def stateless_random_contrast(image: Any, lower: float, upper: float, seed: Any) -> Tensor:
    """Return images with their contrast scaled by a factor, the same one for the same seed."""
    return adjust_contrast(image, _between(lower, upper, seed))


def stateless_random_hue(image: Any, max_delta: float, seed: Any) -> Tensor:
    """Return images with their colors turned, equally for the same seed."""
    return adjust_hue(image, _between(-max_delta, max_delta, seed))


def stateless_random_saturation(image: Any, lower: float, upper: float, seed: Any) -> Tensor:
    """Return images with their saturation scaled by a factor, the same one for the same seed."""
    return adjust_saturation(image, _between(lower, upper, seed))


def stateless_random_flip_left_right(image: Any, seed: Any) -> Tensor:
    """Return images, some of them mirrored from left to right, the same ones for the same seed."""
    return _some_flipped(image, flip_left_right, seed)


def stateless_random_flip_up_down(image: Any, seed: Any) -> Tensor:
    """Return images, some of them mirrored from top to bottom, the same ones for the same seed."""
    return _some_flipped(image, flip_up_down, seed)


def stateless_random_crop(value: Any, size: Any, seed: Any) -> Tensor:
    """Return a part of a tensor, of a size, at a place that is the same for the same seed."""
    return _cropped(value, size, seed)


def _between(low: float, high: float, seed: Any = None, shape: Any = ()) -> Tensor:
    uniform = torch.rand(shape) if seed is None else stateless_uniform(list(shape), seed)
    return uniform * (high - low) + low


def _some_flipped(image: Any, flip: Any, seed: Any) -> Tensor:
    x = as_tensor(image)
    shape = (x.shape[0], 1, 1, 1) if x.dim() == 4 else (1, 1, 1)
    return torch.where(_between(0, 1, seed, shape).to(x.device) < 0.5, flip(x), x)


def _cropped(value: Any, size: Any, seed: Any) -> Tensor:
    x, wanted = as_tensor(value), as_sizes(size)
    wanted = [whole if length == -1 else length for whole, length in zip(x.shape, wanted, strict=True)]
    places = _between(0, 1, seed, (len(wanted),)).tolist()
    for axis, (length, place) in enumerate(zip(wanted, places, strict=True)):
        x = torch.narrow(x, axis, math.floor(place * (x.shape[axis] - length + 1)), length)
    return x
