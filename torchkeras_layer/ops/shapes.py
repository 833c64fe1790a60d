"""Which operations give the values of one tensor another shape or order?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.size_tuple import has_no_values, remember, remembered_by_all
from torchkeras_layer.ops.values import as_sizes, as_tensor, axes_of


def reshape(x: Any, newshape: Any) -> Tensor:
    """Return the values in another shape; -1 stands for what is left, and so does `None`, or for the size as it is.

    >>> reshape([1, 2, 3, 4], (2, -1))
    tensor([[1, 2],
            [3, 4]], dtype=torch.int32)
    """
    x = x if isinstance(x, Tensor) else as_tensor(x)
    if type(newshape) is tuple and None not in newshape:
        return torch.reshape(x, newshape)
    if type(newshape) is list and _are_ints(newshape):
        return torch.reshape(x, newshape)
    sizes = as_sizes(newshape)
    if None in sizes:
        # Free sizes of symbolic tensors are `None`.
        is_left = sizes.count(None) == 1 and -1 not in sizes
        sizes = [(-1 if is_left else x.shape[axis]) if size is None else size for axis, size in enumerate(sizes)]
    return torch.reshape(x, sizes)


def _are_ints(sizes: list[Any]) -> bool:
    for size in sizes:  # noqa: SIM110 (`all` with a generator takes three times as long)
        if type(size) is not int:
            return False
    return True


def transpose(x: Any, axes: Any = None) -> Tensor:
    """Return the tensor with its axes in the order `axes`, by default reversed."""
    x = x if isinstance(x, Tensor) else as_tensor(x)
    if isinstance(axes, (tuple, list)):
        return torch.permute(x, axes)
    return torch.permute(x, tuple(reversed(range(x.dim()))) if axes is None else as_sizes(axes))


def moveaxis(x: Any, source: Any, destination: Any) -> Tensor:
    """Return the tensor with the axes `source` at the places `destination`."""
    return torch.moveaxis(as_tensor(x), _as_tuple(source), _as_tuple(destination))


def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Return the tensor with two axes exchanged."""
    return torch.swapaxes(as_tensor(x), axis1, axis2)


def expand_dims(x: Any, axis: Any) -> Tensor:
    """Return the tensor with new axes of size 1, at the places that they have in the result.

    >>> expand_dims([1, 2], (0, -1)).shape
    torch.Size([1, 2, 1])
    """
    x = as_tensor(x)
    if isinstance(axis, int):
        expanded = x.unsqueeze(axis)
        return remember(expanded, remembered_by_all([x])) if expanded.dim() == 1 and has_no_values() else expanded
    places = axis if isinstance(axis, Sequence) else [axis]
    for place in sorted(axes_of(list(places), x.dim() + len(places))):
        x = x.unsqueeze(place)
    return x


def squeeze(x: Any, axis: Any = None) -> Tensor:
    """Return the tensor without the given axes, which must have size 1; by default without all such axes."""
    x = as_tensor(x)
    if axis is None:
        return torch.squeeze(x)
    if isinstance(axis, int) and x.shape[axis] == 1:
        return torch.squeeze(x, axis)
    axes = axes_of(axis, x.dim())
    if any(x.shape[one] != 1 for one in axes):
        raise ValueError(f"squeeze: an axis must have size 1. Received: axis={axis}, shape={tuple(x.shape)}.")
    return torch.squeeze(x, axes)


def ravel(x: Any) -> Tensor:
    """Return all values along one axis."""
    return torch.reshape(as_tensor(x), (-1,))


def broadcast_to(x: Any, shape: Any) -> Tensor:
    """Return the values, repeated to a shape along axes of size 1 and new first ones."""
    return torch.broadcast_to(as_tensor(x), as_sizes(shape))


def flip(x: Any, axis: Any = None) -> Tensor:
    """Return the values in reverse order along axes."""
    x = as_tensor(x)
    return torch.flip(x, axes_of(axis, x.dim()))


def fliplr(x: Any) -> Tensor:
    """Return the values in reverse order along the second axis."""
    return torch.fliplr(as_tensor(x))


def flipud(x: Any) -> Tensor:
    """Return the values in reverse order along the first axis."""
    return torch.flipud(as_tensor(x))


def roll(x: Any, shift: Any, axis: Any = None) -> Tensor:
    """Return the values, moved along axes; those that leave one end enter at the other."""
    return torch.roll(as_tensor(x), shift, axis)


def rot90(array: Any, k: int = 1, axes: Any = (0, 1)) -> Tensor:
    """Return the values, rotated `k` times by 90 degrees in the plane of two axes."""
    return torch.rot90(as_tensor(array), k, list(axes))


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Return the diagonals of the matrices along two axes, along a new last axis."""
    return torch.diagonal(as_tensor(x), offset, axis1, axis2)


def diag(x: Any, k: int = 0) -> Tensor:
    """Return the diagonal of a matrix, or a matrix with the values of a vector on its diagonal."""
    return torch.diag(as_tensor(x), k)


def diagflat(x: Any, k: int = 0) -> Tensor:
    """Return a matrix with all values on its diagonal."""
    return torch.diagflat(as_tensor(x), k)


def tril(x: Any, k: int = 0) -> Tensor:
    """Return the values on the diagonal `k` and below it, and 0 above."""
    return torch.tril(as_tensor(x), k)


def triu(x: Any, k: int = 0) -> Tensor:
    """Return the values on the diagonal `k` and above it, and 0 below."""
    return torch.triu(as_tensor(x), k)


def ndim(x: Any) -> Tensor:
    """Return the rank, as a tensor."""
    return torch.tensor(as_tensor(x).dim(), dtype=torch.int32)


def size(x: Any) -> Tensor:
    """Return the number of values, as a tensor."""
    return torch.full((), as_tensor(x).numel(), dtype=torch.int32)


def _as_tuple(axis: Any) -> tuple[int, ...]:
    return tuple(axis) if isinstance(axis, Sequence) else (axis,)
