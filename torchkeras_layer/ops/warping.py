"""Which operations move the pixels of images: by coordinates, affine, elastic and perspective transforms?"""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._settings import image_data_format
from torchkeras_layer.ops.homographies import homography
from torchkeras_layer.ops.images import gaussian_blur
from torchkeras_layer.ops.random_numbers import normal
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor, promoted_floats

_ORDERS = {"nearest": 0, "bilinear": 1}


def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0.0
) -> Tensor:
    """Return the values of a tensor at coordinates between its places.

    Args:
        inputs: the tensor.
        coordinates: for each axis, the coordinates along it.
        order: 0 for the nearest value, 1 for a weighted mean of the neighbours.
        fill_mode: what is outside: 'constant', 'nearest', 'wrap', 'mirror' or 'reflect'.
        fill_value: the value outside for 'constant'.

    >>> map_coordinates([1.0, 3.0], [[0.5, 5.0]], order=1)
    tensor([2., 0.])
    """
    inputs, places = as_tensor(inputs), as_tensor(coordinates)
    axes = [_neighbours(along, size, order, fill_mode) for along, size in zip(places, inputs.shape, strict=True)]
    total: Any = 0
    for corner in itertools.product(*axes):
        indices, insides, weights = zip(*corner, strict=True)
        values = inputs[indices]
        if fill_mode == "constant":
            values = torch.where(torch.stack(insides).all(0), values, torch.tensor(fill_value, dtype=inputs.dtype))
        total = total + math.prod(weights) * values
    return (total if inputs.is_floating_point() else torch.round(total)).to(inputs.dtype)


def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Return images whose pixel (x, y) is that at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) before.

    `transform` is (a0, a1, a2, b0, b1, b2, c0, c1) for all images or each, with k = 1: c0 and c1 have no effect.
    """
    batch, is_one = _last(images, data_format)
    factors = as_float(transform).reshape(-1, 8).expand(batch.shape[0], 8)
    y, x = _grid(batch, factors.dtype)
    a0, a1, a2, b0, b1, b2 = factors[:, :6, None, None].unbind(1)
    moved = _sampled(batch, b0 * x + b1 * y + b2, a0 * x + a1 * y + a2, interpolation, fill_mode, fill_value)
    return _undone(moved, is_one, data_format)


def elastic_transform(
    images: Any,
    alpha: Any = 20.0,
    sigma: Any = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Tensor:
    """Return images whose pixels are moved by smooth random distances: `alpha` times noise, blurred by `sigma`."""
    batch, is_one = _last(images, data_format)
    width = int(6 * float(sigma)) | 1
    dtype = batch.dtype if batch.is_floating_point() else torch.float32
    # One seed for both directions, as in Keras, would move the pixels along diagonals only.
    noise = normal((*batch.shape[:3], 2), stddev=float(sigma), dtype=dtype, seed=seed).to(batch.device)
    across, down = gaussian_blur(noise, (width, width), (sigma, sigma), "channels_last").unbind(-1)
    y, x = _grid(batch, dtype)
    moved = _sampled(batch, y + alpha * down, x + alpha * across, interpolation, fill_mode, fill_value)
    return _undone(moved, is_one, data_format)


def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Return images, moved so that four points (x, y), `start_points`, come to lie at `end_points`."""
    batch, is_one = _last(images, data_format)
    starts, ends = (as_float(points).reshape(-1, 4, 2) for points in (start_points, end_points))
    factors = homography(starts, ends).expand(batch.shape[0], 8)
    y, x = _grid(batch, factors.dtype)
    a0, a1, a2, b0, b1, b2, c0, c1 = factors[:, :, None, None].unbind(1)
    depth = c0 * x + c1 * y + 1
    rows, columns = (b0 * x + b1 * y + b2) / depth, (a0 * x + a1 * y + a2) / depth
    return _undone(_sampled(batch, rows, columns, interpolation, "constant", fill_value), is_one, data_format)


def scale_and_translate(
    images: Any,
    output_shape: Any,
    scale: Any,
    translation: Any,
    spatial_dims: Any,
    method: str,
    antialias: bool = True,
) -> Tensor:
    """Return images, scaled and then moved along the axes `spatial_dims`, by 'linear', 'cubic' or 'lanczos3' means."""
    x = as_tensor(images)
    result = as_float(x)
    sizes = as_sizes(output_shape)
    scales, moves = promoted_floats(scale, translation)
    for number, axis in enumerate(one % x.dim() for one in spatial_dims):
        arguments = (x.shape[axis], sizes[axis], scales[number], moves[number], _METHODS[method], antialias)
        result = (result.movedim(axis, -1) @ _resampling(*arguments).to(result.dtype)).movedim(-1, axis)
    return result if x.is_floating_point() else torch.clamp(torch.round(result), x.min(), x.max()).to(x.dtype)


