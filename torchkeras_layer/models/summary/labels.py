"""What are layers, functions, shapes and numbers called where a person reads them?"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from torch import nn

from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.layers.core.torch_module_wrapper import TorchModuleWrapper
from torchkeras_layer.symbolic import TensorSpec
from torchkeras_layer.symbolic.functions import name_of

_SHORT = (("torch.nn.functional.", "F."), ("torch.Tensor.", "Tensor."), ("torchkeras_layer.", ""))


def printable(text: Any) -> str:
    r"""Return text in one line: what would move the cursor or colour the terminal is written out.

    >>> printable("two\nlines"), printable("\x1b[31mred")
    ('two\\nlines', '\\x1b[31mred')
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def name_label(layer: Any) -> str:
    """Return the name of a layer, in one line."""
    return printable(layer.name)


def class_label(module: nn.Module) -> str:
    """Return what does the work: a layer's class, the torch function of a `TorchFunction`, the module in a wrapper.

    >>> import torchkeras_layer as keras
    >>> class_label(keras.layers.Dense(2)), class_label(keras.layers.TorchModuleWrapper(nn.ReLU()))
    ('Dense', 'nn.ReLU')
    >>> class_label(TorchFunction("torch.nn.functional.relu"))
    'F.relu'
    """
    if isinstance(module, TorchFunction):
        return _function_label(module.function)
    if isinstance(module, TorchModuleWrapper):
        return class_label(module.module)
    prefix = "nn." if type(module).__module__.startswith("torch.nn.") else ""
    return f"{prefix}{printable(type(module).__name__)}"


def _function_label(function: Callable[..., Any]) -> str:
    name = name_of(function)
    if name is None:
        return printable(getattr(function, "__name__", type(function).__name__))
    for long, short in _SHORT:
        if name.startswith(long):
            return short + name.removeprefix(long)
    return name


def shape_label(structure: Any) -> str:
    """Return the shapes in a nested structure of `TensorSpec`s or shapes, nested as they are.

    >>> shape_label({"total": TensorSpec((None,)), "parts": [(None, 3), None]})
    '{total: (None,), parts: [(None, 3), None]}'
    """
    if isinstance(structure, TensorSpec):
        return str(structure.shape)
    if isinstance(structure, dict):
        return "{" + ", ".join(f"{printable(key)}: {shape_label(part)}" for key, part in structure.items()) + "}"
    if isinstance(structure, (list, tuple)) and any(
        isinstance(part, (TensorSpec, list, tuple, dict)) for part in structure
    ):
        inner = ", ".join(shape_label(part) for part in structure)
        ending = "," if len(structure) == 1 else ""
        return f"[{inner}]" if isinstance(structure, list) else f"({inner}{ending})"
    return str(tuple(structure)) if isinstance(structure, (list, tuple)) else printable(structure)


def paths_in(structure: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a nested structure, each with the way to it; the way to a single leaf is empty.

    >>> list(paths_in({"total": 1, "parts": [2, (3,)]}))
    [('total', 1), ('parts[0]', 2), ('parts[1][0]', 3)]
    """
    if isinstance(structure, dict):
        for key, part in structure.items():
            yield from paths_in(part, f"{prefix}.{printable(key)}" if prefix else printable(key))
    elif isinstance(structure, (list, tuple)):
        for index, part in enumerate(structure):
            yield from paths_in(part, f"{prefix}[{index}]")
    else:
        yield prefix, structure


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


def plain(line: Line) -> str:
    """Return a line as text without roles, and without blanks at its end.

    >>> plain([Piece("dense", "name"), Piece("  ", "")])
    'dense'
    """
    return "".join(piece.text for piece in line).rstrip()


def cells_across(text: str) -> int:
    r"""Return how many cells of a terminal a text takes: two for a wide letter, none for what joins the one before.

    >>> cells_across("abc"), cells_across("\u5c64"), cells_across("e\u0301")
    (3, 2, 1)
    """
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def width_of(line: Line) -> int:
    """Return how many cells a line takes.

    >>> width_of([Piece("dense", "name"), Piece("  ", "")])
    7
    """
    return sum(cells_across(piece.text) for piece in line)


def joined(words: Line) -> Line:
    """Return words as one line, with a blank between them.

    >>> plain(joined(words_in("(None, 3)", "shape")))
    '(None, 3)'
    """
    return [piece for word in words for piece in (Piece(" ", ""), word)][1:]


def wrap(words: Line, width: int, indent: int = 0, hanging: int = 0) -> list[Line]:
    """Set words in lines of a width, those after the first one `hanging` cells further to the right.

    A word that is longer than a line is broken at the line's end. Indents take no more than half of the width.

    >>> [plain(line) for line in wrap(words_in("a_long_name (Dense)", ""), 8, indent=1, hanging=2)]
    [' a_long_', '   name', '   (Dens', '   e)']
    """
    first, further = min(indent, width // 2), min(indent + hanging, width // 2)
    lines: list[Line] = []
    words_of_line: Line = []

    def room() -> int:
        return width - (further if lines else first)

    def finish() -> None:
        lines.append([Piece(" " * (further if lines else first), ""), *joined(words_of_line)])
        words_of_line.clear()

    for word in words:
        if words_of_line and width_of(joined([*words_of_line, word])) > room():
            finish()
        rest = word.text
        while cells_across(rest) > room():
            head = _head(rest, room())
            words_of_line.append(Piece(head, word.role))
            finish()
            rest = rest[len(head) :]
        words_of_line.append(Piece(rest, word.role))
    finish()
    return lines


def _head(text: str, room: int) -> str:
    """Return as many letters as fit, but one at least; up to an underscore, if one is near the end."""
    end, used = 1, _cells_of(text[0])
    while end < len(text) and used + _cells_of(text[end]) <= room:
        used += _cells_of(text[end])
        end += 1
    underscore = text.rfind("_", end // 2, end)
    return text[: end if underscore < 1 else underscore + 1]


def _cells_of(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
