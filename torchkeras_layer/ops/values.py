"""How do the arguments of an operation become tensors that fit together?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.ops.size_tuple import filled

_SMALL_INTS = (torch.bool, torch.uint8, torch.int8, torch.int16)
_NUMBERS = (bool, int, float, torch.SymInt, torch.SymFloat)


def as_tensor(x: Any, dtype: Any = None) -> Tensor:
    """Return a tensor, array, number or nested list as a tensor; Python's ints are int32 and its floats float32.

    >>> as_tensor(2).dtype, as_tensor([1.5, 2]).dtype, as_tensor(torch.ones(1)).dtype
    (torch.int32, torch.float32, torch.float32)
    """
    if not isinstance(x, Tensor):
        x = _converted(x)
    return x if dtype is None else x.to(torch_dtype(dtype))


def _converted(x: Any) -> Tensor:
    if isinstance(x, _NUMBERS) and not isinstance(x, np.generic):
        return filled(x, _dtype_of_number(x))
    if isinstance(x, (list, tuple)):
        are_free = torch.compiler.is_compiling() or any(isinstance(part, torch.SymInt) for part in x)
        if (are_free and x) or any(isinstance(part, Tensor) for part in x):
            return torch.stack(promoted(*x))
    is_of_python = isinstance(x, (complex, list, tuple))
    tensor = torch.as_tensor(x)
    return tensor.to(torch.int32) if is_of_python and tensor.dtype is torch.int64 else tensor


def _dtype_of_number(x: Any) -> torch.dtype:
    if isinstance(x, bool):
        return torch.bool
    return torch.get_default_dtype() if isinstance(x, (float, torch.SymFloat)) else torch.int32


def as_float(x: Any) -> Tensor:
    """Return a tensor of floating-point or complex numbers: those as they are, ints and bools as float32.

    >>> as_float([1, 2])
    tensor([1., 2.])
    """
    x = as_tensor(x)
    return x if x.is_floating_point() or x.is_complex() else x.to(torch.float32)


def as_number(x: Any) -> Tensor:
    """Return a tensor of numbers: bools as int32.

    >>> as_number([True, False])
    tensor([1, 0], dtype=torch.int32)
    """
    x = as_tensor(x)
    return x.to(torch.int32) if x.dtype is torch.bool else x


def as_orderable(x: Any) -> Tensor:
    """Return a tensor whose values torch can compare and sort: bools as uint8.

    >>> as_orderable([True]).dtype
    torch.uint8
    """
    x = as_tensor(x)
    return x.to(torch.uint8) if x.dtype is torch.bool else x


def pair(x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """Return two tensors; a number is one without axes, whose dtype yields to that of the other.

    >>> pair(torch.ones(2, dtype=torch.float16), 2)[1]
    tensor(2, dtype=torch.int32)
    """
    return as_tensor(x1), as_tensor(x2)


def promoted(*values: Any) -> list[Tensor]:
    """Return tensors of their common dtype.

    >>> [x.dtype for x in promoted(torch.ones(1), torch.ones(1, dtype=torch.int32))]
    [torch.float32, torch.float32]
    """
    tensors = [as_tensor(value) for value in values]
    dtypes = {tensor.dtype for tensor in tensors}
    if len(dtypes) == 1:
        return tensors
    common = tensors[0]
    for tensor in tensors[1:]:
        common = torch.empty((), dtype=torch.result_type(common, tensor)).expand([1] * max(common.dim(), tensor.dim()))
    return [tensor.to(common.dtype) for tensor in tensors]


def promoted_floats(*values: Any) -> list[Tensor]:
    """Return tensors of their common floating-point dtype.

    >>> [x.dtype for x in promoted_floats(1, torch.ones(1, dtype=torch.int32))]
    [torch.float32, torch.float32]
    """
    return [as_float(tensor) for tensor in promoted(*values)]


def sum_dtype(x: Tensor) -> torch.dtype:
    """Return the dtype of sums and products of the values of a tensor: int32 for small ints, else its own.

    >>> sum_dtype(torch.ones(1, dtype=torch.bool)), sum_dtype(torch.ones(1, dtype=torch.float16))
    (torch.int32, torch.float16)
    """
    return torch.int32 if x.dtype in _SMALL_INTS else x.dtype


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Return axes as non-negative ints; `None` means all.

    >>> axes_of(None, 3), axes_of(-1, 3), axes_of((0, -1), 3)
    ((0, 1, 2), (2,), (0, 2))
    """
    if axis is None:
        return tuple(range(rank))
    axes = axis if isinstance(axis, Sequence) else [axis]
    return tuple(int(one) % rank if -rank <= int(one) < rank else _out_of_range(one, rank) for one in axes)


def _out_of_range(axis: int, rank: int) -> int:
    raise ValueError(f"axis must be between {-rank} and {rank - 1} for a tensor of rank {rank}. Received: {axis}.")


def as_sizes(values: Any) -> list[Any]:
    """Return sizes as a list of ints, also those in a tensor or in several.

    >>> as_sizes(torch.tensor([2, 3])), as_sizes((4, torch.tensor(5))), as_sizes(6)
    ([2, 3], [4, 5], [6])
    """
    if isinstance(values, Tensor):
        found = values.tolist()
        return found if isinstance(found, list) else [found]
    if not isinstance(values, (list, tuple)):
        return [values]
    return [value.item() if isinstance(value, Tensor) else value for value in values]
