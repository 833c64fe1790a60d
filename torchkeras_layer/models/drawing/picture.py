"""Of what does the picture of a model consist?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Box:
    """One call of a layer, an input or an output.

    `role`: 'input', 'layer', 'model', 'function', 'module' or 'output'; `title`: what the eye should find first;
    `lines`: the rest.
    """

    key: str
    role: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Frame:
    """One call of a model whose inside is shown."""

    key: str
    title: str
    items: tuple[Item, ...]


# What fills boxes and what surrounds them, by role.
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
    """A tensor on its way between two boxes, given by their keys; the label says which of several tensors it is."""

    start: str
    end: str
    label: str


@dataclass(frozen=True)
class Picture:
    """Boxes and frames in the order of the calls, and arrows between boxes."""

    items: tuple[Item, ...]
    arrows: tuple[Arrow, ...]


def boxes_in(items: tuple[Item, ...]) -> Iterator[Box]:
    """Yield all boxes, those in frames too.

    >>> inside = Box("b1", "layer", "dense", ())
    >>> [box.title for box in boxes_in((Box("b0", "input", "x", ()), Frame("f0", "model", (inside,))))]
    ['x', 'dense']
    """
    for item in items:
        if isinstance(item, Box):
            yield item
        else:
            yield from boxes_in(item.items)
