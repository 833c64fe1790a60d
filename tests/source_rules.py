"""Which rules does the source keep: what may a module import, how long may it be, what must it state?"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter

PACKAGE = "torchkeras_layer"
# Top to bottom, by the part of a module's name that follows the package's: a module imports from its own level and
# from those below.
LEVELS = (
    ("__main__",),
    ("command",),
    ("port",),
    ("__init__",),
    ("tf",),
    (
        "applications",
        "backend",
        "config",
        "dtype_policies",
        "history",
        "mixed_precision",
        "modules",
        "porting",
        "random",
        "tree",
        "utils",
    ),
    ("saving",),
    ("models",),
    ("weight_files",),
    ("layers",),
    ("layer",),
    ("metrics",),
    ("losses",),
    ("symbolic",),
    ("ops",),
    ("activations", "constraints", "initializers", "regularizers"),
    ("precision", "precision_map"),
    ("registry",),
    ("_*",),
)
ALWAYS_THERE = frozenset({"torch", "numpy", "typing_extensions", PACKAGE})
# Imported only when a command that needs it runs.
THERE_IN = {"port": frozenset({"libcst"})}
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
# Written so that these lines do not match.
_UNFINISHED = re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X)\b")


@dataclass(frozen=True)
class Import:
    """One imported module: its full name, the line, and whether it is imported at module level, in a function
    or only for type checkers (`'module'`, `'function'`, `'typing'`).
    """

    target: str
    line: int
    when: str


def level(module: str) -> int:
    """Say how far down a module of the package stands; 0 is the top. LookupError if it has no place."""
    below = module.split(".")[1] if "." in module else "__init__"
    for depth, names in enumerate(LEVELS):
        if any(fnmatchcase(below, name) for name in names):
            return depth
    raise LookupError(f"{module} has no level. Add it to LEVELS in tests/source_rules.py.")


class _ImportReader(ast.NodeVisitor):
    def __init__(self, module: str, is_package: bool, modules: Iterable[str]):
        self.found: list[Import] = []
        self.package = module if is_package else module.rpartition(".")[0]
        self.modules = frozenset(modules)
        self.when = "module"

    def visit_Import(self, node: ast.Import) -> None:
        self.found += [Import(alias.name, node.lineno, self.when) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            parents = self.package.split(".")
            base = ".".join([*parents[: len(parents) + 1 - node.level], *filter(None, [base])])
        for alias in node.names:
            submodule = f"{base}.{alias.name}"
            target = submodule if submodule in self.modules else base
            self.found.append(Import(target, node.lineno, self.when))

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._inside("typing" if self.when == "typing" else "function", [node])

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test).rpartition(".")[2] != "TYPE_CHECKING":
            self.generic_visit(node)
            return
        self._inside("typing", [ast.Module(node.body, [])])
        self._inside(self.when, [ast.Module(node.orelse, [])])

    def _inside(self, when: str, nodes: Iterable[ast.AST]) -> None:
        outside, self.when = self.when, when
        for node in nodes:
            self.generic_visit(node)
        self.when = outside


def imports(source: str, module: str, is_package: bool, modules: Iterable[str]) -> list[Import]:
    """List what `source`, the text of `module`, imports; `modules` are the package's own."""
    reader = _ImportReader(module, is_package, modules)
    reader.visit(ast.parse(source))
    return list(dict.fromkeys(reader.found))


def upward_imports(module: str, found: Iterable[Import]) -> list[str]:
    """Complain about imports of levels above `module`'s own. For type checkers only, they are allowed."""
    own = level(module)
    return [
        f"{module}:{item.line} imports {item.target}, which stands above it"
        for item in found
        if item.when != "typing" and _is_ours(item.target) and level(item.target) < own
    ]


def import_cycle(found: Mapping[str, Iterable[Import]]) -> list[str]:
    """Name the modules of one import cycle, deferred imports and those for types included; `[]` if there is none."""
    arrows = {module: {item.target for item in items if _is_ours(item.target)} for module, items in found.items()}
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def foreign_imports(module: str, found: Iterable[Import], optional: Iterable[str]) -> list[str]:
    """Complain about third parties: `optional` ones at module level, any others anywhere."""
    complaints = []
    for item in found:
        root = item.target.partition(".")[0]
        part = module.split(".")[1] if "." in module else ""
        if root in ALWAYS_THERE | THERE_IN.get(part, frozenset()) or root in sys.stdlib_module_names:
            continue
        if root not in optional:
            complaints.append(f"{module}:{item.line} imports {root}, which setup.cfg does not name")
        elif item.when == "module":
            complaints.append(f"{module}:{item.line} imports the optional {root} outside a function")
    return complaints


def oversized(name: str, source: str) -> list[str]:
    """Complain about a file or functions that are too long; docstrings do not count in functions."""
    lines = len(source.splitlines())
    complaints = [f"{name} has {lines} lines, {LONGEST_FILE} at most"] if lines > LONGEST_FILE else []
    for node in _functions(ast.parse(source)):
        length = _lines(node) - (_lines(node.body[0]) if ast.get_docstring(node) is not None else 0)
        if length > LONGEST_FUNCTION:
            where = f"{name}:{node.lineno} {node.name}"
            complaints.append(f"{where} has {length} lines, {LONGEST_FUNCTION} at most")
    return complaints


def unstated(name: str, source: str) -> list[str]:
    """Complain if a file does not say in its first line what it is about."""
    text = (ast.get_docstring(ast.parse(source), clean=False) or "").partition("\n")[0]
    starts = source.lstrip("rR").startswith(('"""', "'''", '"', "'"))
    return [] if text.strip() and starts else [f"{name}:1 has no docstring in its first line"]


def unfinished(name: str, source: str) -> list[str]:
    """Complain about notes to do something later."""
    return [
        f"{name}:{number} is unfinished: {line.strip()}"
        for number, line in enumerate(source.splitlines(), 1)
        if _UNFINISHED.search(line)
    ]


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == PACKAGE


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
