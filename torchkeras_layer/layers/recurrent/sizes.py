"""Which sizes have the states and the output of a cell?

A size is an int, or a `torch.Size` for a tensor with several axes after the batch. Sizes may be nested.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer._shapes import Shape, map_shapes
from torchkeras_layer._structures import is_namedtuple


def map_sizes(function: Callable[[Any], Any], sizes: Any) -> Any:
    """Apply a function to each size, and return the results nested like the sizes.

    >>> map_sizes(str, [3, (4, torch.Size([5, 6]))])
    ['3', ('4', 'torch.Size([5, 6])')]
    """
    if isinstance(sizes, (list, tuple)) and not isinstance(sizes, torch.Size):
        parts = [map_sizes(function, part) for part in sizes]
        if is_namedtuple(sizes):
            return type(sizes)(*parts)
        return parts if isinstance(sizes, list) else tuple(parts)
    return function(sizes)


def flat_sizes(sizes: Any) -> list[Any]:
    """List all sizes in a nested structure.

    >>> flat_sizes([3, (4, torch.Size([5, 6]))])
    [3, 4, torch.Size([5, 6])]
    """
    found: list[Any] = []
    map_sizes(found.append, sizes)
    return found


def is_size(size: Any) -> bool:
    """Whether a value is a size: a positive int, or a `torch.Size` of positive ints.

    >>> is_size(3), is_size(torch.Size([2, 3])), is_size(0), is_size(True), is_size("3")
    (True, True, False, False, False)
    """
    dimensions = size if isinstance(size, torch.Size) else (size,)
    return all(isinstance(one, int) and one is not True and one > 0 for one in dimensions)


def shape_of_size(size: Any, leading: Any) -> tuple[Any, ...]:
    """Return the shape of a tensor of a given size, after its leading dimensions.

    >>> shape_of_size(3, (None,)), shape_of_size(torch.Size([2, 3]), (4, 5))
    ((None, 3), (4, 5, 2, 3))
    """
    return (*leading, *(size if isinstance(size, torch.Size) else (size,)))


def shapes_of_sizes(sizes: Any, leading: Any) -> Any:
    """Return the shapes of tensors of given sizes, nested like the sizes.

    >>> shapes_of_sizes([3, (4, torch.Size([5, 6]))], (None,))
    [(None, 3), ((None, 4), (None, 5, 6))]
    """
    return map_sizes(lambda size: shape_of_size(size, leading), sizes)


def first_shape(shapes: Any) -> Shape:
    """Return the first shape in a nested structure of shapes.

    >>> first_shape(((2, 3), [(4, 5)]))
    (2, 3)
    """
    found: list[Shape] = []
    map_shapes(found.append, shapes)
    return found[0]


def state_sizes(cell: Any) -> list[Any]:
    """Return the `state_size` of a cell as a list, even if there is only one state.

    >>> class Cell:
    ...     state_size = 3
    >>> state_sizes(Cell())
    [3]
    """
    sizes = cell.state_size
    return list(sizes) if isinstance(sizes, (list, tuple)) and not isinstance(sizes, torch.Size) else [sizes]


def output_sizes(cell: Any) -> Any:
    """Return the size of a cell's output, nested if it is: its `output_size`, else the size of its first state.

    >>> class Cell:
    ...     state_size = [3, 4]
    >>> output_sizes(Cell())
    3
    """
    sizes = getattr(cell, "output_size", None)
    return flat_sizes(state_sizes(cell))[0] if sizes is None else sizes
