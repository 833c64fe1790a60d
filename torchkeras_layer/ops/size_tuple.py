"""What is the shape of a tensor in ported code, which computes with it as TensorFlow does with a tensor of sizes?

It is a tuple of ints: torch.compile and torch.export follow these, also those of free axes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor


def filled(value: Any, dtype: torch.dtype) -> Tensor:
    """Return a number, which may be a free size, as a tensor.

    >>> filled(3, torch.int32)
    tensor(3, dtype=torch.int32)
    """
    # Not torch.tensor(value): torch.export takes that for a value which it has to know.
    tensor = torch.full((), value, dtype=dtype)
    return remember(tensor, value) if dtype is torch.int32 else tensor


def remember(tensor: Tensor, sizes: Any) -> Tensor:
    """Let a tensor remember the sizes that it is made of, where its values are not known: without data, or compiled.

    Args:
        tensor: a tensor of ints.
        sizes: an int or a tuple of ints, which may be free; `None` if they are not known.
    """
    if sizes is not None and has_no_values():
        tensor._keras_sizes = sizes  # type: ignore[attr-defined]
    return tensor


def has_no_values() -> bool:
    """Whether the values of new tensors are not known, because a compiler traces or nothing has data.

    >>> has_no_values()
    False
    """
    if torch.compiler.is_dynamo_compiling():
        return True
    return torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.FAKE) is not None


def remembered(value: Any) -> Any:
    """Return the sizes, an int or a tuple, that a value is or remembers; `None` for any other.

    >>> remembered(3), remembered([2, 3]), remembered(torch.ones(2))
    (3, (2, 3), None)
    """
    if isinstance(value, (list, tuple)):
        return tuple(value) if all(isinstance(one, (int, torch.SymInt)) for one in value) else None
    if isinstance(value, (int, torch.SymInt)):
        return None if isinstance(value, bool) else value
    return getattr(value, "_keras_sizes", None) if isinstance(value, Tensor) else None


def remembered_by_all(values: Any) -> tuple[Any, ...] | None:
    """Return the sizes that several values are or remember, one after the other; `None` if those of one are not known.

    >>> remembered_by_all([3, (4, 5)])
    (3, 4, 5)
    """
    found = [remembered(value) for value in values]
    if any(sizes is None for sizes in found):
        return None
    return tuple(size for sizes in found for size in (sizes if isinstance(sizes, tuple) else (sizes,)))


def each(compute: Callable[[Any, Any], Any], x1: Any, x2: Any) -> Any:
    """Return the results for the sizes in two tuples or lists, one by one; a number belongs to all of the other ones.

    >>> each(operator.mul, (2, 3), 10)
    (20, 30)
    """
    if isinstance(x1, Tensor) or isinstance(x2, Tensor):
        return compute(*(_as_tensor(x) for x in (x1, x2)))
    are_several = [isinstance(x, (list, tuple)) for x in (x1, x2)]
    if not any(are_several):
        return compute(x1, x2)
    count = max(len(x) for x in (x1, x2) if isinstance(x, (list, tuple)))
    first, second = (list(x) * (count if len(x) == 1 else 1) if several else [x] * count
                     for x, several in zip((x1, x2), are_several, strict=True))  # fmt: skip
    return SizeTuple([compute(*both) for both in zip(first, second, strict=True)])


def _as_tensor(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return torch.stack([filled(value, torch.int32) for value in x])
    return x


def _method(compute: Callable[[Any, Any], Any]) -> Any:
    return lambda self, other: each(compute, self, other)


def _reflected(compute: Callable[[Any, Any], Any]) -> Any:
    return lambda self, other: each(compute, other, self)


def _comparison(compute: Callable[[Any, Any], Any]) -> Any:
    def method(self: SizeTuple, other: Any) -> Any:
        if other is None:
            return compute is operator.ne
        found = each(compute, self, other)
        return found if isinstance(found, Tensor) else torch.stack([filled(value, torch.bool) for value in found])

    return method


class SizeTuple(tuple[int, ...]):
    """The sizes of axes. Operators compute with each size, as TensorFlow's do: `+` adds, and does not append.

    >>> sizes = SizeTuple((2, 3, 4))
    >>> sizes[1:] // 2, sizes * 10, sizes == 3
    ((1, 2), (20, 30, 40), tensor([False,  True, False]))
    """

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        """Return one size, or some."""
        found = tuple.__getitem__(self, key)
        return SizeTuple(found) if isinstance(key, slice) else found

    @property
    def shape(self) -> torch.Size:
        """The number of sizes, in a tuple."""
        return torch.Size((len(self),))

    @property
    def dtype(self) -> torch.dtype:
        """The dtype that the sizes have as a tensor."""
        return torch.int32

    def numpy(self) -> Any:
        """Return the sizes as an array.

        >>> SizeTuple((2, 3)).numpy()
        array([2, 3], dtype=int32)
        """
        return np.array(tuple(self), dtype=np.int32)

    __add__: Any = _method(operator.add)
    __radd__: Any = _reflected(operator.add)
    __sub__: Any = _method(operator.sub)
    __rsub__: Any = _reflected(operator.sub)
    __mul__: Any = _method(operator.mul)
    __rmul__: Any = _reflected(operator.mul)
    __floordiv__: Any = _method(operator.floordiv)
    __rfloordiv__: Any = _reflected(operator.floordiv)
    __truediv__: Any = _method(operator.truediv)
    __rtruediv__: Any = _reflected(operator.truediv)
    __mod__: Any = _method(operator.mod)
    __rmod__: Any = _reflected(operator.mod)
    __pow__: Any = _method(operator.pow)
    __eq__: Any = _comparison(operator.eq)
    __ne__: Any = _comparison(operator.ne)
    __lt__: Any = _comparison(operator.lt)
    __le__: Any = _comparison(operator.le)
    __gt__: Any = _comparison(operator.gt)
    __ge__: Any = _comparison(operator.ge)
    __hash__ = tuple.__hash__

    def __neg__(self) -> SizeTuple:
        return SizeTuple([-size for size in self])
