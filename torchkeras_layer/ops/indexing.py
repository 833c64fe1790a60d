"""Which operations choose values by indices or conditions, and set them?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.size_tuple import has_no_values
from torchkeras_layer.ops.values import as_sizes, as_tensor, promoted

# As many indices cost less by torch's indexing, more by `index_select`.
_FEW = 64


def get_item(x: Any, key: Any) -> Tensor:
    """Return `x[key]`, as numpy does: steps of slices may be negative.

    >>> get_item(torch.arange(4), slice(None, None, -1))
    tensor([3, 2, 1, 0])
    """
    x = as_tensor(x)
    keys = list(key) if isinstance(key, tuple) else [key]
    if not any(isinstance(part, slice) and isinstance(part.step, int) and part.step < 0 for part in keys):
        return x[tuple(as_tensor(part) if isinstance(part, list) else part for part in keys)]
    axes = _axes_of_keys(keys, x.dim())
    for place, (part, axis) in enumerate(zip(keys, axes, strict=True)):
        if isinstance(part, slice) and part.step is not None and part.step < 0:
            chosen = torch.arange(x.shape[axis], device=x.device).flip(0)[_from_the_end(part, x.shape[axis])]
            x, keys[place] = torch.index_select(x, axis, chosen), slice(None)
    return x[tuple(keys)]


def _axes_of_keys(keys: list[Any], rank: int) -> list[int]:
    """Return the axis of the tensor that each part of an index belongs to."""
    after, axes, axis = sum(part is not None and part is not ... for part in keys), [], 0
    for part in keys:
        axes.append(axis)
        axis += (rank - after) if part is ... else int(part is not None)
    return axes


def _from_the_end(part: slice, size: int) -> slice:
    """Return the slice of a reversed axis that is the same as one with a negative step."""
    start, stop, step = part.indices(size)
    return slice(size - 1 - start, size - 1 - stop, -step)


def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """Return the values at indices along an axis; of all values for `None`. Negative indices count from the end.

    >>> take([[1, 2], [3, 4]], [1, 0, 1], axis=1)
    tensor([[2, 1, 2],
            [4, 3, 4]], dtype=torch.int32)
    """
    x, indices = as_tensor(x), as_tensor(indices)
    indices = indices if indices.dtype is torch.int32 else indices.to(torch.int64)
    x, along = (x.reshape(-1), 0) if axis is None else (x, axis % x.dim())
    if along == 0 and not has_no_values() and indices.numel() <= _FEW:
        return x[indices]
    indices = torch.where(indices < 0, indices + x.shape[along], indices)
    if indices.dim() == 1:
        return torch.index_select(x, along, indices)
    found = torch.index_select(x, along, indices.reshape(-1))
    return found.reshape([*x.shape[:along], *indices.shape, *x.shape[along + 1 :]])


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """Return the values at indices along an axis, with an index for each place of the result."""
    x, indices = as_tensor(x), as_tensor(indices).to(torch.int64)
    if axis is None:
        x, indices, axis = x.reshape(-1), indices.reshape(-1), 0
    indices = torch.where(indices < 0, indices + x.shape[axis], indices)
    return torch.take_along_dim(x, indices, axis)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Return the values of `x1` where a condition is true, else those of `x2`; without them, the places of true values.

    >>> where([True, False], 1.0, [2.0, 3.0])
    tensor([1., 3.])
    """
    condition = as_tensor(condition)
    if condition.dtype is not torch.bool:
        condition = condition.to(torch.bool)
    if x1 is None and x2 is None:
        return nonzero(condition)
    if type(x2) is float and isinstance(x1, Tensor) and x1.is_floating_point():
        # The common case, without a tensor for the number.
        return torch.where(condition, x1, x2)
    return torch.where(condition, *promoted(x1, x2))


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Tensor:
    """Return the values of the first choice whose condition is true, else the default."""
    *choices, result = promoted(*choicelist, default)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        result = torch.where(as_tensor(condition), choice, result)
    return result


def nonzero(x: Any) -> tuple[Tensor, ...]:
    """Return the indices of the values that are not 0, a vector for each axis."""
    return tuple(index.to(torch.int32) for index in torch.nonzero(as_tensor(x), as_tuple=True))


def unravel_index(indices: Any, shape: Any) -> tuple[Tensor, ...]:
    """Return the indices along each axis for indices of the flat tensor."""
    indices = as_tensor(indices)
    sizes = as_sizes(shape)
    found: list[Tensor] = []
    rest = torch.where(indices < 0, indices + int(torch.Size(sizes).numel()), indices)
    for size in reversed(sizes):
        found.append((rest % size).to(indices.dtype))
        rest = rest // size
    return tuple(reversed(found))
