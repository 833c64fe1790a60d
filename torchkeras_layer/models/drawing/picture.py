"""What does the picture of a model consist of, and how is it written for Graphviz and Mermaid?"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Box:
    """One call of a layer, an input or an output.

    `role`: 'input', 'layer', 'model', 'function', 'module' or 'output'; `title`: its first line, in bold; `lines`: the
    other lines.
    """

    key: str
    role: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Frame:
    """One call of a model whose parts are shown."""

    key: str
    title: str
    items: tuple[Item, ...]


# Fill and border of boxes, by role.
COLOURS = {
    "input": ("#d9e8f6", "#4a7ba6"),
    "layer": ("#ffffff", "#5b6770"),
    "model": ("#ffffff", "#5b6770"),
    "function": ("#fff3cf", "#b08d2e"),
    "module": ("#ffe3d3", "#c0683a"),
    "output": ("#dcefdc", "#4f8f55"),
}
FRAME_COLOURS = ("#f4f5f7", "#9aa3ab")
ARROW_COLOUR = "#5b6770"

Item: TypeAlias = Box | Frame


@dataclass(frozen=True)
class Arrow:
    """A tensor that goes from one box to another, by their keys; the label says which of several tensors it is."""

    start: str
    end: str
    label: str


@dataclass(frozen=True)
class Picture:
    """Boxes and frames in the order of the calls, and arrows between boxes."""

    items: tuple[Item, ...]
    arrows: tuple[Arrow, ...]


def boxes_in(items: tuple[Item, ...]) -> Iterator[Box]:
    """Yield all boxes, including those in frames.

    >>> inside = Box("b1", "layer", "dense", ())
    >>> [box.title for box in boxes_in((Box("b0", "input", "x", ()), Frame("f0", "model", (inside,))))]
    ['x', 'dense']
    """
    for item in items:
        if isinstance(item, Box):
            yield item
        else:
            yield from boxes_in(item.items)


_FONT = "Helvetica,Arial,sans-serif"
# Arrows enter a box from left to right in the order of its arguments.
_SPACING = "nodesep=0.3, ranksep=0.35, ordering=in"
_ROUNDED = ', style="filled,rounded"'
# A box that could be expanded has a double border.
_FORMS = {"layer": "", "model": ", peripheries=2"}


def as_dot(picture: Picture, direction: str, dpi: int | None) -> str:
    """Return a picture in the DOT language of Graphviz.

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
        *_dot_items(picture.items, "  "),
    ]
    for arrow in picture.arrows:
        label = f" [label=<&#160;{_markup(arrow.label)}&#160;>]" if arrow.label else ""
        lines.append(f"  {arrow.start} -> {arrow.end}{label}")
    return "\n".join([*lines, "}", ""])


def _dot_items(items: Sequence[Item], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Frame):
            yield from _dot_frame(item, indent)
        else:
            yield _dot_box(item, indent)


def _dot_box(box: Box, indent: str) -> str:
    fill, line = COLOURS[box.role]
    lines = "".join(f'<br/><font point-size="10">{_markup(text)}</font>' for text in box.lines)
    label = f"<<b>{_markup(box.title)}</b>{lines}>"
    return f'{indent}{box.key} [label={label}, fillcolor="{fill}", color="{line}"{_FORMS.get(box.role, _ROUNDED)}]'


def _dot_frame(frame: Frame, indent: str) -> Iterator[str]:
    fill, line = FRAME_COLOURS
    style = f'style="filled,rounded", fillcolor="{fill}", color="{line}", labeljust=l, margin=12'
    yield f"{indent}subgraph cluster_{frame.key} {{"
    yield f"{indent}  graph [label=<<b>{_markup(frame.title)}</b>>, {style}]"
    yield from _dot_items(frame.items, indent + "  ")
    yield f"{indent}}}"


def _markup(text: str) -> str:
    """Escape text for a label in Graphviz's markup, which must not be empty."""
    return html.escape(text) or "&#160;"


_BRACKETS = {"input": ("([", "])"), "output": ("([", "])"), "function": ("(", ")"), "model": ("[[", "]]")}
# Characters that could mean something to Mermaid, which also reads labels as Markdown, are written as their numbers.
_TO_ESCAPE = re.compile(r"(?<!\w)[._-]|[._-](?!\w)|[^\w .,:()×-]")


def as_mermaid(picture: Picture, direction: str) -> str:
    """Return a picture as a flowchart of Mermaid.

    >>> from torchkeras_layer.models.drawing.picture import Box
    >>> print(as_mermaid(Picture((Box("box1", "layer", 'a"b', ("Dense",)),), ()), "TB"))
    flowchart TB
      box1["a#34;b<br/>Dense"]:::layer
      classDef layer fill:#ffffff,stroke:#5b6770,color:#000000
    <BLANKLINE>
    """
    lines = [f"flowchart {direction}", *_mermaid_items(picture.items, "  ")]
    for arrow in picture.arrows:
        label = f'|"{_escaped(arrow.label)}"|' if arrow.label else ""
        lines.append(f"  {arrow.start} -->{label} {arrow.end}")
    roles = {box.role for box in boxes_in(picture.items)}
    lines += [_style(f"classDef {role}", *colours) for role, colours in COLOURS.items() if role in roles]
    lines += [_style(f"style {frame.key}", *FRAME_COLOURS) for frame in _frames_in(picture.items)]
    return "\n".join([*lines, ""])


def _mermaid_items(items: Sequence[Item], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Frame):
            yield f'{indent}subgraph {item.key}["{_escaped(item.title)}"]'
            yield from _mermaid_items(item.items, indent + "  ")
            yield f"{indent}end"
        else:
            opening, closing = _BRACKETS.get(item.role, ("[", "]"))
            label = "<br/>".join(map(_escaped, (item.title, *item.lines)))
            yield f'{indent}{item.key}{opening}"{label}"{closing}:::{item.role}'


def _escaped(text: str) -> str:
    return _TO_ESCAPE.sub(lambda found: f"#{ord(found[0])};", text)


def _style(subject: str, fill: str, line: str) -> str:
    # Black text, because a page in dark mode would make it white.
    return f"  {subject} fill:{fill},stroke:{line},color:#000000"


def _frames_in(items: Sequence[Item]) -> Iterator[Frame]:
    for item in items:
        if isinstance(item, Frame):
            yield item
            yield from _frames_in(item.items)
