"""What is a `TensorShape`: a tuple of sizes with the methods that TensorFlow's shapes have?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch

from torchkeras_layer._shapes import as_dimension


class _ShapesToo(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        # What `build` and others get is a plain tuple, and ported code asks for the class to tell it from a list of
        # shapes.
        if type(instance) in (tuple, torch.Size):
            return all(size is None or isinstance(size, (int, torch.SymInt)) for size in instance)
        return super().__instancecheck__(instance)


class TensorShape(tuple[Any, ...], metaclass=_ShapesToo):
    """A shape: a tuple of ints and of `None` for free sizes, with the methods of TensorFlow's `TensorShape`.

    Args:
        dims: tuple or list of ints and `None`; an int for one axis; `None` if even the rank is unknown.

    Raises:
        TypeError: if it is none of these.

    >>> shape = TensorShape([None, 3]); shape.as_list(), shape.rank, shape[1:].num_elements()
    ([None, 3], 2, 3)
    >>> shape == [None, 3], TensorShape(None).rank
    (True, None)

    A tuple of sizes counts as one:

    >>> isinstance((None, 3), TensorShape), isinstance([None, 3], TensorShape)
    (True, False)
    """

    is_ranked: bool

    def __new__(cls, dims: Any = None) -> TensorShape:
        """Create a shape."""
        is_ranked = dims is not None and getattr(dims, "is_ranked", True)
        if is_ranked and not isinstance(dims, (tuple, list)):
            dims = tuple(dims) if isinstance(dims, Iterable) else (dims,)
        shape = super().__new__(cls, [_size(size) for size in dims or ()] if is_ranked else ())
        shape.is_ranked = is_ranked
        return shape

    def __getnewargs__(self) -> tuple[Any]:
        return (tuple(self) if self.is_ranked else None,)

    @property
    def rank(self) -> int | None:
        """The number of axes; `None` if it is unknown."""
        return len(self) if self.is_ranked else None

    @property
    def ndims(self) -> int | None:
        """The same as `rank`."""
        return self.rank

    @property
    def dims(self) -> list[int | None] | None:
        """The sizes as a list; `None` if the rank is unknown."""
        return list(self) if self.is_ranked else None

    def as_list(self) -> list[int | None]:
        """Return the sizes as a list.

        Raises:
            ValueError: if the rank is unknown.

        >>> TensorShape((None, 3)).as_list()
        [None, 3]
        """
        if not self.is_ranked:
            raise ValueError("TensorShape: as_list() needs a known rank. Received: TensorShape(None).")
        return list(self)

    def is_fully_defined(self) -> bool:
        """Whether all sizes are known.

        >>> TensorShape((None, 3)).is_fully_defined()
        False
        """
        return self.is_ranked and all(size is not None for size in self)

    def num_elements(self) -> int | None:
        """Return the number of entries; `None` if a size is free.

        >>> TensorShape((2, 3)).num_elements()
        6
        """
        # A list, because torch.compile passes no tuples of a user's type to functions.
        return math.prod(self.as_list()) if self.is_fully_defined() else None  # type: ignore[arg-type]

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a tensor could have this shape and the other one.

        >>> TensorShape((None, 3)).is_compatible_with((2, 3)), TensorShape((None, 3)).is_compatible_with((2, 4))
        (True, False)
        """
        other = TensorShape(other)
        if not (self.is_ranked and other.is_ranked):
            return True
        return len(self) == len(other) and all(
            a is None or b is None or a == b for a, b in zip(self, other, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        """Check that a tensor could have this shape and the other one.

        Raises:
            ValueError: if none could.
        """
        if not self.is_compatible_with(other):
            raise ValueError(f"the shapes {tuple(self)} and {tuple(TensorShape(other))} are incompatible.")

    def merge_with(self, other: Any) -> TensorShape:
        """Return the shape that has the sizes known from either.

        Raises:
            ValueError: if they are incompatible.

        >>> TensorShape((None, 3)).merge_with((2, None))
        (2, 3)
        """
        self.assert_is_compatible_with(other)
        other = TensorShape(other)
        if not (self.is_ranked and other.is_ranked):
            return self if self.is_ranked else other
        return TensorShape([b if a is None else a for a, b in zip(self, other, strict=True)])

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """Return the shape of which both are cases: sizes that differ are free.

        >>> TensorShape((2, 3)).most_specific_compatible_shape((4, 3))
        (None, 3)
        """
        other = TensorShape(other)
        if self.rank is None or self.rank != other.rank:
            return TensorShape(None)
        return TensorShape([a if a == b else None for a, b in zip(self, other, strict=True)])

    def concatenate(self, other: Any) -> TensorShape:
        """Return the sizes of this shape and then those of the other.

        >>> TensorShape((None,)).concatenate([3])
        (None, 3)
        """
        other = TensorShape(other)
        return TensorShape((*self, *other) if self.is_ranked and other.is_ranked else None)

    def with_rank(self, rank: int) -> TensorShape:
        """Return the shape, which must have the given rank; an unknown one gets it.

        Raises:
            ValueError: if it has another rank.

        >>> TensorShape(None).with_rank(2)
        (None, None)
        """
        if self.is_ranked and len(self) != rank:
            raise ValueError(f"expected a shape of rank {rank}. Received: {tuple(self)}, of rank {len(self)}.")
        return self if self.is_ranked else TensorShape([None] * rank)

    assert_has_rank = with_rank

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """Return the shape, which must have at least the given rank.

        Raises:
            ValueError: if its rank is smaller.

        >>> TensorShape((2, 3)).with_rank_at_least(1)
        (2, 3)
        """
        if self.is_ranked and len(self) < rank:
            raise ValueError(f"expected a shape of at least rank {rank}. Received: {tuple(self)}, of rank {len(self)}.")
        return self

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return TensorShape(found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        if type(other) is TensorShape and self.is_ranked != other.is_ranked:
            return False
        return tuple(self) == (tuple(other) if isinstance(other, (list, tuple)) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__


def _size(value: Any) -> Any:
    # A symbol of a compiler would become a constant in `as_dimension`.
    return value if isinstance(value, torch.SymInt) else as_dimension(value)
