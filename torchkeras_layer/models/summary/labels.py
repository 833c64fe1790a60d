"""How are layers, functions and shapes written in summaries and pictures?"""

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
    r"""Return text in one line: control characters, which would move the cursor or colour the terminal, are escaped.

    >>> printable("two\nlines"), printable("\x1b[31mred")
    ('two\\nlines', '\\x1b[31mred')
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def name_label(layer: Any) -> str:
    """Return the name of a layer in one line."""
    return printable(layer.name)


def class_label(module: nn.Module) -> str:
    """Return the class of a layer or module, the torch function of a `TorchFunction`, or the class inside a wrapper.

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
    """Return a nested structure of `TensorSpec`s or shapes as text.

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
    """Yield each leaf of a nested structure with the path to it; the path to a single leaf is empty.

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
    """Text with a role, which decides its colour."""

    text: str
    role: str


Line = list[Piece]


def words_in(text: str, role: str) -> Line:
    """Return the words of a text as pieces with a role.

    >>> words_in("(None, 3)", "shape")
    [Piece(text='(None,', role='shape'), Piece(text='3)', role='shape')]
    """
    return [Piece(word, role) for word in text.split(" ") if word]


def plain(line: Line) -> str:
    """Return a line as text, without roles or trailing blanks.

    >>> plain([Piece("dense", "name"), Piece("  ", "")])
    'dense'
    """
    return "".join(piece.text for piece in line).rstrip()


def cells_across(text: str) -> int:
    r"""Return the width of a text in cells of a terminal: two for a wide character, none for a combining one.

    >>> cells_across("abc"), cells_across("\u5c64"), cells_across("e\u0301")
    (3, 2, 1)
    """
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def width_of(line: Line) -> int:
    """Return the width of a line in cells of a terminal.

    >>> width_of([Piece("dense", "name"), Piece("  ", "")])
    7
    """
    return sum(cells_across(piece.text) for piece in line)


def joined(words: Line) -> Line:
    """Return words as one line, with blanks between them.

    >>> plain(joined(words_in("(None, 3)", "shape")))
    '(None, 3)'
    """
    return [piece for word in words for piece in (Piece(" ", ""), word)][1:]


def wrap(words: Line, width: int, indent: int = 0, hanging: int = 0) -> list[Line]:
    """Wrap words into lines of at most `width` cells.

    A word that is longer than a line is split. Indents take at most half of the width.

    Args:
        words: the words.
        width: width of the lines, in cells.
        indent: indent of all lines.
        hanging: additional indent of the lines after the first.

    >>> [plain(line) for line in wrap(words_in("a_long_name (Dense)", ""), 8, indent=1, hanging=2)]
    [' a_long_', '   name', '   (Dens', '   e)']
    """
    first, further = min(indent, width // 2), min(indent + hanging, width // 2)
    lines: list[Line] = []
    words_of_line: Line = []

    def available() -> int:
        return width - (further if lines else first)

    def finish() -> None:
        lines.append([Piece(" " * (further if lines else first), ""), *joined(words_of_line)])
        words_of_line.clear()

    for word in words:
        if words_of_line and width_of(joined([*words_of_line, word])) > available():
            finish()
        rest = word.text
        while cells_across(rest) > available():
            head = _head(rest, available())
            words_of_line.append(Piece(head, word.role))
            finish()
            rest = rest[len(head) :]
        words_of_line.append(Piece(rest, word.role))
    finish()
    return lines


def _head(text: str, available: int) -> str:
    """Return the characters that fit, at least one; up to an underscore, if one is near the end."""
    end, used = 1, _cells_of(text[0])
    while end < len(text) and used + _cells_of(text[end]) <= available:
        used += _cells_of(text[end])
        end += 1
    underscore = text.rfind("_", end // 2, end)
    return text[: end if underscore < 1 else underscore + 1]


def _cells_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
