"""Which code reads members of Keras's tensors and variables, and so has its reads go through `read_member`?

It is the code of classes that derive from ours, and of the functions of the same package that it calls. Other code is
left alone, and so is code that mentions no such member.
"""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from torchkeras_layer._attribute_reads import names_in, send_reads
from torchkeras_layer._keras_members import NAMES, combine, read_member, rebind

_OURS = "torchkeras_layer"
_NAMES_OF_MODULES = frozenset({"K", "tf", "ops", "keras", "backend"})
_NOT_PORTED = frozenset({_OURS, "torch", "builtins", "abc", "typing", "enum", "dataclasses", "numpy"})
_COMPUTING = (f"{_OURS}.tf", f"{_OURS}.backend", f"{_OURS}.ops")

# Classes whose methods were looked at when all functions of their files were defined.
_complete: weakref.WeakSet[type] = weakref.WeakSet()


def read_class_as_keras(cls: type, is_complete: bool = False) -> bool:
    """Have the methods of a class, and of its bases that are none of ours, read members of Keras's tensors.

    Args:
        cls: the class.
        is_complete: whether the functions that the methods call are defined by now: then, once a class is enough.

    Returns:
        whether any of them reads one.
    """
    if is_complete:
        if cls in _complete:
            return False
        _complete.add(cls)
    reading = [function for function in functions_of(cls) if read_as_keras(function)]
    return bool(reading)


def read_as_keras(function: Any) -> bool:
    """Have a function, and those of its package that it calls, read members of Keras's tensors; say whether any does.

    Args:
        function: a function of Python, also in decorators of `functools.wraps`.

    >>> import torch
    >>> def size_of(x): return x.get_shape().as_list()
    >>> read_as_keras(size_of), size_of(torch.ones(2, 3))
    (True, [2, 3])
    """
    return _read_as_keras(function, set())


def _read_as_keras(function: Any, seen: set[int]) -> bool:
    found = False
    while function is not None:
        if isinstance(function, types.FunctionType) and id(function) not in seen:
            seen.add(id(function))
            found = _send(function) or found
            for called in _called_by(function):
                found = _read_as_keras(called, seen) or found
        function = getattr(function, "__wrapped__", None)
    return found


def _send(function: types.FunctionType) -> bool:
    is_ported = _computes_as_keras(function)
    # Arrays of numpy are to be expected only in a file that imports it.
    meets_arrays = any(value is np for value in function.__globals__.values())
    combines = is_ported or bool(NAMES & names_in(function.__code__))
    return send_reads(
        function, NAMES, read_member, rebind if is_ported else None, combine if combines else None, meets_arrays
    )


def _computes_as_keras(function: types.FunctionType) -> bool:
    """Whether a function mentions those of TensorFlow, K or `keras.ops`, so that `x += y` means what it means there."""
    mentioned = names_in(function.__code__)
    for name in mentioned:
        value = function.__globals__.get(name)
        # Scripts also reach the functions through an object that loads a module when it is first read.
        stands_for_module = name in _NAMES_OF_MODULES and hasattr(type(value), "__getattr__")
        inside = [getattr(value, attribute, None) for attribute in mentioned] if stands_for_module else []
        if any(_is_of_keras(one) for one in (value, *inside)):
            return True
    return False


def _is_of_keras(value: Any) -> bool:
    place = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
    return isinstance(place, str) and place.startswith(_COMPUTING)


def functions_of(cls: type) -> Iterator[Any]:
    """Yield the functions in a class and in its bases that are none of ours: methods, properties and others."""
    for one in cls.__mro__:
        if one.__module__.partition(".")[0] in _NOT_PORTED:
            continue
        for value in list(vars(one).values()):
            if isinstance(value, property):
                yield from filter(None, (value.fget, value.fset, value.fdel))
            elif isinstance(value, (staticmethod, classmethod)):
                yield value.__func__
            elif isinstance(value, functools.cached_property):
                yield value.func
            elif isinstance(value, types.FunctionType) or hasattr(value, "__wrapped__"):
                yield value


def _called_by(function: types.FunctionType) -> Iterator[types.FunctionType]:
    """Yield the functions of the same package that a function mentions by name, or as an attribute of a module."""
    package = _package_of(function)
    if package in _NOT_PORTED:
        return
    mentioned = names_in(function.__code__)
    for name in mentioned:
        value = function.__globals__.get(name)
        if isinstance(value, types.FunctionType) and _package_of(value) == package:
            yield value
        elif isinstance(value, types.ModuleType) and value.__name__.partition(".")[0] == package:
            inside = [vars(value).get(attribute) for attribute in mentioned]
            yield from (one for one in inside if isinstance(one, types.FunctionType) and _package_of(one) == package)


def _package_of(function: types.FunctionType) -> str:
    return (function.__module__ or "").partition(".")[0]
