"""How do layers take images: which shapes, in which layout?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import Layer


def to_batch(layer: Layer, images: torch.Tensor, data_format: str) -> torch.Tensor:
    """Return one image or a batch of images as (batch, channels, rows, columns).

    Raises:
        ValueError: if the rank is neither 3 nor 4, or there are no pixels.

    >>> to_batch(Layer(), torch.ones(5, 6, 3), "channels_last").shape
    torch.Size([1, 3, 5, 6])
    """
    check_image_shape(layer, images.shape)
    batch = images if images.dim() == 4 else images.unsqueeze(0)
    return batch if data_format == "channels_first" else batch.permute(0, 3, 1, 2)


def from_batch(batch: torch.Tensor, rank: int, data_format: str) -> torch.Tensor:
    """Undo `to_batch` for images that had the given rank.

    >>> from_batch(torch.ones(1, 3, 5, 6), 3, "channels_last").shape
    torch.Size([5, 6, 3])
    """
    images = batch if data_format == "channels_first" else batch.permute(0, 2, 3, 1)
    return images if rank == 4 else images.squeeze(0)


def resized_shape(layer: Layer, input_shape: Shape, size: tuple[int, int], data_format: str) -> Shape:
    """Return the shape of images that are resized to `size`.

    Raises:
        ValueError: if the rank is neither 3 nor 4, or there are no pixels.

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
            f"{layer.name}: expected an image, of rank 3, or a batch of images, of rank 4. "
            f"Received: inputs of shape {tuple(shape)}."
        )
    if 0 in shape[-3:]:
        raise ValueError(
            f"{layer.name}: an image must have at least one row, column and channel. "
            f"Received: inputs of shape {tuple(shape)}."
        )
