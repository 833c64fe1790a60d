"""Which functions of TensorFlow reorder and split values by other values: unique ones, partitions, sequences?"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.ops.size_tuple import SizeTuple
from torchkeras_layer.ops.values import as_sizes, as_tensor


class Unique(NamedTuple):
    """Distinct values, and the index of each given value among them."""

    y: Tensor
    idx: Tensor


class UniqueWithCounts(NamedTuple):
    """Distinct values, the index of each given value among them, and how often each occurs."""

    y: Tensor
    idx: Tensor
    count: Tensor  # type: ignore[assignment]


def unique(x: Any, out_idx: Any = "int32") -> Unique:
    """Return the distinct values of a vector in the order in which they come first.

    >>> unique([3, 1, 3])
    Unique(y=tensor([3, 1], dtype=torch.int32), idx=tensor([0, 1, 0], dtype=torch.int32))
    """
    found = unique_with_counts(x, out_idx)
    return Unique(found.y, found.idx)


def unique_with_counts(x: Any, out_idx: Any = "int32") -> UniqueWithCounts:
    """Return the distinct values of a vector in the order in which they come first, and how often they do."""
    x = as_tensor(x)
    values, places, counts = torch.unique(x, return_inverse=True, return_counts=True)
    positions = torch.arange(x.shape[0], device=x.device)
    first = torch.full_like(counts, x.shape[0]).scatter_reduce(0, places, positions, "amin")
    order = torch.argsort(first)
    target = torch_dtype(out_idx)
    return UniqueWithCounts(values[order], torch.argsort(order)[places].to(target), counts[order].to(target))


def setdiff1d(x: Any, y: Any, index_dtype: Any = "int32") -> tuple[Tensor, Tensor]:
    """Return the values of `x` that `y` does not have, and where they are."""
    x, y = as_tensor(x), as_tensor(y)
    places = torch.nonzero(torch.isin(x, y, invert=True)).squeeze(-1)
    return x[places], places.to(torch_dtype(index_dtype))


def invert_permutation(x: Any) -> Tensor:
    """Return where each int from 0 up is in a permutation of them."""
    x = as_tensor(x)
    return torch.argsort(x).to(x.dtype)


def unravel_index(indices: Any, dims: Any) -> Tensor:
    """Return the places, along the axes of a shape, of indices into all values; along a new first axis."""
    indices = as_tensor(indices)
    return torch.stack([place.to(indices.dtype) for place in torch.unravel_index(indices, as_sizes(dims))])


def dynamic_partition(data: Any, partitions: Any, num_partitions: int) -> list[Tensor]:
    """Return the rows of `data` in lists, the number of which `partitions` gives for each row."""
    data, numbers = as_tensor(data), as_tensor(partitions)
    return [data[numbers == number] for number in range(num_partitions)]


def dynamic_stitch(indices: Any, data: Any) -> Tensor:
    """Return the rows of several tensors, each at its index; of several for one index, the last."""
    places = torch.cat([as_tensor(index).reshape(-1) for index in indices]).to(torch.int64)
    tensors = list(zip(map(as_tensor, indices), map(as_tensor, data), strict=True))
    rows = torch.cat([values.reshape(-1, *values.shape[index.dim() :]) for index, values in tensors])
    result = torch.zeros(int(places.max()) + 1, *rows.shape[1:], dtype=rows.dtype, device=rows.device)
    for place, row in zip(places.tolist(), rows, strict=True):
        result = result.index_copy(0, torch.tensor([place], device=rows.device), row.unsqueeze(0))
    return result


def reverse_sequence(input: Any, seq_lengths: Any, seq_axis: int | None = None, batch_axis: int = 0) -> Tensor:
    """Return sequences whose first steps, as many as their lengths say, are in reverse order.

    >>> reverse_sequence([[1, 2, 3]], [2], seq_axis=1)
    tensor([[2, 1, 3]], dtype=torch.int32)
    """
    x, lengths = as_tensor(input), as_tensor(seq_lengths).to(torch.int64)
    steps = 1 if seq_axis is None else seq_axis % x.dim()
    first = x.movedim((batch_axis, steps), (0, 1))
    place = torch.arange(first.shape[1], device=x.device)
    lengths = lengths.unsqueeze(1)
    place = torch.where(place < lengths, lengths - 1 - place, place)
    index = place.reshape(*place.shape, *[1] * (x.dim() - 2)).expand(first.shape)
    return torch.gather(first, 1, index).movedim((0, 1), (batch_axis, steps))


def bitcast(input: Any, type: Any) -> Tensor:
    """Return the bits of values as those of another dtype; of a smaller one, along a new last axis."""
    x, target = as_tensor(input), torch_dtype(type)
    if target.itemsize < x.dtype.itemsize:
        return x.contiguous().unsqueeze(-1).view(target)
    found = x.contiguous().view(target)
    return found.squeeze(-1) if target.itemsize > x.dtype.itemsize else found


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> SizeTuple:
    """Return the sizes that two tensors have together."""
    return SizeTuple(torch.broadcast_shapes(tuple(as_sizes(shape_x)), tuple(as_sizes(shape_y))))


def batch_gather(params: Any, indices: Any) -> Tensor:
    """Return the values at indices along the last axis of `indices`; the axes before it belong together."""
    from torchkeras_layer.ops.tensorflow_arrays import gather

    indices = as_tensor(indices)
    return gather(params, indices, axis=indices.dim() - 1, batch_dims=indices.dim() - 1)
