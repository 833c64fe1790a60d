"""What must a file import after its Keras code is rewritten, and what no longer?"""

from __future__ import annotations

import libcst as cst

from torchkeras_layer.port.context import IMPORTS, Context
from torchkeras_layer.port.names import LIBRARY, dotted, missing_reason, normal

Small = cst.BaseSmallStatement
_Several = cst.FlattenSentinel[cst.BaseStatement]


def rewrite_imports(context: Context) -> cst.Module:
    """Return the module that imports this library in place of Keras and TensorFlow, and what the new lines need.

    Args:
        context: the file, whose expressions are rewritten already.
    """
    used = _used_names(context)
    rewriter = _Rewriter(context, used)
    module = context.module.visit(rewriter)
    assert isinstance(module, cst.Module)
    wanted = [name for name in IMPORTS if name in context.needed]
    bound = _bound_names(module)
    return _with_lines(module, [name for name in wanted if name not in bound])


def _used_names(context: Context) -> set[str]:
    """Return the names that the file reads somewhere outside of imports."""
    finder = _Used()
    context.module.visit(finder)
    return finder.found


class _Used(cst.CSTVisitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Import(self, node: cst.Import) -> bool:
        """Names in imports are not read."""
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        """Names in imports are not read."""
        return False

    def visit_Name(self, node: cst.Name) -> None:
        """A name."""
        self.found.add(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        """The name of an attribute is none of the file's."""
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        """Neither is a keyword."""
        node.value.visit(self)
        return False

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        """Names in `__all__` are used."""
        text = node.value.strip("'\"")
        if text.isidentifier():
            self.found.add(text)


class _Rewriter(cst.CSTTransformer):
    """Rewrites each import of Keras or TensorFlow; those of which no name is used any more are dropped."""

    def __init__(self, context: Context, used: set[str]) -> None:
        super().__init__()
        self.context = context
        self.used = used
        self.seen: set[str] = set()

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
        """Rewrite a line of imports."""
        parts = [self._imports(part) for part in original_node.body]
        if all(part is None for part in parts):
            return updated_node
        made = [text for part, old in zip(parts, updated_node.body, strict=True) for text in self._texts(part, old)]
        text = "\n".join(made)
        self._note(original_node, text)
        if not made:
            return self._removed(original_node, updated_node)
        lines = [cst.parse_statement(line, config=self.context.module.config_for_parsing) for line in made]
        first = cst.ensure_type(lines[0], cst.SimpleStatementLine)
        lines[0] = first.with_changes(leading_lines=updated_node.leading_lines)
        last = cst.ensure_type(lines[-1], cst.SimpleStatementLine)
        lines[-1] = last.with_changes(trailing_whitespace=updated_node.trailing_whitespace)
        return cst.FlattenSentinel(lines)

    def leave_Try(self, original_node: cst.Try, updated_node: cst.Try) -> cst.BaseStatement | _Several:
        """Keep the first of imports of Keras that were tried one after the other, and are the same now."""
        lines = updated_node.body.body
        are_left = all(_is_pass(handler.body) for handler in updated_node.handlers)
        were_there = not any(_is_pass(handler.body) for handler in original_node.handlers)
        others = updated_node.orelse, updated_node.finalbody
        if not (are_left and were_there and others == (None, None) and all(map(_is_import_line, lines))):
            return updated_node
        first = cst.ensure_type(lines[0], cst.SimpleStatementLine)
        leading = [*updated_node.leading_lines, *first.leading_lines]
        return cst.FlattenSentinel([first.with_changes(leading_lines=leading), *lines[1:]])  # type: ignore[list-item]

    def _texts(self, part: list[str] | None, old: Small) -> list[str]:
        return [self.context.module.code_for_node(old)] if part is None else part

    def _removed(
        self, old: cst.SimpleStatementLine, new: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.RemovalSentinel:
        parent = self.context.parents[old]
        if isinstance(parent, cst.IndentedBlock) and len(parent.body) == 1:
            return cst.ensure_type(cst.parse_statement("pass"), cst.SimpleStatementLine).with_changes(
                leading_lines=new.leading_lines
            )
        return cst.RemoveFromParent()

    def _note(self, node: cst.SimpleStatementLine, text: str) -> None:
        if text != self.context.module.code_for_node(node).strip():
            self.context.finding(node, "rewritten", "import", text)

    def _imports(self, statement: Small) -> list[str] | None:
        """Return the lines for a statement; `None` if it imports nothing of Keras."""
        if isinstance(statement, cst.Import):
            if not any(normal(dotted(alias.name) or "") for alias in statement.names):
                return None
            return [line for alias in statement.names for line in self._import(alias)]
        if isinstance(statement, cst.ImportFrom) and not statement.relative and statement.module is not None:
            module = dotted(statement.module) or ""
            return self._from(module, statement) if normal(module) else None
        return None

    def _import(self, alias: cst.ImportAlias) -> list[str]:
        path = dotted(alias.name) or ""
        full = normal(path)
        name = dotted(alias.asname.name) if alias.asname else None
        if full is None:
            return [f"import {path}" + (f" as {name}" if name else "")]
        bound = name or path.partition(".")[0]
        if bound not in self.used:
            return []
        # Without a name of its own, `import keras.layers` binds `keras`.
        return self._once([_module_line(full if name else normal(bound) or full, bound)])

    def _from(self, module: str, statement: cst.ImportFrom) -> list[str]:
        full = normal(module) or ""
        if isinstance(statement.names, cst.ImportStar):
            return [f"from {_path(full)} import *"]
        kept, left = [], []
        for alias in statement.names:
            name = dotted(alias.name) or ""
            bound = dotted(alias.asname.name) if alias.asname else name
            if (bound or "") not in self.used:
                continue
            reason = missing_reason(f"{full}.{name}")
            if reason is None:
                kept.append((normal(f"{module}.{name}") or "", name, bound or name))
            else:
                left.append(name if bound == name else f"{name} as {bound}")
                self.context.finding(alias, "left", f"{full}.{name}", reason=reason)
        lines = [_module_line(target, bound) for target, _, bound in kept if target in ("keras", "tf")]
        others = [f"{name} as {bound}" if bound != name else name for target, name, bound in kept
                  if target not in ("keras", "tf")]  # fmt: skip
        lines += [f"from {_path(full)} import {', '.join(others)}"] if others else []
        return self._once(lines) + ([f"from {module} import {', '.join(left)}"] if left else [])

    def _once(self, lines: list[str]) -> list[str]:
        new = [line for line in lines if line not in self.seen]
        self.seen.update(new)
        return new


def _path(full: str) -> str:
    first, _, rest = full.partition(".")
    return ".".join(filter(None, (LIBRARY if first == "keras" else f"{LIBRARY}.tf", rest)))


def _module_line(full: str, bound: str) -> str:
    """Return the line that imports a module under a name."""
    if full == "keras":
        return f"import {LIBRARY} as {bound}"
    before, _, last = _path(full).rpartition(".")
    return f"from {before} import {last}" + (f" as {bound}" if bound != last else "")


def _bound_names(module: cst.Module) -> set[str]:
    """Return the names that imports at the top of a module bind."""
    found = set()
    for line in module.body:
        for statement in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(statement, (cst.Import, cst.ImportFrom)) and not isinstance(statement.names, cst.ImportStar):
                for alias in statement.names:
                    name = dotted(alias.asname.name if alias.asname else alias.name) or ""
                    found.add(name if alias.asname or isinstance(statement, cst.ImportFrom) else name.partition(".")[0])
    return found


def _with_lines(module: cst.Module, names: list[str]) -> cst.Module:
    """Put the imports of names before the first import of this library, or behind the others at the top."""
    if not names:
        return module
    body = list(module.body)
    place = 0
    for index, line in enumerate(body):
        if not (isinstance(line, cst.SimpleStatementLine) and all(map(_may_stand_above, line.body))):
            break
        if LIBRARY in module.code_for_node(line):
            place = index
            break
        place = index + 1
    made = [cst.parse_statement(line, config=module.config_for_parsing) for line in _import_lines(names)]
    if (
        place < len(body)
        and isinstance(body[place], cst.SimpleStatementLine)
        and LIBRARY in module.code_for_node(body[place])
    ):
        old = cst.ensure_type(body[place], cst.SimpleStatementLine)
        made[0] = cst.ensure_type(made[0], cst.SimpleStatementLine).with_changes(leading_lines=old.leading_lines)
        body[place] = old.with_changes(leading_lines=())
    return module.with_changes(body=[*body[:place], *made, *body[place:]])


def _import_lines(names: list[str]) -> list[str]:
    """Return the lines that import names, those of one module in one line."""
    lines: list[str] = []
    for line in (IMPORTS[name] for name in names):
        before, _, name = line.partition(" import ")
        if name and lines and lines[-1].partition(" import ")[0] == before:
            lines[-1] += f", {name}"
        else:
            lines.append(line)
    return lines


def _may_stand_above(part: Small) -> bool:
    is_docstring = isinstance(part, cst.Expr) and isinstance(part.value, (cst.SimpleString, cst.ConcatenatedString))
    # `pass` stands for a line of IPython.
    return isinstance(part, (cst.Import, cst.ImportFrom, cst.Pass)) or is_docstring


def _is_pass(block: cst.BaseSuite) -> bool:
    """Whether there is nothing but `pass` in a block."""
    lines = [part for line in block.body for part in getattr(line, "body", [line])]
    return all(isinstance(part, cst.Pass) for part in lines)


def _is_import_line(line: cst.CSTNode) -> bool:
    parts = line.body if isinstance(line, cst.SimpleStatementLine) else ()
    return bool(parts) and all(isinstance(part, (cst.Import, cst.ImportFrom)) for part in parts)
