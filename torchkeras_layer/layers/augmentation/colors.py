"""How are images prepared for changes of their colors, and blurred?"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from torchkeras_layer.layer import Layer
from torchkeras_layer.ops.images import rgb_to_grayscale


def check_colors(layer: Layer, images: torch.Tensor) -> None:
    """Check that images (batch, channels, rows, columns) have three channels.

    Raises:
        ValueError: if they have not.

    >>> check_colors(Layer(), torch.ones(1, 3, 2, 2))
    """
    if images.shape[1] != 3:
        raise ValueError(f"{layer.name}: expects images with 3 channels. Received: {images.shape[1]} channels.")


def gray(layer: Layer, images: torch.Tensor) -> torch.Tensor:
    """Return the brightness of images (batch, 3, rows, columns), (batch, 1, rows, columns).

    Raises:
        ValueError: if they do not have three channels.

    >>> gray(Layer(), torch.ones(1, 3, 1, 1)).flatten()
    tensor([0.9999])
    """
    check_colors(layer, images)
    return rgb_to_grayscale(images, "channels_first")


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

    Unlike the operation of Keras, it takes deviations that only a run knows, and kernels that are not square.

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
