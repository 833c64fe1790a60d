"""What becomes of the result of `fit`, and which assignments does nothing use any more?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import libcst as cst

from torchkeras_layer.port.names import dotted
from torchkeras_layer.port.training.reading import Scope, Source
from torchkeras_layer.port.training.sites import Site


@dataclass
class HistoryUse:
    """The name that the history of a `fit` gets, `None` if nothing reads it, and expressions that read it."""

    name: str | None = None
    is_object: bool = False
    is_statement: bool = True
    expressions: dict[cst.CSTNode, str] = field(default_factory=dict)


def target_of(statement: cst.CSTNode, call: cst.Call) -> cst.BaseExpression | None:
    """The target of a statement `target = call`."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        part = statement.body[0]
        if isinstance(part, cst.Assign) and part.value is call and len(part.targets) == 1:
            return part.targets[0].target
        if isinstance(part, cst.AnnAssign) and part.value is call:
            return part.target
    return None


def read_use(site: Site, statement: cst.CSTNode, source: Source, pick: Callable[..., str]) -> HistoryUse:
    """Find out how the result of a `fit` is used."""
    if isinstance(source.parents[site.call], cst.Expr):
        return HistoryUse()
    target = target_of(statement, site.call)
    name = None if target is None else dotted(target)
    if name is None:
        parent = source.parents[site.call]
        if isinstance(parent, cst.Attribute) and parent.attr.value == "history":
            chosen = pick("history")
            return HistoryUse(chosen, False, False, {parent: chosen})
        return HistoryUse(pick("history"), True, False)
    home = source.home_of(name, site.scope)
    uses = source.uses_of(name, name, home)
    if not uses and "." not in name and not _is_global(name, site.scope):
        return HistoryUse()
    reads = {source.parents[use]: name for use in uses if _reads_history(source.parents[use], use)}
    is_object = len(reads) != len(uses) or "." in name
    return HistoryUse(name, is_object, True, {} if is_object else reads)


def _is_global(name: str, scope: Scope) -> bool:
    return any(isinstance(part, cst.Global) and name in {item.name.value for item in part.names}
               for part in _walk(scope.node))  # fmt: skip


def _walk(node: cst.CSTNode):
    for child in node.children:
        yield child
        yield from _walk(child)


def _reads_history(parent: cst.CSTNode, use: cst.CSTNode) -> bool:
    return isinstance(parent, cst.Attribute) and parent.value is use and parent.attr.value == "history"


@dataclass
class Consumed:
    """What rewritten calls read of Keras's objects: the expressions, and the statements that assign them."""

    nodes: set[cst.CSTNode] = field(default_factory=set)
    assigned: dict[cst.CSTNode, list[cst.BaseExpression]] = field(default_factory=dict)
    """By the statement that assigns an object, all uses of its name."""

    def add(self, call: cst.Call, scope: Scope, source: Source) -> None:
        """Note what a call reads: optimizers, losses, metrics, callbacks, and lists of them."""
        arguments = [item.value for item in call.args if item.keyword is None or item.keyword.value in _READ]
        for node in arguments:
            self._add(node, scope, source)

    def _add(self, node: cst.BaseExpression, scope: Scope, source: Source) -> None:
        self.nodes.add(node)
        if isinstance(node, (cst.List, cst.Tuple)):
            for element in node.elements:
                self._add(element.value, scope, source)
        elif isinstance(node, cst.Call) and _is_kerass(node, source):
            for argument in node.args:
                self._add(argument.value, scope, source)
        name = dotted(node)
        assigned = [] if name is None else source.assigned(name, scope)
        if name is None or len(assigned) != 1 or assigned[0].value is None:
            return
        value = assigned[0].value
        if _is_kerass(value, source) or _only_kerass(value, scope, source):
            statement = source.statement_of(assigned[0].statement)
            self.assigned[statement] = source.uses_of(name, name, source.home_of(name, scope))
            self._add(value, scope, source)

    def update(self, other: Consumed) -> None:
        """Take over what another one noted."""
        self.nodes |= other.nodes
        self.assigned |= other.assigned

    def unused(self) -> list[cst.CSTNode]:
        """The statements whose objects nothing else reads."""
        return [statement for statement, uses in self.assigned.items() if set(uses) <= self.nodes]


_READ = ("optimizer", "loss", "callbacks", "metrics", "loss_weights", "learning_rate", "lr")


def _is_kerass(value: cst.BaseExpression, source: Source) -> bool:
    name = source.name_of(value.func) if isinstance(value, cst.Call) else ""
    return name.startswith(("keras.optimizers", "keras.callbacks", "keras.losses", "keras.metrics"))


def _only_kerass(value: cst.BaseExpression, scope: Scope, source: Source) -> bool:
    if not isinstance(value, (cst.List, cst.Tuple)):
        return False
    return all(_is_kerass(source.value_of(element.value, scope) or element.value, source) for element in value.elements)
