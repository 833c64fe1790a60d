"""How do the arguments of an operation become tensors that fit together?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer.ops.size_tuple import filled, has_no_values, remember, remembered, remembered_by_all

_INTS = frozenset({torch.int32, torch.int64})
_SMALL_INTS = (torch.bool, torch.uint8, torch.int8, torch.int16)
# Numbers of Python, whose dtype yields to that of a tensor; those of numpy are arrays, but for its floats of Python's.
_NUMBERS = frozenset({bool, int, float, complex, np.float64, torch.SymInt, torch.SymFloat})


class IsSymbolic(TypeError):
    """An operation met a symbolic tensor among its arguments, so that its call becomes a node of the graph.

    Users see it if the tensor was none of them.
    """

    def __init__(self) -> None:
        super().__init__(
            "A function that an operation calls got a symbolic tensor from around it, which has no data. Pass it as an "
            "argument of the operation, or put all into the call() of a layer."
        )


class SymbolicTensor:
    """The base of what stands for a tensor in a graph. Its class has `__torch_function__`, which adds a node."""


def float_dtype() -> torch.dtype:
    """Return the dtype that `set_floatx` sets.

    >>> float_dtype()
    torch.float32
    """
    return torch_dtype(floatx())


def as_tensor(x: Any, dtype: Any = None) -> Tensor:
    """Return a tensor, array, number or nested list as a tensor; Python's ints are int32 and its floats float32.

    Raises:
        IsSymbolic: for a symbolic tensor, or a list with one.

    >>> as_tensor(2).dtype, as_tensor([1.5, 2]).dtype, as_tensor(torch.ones(1)).dtype
    (torch.int32, torch.float32, torch.float32)
    """
    if not isinstance(x, Tensor):
        x = _converted(x)
    if dtype is None:
        return x
    wanted = torch_dtype(dtype)
    cast = x.to(wanted)
    return remember(cast, remembered(x)) if wanted in _INTS and has_no_values() else cast


def _converted(x: Any) -> Tensor:
    if type(x) in _NUMBERS:
        return torch.tensor(x) if isinstance(x, complex) else filled(x, _dtype_of_number(x))
    if isinstance(x, SymbolicTensor):
        raise IsSymbolic()
    if isinstance(x, (list, tuple)):
        if any(isinstance(part, SymbolicTensor) for part in x):
            raise IsSymbolic()
        are_free = torch.compiler.is_compiling() or any(isinstance(part, torch.SymInt) for part in x)
        if (are_free and x) or any(isinstance(part, Tensor) for part in x):
            return remember(torch.stack(promoted(*x)), remembered_by_all(x) if has_no_values() else None)
    tensor = torch.as_tensor(x)
    is_of_python = isinstance(x, (list, tuple))
    if not (is_of_python and tensor.dtype is torch.int64):
        return tensor
    return remember(tensor.to(torch.int32), remembered(x) if has_no_values() else None)


def _dtype_of_number(x: Any) -> torch.dtype:
    if isinstance(x, bool):
        return torch.bool
    return float_dtype() if isinstance(x, (float, torch.SymFloat)) else torch.int32


def as_float(x: Any) -> Tensor:
    """Return a tensor of floating-point or complex numbers: those as they are, ints and bools as float32.

    >>> as_float([1, 2])
    tensor([1., 2.])
    """
    # Written out, as it is in most operations: a call takes as long as the rest.
    if not isinstance(x, Tensor):
        x = _converted(x)
    return x if x.is_floating_point() or x.is_complex() else x.to(float_dtype())


def as_wide_float(x: Any) -> Tensor:
    """Return the same as `as_float`, but int64 as float64, as some functions of Keras do.

    >>> as_wide_float(torch.tensor([1]))
    tensor([1.], dtype=torch.float64)
    """
    x = as_tensor(x)
    return x.to(torch.float64) if x.dtype is torch.int64 else as_float(x)


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


def operands(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Return two tensors, or a tensor and a number of Python, for functions of torch that take both.

    >>> operands(torch.ones(2, dtype=torch.float16), 2)[1], operands(3, 2)
    (2, (tensor(3, dtype=torch.int32), 2))
    """
    if isinstance(x1, Tensor):
        if isinstance(x2, Tensor):
            return x1, x2
        return (_for_number(x1, x2), x2) if type(x2) in _NUMBERS else (x1, as_tensor(x2))
    if isinstance(x2, Tensor) and type(x1) in _NUMBERS:
        return x1, _for_number(x2, x1)
    x1 = as_tensor(x1)
    return (_for_number(x1, x2), x2) if type(x2) in _NUMBERS else (x1, as_tensor(x2))


