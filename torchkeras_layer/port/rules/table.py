"""Which rules are there, and how does one read a call and write its own text?"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import libcst as cst

from torchkeras_layer.port.context import Context
from torchkeras_layer.port.names import in_library
from torchkeras_layer.port.tensors import Tensors

_FILES = ("elementwise", "reductions", "shapes", "joining")
_ATOMS = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Integer, cst.Float)
_SHORT = {"K": "keras.backend", "ops": "keras.ops", "activations": "keras.activations", "tf": "tf"}


class Unfit(Exception):
    """A condition of a rule is not met; the call stays one of this library's function."""


class KerasCall:
    """A call of a function of Keras or TensorFlow, with its arguments by their names.

    Args:
        node: the call.
        new: the same call, whose arguments are rewritten already.
        name: the full name of the function.
        context: the file.
        tensors: what is known to be a tensor.

    Raises:
        Unfit: if the arguments cannot be told apart: `*args`, an unknown name, too many.
    """

    def __init__(self, node: cst.Call, new: cst.Call, name: str, context: Context, tensors: Tensors) -> None:
        self.name = name
        self.context = context
        self.tensors = tensors
        self._old = _bound(node, name)
        self._new = _bound(new, name)

    def given(self) -> set[str]:
        """Return the names of the arguments, without `name`, which has no effect."""
        return set(self._old) - {"name"}

    def first(self) -> str:
        """Return the name of the first argument."""
        return next(iter(_parameters(self.name)))

    def order(self) -> tuple[str, ...]:
        """Return the names of the function's arguments in their order."""
        return _parameters(self.name)

    def parts(self, argument: str) -> list[cst.BaseExpression]:
        """Return the elements of an argument that is a list or tuple.

        Raises:
            Unfit: if it is none, is empty or has `*` in it.
        """
        value = self.value(argument)
        if not isinstance(value, (cst.List, cst.Tuple)) or not value.elements:
            raise Unfit
        if any(isinstance(element, cst.StarredElement) for element in value.elements):
            raise Unfit
        return [element.value for element in value.elements]

    def elements(self, argument: str) -> list[str]:
        """Return the texts of the elements of a list or tuple, none of which is `None`."""
        self.parts(argument)
        new = self._new[argument]
        assert isinstance(new, (cst.List, cst.Tuple))
        texts = [self.context.module.code_for_node(element.value) for element in new.elements]
        if "None" in texts:
            raise Unfit
        return texts

    def value(self, argument: str) -> cst.BaseExpression:
        """Return an argument as it was written.

        Raises:
            Unfit: if it is not given.
        """
        if argument not in self._old:
            raise Unfit
        return self._old[argument]

    def text(self, argument: str) -> str:
        """Return the text of an argument, with all that is rewritten in it."""
        self.value(argument)
        return self.context.module.code_for_node(self._new[argument])

    def operand(self, argument: str) -> str:
        """Return the text of an argument, in parentheses if an operator or a method binds it otherwise."""
        text, value = self.text(argument), self._new[argument]
        return text if isinstance(value, _ATOMS) or value.lpar else f"({text})"

    def tensor(self, argument: str) -> str:
        """Return the text of an argument that is a tensor, as an operand.

        Raises:
            Unfit: if it is not known to be one.
        """
        if not self.tensors.is_tensor(self.value(argument)):
            raise Unfit
        return self.operand(argument)

    def floats(self, argument: str) -> str:
        """Return the text of an argument that is a tensor of floating-point numbers, as an operand."""
        if not self.tensors.is_float(self.value(argument)):
            raise Unfit
        return self.operand(argument)

    def literal(self, argument: str, default: Any) -> Any:
        """Return the value of an argument that is written out, such as -1 or (0, 2, 1)."""
        if argument not in self._old:
            return default
        try:
            return ast.literal_eval(self.context.module.code_for_node(self._old[argument]))
        except (ValueError, SyntaxError):
            raise Unfit from None

    def axis(self, argument: str, default: int | None) -> int | None:
        """Return an argument that is one axis, or `None`."""
        axis = self.literal(argument, default)
        if not (axis is None or type(axis) is int):
            raise Unfit
        return axis

    def only(self, *arguments: str) -> None:
        """Check that no other arguments are given."""
        if not self.given() <= set(arguments):
            raise Unfit


@functools.cache
def _parameters(name: str) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(in_library(name)).parameters
    except (AttributeError, ImportError, TypeError, ValueError):
        raise Unfit from None
    return tuple(parameters)


def _bound(call: cst.Call, name: str) -> dict[str, cst.BaseExpression]:
    parameters = _parameters(name)
    found: dict[str, cst.BaseExpression] = {}
    for place, argument in enumerate(call.args):
        word = argument.keyword.value if argument.keyword else parameters[place] if place < len(parameters) else ""
        if argument.star or word in found or word not in (*parameters, "name"):
            raise Unfit
        found[word] = argument.value
    return found


@dataclass(frozen=True)
class Rule:
    """How calls of some functions are rewritten.

    Attributes:
        names: the full names of the functions.
        keras: a line of Keras, on tensors `x`, `y` and a weight `w`.
        torch: what becomes of it.
        when: the conditions, for people.
        needs: the names that the new text imports.
        write: returns the new text, or raises Unfit.
    """

    names: tuple[str, ...]
    keras: str
    torch: str
    when: str
    needs: tuple[str, ...]
    write: Callable[[KerasCall], str]


RULES: list[Rule] = []
"""All rules, in the order of the files and of their lines."""


def rule(
    names: str, *, keras: str, torch: str, when: str = "x is known to be a tensor"
) -> Callable[[Callable[[KerasCall], str]], Callable[[KerasCall], str]]:
    """Add a function to the rules.

    Args:
        names: the functions' names, such as `K.exp tf.math.exp`.
        keras, torch, when: see `Rule`.
    """

    def add(write: Callable[[KerasCall], str]) -> Callable[[KerasCall], str]:
        needs = tuple(name for name in ("torch", "F") if f"{name}." in torch)
        RULES.append(Rule(tuple(map(_full, names.split())), keras, torch, when, needs, write))
        return write

    return add


def _full(name: str) -> str:
    first, _, rest = name.partition(".")
    return f"{_SHORT[first]}.{rest}"


@functools.cache
def rules_by_name() -> dict[str, list[Rule]]:
    """Return the rules for each full name.

    >>> rules_by_name()["keras.backend.exp"][0].torch
    'torch.exp(x)'
    """
    for file in _FILES:
        importlib.import_module(f"{__package__}.{file}")
    found: dict[str, list[Rule]] = {}
    for one in RULES:
        for name in one.names:
            found.setdefault(name, []).append(one)
    return found
