"""What are the shape and dtype of a tensor that does not exist yet?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer._dtypes import dtype_name
from torchkeras_layer._shapes import Shape, as_shape


class TensorSpec:
    """Shape and dtype of a tensor; `None` in the shape is a free dimension.

    Raises:
        TypeError: if `shape` is not a shape or `dtype` not a dtype.

    >>> TensorSpec((None, 3), "int64")
    TensorSpec(shape=(None, 3), dtype='int64')
    """

    __slots__ = ("dtype", "name", "shape")

    shape: Shape
    dtype: str
    name: str | None

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = as_shape(shape)
        self.dtype = dtype_name(dtype)
        self.name = name

    def is_compatible_with(self, tensor: Any) -> bool:
        """Whether a tensor, or another spec, has this dtype and fits this shape.

        >>> TensorSpec((None, 3)).is_compatible_with(TensorSpec((7, 3)))
        True
        """
        if dtype_name(tensor.dtype) != self.dtype or len(tensor.shape) != len(self.shape):
            return False
        pairs = zip(self.shape, tensor.shape, strict=True)
        return all(mine is None or theirs is None or mine == theirs for mine, theirs in pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (other.shape, other.dtype) == (self.shape, self.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r})"
