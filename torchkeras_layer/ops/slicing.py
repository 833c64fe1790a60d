"""Which operations cut parts out of tensors, and set parts of them?"""

from __future__ import annotations

import builtins
import operator
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.values import as_sizes, as_tensor


def slice(inputs: Any, start_indices: Any, shape: Any) -> Tensor:
    """Return the part of a tensor that begins at `start_indices` and has the given shape.

    >>> slice(torch.arange(6).reshape(2, 3), (0, 1), (2, 2))
    tensor([[1, 2],
            [4, 5]])
    """
    inputs = inputs if isinstance(inputs, Tensor) else as_tensor(inputs)
    starts, sizes = as_sizes(start_indices), as_sizes(shape)
    if len(starts) != len(sizes):
        raise ValueError(
            f"slice: start_indices and shape must have a number for each axis. Received: {starts} and {sizes}."
        )
    return inputs[tuple(map(builtins.slice, starts, map(operator.add, starts, sizes)))]


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """Return a tensor whose part that begins at `start_indices` is replaced by `updates`."""
    inputs, updates = as_tensor(inputs), as_tensor(updates)
    starts = as_sizes(start_indices)
    place = tuple(builtins.slice(start, start + size) for start, size in zip(starts, updates.shape, strict=True))
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
    places = numbers.reshape(-1, *[1] * len(rest)).expand_as(updates)
    return torch.scatter_reduce(flat, 0, places, updates, names[reduction]).reshape(inputs.shape)


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """Return the tensors along an axis; `num` has no effect, because the size of the axis is known."""
    return list(torch.unbind(as_tensor(x), axis))
