"""How does a call with real tensors reach an operation in one step? By a function with the arguments' own names.

Python binds arguments to names in 0.05 µs; `*args` and `**kwargs`, passed from one function to the next, take ten times
as long, which for small tensors is as much as torch's own function. Therefore such a function is written out, as
`dataclasses` writes `__init__`, from the names in this library's tables.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.values import IsSymbolic

_EMPTY = inspect.Parameter.empty
# What is handed over to `_rest`: symbolic tensors, numbers, sizes, lists of them, and arguments that are wrong.
_TEXT = """
def make(_function, _rest, _usual, _Tensor, _IsSymbolic, _has_torch_function, _type, _list, _isinstance):
    [{usual}] = _usual
    def call({parameters}):
        _first = {first}[0] if _type({first}) is _list and {first} else {first}
        if _isinstance(_first, _Tensor){conditions}:
            try:
                return _function({passed})
            except _IsSymbolic:
                pass
        _given = {{word: value for word, value, usual in [{given}] if value is not usual}}
        return _rest({needed}**_given{others})
    return call
"""


@dataclass(frozen=True)
class _Argument:
    """An argument: its name, its default, and what must be true of it when the operation is called at once."""

    word: str
    default: Any = _EMPTY
    condition: str = ""


def direct(function: Callable[..., Any], rest: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls an operation at once if its first argument is a tensor, or a list with one.

    Args:
        function: the operation.
        rest: what is called otherwise, and if another argument is symbolic, with the arguments that were given.

    >>> total = direct(lambda x, axis=0: x.sum(axis), print)
    >>> total(torch.ones(2, 3), axis=1), total("text")
    text
    (tensor([3., 3.]), None)
    """
    parameters = _named_parameters(function)
    if not parameters:
        return rest
    needed = [name for name, default in parameters.items() if default is _EMPTY]
    arguments = [_Argument(name, default) for name, default in parameters.items()]
    if needed[1:]:
        arguments[-1] = replace(arguments[-1], condition=f"not _has_torch_function(({', '.join(needed[1:])},))")
    return _written(function, rest, arguments, list(parameters), "")


def direct_as_spelled(
    function: Callable[..., Any], rest: Callable[..., Any], words: Mapping[str, str | None], defaults: Mapping[str, Any]
) -> Callable[..., Any]:
    """Return a function like `direct`, whose arguments have other names or defaults; one that is `None` is not given.

    Args:
        function: the operation.
        rest: what is called otherwise, with the arguments that were given, by their other names.
        words: the operation's name of each argument, by the other name; `None` for those without effect. Of two words
            for the same argument, the first is the usual one.
        defaults: values of arguments, by the operation's names, that replace its own.

    >>> total = direct_as_spelled(lambda x, axis=0: x.sum(axis), print, {"values": "x", "dim": "axis"}, {})
    >>> total(torch.ones(2, 3), dim=1)
    tensor([3., 3.])
    """
    parameters = _named_parameters(function)
    if not parameters or not words:
        return rest
    known, arguments = {**parameters, **defaults}, []
    word_of: dict[str, str] = {}
    for word, own in words.items():
        if own is None or own in word_of:
            arguments.append(_Argument(word, None, f"{word} is None" if own else ""))
            continue
        word_of[own], default = word, known[own]
        needed = "" if default is None else f"{word} is not None"
        arguments.append(_Argument(word, None if default is _EMPTY else default, needed))
    passed = [f"{own}={word_of[own]}" for own in parameters if own in word_of]
    passed += [f"{own}={value!r}" for own, value in defaults.items() if own not in word_of]
    return _written(function, rest, arguments, _by_position(passed, list(parameters)), "_others")


def _named_parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the arguments with their defaults; none if some have no name or no position."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is not parameter.POSITIONAL_OR_KEYWORD for parameter in parameters):
        return {}
    return {parameter.name: parameter.default for parameter in parameters}


def _by_position(passed: list[str], order: list[str]) -> list[str]:
    """Leave the names out where the arguments stand at their positions."""
    shown = []
    for text, own in zip(passed, order, strict=False):
        if not text.startswith(f"{own}="):
            break
        shown.append(text.partition("=")[2])
    return shown + passed[len(shown) :]


def _written(
    function: Callable[..., Any], rest: Callable[..., Any], arguments: list[_Argument], passed: list[str], others: str
) -> Callable[..., Any]:
    words = [argument.word for argument in arguments]
    needed = [argument.word for argument in arguments if argument.default is _EMPTY]
    optional = words[len(needed) :]
    conditions = [f"not {others}"] * bool(others) + [argument.condition for argument in arguments if argument.condition]
    text = _TEXT.format(
        usual=", ".join(f"_usual_{word}" for word in optional),
        parameters=", ".join(
            [*needed, *(f"{word}=_usual_{word}" for word in optional), *[f"**{others}"] * bool(others)]
        ),
        first=words[0],
        conditions="".join(f" and {condition}" for condition in conditions),
        passed=", ".join(passed),
        given=", ".join(f"({word!r}, {word}, _usual_{word})" for word in optional),
        needed="".join(f"{word}, " for word in needed),
        others=f", **{others}" if others else "",
    )
    made: dict[str, Any] = {}
    exec(compile(text, f"<call of {rest.__name__}>", "exec"), made)
    defaults = [argument.default for argument in arguments[len(needed) :]]
    # Arguments may have the names of Python's own functions, such as `type`.
    others_called = (Tensor, IsSymbolic, torch._C._has_torch_function, type, list, isinstance)
    call = made["make"](function, rest, defaults, *others_called)
    return functools.update_wrapper(call, rest)
