"""How do reads of attributes, `x += y` and `x * y`, in the code of given functions only, go through functions of ours?

The file that defines a function is compiled a second time, with `value.name` replaced by `read(value, "name")` where
`name` is one of the given names, and the function gets the code that belongs to it. It stays the same function object,
with the same lines in tracebacks. Where the source is not known, or is not what the function was compiled from, nothing
happens.
"""

from __future__ import annotations
import __future__

import ast
import dis
import functools
import linecache
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

_READER, _REBINDER, _COMBINER = "__torchkeras_read__", "__torchkeras_rebind__", "__torchkeras_combine__"
_OURS = frozenset({_READER, _REBINDER, _COMBINER})
_FEATURES = functools.reduce(
    lambda flags, name: flags | getattr(__future__, name).compiler_flag, __future__.all_feature_names, 0
)
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
# Operators whose names in `operator` are not those of their classes here.
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.MatMult: "matmul",
    ast.BitAnd: "and_",
    ast.BitOr: "or_",
    ast.BitXor: "xor",
}
# After these, the receiver says what is meant: `x.dtype.name` is none of a layer's names.
_AFTER_DTYPE = frozenset({"name", "min", "max", "size", "is_bool", "is_integer", "is_floating", "as_numpy_dtype"})


def names_in(code: types.CodeType) -> set[str]:
    """Return the names of attributes and globals that code mentions, also in functions inside it.

    >>> sorted(names_in((lambda x: [y.assign(2) for y in x.values()]).__code__))
    ['assign', 'values']
    """
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return {*code.co_names}.union(*map(names_in, inner))


def send_reads(
    function: Any,
    names: frozenset[str],
    read: Callable[[Any, str], Any],
    rebind: Callable[..., Any] | None = None,
    combine: Callable[..., Any] | None = None,
    is_combined_everywhere: bool = True,
) -> bool:
    """Have a function's reads of attributes with given names go through `read(value, name)`, and say whether any do.

    Args:
        function: a function of Python; it is changed in place, unless its source is not known.
        names: the names of attributes. Of `value`, the reader is told what is meant: `'value()'` if it is called,
            `'[].value'` after an index, as in `shape[0].value`. Those of dtypes, as in `x.dtype.name`, are always read
            by it, as `'dtype.name'`.
        read: what returns the value of the attribute.
        rebind: what `x += y` means for a variable: `x = rebind("add", x, y)`, and so on; by default what Python means.
        combine: likewise what `x * y` means, unless an operand is written as a number or text.
        is_combined_everywhere: whether all operators go through `combine`, and not only `[…] + x`.

    >>> def shape_of(x): return x.get_shape()
    >>> send_reads(shape_of, frozenset({"get_shape"}), lambda value, name: lambda: (name, value))
    True
    >>> shape_of(3)
    ('get_shape', 3)
    """
    code = function.__code__
    mentioned = names_in(code)
    if _OURS & mentioned:
        return True
    reads = bool(names & mentioned or ("dtype" in mentioned and _AFTER_DTYPE & mentioned))
    has_operators = {found.endswith("=") for found in _operators_in(code)}
    rebinds, combines = rebind is not None and True in has_operators, combine is not None and False in has_operators
    changes = _Changes(names, rebinds, combines, is_combined_everywhere)
    is_asked = reads or changes.rebinds or changes.combines
    lines = linecache.getlines(code.co_filename, function.__globals__) if is_asked else []
    flags = code.co_flags & _FEATURES
    changed = _changed_codes("".join(lines), code.co_filename, flags, changes) if lines else []
    new = next((after for before, after in changed if _is_same(before, code)), None)
    if new is None or not _OURS & names_in(new) or new.co_freevars != code.co_freevars:
        return False
    given = {_READER: read, _REBINDER: rebind, _COMBINER: combine}
    # Other functions of the file may have been given what this one is not.
    function.__globals__.update({name: value for name, value in given.items() if value is not None})
    function.__code__ = new
    return True


def _operators_in(code: types.CodeType) -> Iterator[str]:
    """Yield the operators in code, such as '*' and '+=', also in functions inside it."""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "BINARY_OP":
            yield instruction.argrepr
        elif instruction.opname.startswith("INPLACE_"):
            yield "="
        elif instruction.opname.startswith("BINARY_") and instruction.opname != "BINARY_SUBSCR":
            yield ""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _operators_in(constant)


class _Changes(NamedTuple):
    """What is changed in a file: reads of the names, `x += y` of variables, and other operators."""

    names: frozenset[str]
    rebinds: bool
    combines: bool
    everywhere: bool


