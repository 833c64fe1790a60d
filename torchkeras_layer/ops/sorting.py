"""Which operations sort values, count them and search among them?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.values import as_float, as_number, as_orderable, as_sizes, as_tensor, promoted


def sort(x: Any, axis: int | None = -1) -> Tensor:
    """Return the values in ascending order along an axis; all values for `None`."""
    x = as_tensor(x)
    return torch.sort(x.reshape(-1)).values if axis is None else torch.sort(x, axis).values


def argsort(x: Any, axis: int | None = -1) -> Tensor:
    """Return the indices that put the values into ascending order along an axis; all values for `None`.

    >>> argsort([3, 1, 2])
    tensor([1, 2, 0], dtype=torch.int32)
    """
    x = as_orderable(x)
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    return torch.argsort(x, dim=axis, stable=True).to(torch.int32)


def argpartition(x: Any, kth: int, axis: int = -1) -> Tensor:
    """Return indices that put the `kth` value where sorting would put it, smaller ones before and greater ones after.

    >>> argpartition([3.0, 1.0, 2.0], 1)
    tensor([1, 2, 0], dtype=torch.int32)
    """
    x = as_orderable(x).movedim(axis, -1)
    lowest = torch.topk(x, kth + 1, largest=False).indices
    is_rest = torch.ones_like(x, dtype=torch.bool).scatter(-1, lowest, False)
    highest = torch.argsort(is_rest.to(torch.uint8), dim=-1, descending=True, stable=True)[..., : x.shape[-1] - kth - 1]
    return torch.cat([lowest, highest], -1).movedim(-1, axis).to(torch.int32)


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Tensor:
    """Return where values would be inserted into a sorted sequence, before or after equal ones."""
    sequence, wanted = promoted(sorted_sequence, values)
    found = torch.searchsorted(sequence.contiguous(), wanted.contiguous(), side=side)
    return found.to(torch.int32 if sequence.shape[-1] <= torch.iinfo(torch.int32).max else torch.int64)


def digitize(x: Any, bins: Any) -> Tensor:
    """Return the number of the bin of each value, from the ascending bounds of bins."""
    return torch.bucketize(as_orderable(x), as_tensor(bins), right=True).to(torch.int32)


def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """Return how often each int from 0 up occurs, or the sums of their weights; for each row of a matrix.

    >>> bincount([1, 1, 3])
    tensor([0, 2, 0, 1], dtype=torch.int32)
    """
    x = as_tensor(x)
    dtype = torch.int32 if weights is None else torch.result_type(x, as_tensor(weights))
    if x.dim() == 1 and weights is None:
        # With weights, it has no gradient.
        return torch.bincount(x, minlength=minlength).to(dtype)
    length = max(int(x.max()) + 1 if x.numel() else 0, minlength)
    values = torch.ones_like(x, dtype=dtype) if weights is None else as_tensor(weights, dtype)
    zeros = torch.zeros(*x.shape[:-1], length, dtype=dtype, device=x.device)
    return zeros.scatter_add(-1, x.to(torch.int64), values)


def histogram(x: Any, bins: int = 10, range: Any = None) -> tuple[Tensor, Tensor]:
    """Return how many values are in each of `bins` equal intervals, and the bounds of these.

    >>> histogram([0.0, 1.0, 1.0], bins=2)
    (tensor([1, 2], dtype=torch.int32), tensor([0.0000, 0.5000, 1.0000]))
    """
    x = as_float(x)
    low, high = (x.min(), x.max()) if range is None else (torch.tensor(float(end)) for end in as_sizes(range))
    is_point = low == high
    low, high = torch.where(is_point, low - 0.5, low), torch.where(is_point, high + 0.5, high)
    bounds = low + (high - low) * torch.linspace(0, 1, bins + 1, dtype=x.dtype, device=x.device)
    flat = x.reshape(-1)
    numbers = (torch.bucketize(flat, bounds, right=True) - 1).clamp(0, bins - 1)
    is_inside = (flat >= low) & (flat <= high)
    counts = torch.zeros(bins, dtype=torch.int32, device=x.device).index_add(0, numbers, is_inside.to(torch.int32))
    return counts, bounds


def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Return whether values of `x1` are among those of `x2`, or are not, with `invert`."""
    x1, x2 = promoted(as_number(x1), as_number(x2))
    return torch.isin(x1, x2, assume_unique=assume_unique, invert=invert)


def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """Return the different values, of all axes or slices along one, in ascending order; further results as asked for.

    >>> unique([3, 1, 3], return_counts=True)
    (tensor([1, 3], dtype=torch.int32), tensor([1, 2], dtype=torch.int32))
    """
    x = as_tensor(x)
    values, inverse, counts = torch.unique(x, return_inverse=True, return_counts=True, dim=axis)
    along = 0 if axis is None else axis
    results = [values]
    if return_index:
        flat = inverse.reshape(-1)
        places = torch.arange(flat.shape[0] - 1, -1, -1, device=x.device)
        results.append(torch.zeros_like(counts).scatter(0, flat.flip(0), places).to(torch.int32))
    results += [inverse.to(torch.int32)] if return_inverse else []
    results += [counts.to(torch.int32)] if return_counts else []
    if size is not None:
        results[0] = _of_size(values, size, along, fill_value)
    return results[0] if len(results) == 1 else tuple(results)


def _of_size(values: Tensor, size: int, axis: int, fill_value: Any) -> Tensor:
    values = torch.narrow(values, axis, 0, min(size, values.shape[axis]))
    shape = list(values.shape)
    shape[axis] = size - shape[axis]
    filling = torch.full(shape, 0 if fill_value is None else fill_value, dtype=values.dtype, device=values.device)
    return torch.cat([values, filling], axis)


def diff(a: Any, n: int = 1, axis: int = -1) -> Tensor:
    """Return the differences of neighbouring values along an axis, `n` times."""
    return torch.diff(as_tensor(a), n, axis)