def _for_number(x: Tensor, number: Any) -> Tensor:
    # Bools and ints give int64 in torch, and int32 in Keras.
    is_int = not isinstance(number, (bool, float, complex, torch.SymFloat))
    return x.to(torch.int32) if is_int and x.dtype is torch.bool else x


def pair(x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """Return two tensors; a number of Python becomes one without axes, of the dtype of the other if that can hold it.

    >>> pair(torch.ones(2, dtype=torch.float16), 2)[1]
    tensor(2., dtype=torch.float16)
    """
    x1, x2 = operands(x1, x2)
    if not isinstance(x2, Tensor):
        return x1, _as_scalar(x2, x1)
    return (x1 if isinstance(x1, Tensor) else _as_scalar(x1, x2)), x2


def _as_scalar(number: Any, like: Tensor) -> Tensor:
    return torch.full((), number, dtype=_with_number(like.dtype, number), device=like.device)


def promoted(*values: Any) -> list[Tensor]:
    """Return tensors of their common dtype, to which tensors without axes yield, and numbers of Python most of all.

    >>> [x.dtype for x in promoted(torch.ones(1), torch.ones(1, dtype=torch.int32))]
    [torch.float32, torch.float32]
    >>> [x.dtype for x in promoted(torch.ones(1, dtype=torch.bfloat16), 2.5)]
    [torch.bfloat16, torch.bfloat16]
    """
    first = values[0]
    if isinstance(first, Tensor):
        # The common case: tensors of one dtype.
        dtype = first.dtype
        for value in values:
            if not isinstance(value, Tensor) or value.dtype is not dtype:
                break
        else:
            return list(values)
    found = [value if type(value) in _NUMBERS else as_tensor(value) for value in values]
    tensors = [value for value in found if isinstance(value, Tensor)]
    if not tensors:
        found = tensors = [as_tensor(value) for value in values]
    if len(tensors) == len(found) and len({tensor.dtype for tensor in tensors}) == 1:
        return tensors
    dtype = _common_dtype(tensors)
    for value in found:
        dtype = dtype if isinstance(value, Tensor) else _with_number(dtype, value)
    device = tensors[0].device
    return [x.to(dtype) if isinstance(x, Tensor) else torch.full((), x, dtype=dtype, device=device) for x in found]


def _common_dtype(tensors: list[Tensor]) -> torch.dtype:
    # torch.result_type says the same, but torch.compile does not follow it.
    single = [x.dtype for x in tensors if x.dim() == 0]
    several = [x.dtype for x in tensors if x.dim() > 0]
    common = functools.reduce(torch.promote_types, several or single)
    if not several or not single:
        return common
    lower = functools.reduce(torch.promote_types, single)
    return torch.promote_types(common, lower) if _category(lower) > _category(common) else common


def _category(dtype: torch.dtype) -> int:
    """Return 0 for bools, 1 for ints, 2 for floats and 3 for complex numbers."""
    if dtype.is_complex:
        return 3
    return 2 if dtype.is_floating_point else int(dtype is not torch.bool)


def _with_number(dtype: torch.dtype, number: Any) -> torch.dtype:
    """Return the common dtype of tensors and a number of Python."""
    if isinstance(number, complex):
        return torch.promote_types(dtype, torch.complex64)
    if isinstance(number, (float, torch.SymFloat)):
        return dtype if _category(dtype) > 1 else float_dtype()
    return torch.int32 if dtype is torch.bool and not isinstance(number, bool) else dtype


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
    if type(axis) is int and -rank <= axis < rank:
        return (axis % rank,)
    axes = axis if isinstance(axis, Sequence) else [axis]
    return tuple(int(one) % rank if -rank <= int(one) < rank else _out_of_range(one, rank) for one in axes)


def _out_of_range(axis: int, rank: int) -> int:
    raise ValueError(f"axis must be between {-rank} and {rank - 1} for a tensor of rank {rank}. Received: {axis}.")


def as_sizes(values: Any) -> list[Any]:
    """Return sizes as a list of ints, also those in a tensor or an array, or in several.

    >>> as_sizes(torch.tensor([2, 3])), as_sizes((4, torch.tensor(5))), as_sizes(6)
    ([2, 3], [4, 5], [6])
    """
    if isinstance(values, (list, tuple)):
        for value in values:
            # Not isinstance(value, Tensor), whose answer takes longer for an int than for a tensor.
            if type(value) is not int:
                return [as_sizes(value)[0] if isinstance(value, Tensor) else value for value in values]
        return list(values)
    if isinstance(values, Tensor):
        known = remembered(values)
        found = values.tolist() if known is None else known
        return list(found) if isinstance(found, (list, tuple)) else [found]
    return values.reshape(-1).tolist() if isinstance(values, np.ndarray) else [values]
