"""What is a valid shape, and how are shapes normalized and compared?"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

Shape = tuple[int | None, ...]


def as_dimension(value: Any) -> int | None:
    """Return a dimension as an int, or `None` if it is free.

    Raises:
        TypeError: if `value` is neither.

    >>> import numpy as np
    >>> as_dimension(np.int64(3)), as_dimension(None)
    (3, None)
    """
    if value is None:
        return None
    if isinstance(value, bool):
        raise TypeError(f"A dimension must be an int or None. Received: {value!r}.")
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"A dimension must be an int or None. Received: {value!r}.") from None


def is_shape(value: Any) -> bool:
    """Whether `value` is one shape: a flat tuple or list of ints and `None`.

    >>> is_shape((None, 3)), is_shape([2, 3]), is_shape([(2, 3), (4,)]), is_shape("ab")
    (True, True, False, False)
    """
    if not isinstance(value, (tuple, list)):
        return False
    # Symbolic sizes under torch.compile support only the first check.
    return all(d is None or (isinstance(d, int) or hasattr(d, "__index__")) and not isinstance(d, bool) for d in value)


def as_shape(value: Any) -> Shape:
    """Return a shape as a plain tuple.

    Raises:
        TypeError: if `value` is not a shape.

    >>> as_shape([None, 3])
    (None, 3)
    """
    if not is_shape(value):
        raise TypeError(f"A shape must be a tuple of ints and None. Received: {value!r}.")
    return tuple(as_dimension(d) for d in value)


def broadcasts_to(shape: Any, target: Any) -> bool:
    """Whether a tensor of one shape can be broadcast to another shape, in which a free dimension accepts any size.

    >>> broadcasts_to((1, 3), (None, 4, 3)), broadcasts_to((2,), (4, 1)), broadcasts_to((2, 1), (3,))
    (True, False, False)
    """
    pairs = zip(reversed(tuple(shape)), reversed(tuple(target)), strict=False)
    # Not `wanted in (None, size)`, for which torch.compile would make the sizes constants.
    return len(shape) <= len(target) and all(wanted is None or size == 1 or size == wanted for size, wanted in pairs)


def full_shape(value: Any) -> tuple[int, ...]:
    """Return a shape that can be allocated: every dimension is known and not negative.

    Raises:
        TypeError: if `value` is not a shape.
        ValueError: if a dimension is `None` or negative.

    >>> full_shape([2, 3])
    (2, 3)
    """
    shape = as_shape(value)
    if any(d is None or d < 0 for d in shape):
        raise ValueError(
            f"Every dimension must be a known int of at least 0. Received: shape={value!r}. Leave out the axis of the "
            "batch and free axes, as in shape=(input_shape[-1], 8)."
        )
    return tuple(d for d in shape if d is not None)


def map_shapes(function: Callable[[Shape], Any], structure: Any) -> Any:
    """Apply `function` to each shape in a nested structure of shapes; `None` stays `None`.

    >>> map_shapes(len, {"a": (2, 3), "b": [(4,), None]})
    {'a': 2, 'b': [1, None]}
    """
    if structure is None:
        return None
    if is_shape(structure):
        return function(as_shape(structure))
    if isinstance(structure, dict):
        return {key: map_shapes(function, value) for key, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)([map_shapes(function, value) for value in structure])
    raise TypeError(f"Expected a shape or a nested structure of shapes. Received: {structure!r}.")
