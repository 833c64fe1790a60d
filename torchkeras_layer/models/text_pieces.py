"""How is text that has roles, such as name or number, broken into lines and set side by side?"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

_HANGING = 2


class Piece(NamedTuple):
    """Text with a role, which may decide its colour."""

    text: str
    role: str


Line = list[Piece]


def words_in(text: str, role: str) -> Line:
    """Return the words of a text as pieces.

    >>> words_in("(None, 3)", "shape")
    [Piece(text='(None,', role='shape'), Piece(text='3)', role='shape')]
    """
    return [Piece(word, role) for word in text.split(" ") if word]


def cells_across(text: str) -> int:
    """Return how many cells of a terminal a text takes: two for a wide letter, none for what joins the one before.

    >>> cells_across("abc"), cells_across("層"), cells_across("e\u0301")
    (3, 2, 1)
    """
    return sum(_cells_of(letter) for letter in text)


def plain(line: Line) -> str:
    """Return a line without the roles, and without blanks at its end."""
    return "".join(piece.text for piece in line).rstrip()


def width_of(line: Line) -> int:
    """Return how many cells a line takes."""
    return sum(cells_across(piece.text) for piece in line)


def wrap(words: Line, width: int, indent: int = 0) -> list[Line]:
    """Set words, a blank between them, in lines of a width; what follows the first line hangs to the right of it.

    A word that is longer than a line is broken wherever the line ends. An indent of more than half of the width is
    cut to that.

    >>> [plain(line) for line in wrap(words_in("a_long_name (Dense)", ""), 8, indent=1)]
    [' a_long_', '   name', '   (Den', '   se)']
    """
    indent = min(indent, width // 2)
    hanging = min(indent + _HANGING, width // 2)
    lines: list[Line] = [[Piece(" " * indent, "")]]
    is_begun = False
    for word in words:
        rest = word.text
        while rest:
            room = width - width_of(lines[-1]) - is_begun
            if cells_across(rest) <= room or (not is_begun and not _head(rest, room)[1]):
                pass
            ...
    return lines