@functools.lru_cache(maxsize=32)
def _changed_codes(
    source: str, filename: str, flags: int, changes: _Changes
) -> list[tuple[types.CodeType, types.CodeType]]:
    """Return the code of all functions in a file, as it is and with the reads replaced."""
    try:
        tree = ast.parse(source)
        before = compile(source, filename, "exec", flags, dont_inherit=True)
        changer = _Changer(changes)
        tree = ast.fix_missing_locations(changer.visit(tree))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            after = compile(tree, filename, "exec", flags, dont_inherit=True) if changer.has_changed else before
    except (SyntaxError, ValueError):
        return []
    return list(zip(_codes_in(before), _codes_in(after), strict=True))


class _Changer(ast.NodeTransformer):
    def __init__(self, changes: _Changes) -> None:
        self.names, self.rebinds, self.combines, self.everywhere = changes
        self.has_changed = False

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.generic_visit(node)
        if not self.rebinds or not isinstance(node.target, ast.Name):
            return node
        call = self._call(_REBINDER, node, ast.Name(node.target.id, ast.Load()), node.value)
        return ast.copy_location(ast.Assign([node.target], call), node)

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        operands = (node.left, node.right)
        joins_list = isinstance(node.op, ast.Add) and any(isinstance(one, ast.List) for one in operands)
        is_literal = any(isinstance(one, (ast.Constant, ast.JoinedStr)) for one in operands)
        is_meant = self.combines and (self.everywhere or joins_list) and not is_literal
        return self._call(_COMBINER, node, *operands) if is_meant else node

    def _call(self, function: str, node: ast.AugAssign | ast.BinOp, *operands: ast.expr) -> ast.expr:
        self.has_changed = True
        name = _OPERATORS.get(type(node.op), type(node.op).__name__.lower())
        call = ast.Call(ast.Name(function, ast.Load()), [ast.Constant(name), *operands], [])
        return ast.copy_location(call, node)

    def visit_Call(self, node: ast.Call) -> Any:
        is_method = isinstance(node.func, ast.Attribute) and node.func.attr == "value" and "value" in self.names
        self.generic_visit(node)
        if is_method and isinstance(node.func, ast.Call) and not (node.args or node.keywords):
            # What has just been written in place of `variable.value`.
            node.func.args[1] = ast.Constant("value()")
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        name = self._name_of_read(node)
        self.generic_visit(node)
        if name is None:
            return node
        self.has_changed = True
        reader = ast.copy_location(ast.Name(_READER, ast.Load()), node)
        return ast.copy_location(ast.Call(reader, [node.value, ast.Constant(name)], []), node)

    def _name_of_read(self, node: ast.Attribute) -> str | None:
        if not isinstance(node.ctx, ast.Load):
            return None
        receiver = node.value
        if isinstance(receiver, ast.Attribute) and receiver.attr == "dtype" and node.attr in _AFTER_DTYPE:
            return f"dtype.{node.attr}"
        if node.attr not in self.names:
            return None
        return "[].value" if node.attr == "value" and isinstance(receiver, ast.Subscript) else node.attr


def _codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes_in(constant)


def _is_same(one: types.CodeType, other: types.CodeType) -> bool:
    """Whether two codes are compiled from the same lines to the same instructions.

    How a function of a module is looked up also depends on how the file imports the module, and does not count.
    """
    return (
        (one.co_name, one.co_firstlineno) == (other.co_name, other.co_firstlineno)
        and (one.co_varnames, one.co_freevars) == (other.co_varnames, other.co_freevars)
        and (one.co_code == other.co_code or _instructions(one) == _instructions(other))
        and one.co_names == other.co_names
        and len(one.co_consts) == len(other.co_consts)
        and all(map(_is_same_constant, one.co_consts, other.co_consts))
    )


def _instructions(code: types.CodeType) -> list[tuple[str, Any]]:
    return [
        (instruction.opname.replace("LOAD_METHOD", "LOAD_ATTR"), None if instruction.opcode in _JUMPS else value)
        for instruction in dis.get_instructions(code)
        if instruction.opname not in ("PUSH_NULL", "CACHE")
        for value in (None if isinstance(instruction.argval, types.CodeType) else instruction.argval,)
    ]


def _is_same_constant(one: Any, other: Any) -> bool:
    if isinstance(one, types.CodeType) and isinstance(other, types.CodeType):
        return _is_same(one, other)
    return type(one) is type(other) and repr(one) == repr(other)
