"""How are statements of a parsed file replaced, and expressions within them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from torchkeras_layer.port.formatting import formatted_blocks

Statement = cst.BaseStatement | cst.SimpleStatementLine


@dataclass
class Done:
    """One call that is rewritten: by which rule, and the statements in its place."""

    node: cst.CSTNode
    rule: str
    lines: list[str]


class Edits(cst.CSTTransformer):
    """Statements to put before others, in their place and after them, and expressions to replace.

    Comments and blank lines before a statement that is replaced stay before its first successor.
    """

    def __init__(self, module: cst.Module):
        super().__init__()
        self.module = module
        self.before: dict[cst.CSTNode, list[str]] = {}
        self.replaced: dict[cst.CSTNode, list[str]] = {}
        self.after: dict[cst.CSTNode, list[str]] = {}
        self.expressions: dict[cst.CSTNode, str] = {}

    def put(self, way: str, statement: cst.CSTNode, lines: Sequence[str]) -> None:
        """Put lines 'before' or 'after' a statement, or in its place ('replaced')."""
        place = getattr(self, way)
        place[statement] = [*place.get(statement, []), *lines]

    def replace(self, node: cst.CSTNode, statement: cst.CSTNode, lines: Sequence[str], value: str | None) -> None:
        """Put lines in the place of a statement or, with a value, before it, and the value in the place of a node."""
        if value is None:
            self.replaced[statement] = list(lines)
        else:
            self.put("before", statement, lines)
            self.expressions[node] = value

    def update(self, other: Edits) -> None:
        """Take over the edits of another record."""
        for name in ("before", "after"):
            for statement, lines in getattr(other, name).items():
                self.put(name, statement, lines)
        self.replaced.update(other.replaced)
        self.expressions.update(other.expressions)

    def format(self, parents: Mapping[cst.CSTNode, cst.CSTNode]) -> None:
        """Format all new statements at once."""
        places = [place for place in (self.before, self.replaced, self.after) for _ in place]
        statements = [statement for place in (self.before, self.replaced, self.after) for statement in place]
        blocks = [
            (_depth(statement, parents), "\n".join(place[statement]))
            for place, statement in zip(places, statements, strict=True)
        ]
        filled = [number for number, (_, text) in enumerate(blocks) if text.strip()]
        made = formatted_blocks(self.module.code, [blocks[number] for number in filled])
        for number, text in zip(filled, made, strict=True):
            places[number][statements[number]] = text.rstrip("\n").split("\n")

    def apply(self) -> cst.Module:
        """Return the changed module."""
        if not (self.before or self.replaced or self.after or self.expressions):
            return self.module
        return self.module.visit(self)

    def parse(self, lines: Sequence[str]) -> list[Statement]:
        """Parse lines as statements of this file."""
        text = "\n".join(lines) + "\n" if lines else ""
        return list(cst.parse_module(text, config=self.module.config_for_parsing).body)  # type: ignore[arg-type]

    def on_leave(self, original_node: Any, updated_node: Any) -> Any:
        """Replace expressions, and the statements of blocks."""
        text = self.expressions.get(original_node)
        if text is not None:
            return cst.parse_expression(text)
        if isinstance(original_node, (cst.Module, cst.IndentedBlock)):
            return self._block(original_node, updated_node)
        return super().on_leave(original_node, updated_node)

    def _block(self, original: Any, updated: Any) -> Any:
        body: list[Any] = []
        carried: list[cst.EmptyLine] = []
        for old, new in zip(original.body, updated.body, strict=True):
            if old in self.replaced:
                made = self.parse(self.replaced[old])
                if not made:
                    carried += _comments_of(old)
                made = _with_comments(old, made)
            else:
                made = self.parse(self.before.get(old, []))
                if made:
                    first = made[0].with_changes(leading_lines=new.leading_lines)
                    made = [first, *made[1:], new.with_changes(leading_lines=())]
                else:
                    made = [new]
            if made and carried:
                first = made[0].with_changes(leading_lines=[*carried, *getattr(made[0], "leading_lines", ())])
                made, carried = [first, *made[1:]], []
            body += [*made, *self.parse(self.after.get(old, []))]
        if body == list(updated.body):
            return updated
        if not body and isinstance(updated, cst.IndentedBlock):
            body = self.parse(["pass"])
        return updated.with_changes(body=body)


def _depth(statement: cst.CSTNode, parents: Mapping[cst.CSTNode, cst.CSTNode]) -> int:
    """The number of blocks around a statement."""
    depth = 0
    while statement in parents:
        statement = parents[statement]
        depth += isinstance(statement, cst.IndentedBlock)
    return depth


def _comments_of(old: Any) -> list[cst.EmptyLine]:
    """The comments before, in and behind a statement, as lines of their own."""
    before = [line for line in getattr(old, "leading_lines", ()) if line.comment is not None]
    return [*before, *_comments_inside(old)]


def _comments_inside(old: Any) -> list[cst.EmptyLine]:
    inside = old.with_changes(leading_lines=()) if hasattr(old, "leading_lines") else old
    if not isinstance(inside, cst.SimpleStatementLine):
        return []
    return [cst.EmptyLine(comment=comment) for comment in _found(inside)]


def _found(node: cst.CSTNode) -> list[cst.Comment]:
    if isinstance(node, cst.Comment):
        return [node]
    return [comment for child in node.children for comment in _found(child)]


def _with_comments(old: cst.CSTNode, made: list[Any]) -> list[Any]:
    """Statements with the comments and blank lines that stood before another one, and those in and behind it."""
    if not made:
        return made
    lines = [*getattr(old, "leading_lines", ()), *_comments_inside(old)]
    first = made[0].with_changes(leading_lines=[*lines, *getattr(made[0], "leading_lines", ())])
    return [first, *made[1:]]
