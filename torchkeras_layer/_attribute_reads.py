"""How do reads of some attributes, and `x += y`, in the code of given functions only, go through functions of ours?

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
from typing import Any

_READER, _REBINDER = "__torchkeras_read__", "__torchkeras_rebind__"
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
    function: Any, names: frozenset[str], read: Callable[[Any, str], Any], rebind: Callable[..., Any] | None = None
) -> bool:
    """Have a function's reads of attributes with given names go through `read(value, name)`, and say whether any do.

    Args:
        function: a function of Python; it is changed in place, unless its source is not known.
        names: the names of attributes. Of `value`, the reader is told what is meant: `'value()'` if it is called,
            `'[].value'` after an index, as in `shape[0].value`. Those of dtypes, as in `x.dtype.name`, are always read
            by it, as `'dtype.name'`.
        read: what returns the value of the attribute.
        rebind: what `x += y` means for a variable: `x = rebind("add", x, y)`, and so on; by default what Python means.

    >>> def shape_of(x): return x.get_shape()
    >>> send_reads(shape_of, frozenset({"get_shape"}), lambda value, name: lambda: (name, value))
    True
    >>> shape_of(3)
    ('get_shape', 3)
    """
    code = function.__code__
    mentioned = names_in(code)
    if {_READER, _REBINDER} & mentioned:
        return True
    reads = bool(names & mentioned or ("dtype" in mentioned and _AFTER_DTYPE & mentioned))
    rebinds = rebind is not None and _works_in_place(code)
    lines = linecache.getlines(code.co_filename, function.__globals__) if reads or rebinds else []
    flags = code.co_flags & _FEATURES
    changed = _changed_codes("".join(lines), code.co_filename, flags, names, rebinds) if lines else []
    new = next((after for before, after in changed if _is_same(before, code)), None)
    if new is None or not {_READER, _REBINDER} & names_in(new) or new.co_freevars != code.co_freevars:
        return False
    function.__globals__[_READER] = read
    if rebinds:
        function.__globals__[_REBINDER] = rebind
    function.__code__ = new
    return True


def _works_in_place(code: types.CodeType) -> bool:
    """Whether code contains `x += y` or the like, also in functions inside it."""
    is_here = any(
        instruction.opname.startswith("INPLACE_")
        or (instruction.opname == "BINARY_OP" and instruction.argrepr.endswith("="))
        for instruction in dis.get_instructions(code)
    )
    inner = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return is_here or any(map(_works_in_place, inner))


@functools.lru_cache(maxsize=32)
def _changed_codes(
    source: str, filename: str, flags: int, names: frozenset[str], rebinds: bool
) -> list[tuple[types.CodeType, types.CodeType]]:
    """Return the code of all functions in a file, as it is and with the reads replaced."""
    try:
        tree = ast.parse(source)
        before = compile(source, filename, "exec", flags, dont_inherit=True)
        changer = _Changer(names, rebinds)
        tree = ast.fix_missing_locations(changer.visit(tree))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            after = compile(tree, filename, "exec", flags, dont_inherit=True) if changer.has_changed else before
    except (SyntaxError, ValueError):
        return []
    return list(zip(_codes_in(before), _codes_in(after), strict=True))


class _Changer(ast.NodeTransformer):
    def __init__(self, names: frozenset[str], rebinds: bool) -> None:
        self.names, self.rebinds = names, rebinds
        self.has_changed = False

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.generic_visit(node)
        if not self.rebinds or not isinstance(node.target, ast.Name):
            return node
        self.has_changed = True
        name = _OPERATORS.get(type(node.op), type(node.op).__name__.lower())
        given = [ast.Constant(name), ast.Name(node.target.id, ast.Load()), node.value]
        call = ast.Call(ast.Name(_REBINDER, ast.Load()), given, [])
        return ast.copy_location(ast.Assign([node.target], ast.copy_location(call, node)), node)

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
