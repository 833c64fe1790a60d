"""How are the values of images spread so that all are about equally frequent?"""

from __future__ import annotations

import torch
import torch.nn.functional as F

_VALUES = 256


def equalized(images: torch.Tensor, bins: int) -> torch.Tensor:
    """Return images (batch, channels, rows, columns) from 0 to 255, each channel equalized over the batch.

    >>> equalized(torch.tensor([10.0, 11.0, 12.0]).reshape(1, 1, 1, 3), 256).flatten()
    tensor([  0., 128., 255.])
    """
    values = images.transpose(0, 1).flatten(1)
    counts = _counts((values.to(torch.promote_types(values.dtype, torch.float32)) * (bins - 1) / 255), bins)
    cumulated = counts.cumsum(1)
    first = torch.where(cumulated > 0, cumulated, cumulated[:, -1:]).amin(1, keepdim=True)
    span = cumulated[:, -1:] - first
    table = ((cumulated - first) * 255 / torch.where(span == 0, 1, span)).round().clamp(0, 255)
    places = (values / 255 * (bins - 1)).clamp(0, bins - 1).to(torch.int64)
    found = torch.where((counts > 0).sum(1, keepdim=True) <= 1, values, table.gather(1, places).to(values.dtype))
    return found.unflatten(1, (images.shape[0], *images.shape[2:])).transpose(0, 1)


def _counts(values: torch.Tensor, bins: int) -> torch.Tensor:
    """Count the values of each row, whole numbers from 0 to below `bins` after rounding down."""
    places = values.to(torch.int64).clamp(0, bins - 1)
    counts = torch.zeros(places.shape[0], bins, dtype=torch.float64, device=values.device)
    return counts.scatter_add(1, places, torch.ones_like(places, dtype=torch.float64))


def equalized_by_tiles(images: torch.Tensor, grid: tuple[int, int], limit: float) -> torch.Tensor:
    """Return images (batch, channels, rows, columns) from 0 to 255, equalized by what is around each pixel.

    Args:
        images: the images.
        grid: into how many tiles the rows and the columns are divided. Between the middles of tiles, what theirs give
            is weighted by distance.
        limit: how many times as frequent as on the average a value may count; 0 for no limit.

    >>> equalized_by_tiles(torch.arange(16.0).reshape(1, 1, 4, 4), (1, 1), 0.0)[0, 0, 0]
    tensor([ 0., 17., 34., 51.])
    """
    batch, channels, *size = images.shape
    tile = [-(-length // count) for length, count in zip(size, grid, strict=True)]
    for axis in (0, 1):
        places = _mirrored(tile[axis] * grid[axis], size[axis], images.device)
        images = images.index_select(axis + 2, places)
    tiles = images.unflatten(2, (grid[0], tile[0])).unflatten(4, (grid[1], tile[1])).transpose(3, 4)
    table = _tables(tiles.flatten(4).flatten(0, 3), limit).reshape(batch * channels, *grid, _VALUES)
    # One more tile around, the same as the outermost.
    table = F.pad(table.permute(0, 3, 1, 2), (1, 1, 1, 1), mode="replicate").permute(0, 2, 3, 1).flatten(1)
    values = images.clamp(0, 255).to(torch.int64).flatten(0, 1)
    result = _interpolated(table, values, tile, grid)
    return result[:, : size[0], : size[1]].unflatten(0, (batch, channels))


def _mirrored(length: int, size: int, device: torch.device) -> torch.Tensor:
    """Return which of `size` places stands at each of `length`, mirrored at the end: 0 1 2 2 1 0 0 …"""
    places = torch.arange(length, device=device) % (2 * size)
    return torch.where(places < size, places, 2 * size - 1 - places)


def _tables(values: torch.Tensor, limit: float) -> torch.Tensor:
    """Return for each row of values what each of the 256 becomes."""
    pixels = values.shape[1]
    counts = _counts(values, _VALUES).to(values.dtype)
    if limit > 0:
        clipped = counts.clamp(max=limit * pixels / _VALUES)
        counts = clipped + (counts - clipped).sum(1, keepdim=True) / _VALUES
    cumulated = counts.cumsum(1)
    least = cumulated.amin(1, keepdim=True)
    span = pixels - least
    return ((cumulated - least) * 255 / torch.where(span == 0, 1, span)).clamp(0, 255)


def _interpolated(table: torch.Tensor, values: torch.Tensor, tile: list[int], grid: tuple[int, int]) -> torch.Tensor:
    """Return what the four tiles around each pixel give for its value, weighted by distance."""
    axes = []
    for axis in (0, 1):
        places = torch.arange(tile[axis] * grid[axis], dtype=table.dtype, device=table.device)
        middles = (places - tile[axis] / 2) / tile[axis] + 1
        low = middles.floor()
        weight = middles - low
        index = low.to(torch.int64)
        axes.append([(index.clamp(0, grid[axis] + 1), 1 - weight), ((index + 1).clamp(0, grid[axis] + 1), weight)])
    total = torch.zeros_like(values, dtype=table.dtype)
    for row, row_weight in axes[0]:
        for column, column_weight in axes[1]:
            tiles = row[:, None] * (grid[1] + 2) + column
            found = table.gather(1, (tiles * _VALUES + values).flatten(1)).reshape(values.shape)
            total = total + found * row_weight[:, None] * column_weight
    return total
