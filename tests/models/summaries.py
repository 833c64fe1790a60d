"""How do the tests read a summary?"""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest


def text_of(model: Any, **kwargs: Any) -> str:
    """Return the summary as text, and see that no line has blanks at its end."""
    lines: list[str] = []
    model.summary(print_fn=lines.append, **kwargs)
    assert all(line == line.rstrip() and "\n" not in line for line in lines)
    return "\n".join(lines)


def rows_of(model: Any, **kwargs: Any) -> dict[str, list[str]]:
    """Return the cells of each line of the table, split where two blanks are, by the first cell."""
    table = re.split(r"^-+$", text_of(model, **kwargs), flags=re.MULTILINE)[2]
    cells = [re.split(r" {2,}", line.strip()) for line in table.strip("\n").splitlines()]
    return {row[0]: row[1:] for row in cells}


def set_width(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Let the terminal be as wide as that."""
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_: type("Size", (), {"columns": columns}))