def _resampling(old: int, new: int, scale: Tensor, move: Tensor, kernel: Any, antialias: bool) -> Tensor:
    """Return the weights of old places in new ones."""
    function, radius = kernel
    width = torch.clamp(1 / scale, min=1.0) if antialias else torch.ones_like(scale)
    middles = (torch.arange(new, dtype=scale.dtype, device=scale.device) + 0.5 - move) / scale - 0.5
    distances = (middles - torch.arange(old, dtype=scale.dtype, device=scale.device).unsqueeze(1)).abs() / width
    weights = torch.where(distances < radius, function(distances), 0.0)
    totals = torch.sum(weights, 0, keepdim=True)
    has_weight = totals.abs() > 1000 * torch.finfo(torch.float32).eps
    weights = torch.where(has_weight, weights / torch.where(has_weight, totals, 1.0), 0.0)
    return torch.where((middles >= -0.5) & (middles <= old - 0.5), weights, 0.0)


def _cubic(x: Tensor) -> Tensor:
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, far)


def _lanczos(radius: int) -> Any:
    return lambda x: torch.sinc(x) * torch.sinc(x / radius), radius


_LINEAR, _CUBIC = (lambda x: 1 - x, 1), (_cubic, 2)
_METHODS: dict[str, Any] = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), _LINEAR),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), _CUBIC),
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}


def _neighbours(places: Tensor, size: int, order: int, fill_mode: str) -> list[tuple[Tensor, Tensor, Any]]:
    """Return the indices around coordinates on one axis, whether they are inside, and their weights."""
    if order == 0:
        found = [(torch.round(places) if places.is_floating_point() else places, 1)]
    else:
        low = torch.floor(places)
        found = [(low, 1 - (places - low)), (low + 1, places - low)]
    return [
        (_inside(index.to(torch.int64), size, fill_mode), (index >= 0) & (index < size), weight)
        for index, weight in found
    ]


def _inside(index: Tensor, size: int, fill_mode: str) -> Tensor:
    if fill_mode in ("constant", "nearest"):
        return index.clamp(0, size - 1)
    if fill_mode == "wrap":
        return index % size
    if fill_mode == "mirror":
        return ((index + size - 1) % (2 * size - 2) - (size - 1)).abs() if size > 1 else torch.zeros_like(index)
    if fill_mode == "reflect":
        folded = index % (2 * size)
        return torch.where(folded < size, folded, 2 * size - 1 - folded)
    raise ValueError(
        f"fill_mode must be 'constant', 'nearest', 'wrap', 'mirror' or 'reflect'. Received: fill_mode={fill_mode!r}."
    )


def _sampled(
    batch: Tensor, rows: Tensor, columns: Tensor, interpolation: str, fill_mode: str, fill_value: float
) -> Tensor:
    """Return the pixels of images, (batch, rows, columns, channels), at coordinates of shape (batch, rows, columns)."""
    if interpolation not in _ORDERS:
        raise ValueError(f"interpolation must be 'nearest' or 'bilinear'. Received: {interpolation!r}.")
    order = _ORDERS[interpolation]
    number = torch.arange(batch.shape[0], device=batch.device)[:, None, None]
    total: Any = 0
    down = _neighbours(rows, batch.shape[1], order, fill_mode)
    across = _neighbours(columns, batch.shape[2], order, fill_mode)
    for (row, is_row, row_weight), (column, is_column, column_weight) in itertools.product(down, across):
        values = batch[number, row, column]
        if fill_mode == "constant":
            values = torch.where(
                (is_row & is_column).unsqueeze(-1), values, torch.tensor(fill_value, dtype=batch.dtype)
            )
        weight = row_weight * column_weight
        total = total + (weight.unsqueeze(-1) if isinstance(weight, Tensor) else weight) * values
    return (total if batch.is_floating_point() else torch.round(total)).to(batch.dtype)


def _grid(batch: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the row and the column of each pixel, of shapes (1, rows, 1) and (1, 1, columns)."""
    rows, columns = (torch.arange(size, dtype=dtype, device=batch.device) for size in batch.shape[1:3])
    return rows[None, :, None], columns[None, None, :]


def _last(images: Any, data_format: str | None) -> tuple[Tensor, bool]:
    """Return a batch of images with the channels last, and whether it was one image."""
    images = as_tensor(images)
    batch = images if images.dim() == 4 else images.unsqueeze(0)
    is_last = (data_format or image_data_format()) == "channels_last"
    return (batch if is_last else batch.permute(0, 2, 3, 1)), images.dim() == 3


def _undone(batch: Tensor, is_one: bool, data_format: str | None) -> Tensor:
    is_last = (data_format or image_data_format()) == "channels_last"
    batch = batch if is_last else batch.permute(0, 3, 1, 2)
    return batch.squeeze(0) if is_one else batch
