"""What does a file assign and use where, and which expression does a name stand for?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from torchkeras_layer.port.names import dotted

Expression = cst.BaseExpression


class Left(Exception):
    """A call that cannot be rewritten: the reason, and what to write by hand; `where` is the call, if it is known."""

    where: cst.CSTNode | None = None


@dataclass(eq=False)
class Assignment:
    """One assignment `target = value`; `value` is None where the target is one of several, or a loop's variable."""

    target: str
    value: Expression | None
    statement: cst.CSTNode


@dataclass(eq=False)
class Scope:
    """What a module, a function or (for attributes of `self`) a class assigns, and all names in it."""

    node: cst.CSTNode
    parent: Scope | None
    assignments: dict[str, list[Assignment]] = field(default_factory=dict)
    parameters: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def binds(self, name: str) -> bool:
        """Whether the name is one of this scope's own."""
        return name in self.assignments or name in self.parameters


class Source:
    """A parsed file: its nodes with their parents, scopes, assignments, and the uses of each name."""

    def __init__(self, module: cst.Module, context: Any):
        self.module = module
        self.context = context
        self.parents: dict[cst.CSTNode, cst.CSTNode] = {}
        self.code = module.code
        self.calls: list[cst.Call] = []
        self.returns: dict[cst.CSTNode, list[Expression]] = {}
        self.yields: dict[cst.CSTNode, list[Expression]] = {}
        self.uses: dict[str, list[Expression]] = {}
        self.texts: list[str] = []
        self.renames: dict[str, str] = {}
        self.models: dict[Any, Any] = {}
        self.scopes: dict[cst.CSTNode, Scope] = {module: Scope(module, None)}
        self._read(module, self.scopes[module])

    def _read(self, node: cst.CSTNode, scope: Scope) -> None:
        for child in node.children:
            self.parents[child] = node
            inner = scope
            if isinstance(child, (cst.FunctionDef, cst.ClassDef)):
                scope.assignments.setdefault(child.name.value, []).append(Assignment(child.name.value, None, child))
                inner = self.scopes[child] = Scope(child, scope)
            elif isinstance(child, cst.Lambda):
                inner = self.scopes[child] = Scope(child, scope)
            self._note(child, node, inner)
            self._read(child, inner)

    def _note(self, node: cst.CSTNode, parent: cst.CSTNode, scope: Scope) -> None:
        if isinstance(node, cst.Call):
            self.calls.append(node)
        elif isinstance(node, cst.Param):
            scope.parameters.add(node.name.value)
        elif isinstance(node, cst.AssignTarget):
            values = [parent.value] if isinstance(parent, cst.Assign) and len(parent.targets) == 1 else [None]
            self._assign(node.target, values[0], scope)
        elif isinstance(node, cst.AnnAssign):
            self._assign(node.target, node.value, scope)
        elif isinstance(node, (cst.AugAssign, cst.For, cst.CompFor, cst.NamedExpr)):
            self._assign(node.target, None, scope)
        elif isinstance(node, (cst.AsName, cst.ImportAlias)):
            self._assign(node.name, None, scope)
        elif isinstance(node, (cst.Return, cst.Yield)) and isinstance(node.value, cst.BaseExpression):
            place = self.returns if isinstance(node, cst.Return) else self.yields
            place.setdefault(scope.node, []).append(node.value)
        elif isinstance(node, cst.SimpleString):
            self.texts.append(node.value)
        if isinstance(node, (cst.Name, cst.Attribute)) and self._is_read(node, parent):
            text = dotted(node)
            if text is not None:
                self.uses.setdefault(text, []).append(node)
                scope.names.add(text)

    @staticmethod
    def _is_read(node: Expression, parent: cst.CSTNode) -> bool:
        if isinstance(parent, cst.Attribute):
            return parent.value is node
        if isinstance(parent, (cst.Arg, cst.Param)):
            return getattr(parent, "keyword", None) is not node and getattr(parent, "name", None) is not node
        return not isinstance(parent, (cst.AssignTarget, cst.FunctionDef, cst.ClassDef, cst.ImportAlias, cst.AsName))

    def _assign(self, target: Any, value: Expression | None, scope: Scope) -> None:
        if isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                self._assign(element.value, None, scope)
            return
        text = dotted(target)
        if text is None:
            return
        owner = self._class_of(scope) if text.startswith("self.") else scope
        owner.assignments.setdefault(text, []).append(Assignment(text, value, target))
        scope.names.add(text)

    def _class_of(self, scope: Scope) -> Scope:
        inner: Scope | None = scope
        while inner is not None and not isinstance(inner.node, cst.ClassDef):
            inner = inner.parent
        return inner or scope

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes around a node, from the inside."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def scope_of(self, node: cst.CSTNode) -> Scope:
        """The function or module that a node stands in."""
        return next(self.scopes[parent] for parent in self.ancestors(node) if self._is_scope(parent))

    def _is_scope(self, node: cst.CSTNode) -> bool:
        return isinstance(node, (cst.Module, cst.FunctionDef))

    def home_of(self, name: str, scope: Scope) -> Scope | None:
        """The scope whose name it is, as seen from a scope; of attributes of `self`, the class."""
        if name.startswith("self."):
            owner = self._class_of(scope)
            return owner if name in owner.assignments else None
        inner: Scope | None = scope
        while inner is not None and not (inner.binds(name.split(".")[0]) and not isinstance(inner.node, cst.ClassDef)):
            inner = inner.parent
        return inner

    def assigned(self, name: str, scope: Scope) -> list[Assignment]:
        """All assignments of a name that is visible in a scope; none for a parameter."""
        home = self.home_of(name, scope)
        return [] if home is None or name in home.parameters else home.assignments.get(name, [])

    def uses_of(self, text: str, owner: str, home: Scope | None) -> list[Expression]:
        """The expressions with a text that stand for a name of a scope, or for an attribute of it."""
        return [use for use in self.uses.get(text, []) if self.home_of(owner, self.scope_of(use)) is home]

    def value_of(self, expression: Expression | None, scope: Scope) -> Expression | None:
        """What a name stands for if it is assigned once, alone; the expression itself otherwise."""
        name = None if expression is None else dotted(expression)
        found = [] if name is None else self.assigned(name, scope)
        return found[0].value if len(found) == 1 and found[0].value is not None else expression

    def statement_of(self, node: cst.CSTNode) -> cst.CSTNode:
        """The statement of a block that a node stands in."""
        inner = node
        for parent in self.ancestors(node):
            if isinstance(parent, (cst.IndentedBlock, cst.Module)):
                return inner
            inner = parent
        raise Left("it stands on one line with the statement around it: put it on a line of its own")

    def block_of(self, statement: cst.CSTNode) -> cst.CSTNode:
        """The block that a statement of a block stands in."""
        return self.parents[statement]

    def is_before(self, first: cst.CSTNode, second: cst.CSTNode) -> bool:
        """Whether a node begins before another one in the text."""
        return self.order[first] < self.order[second]

    @property
    def order(self) -> dict[cst.CSTNode, int]:
        """The place of each node in the text."""
        if not hasattr(self, "_order"):
            self._order = {node: number for number, node in enumerate(self.parents)}
        return self._order

    def text(self, expression: cst.CSTNode) -> str:
        """The source text of an expression, on one line."""
        if self.renames:
            expression = expression.visit(Renaming(self.renames))  # type: ignore[assignment]
        text = self.module.code_for_node(expression).strip()
        return ast.unparse(ast.parse(f"({text})", mode="eval")) if "\n" in text else text

    def name_of(self, expression: Expression) -> str:
        """The full name of Keras or TensorFlow that an expression means, or ''."""
        return "" if isinstance(expression, cst.Call) else self.context.name_of(expression) or ""

    def mentions(self, *words: str) -> bool:
        """Whether the text of the file has one of some words."""
        return any(word in self.code for word in words)


class Renaming(cst.CSTTransformer):
    """Put expressions in the place of names; names of attributes and of keywords stay."""

    def __init__(self, new: dict[str, str]):
        super().__init__()
        self.new = new

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        """Replace a name."""
        text = self.new.get(original_node.value)
        return updated_node if text is None else cst.parse_expression(text)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        """Keep the name of an attribute."""
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        """Keep the name of a keyword."""
        return updated_node.with_changes(keyword=original_node.keyword)


def literal(node: cst.CSTNode | None) -> Any:
    """Return the value of a literal expression; Ellipsis if it is none.

    >>> literal(cst.parse_expression("[1, 'a']")), literal(cst.parse_expression("x + 1"))
    ([1, 'a'], Ellipsis)
    """
    if node is None:
        return ...
    try:
        return ast.literal_eval(f"({cst.Module([]).code_for_node(node).strip()})")
    except (ValueError, SyntaxError, TypeError):
        return ...
