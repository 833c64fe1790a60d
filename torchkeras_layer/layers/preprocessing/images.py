"""How are images cut and brought to another size?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.preprocessing.resampling import weights_of


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
        # At once: for small images, two casts to what they are take half as long as the rest.
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


def cut_middle(images: torch.Tensor, size: tuple[int, int], axes: tuple[int, int]) -> torch.Tensor:
    """Return the part in the middle of images, with rows and columns in the given axes; an odd rest is left behind.

    >>> cut_middle(torch.arange(4).reshape(1, 4, 1), (1, 3), (-3, -2)).flatten()
    tensor([0, 1, 2])
    """
    for axis, length in zip(axes, size, strict=True):
        images = images.narrow(axis, (images.shape[axis] - length) // 2, length)
    return images


def pad_around(images: torch.Tensor, size: tuple[int, int], value: float) -> torch.Tensor:
    """Return images with margins that give them the aspect ratio of `size`, as far as whole pixels on both sides do.

    >>> pad_around(torch.ones(1, 1, 1, 3), (1, 1), 0.0).shape
    torch.Size([1, 1, 3, 3])
    """
    height, width = images.shape[2:]
    above = (max(height, width * size[0] // size[1]) - height) // 2
    beside = (max(width, height * size[1] // size[0]) - width) // 2
    return F.pad(images, (beside, beside, above, above), value=value)


def as_batch(layer: Layer, images: torch.Tensor, data_format: str) -> torch.Tensor:
    """Return one image or a batch of them as (batch, channels, rows, columns).

    Raises:
        ValueError: if it has not three or four axes, or there are no pixels.

    >>> as_batch(Layer(), torch.ones(5, 6, 3), "channels_last").shape
    torch.Size([1, 3, 5, 6])
    """
    check_rank(layer, images.shape)
    batch = images if images.dim() == 4 else images.unsqueeze(0)
    return batch if data_format == "channels_first" else batch.permute(0, 3, 1, 2)


def as_before(batch: torch.Tensor, rank: int, data_format: str) -> torch.Tensor:
    """Undo `as_batch`.

    >>> as_before(torch.ones(1, 3, 5, 6), 3, "channels_last").shape
    torch.Size([5, 6, 3])
    """
    images = batch if data_format == "channels_first" else batch.permute(0, 2, 3, 1)
    return images if rank == 4 else images.squeeze(0)


def shape_with_size(layer: Layer, input_shape: Shape, size: tuple[int, int], data_format: str) -> Shape:
    """Return the shape of images with another size.

    Raises:
        ValueError: if it has not three or four axes, or there are no pixels.

    >>> shape_with_size(Layer(), (None, 8, 8, 3), (5, 6), "channels_last")
    (None, 5, 6, 3)
    """
    check_rank(layer, input_shape)
    shape = tuple(input_shape)
    return (*shape[:-2], *size) if data_format == "channels_first" else (*shape[:-3], *size, shape[-1])


def check_rank(layer: Layer, shape: Any) -> None:
    """Check that a shape is that of one image or of a batch of them, and that there are pixels in an image.

    Raises:
        ValueError: if it is not.

    >>> check_rank(Layer(), (5, 6, 3))
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
        weights_of(interpolation, old, new, antialias, images.device).to(images.dtype)
        for old, new in zip(images.shape[2:], size, strict=True)
    )
    return rows @ images @ columns.T


def _as_ints(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Round, and stop at the ends of the dtype: some interpolations overshoot."""
    if dtype is torch.bool:
        return values.round() != 0
    limits = torch.iinfo(dtype)
    return values.round().clamp(limits.min, limits.max).to(dtype)
