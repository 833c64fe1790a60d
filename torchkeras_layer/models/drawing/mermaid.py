"""How is a picture written in the language of Mermaid, which READMEs show?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from torchkeras_layer.models.drawing.picture import COLOURS, FRAME_COLOURS, Frame, Item, Picture, boxes_in

_BRACKETS = {"input": ("([", "])"), "output": ("([", "])"), "function": ("(", ")"), "model": ("[[", "]]")}
# What could mean something to Mermaid, which also takes labels for Markdown, is written as its number.
_HARMFUL = re.compile(r"(?<!\w)[._-]|[._-](?!\w)|[^\w .,:()×-]")


def as_mermaid(picture: Picture, direction: str) -> str:
    """Return a picture as a flowchart.

    >>> from torchkeras_layer.models.drawing.picture import Box
    >>> print(as_mermaid(Picture((Box("box1", "layer", 'a"b', ("Dense",)),), ()), "TB"))
    flowchart TB
      box1["a#34;b<br/>Dense"]:::layer
      classDef layer fill:#ffffff,stroke:#5b6770,color:#000000
    <BLANKLINE>
    """
    lines = [f"flowchart {direction}", *_items(picture.items, "  ")]
    for arrow in picture.arrows:
        label = f'|"{_escaped(arrow.label)}"|' if arrow.label else ""
        lines.append(f"  {arrow.start} -->{label} {arrow.end}")
    roles = {box.role for box in boxes_in(picture.items)}
    lines += [_style(f"classDef {role}", *colours) for role, colours in COLOURS.items() if role in roles]
    lines += [_style(f"style {frame.key}", *FRAME_COLOURS) for frame in _frames_in(picture.items)]
    return "\n".join([*lines, ""])


def _items(items: Sequence[Item], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Frame):
            yield f'{indent}subgraph {item.key}["{_escaped(item.title)}"]'
            yield from _items(item.items, indent + "  ")
            yield f"{indent}end"
        else:
            opening, closing = _BRACKETS.get(item.role, ("[", "]"))
            label = "<br/>".join(map(_escaped, (item.title, *item.lines)))
            yield f'{indent}{item.key}{opening}"{label}"{closing}:::{item.role}'


def _escaped(text: str) -> str:
    return _HARMFUL.sub(lambda found: f"#{ord(found[0])};", text)


def _style(subject: str, fill: str, line: str) -> str:
    # Black letters, because a page in dark colours would make them white.
    return f"  {subject} fill:{fill},stroke:{line},color:#000000"


def _frames_in(items: Sequence[Item]) -> Iterator[Frame]:
    for item in items:
        if isinstance(item, Frame):
            yield item
            yield from _frames_in(item.items)
