"""How does a summary get onto the screen?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchkeras_layer.models.summary.lines import RULE
from torchkeras_layer.models.summary.text_pieces import Line, plain

_STYLES = {
    "title": "bold",
    "rule": "dim",
    "heading": "bold",
    "kind": "cyan",
    "shape": "green",
    "count": "magenta",
    "missing": "yellow",
    "origin": "dim",
}


def print_lines(lines: list[Line], print_fn: Callable[[str], Any] | None) -> None:
    """Give lines to a function, one by one and plain; without one, print them, in colours where `rich` is installed.

    >>> from torchkeras_layer.models.summary.text_pieces import Piece
    >>> print_lines([[Piece("dense", "name"), Piece("  ", "")]], print)
    dense
    """
    if print_fn is None and _print_in_colours(lines):
        return
    for line in lines:
        (print_fn or print)(plain(line))


def _print_in_colours(lines: list[Line]) -> bool:
    """Print lines through `rich`, in one piece; return whether it is installed."""
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        return False
    console = Console(highlight=False)
    text = Text("\n").join(_styled(line, console.encoding) for line in lines)
    # The lines fit the terminal already, and where they cannot, it is better that the terminal breaks them.
    console.print(text, soft_wrap=True)
    return True


def _styled(line: Line, encoding: str) -> Any:
    from rich.text import Text

    text = Text()
    for content, role in line:
        is_drawn = role == "rule" and encoding.startswith("utf")
        text.append(content.replace(RULE, "─") if is_drawn else content, _STYLES.get(role))
    text.rstrip()
    return text
