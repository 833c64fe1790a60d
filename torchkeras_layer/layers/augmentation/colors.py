"""How are colors mixed, and turned into hue, saturation and value?"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from torchkeras_layer.layer import Layer

_GRAY = (0.2989, 0.5870, 0.1140)


def check_colors(layer: Layer, images: torch.Tensor) -> None:
    """Check that images (batch, channels, rows, columns) have three channels.

    Raises:
        ValueError: if they have not.

    >>> check_colors(Layer(), torch.ones(1, 3, 2, 2))
    """
    if images.shape[1] != 3:
        raise ValueError(f"{layer.name}: expects images with 3 channels. Received: {images.shape[1]} channels.")


def gray(images: torch.Tensor) -> torch.Tensor:
    """Return the brightness of images (batch, 3, rows, columns), (batch, 1, rows, columns).

    >>> gray(torch.ones(1, 3, 1, 1)).flatten()
    tensor([0.9999])
    """
    weights = torch.tensor(_GRAY, dtype=images.dtype, device=images.device).reshape(3, 1, 1)
    return (images * weights).sum(1, keepdim=True)


def to_hsv(images: torch.Tensor) -> torch.Tensor:
    """Return hue, saturation and value, each from 0 to 1, of images (batch, 3, rows, columns) from 0 to 1.

    >>> to_hsv(torch.tensor([0.0, 0.5, 0.0]).reshape(1, 3, 1, 1)).flatten()
    tensor([0.3333, 1.0000, 0.5000])
    """
    red, green, blue = images.unbind(1)
    value, least = images.amax(1), images.amin(1)
    span = value - least
    divisor = torch.where(span > 0, span, 1)
    saturation = torch.where(value > 0, span / torch.where(value > 0, value, 1), 0)
    hue = torch.where(
        value == red,
        (green - blue) / divisor,
        torch.where(value == green, (blue - red) / divisor + 2, (red - green) / divisor + 4),
    )
    return torch.stack([torch.where(span > 0, hue / 6 % 1, 0), saturation, value], dim=1)


def from_hsv(images: torch.Tensor) -> torch.Tensor:
    """Undo `to_hsv`.

    >>> from_hsv(torch.tensor([1 / 3, 1.0, 0.5]).reshape(1, 3, 1, 1)).flatten().abs()
    tensor([0.0000, 0.5000, 0.0000])
    """
    hue, saturation, value = images.unbind(1)
    # How far the hue is from that of each color, in sixths of the circle.
    shifts = torch.tensor([3.0, 2.0, 4.0], dtype=images.dtype, device=images.device).reshape(3, 1, 1)
    away = (hue.unsqueeze(1) * 6 - shifts).abs()
    strength = torch.cat([away[:, :1] - 1, 2 - away[:, 1:]], dim=1).clamp(0, 1)
    return value.unsqueeze(1) * (1 - saturation.unsqueeze(1) * (1 - strength))


def rescale(images: torch.Tensor, old: tuple[float, float], new: tuple[float, float]) -> torch.Tensor:
    """Return values of the range `old` in the range `new`.

    >>> rescale(torch.tensor([0.0, 0.5]), (0, 1), (0, 255))
    tensor([  0.0000, 127.5000])
    """
    if old == new:
        return images
    return (images - old[0]) / (old[1] - old[0]) * (new[1] - new[0]) + new[0]


def blur(images: torch.Tensor, kernel_size: tuple[int, int], sigma: torch.Tensor) -> torch.Tensor:
    """Return images (batch, channels, rows, columns) smoothed by a Gaussian kernel; zeros are around them.

    Args:
        images: the images.
        kernel_size: the odd numbers of rows and columns of the kernel.
        sigma: the standard deviations along columns and rows, (2,).

    >>> blur(torch.ones(1, 1, 3, 3), (3, 3), torch.tensor([1.0, 1.0]))[0, 0, 1]
    tensor([0.7259, 1.0000, 0.7259])
    """
    for axis, size, deviation in ((2, kernel_size[0], sigma[1]), (3, kernel_size[1], sigma[0])):
        places = torch.arange(size, dtype=images.dtype, device=images.device) - (size - 1) / 2
        weights = torch.exp(-0.5 * (places / deviation.to(images.device)) ** 2)
        weights = (weights / weights.sum()).to(images.dtype)
        shape = (size, 1) if axis == 2 else (1, size)
        kernel = weights.reshape(1, 1, *shape).expand(images.shape[1], 1, *shape)
        images = F.conv2d(images, kernel, padding=(shape[0] // 2, shape[1] // 2), groups=images.shape[1])
    return images
