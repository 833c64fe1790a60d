"""What do members mean that tensors, variables, shapes and dtypes have in Keras and TensorFlow, but not in torch?"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from torchkeras_layer._tensor_shape import TensorShape

_CHANGES = ("assign", "assign_add", "assign_sub")
_OF_SHAPES = frozenset(
    (
        *("as_list", "rank", "ndims", "dims", "num_elements", "is_fully_defined", "is_compatible_with", "merge_with"),
        *("assert_is_compatible_with", "assert_has_rank", "with_rank", "with_rank_at_least", "concatenate"),
    )
)
# The names by which code of Keras is recognized. Others of dtypes, such as `name`, are looked for after `.dtype` only.
NAMES = frozenset(
    (
        *(*_CHANGES, "value", "read_value", "initialized_value", "numpy", "get_shape", "set_shape"),
        *("base_dtype", "as_numpy_dtype", "is_floating", "is_integer"),
        *(_OF_SHAPES - {"concatenate"}),
    )
)


def rebind(name: str, value: Any, other: Any) -> Any:
    """Return what `value += other` makes of a variable in TensorFlow: of a tensor another one, which is not changed.

    Args:
        name: the name of the operator in Python's `operator`, such as 'add'.
        value, other: the operands. Anything but tensors means what Python means.

    >>> x = torch.ones(2)
    >>> rebind("add", x, 1), x
    (tensor([2., 2.]), tensor([1., 1.]))
    """
    if isinstance(value, torch.Tensor):
        return getattr(operator, name)(value, other)
    return getattr(operator, f"i{name.rstrip('_')}")(value, other)


def combine(name: str, left: Any, right: Any) -> Any:
    """Return the result of an operator; an array of numpy that meets a tensor becomes one, of the tensor's float dtype.

    Torch gives float64 for an array of it, and an error for a weight that trains. A list and a tensor's shape give a
    shape.

    Args:
        name: the name of the operator in Python's `operator`, such as 'mul'.
        left, right: the operands. Without an array beside a tensor, it means what Python means.

    >>> combine("mul", np.ones(2), torch.nn.Parameter(torch.ones(2))).dtype
    torch.float32
    """
    if isinstance(left, np.ndarray) and isinstance(right, torch.Tensor):
        left = _as_tensor_beside(left, right)
    elif isinstance(right, np.ndarray) and isinstance(left, torch.Tensor):
        right = _as_tensor_beside(right, left)
    elif isinstance(left, list) and isinstance(right, torch.Size):
        right = TensorShape(right)
    elif isinstance(left, torch.Size) and isinstance(right, list):
        left = TensorShape(left)
    return getattr(operator, name)(left, right)


def _as_tensor_beside(array: np.ndarray, tensor: torch.Tensor) -> torch.Tensor:
    made = torch.as_tensor(array, device=tensor.device)
    return made.to(tensor.dtype) if made.is_floating_point() and tensor.is_floating_point() else made


def read_member(value: Any, name: str) -> Any:
    """Return an attribute of a value, which may be a member that Keras's tensors have and torch's have not.

    Args:
        value: any value. Only tensors, tuples, dtypes and sizes are treated in a special way.
        name: the name of the attribute, as `send_reads` passes it.

    Raises:
        AttributeError: if the value has no such attribute, in torch or in Keras.

    >>> read_member(torch.ones(2, 3), "get_shape")().as_list()
    [2, 3]
    >>> read_member(torch.float32, "dtype.name"), read_member(3, "[].value")
    ('float32', 3)
    """
    if isinstance(value, torch.Tensor):
        found = _OF_TENSORS.get(name)
        if found is not None:
            return found(value)
    elif isinstance(value, tuple):
        if name in _OF_SHAPES and not hasattr(value, name):
            return getattr(TensorShape(value), name)
    elif isinstance(value, torch.dtype):
        found = _OF_DTYPES.get(name.removeprefix("dtype."))
        if found is not None:
            return found(value)
    elif name == "[].value" and (value is None or isinstance(value, (int, torch.SymInt))):
        # A size: TensorFlow 1 wrapped it.
        return value
    return getattr(value, name.removeprefix("dtype.").removeprefix("[].").removesuffix("()"))


class _Change:
    """A method of a variable that changes it."""

    def __init__(self, variable: torch.Tensor, name: str) -> None:
        self.variable = variable
        self.name = name

    def __call__(self, value: Any, use_locking: Any = False, name: Any = None, read_value: bool = True) -> torch.Tensor:
        return changers[0](self.variable, self.name, value)


def change_plainly(variable: torch.Tensor, how: str, value: Any) -> torch.Tensor:
    """Change a variable in place, outside of any call, and return its new value.

    Args:
        variable: a parameter or buffer.
        how: 'assign', 'assign_add' or 'assign_sub'.
        value: a tensor, an array or a number of the variable's shape.

    Raises:
        ValueError: if it has another shape.

    >>> weight = torch.nn.Parameter(torch.ones(2)); change_plainly(weight, "assign_add", [1.0, 2.0])
    tensor([2., 3.], grad_fn=<AddBackward0>)
    """
    new = new_value(variable, how, value)
    write(variable, new)
    return new


def new_value(variable: torch.Tensor, how: str, value: Any) -> torch.Tensor:
    """Return what a variable is to be, as a tensor of its dtype; gradients go to the value, and to the old one.

    Raises:
        ValueError: if the value has another shape than the variable.
    """
    tensor = torch.as_tensor(value, dtype=variable.dtype, device=variable.device)
    if tensor.shape != variable.shape:
        raise ValueError(
            f"{how}: the value must have the shape of the variable, {tuple(variable.shape)}. Received: a value of "
            f"shape {tuple(tensor.shape)}. Write value.expand_as(variable) if it is meant for all entries."
        )
    if how == "assign":
        return tensor
    return variable + tensor if how == "assign_add" else variable - tensor


def write(variable: torch.Tensor, value: torch.Tensor) -> None:
    """Write a value into a variable."""
    with torch.no_grad():
        variable.copy_(value)


# What runs the methods that change variables: the newest comes first. The call of a layer has more to consider.
changers: list[Callable[[torch.Tensor, str, Any], torch.Tensor]] = [change_plainly]


def _as_array(tensor: torch.Tensor) -> np.ndarray:
    values = tensor.detach().cpu()
    return (values.float() if values.dtype is torch.bfloat16 else values).numpy()


def _check_shape(tensor: torch.Tensor, shape: Any) -> None:
    if not TensorShape(tensor.shape).is_compatible_with(shape):
        raise ValueError(
            f"set_shape: the tensor has the shape {tuple(tensor.shape)}. Received: {shape!r}. Write "
            "tensor.reshape(shape) to change it."
        )


_OF_TENSORS: dict[str, Callable[[torch.Tensor], Any]] = {
    "assign": lambda tensor: _Change(tensor, "assign"),
    "assign_add": lambda tensor: _Change(tensor, "assign_add"),
    "assign_sub": lambda tensor: _Change(tensor, "assign_sub"),
    # Methods return a copy, which later changes of the variable leave alone.
    "value()": lambda tensor: tensor.clone,
    "read_value": lambda tensor: tensor.clone,
    "initialized_value": lambda tensor: tensor.clone,
    "value": lambda tensor: tensor,
    "[].value": lambda tensor: tensor,
    "numpy": lambda tensor: lambda *args, **kwargs: _as_array(tensor),
    "get_shape": lambda tensor: lambda: TensorShape(tensor.shape),
    "set_shape": lambda tensor: lambda shape: _check_shape(tensor, shape),
    "ndims": lambda tensor: tensor.dim(),
}
_OF_DTYPES: dict[str, Callable[[torch.dtype], Any]] = {
    "name": lambda dtype: str(dtype).removeprefix("torch."),
    "base_dtype": lambda dtype: dtype,
    "is_floating": lambda dtype: dtype.is_floating_point,
    "is_integer": lambda dtype: not (dtype.is_floating_point or dtype.is_complex or dtype is torch.bool),
    "is_bool": lambda dtype: dtype is torch.bool,
    "as_numpy_dtype": lambda dtype: np.dtype(str(dtype).removeprefix("torch.")).type,
    "min": lambda dtype: (torch.finfo if dtype.is_floating_point else torch.iinfo)(dtype).min,
    "max": lambda dtype: (torch.finfo if dtype.is_floating_point else torch.iinfo)(dtype).max,
    "size": lambda dtype: dtype.itemsize,
}
