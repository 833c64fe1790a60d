"""Which modules and parameters does a function hold, where torch does not find them?"""

from __future__ import annotations

import dis
import functools
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from torchkeras_layer._structures import leaves

_FUNCTIONS = (types.FunctionType, types.MethodType, functools.partial)


def held_weights(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """Return the modules with weights, and the parameters, that a function uses, each with a name that it has there.

    They are found in its closure, its default values, the object that it is a method of and what it reads of it, the
    arguments of a `partial` and the global variables that it reads, and in those of functions found there. Those of a
    module of which a method is running do not count: it is the module that makes the function.

    >>> scale = nn.Linear(2, 2)
    >>> held_weights(lambda x, layer=scale: layer(x))
    [('layer', Linear(in_features=2, out_features=2, bias=True))]
    """
    found: dict[int, tuple[str, Any]] = {}
    _search(function, set(), found)
    if not found:
        return []
    makers = [module for maker in _running_modules() for module in maker.modules()]
    known = {id(one) for module in makers for one in (module, *module._parameters.values())}
    return [named for key, named in found.items() if key not in known]


def _search(function: Any, seen: set[int], found: dict[int, tuple[str, Any]]) -> None:
    if id(function) in seen:
        return
    seen.add(id(function))
    for name, held in _variables(function):
        for value in [held] if isinstance(held, nn.Module) else leaves(held):
            if isinstance(value, nn.Parameter) or _has_parameters(value):
                found.setdefault(id(value), (name, value))
            elif isinstance(value, _FUNCTIONS):
                _search(value, seen, found)


def _variables(function: Any) -> Iterator[tuple[str, Any]]:
    """Return what a callable refers to, with names."""
    if isinstance(function, functools.partial):
        yield from ((_name_of(value), value) for value in (function.func, *function.args))
        yield from function.keywords.items()
    elif isinstance(function, types.MethodType):
        yield from ((_name_of(value), value) for value in (function.__self__, function.__func__))
        yield from _attributes_read_by(function)
    elif isinstance(function, types.FunctionType):
        code = function.__code__
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            # A variable that has no value yet has an empty cell.
            yield from ((name, value) for value in _contents(cell))
        positional = code.co_varnames[: code.co_argcount]
        defaults = function.__defaults__ or ()
        yield from zip(positional[len(positional) - len(defaults) :], defaults, strict=True)
        yield from (function.__kwdefaults__ or {}).items()
        yield from _globals_of(function, code)
    elif not isinstance(function, (type, nn.Module)):
        # An object of a class with `__call__`.
        yield from getattr(function, "__dict__", {}).items()


def _attributes_read_by(method: types.MethodType) -> Iterator[tuple[str, Any]]:
    """Return the attributes that a method reads of its object, unless that is a module, which is found itself."""
    owner, code = method.__self__, getattr(method.__func__, "__code__", None)
    if code is not None and not isinstance(owner, (type, nn.Module)):
        yield from ((name, value) for name, value in getattr(owner, "__dict__", {}).items() if name in code.co_names)


def _contents(cell: Any) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:
        return []


def _globals_of(function: types.FunctionType, code: types.CodeType) -> Iterator[tuple[str, Any]]:
    """Return the global variables that a function reads: modules, parameters, and functions of the same file."""
    for instruction in dis.get_instructions(code):
        value = function.__globals__.get(instruction.argval) if instruction.opname == "LOAD_GLOBAL" else None
        is_near = isinstance(value, types.FunctionType) and value.__globals__ is function.__globals__
        if is_near or isinstance(value, (nn.Module, nn.Parameter, list, tuple, dict)):
            yield instruction.argval, value
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _globals_of(function, constant)


def _running_modules() -> list[nn.Module]:
    """Return the modules one of whose methods is running, the innermost first."""
    frame, found = sys._getframe(1), []
    while frame is not None:
        code = frame.f_code
        first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        # Layers that `super().__init__()` has not reached have no registries yet.
        if isinstance(first, nn.Module) and "_modules" in first.__dict__:
            found.append(first)
        frame = frame.f_back
    return found


def _has_parameters(value: Any) -> bool:
    # A layer that is not built has a placeholder for its weights.
    return isinstance(value, nn.Module) and next(value.parameters(), None) is not None


def _name_of(value: Any) -> str:
    return getattr(value, "name", None) or getattr(value, "__name__", type(value).__name__)
