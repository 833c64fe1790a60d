"""Which switches help to run code of Keras and TensorFlow that is in no class of this library's?

The methods of layers, metrics and other classes that derive from ours need none: where they mention members such as
`assign` or `get_shape`, these are found.
"""

from __future__ import annotations

import contextlib
import inspect
import types
from collections.abc import Iterator
from typing import Any, TypeVar

import torch

from torchkeras_layer._keras_members import read_member
from torchkeras_layer._ported_code import functions_of, read_as_keras

__all__ = ["disable_variable_methods", "enable_variable_methods", "read_members_of_keras", "variable_methods"]

_Target = TypeVar("_Target")


def _method(name: str) -> Any:
    def method(self: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        return read_member(self, name)(*args, **kwargs)

    method.__name__, method.__doc__ = name, f"Do what `{name}` of Keras's tensors and variables does."
    return method


_METHODS = ("assign", "assign_add", "assign_sub", "read_value", "get_shape", "set_shape")
_MEMBERS: dict[str, Any] = {name: _method(name) for name in _METHODS}
_MEMBERS["value"] = property(lambda tensor: tensor, doc="The tensor itself.")


def read_members_of_keras(target: _Target) -> _Target:
    """Have code read members that Keras's tensors, variables and shapes have and torch's have not; return it.

    Such code is changed in place: reads of `assign`, `assign_add`, `assign_sub`, `value`, `read_value`, `numpy`,
    `get_shape`, `set_shape`, of members of shapes (`x.shape.as_list()`, `rank`, …) and of dtypes (`x.dtype.name`, …) go
    through a function, which asks other objects for their own attributes. Nothing else in the process changes. It is
    done by itself for the classes that derive from this library's.

    Args:
        target: a function, whose package's functions that it calls are changed too; a class; or a module, with all
            functions and classes that it defines. Without its source, a function stays as it is.

    Returns:
        `target`: it can be used as a decorator.

    Raises:
        TypeError: for anything else.

    >>> @read_members_of_keras
    ... def sizes_of(x):
    ...     return x.shape.as_list()
    >>> sizes_of(torch.ones(2, 3))
    [2, 3]
    """
    if inspect.ismodule(target):
        own = [value for value in vars(target).values() if getattr(value, "__module__", None) == target.__name__]
        for value in own:
            if inspect.isclass(value) or inspect.isfunction(value):
                read_members_of_keras(value)
    elif inspect.isclass(target):
        for function in functions_of(target):
            read_as_keras(function)
    elif isinstance(target, types.FunctionType):
        read_as_keras(target)
    else:
        raise TypeError(
            f"read_members_of_keras: expected a function, a class or a module. Received: {target!r}, a "
            f"{type(target).__name__}."
        )
    return target


def enable_variable_methods() -> tuple[str, ...]:
    """Give all tensors of this process the methods of Keras's variables, for scripts; say which names they got.

    These are `assign`, `assign_add`, `assign_sub`, `read_value`, `get_shape` and `set_shape`, and the property `value`.
    They are set on `torch.Tensor`, which has none of them, and so all code sees them: `hasattr(tensor, "value")` is
    true from now on. torch.compile takes all but `get_shape` and `set_shape`. Shapes are torch's, which take no
    methods: `x.shape.as_list()` fails as before, and `x.get_shape().as_list()` works. `read_members_of_keras` has
    neither limit.

    Returns:
        the names; `()` if they were enabled already.

    >>> weight = torch.zeros(2)
    >>> enable_variable_methods()[:3]
    ('assign', 'assign_add', 'assign_sub')
    >>> weight.assign([1.0, 2.0])
    tensor([1., 2.])
    >>> disable_variable_methods(); hasattr(weight, "assign")
    False
    """
    added = tuple(name for name in _MEMBERS if not hasattr(torch.Tensor, name))
    for name in added:
        setattr(torch.Tensor, name, _MEMBERS[name])
    return added


def disable_variable_methods() -> None:
    """Take from tensors what `enable_variable_methods` gave them."""
    for name, member in _MEMBERS.items():
        if vars(torch.Tensor).get(name) is member:
            delattr(torch.Tensor, name)


@contextlib.contextmanager
def variable_methods() -> Iterator[tuple[str, ...]]:
    """Give all tensors the methods of Keras's variables within the block; see `enable_variable_methods`.

    >>> with variable_methods():
    ...     torch.ones(2).get_shape().rank
    1
    """
    added = enable_variable_methods()
    try:
        yield added
    finally:
        if added:
            disable_variable_methods()
