"""What do TensorFlow's functions of shapes give? The class is `TensorShape`."""

from __future__ import annotations

from typing import Any

from torchkeras_layer._tensor_shape import TensorShape

__all__ = ["TensorShape"]

Dimension = int


def dimension_value(dimension: Any) -> Any:
    """Return a size of a shape.

    >>> dimension_value(3)
    3
    """
    return dimension


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """Return the shape that two tensors of given shapes have together. Raises ValueError if they do not fit.

    >>> broadcast_static_shape((2, 1), (None, 3))
    (2, 3)
    """
    first, second = tuple(TensorShape(shape_x)), tuple(TensorShape(shape_y))
    count = max(len(first), len(second))
    first, second = ((1,) * (count - len(sizes)) + sizes for sizes in (first, second))
    return TensorShape([_broadcast(a, b, shape_x, shape_y) for a, b in zip(first, second, strict=True)])


def _broadcast(a: Any, b: Any, shape_x: Any, shape_y: Any) -> Any:
    if a == 1 or b == 1:
        return b if a == 1 else a
    if a is None or b is None:
        return a if b is None else b
    if a != b:
        raise ValueError(f"Incompatible shapes for broadcasting: {tuple(shape_x)} and {tuple(shape_y)}")
    return a
