"""Which operations choose values by indices or conditions, and set them?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.values import as_sizes, as_tensor, promoted


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
    x, indices = as_tensor(x), as_tensor(indices).to(torch.int64)
    x, along = (x.reshape(-1), 0) if axis is None else (x, axis % x.dim())
    indices = torch.where(indices < 0, indices + x.shape[along], indices)
    found = torch.index_select(x, along, indices.reshape(-1))
    return found.reshape(*x.shape[:along], *indices.shape, *x.shape[along + 1 :])


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
    condition = as_tensor(condition).to(torch.bool)
    if x1 is None and x2 is None:
        return nonzero(condition)
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


def slice_(inputs: Any, start_indices: Any, shape: Any) -> Tensor:
    """Return the part of a tensor that begins at `start_indices` and has the given shape.

    >>> slice_(torch.arange(6).reshape(2, 3), (0, 1), (2, 2))
    tensor([[1, 2],
            [4, 5]])
    """
    inputs = as_tensor(inputs)
    for axis, (start, length) in enumerate(zip(as_sizes(start_indices), as_sizes(shape), strict=True)):
        inputs = torch.narrow(inputs, axis, start, length)
    return inputs


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """Return a tensor whose part that begins at `start_indices` is replaced by `updates`."""
    inputs, updates = as_tensor(inputs), as_tensor(updates)
    starts = as_sizes(start_indices)
    place = tuple(slice(start, start + size) for start, size in zip(starts, updates.shape, strict=True))
    result = inputs.clone()
    result[place] = updates.to(inputs.dtype)
    return result


def scatter(indices: Any, values: Any, shape: Any) -> Tensor:
    """Return zeros of a shape, with `values` added at the places that the rows of `indices` name.

    >>> scatter([[0], [2]], [1.0, 5.0], (3,))
    tensor([1., 0., 5.])
    """
    values = as_tensor(values)
    zeros = torch.zeros(as_sizes(shape), dtype=values.dtype, device=values.device)
    return scatter_update(zeros, indices, values, "add")


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Tensor:
    """Return a tensor with `updates` at the places that the rows of `indices` name.

    Args:
        inputs: the tensor.
        indices: ints of shape (..., number of axes).
        updates: the values.
        reduction: `None`, 'add', 'max', 'min' or 'mul': how a value and its update become one.
    """
    inputs, indices = as_tensor(inputs), as_tensor(indices).to(torch.int64)
    updates = as_tensor(updates).to(inputs.dtype)
    place = tuple(indices.unbind(-1))
    if reduction in (None, "add"):
        return torch.index_put(inputs, place, updates, accumulate=reduction == "add")
    names = {"max": "amax", "min": "amin", "mul": "prod"}
    if reduction not in names:
        raise ValueError(
            f"scatter_update: reduction must be None, 'add', 'max', 'min' or 'mul'. Received: reduction={reduction!r}."
        )
    depth = len(place)
    rest = inputs.shape[depth:]
    numbers = torch.zeros_like(place[0])
    for index, size in zip(place, inputs.shape[:depth], strict=True):
        numbers = numbers * size + torch.where(index < 0, index + size, index)
    flat = inputs.reshape(-1, *rest)
    updates = updates.broadcast_to(*indices.shape[:-1], *rest).reshape(-1, *rest)
    return torch.index_reduce(flat, 0, numbers.reshape(-1), updates, names[reduction]).reshape(inputs.shape)
