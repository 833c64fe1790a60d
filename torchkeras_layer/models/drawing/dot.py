"""How is a picture written in the language of graphviz?"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from torchkeras_layer.models.drawing.picture import ARROW_COLOUR, COLOURS, FRAME_COLOURS, Box, Frame, Item, Picture

_FONT = "Helvetica,Arial,sans-serif"
# Arrows come in from left to right in the order of the arguments.
_SPACING = "nodesep=0.3, ranksep=0.35, ordering=in"
_ROUNDED = ', style="filled,rounded"'
# What could be expanded has two lines around it.
_FORMS = {"layer": "", "model": ", peripheries=2"}


def as_dot(picture: Picture, direction: str, dpi: int | None) -> str:
    """Return a picture as the source of a directed graph.

    >>> print(as_dot(Picture((Box("box1", "layer", "a<b", ("Dense",)),), ()), "LR", None))
    digraph model {
      graph [rankdir=LR, ...
      box1 [label=<<b>a&lt;b</b><br/><font point-size="10">Dense</font>>, fillcolor="#ffffff", color="#5b6770"]
    }
    <BLANKLINE>
    """
    resolution = f", dpi={dpi}" if dpi else ""
    lines = [
        "digraph model {",
        f'  graph [rankdir={direction}, {_SPACING}, fontname="{_FONT}", fontsize=11{resolution}]',
        f'  node [shape=box, style="filled", fontname="{_FONT}", fontsize=11, margin="0.14,0.07", height=0.3]',
        f'  edge [color="{ARROW_COLOUR}", arrowsize=0.7, fontname="{_FONT}", fontsize=9, fontcolor="{ARROW_COLOUR}"]',
        *_items(picture.items, "  "),
    ]
    for arrow in picture.arrows:
        label = f" [label=<&#160;{_markup(arrow.label)}&#160;>]" if arrow.label else ""
        lines.append(f"  {arrow.start} -> {arrow.end}{label}")
    return "\n".join([*lines, "}", ""])


def _items(items: Sequence[Item], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Frame):
            yield from _frame(item, indent)
        else:
            yield _box(item, indent)


def _box(box: Box, indent: str) -> str:
    fill, line = COLOURS[box.role]
    lines = "".join(f'<br/><font point-size="10">{_markup(text)}</font>' for text in box.lines)
    label = f"<<b>{_markup(box.title)}</b>{lines}>"
    return f'{indent}{box.key} [label={label}, fillcolor="{fill}", color="{line}"{_FORMS.get(box.role, _ROUNDED)}]'


def _frame(frame: Frame, indent: str) -> Iterator[str]:
    fill, line = FRAME_COLOURS
    style = f'style="filled,rounded", fillcolor="{fill}", color="{line}", labeljust=l, margin=12'
    yield f"{indent}subgraph cluster_{frame.key} {{"
    yield f"{indent}  graph [label=<<b>{_markup(frame.title)}</b>>, {style}]"
    yield from _items(frame.items, indent + "  ")
    yield f"{indent}}}"


def _markup(text: str) -> str:
    """Return text as it stands in a label in graphviz's markup, in which no letter can end it; it must not be empty."""
    return html.escape(text) or "&#160;"
