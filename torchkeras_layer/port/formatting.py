"""How does the new text keep the format of the old one?"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent, indent

_SORT = ("check", "--select", "I", "--fix-only")
_MARK = "a_block_begins_here"
# First the width of ruff and black: a file of short lines shows none.
_WIDTHS = (88, 79, 80, 100, 120)


def formatted(old: str, new: str) -> str:
    """Return the new text as ruff formats it and sorts its imports, each if that is how the old one was.

    >>> formatted("x = 1\\n", "x = [1,2]\\n"), formatted("x=1\\n", "x = [1,2]\\n")
    ('x = [1, 2]\\n', 'x = [1,2]\\n')
    """
    if old == new:
        return new
    if _ruff(old, *_SORT) == old:
        new = _ruff(new, *_SORT) or new
    length = max((len(line) for line in old.splitlines()), default=0)
    for width in _WIDTHS:
        options = ("format", "--line-length", str(width))
        if length <= width and _ruff(old, *options) == old:
            return _ruff(new, *options) or new
    return new


def formatted_blocks(old: str, blocks: Sequence[tuple[int, str]]) -> list[str]:
    """Return new statements as ruff formats them, for lines as long as those of the old text.

    Args:
        old: the text that they will stand in.
        blocks: each with the number of blocks that it will stand in.

    >>> formatted_blocks("x = 1\\n", [(1, "y = [1,2]")])
    ['y = [1, 2]\\n']
    """
    length = max((len(line) for line in old.splitlines()), default=0)
    parts = []
    for depth, text in blocks:
        heads = [f"{'    ' * level}if {_MARK}:" for level in range(max(depth, 1))]
        parts.append("\n".join([*heads, indent(text.rstrip("\n"), "    " * max(depth, 1))]))
    width = next((width for width in (88, 100, 120) if length <= width), 120)
    made = _ruff("\n".join(parts) + "\n", "format", "--line-length", str(width))
    if made is None:
        return [text for _, text in blocks]
    found = [dedent(part) for part in re.split(rf"(?m)^ *if {_MARK}:\n", made)]
    return [part.strip("\n") + "\n" for part in found if part.strip()]


def _ruff(text: str, *options: str) -> str | None:
    """Return what ruff makes of a text; `None` if there is no ruff, or it refuses."""
    beside = Path(sys.executable).with_name("ruff")
    program = str(beside) if beside.exists() else shutil.which("ruff")
    if program is None:
        return None
    command = [program, *options, "--quiet", "--isolated", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    return done.stdout if done.returncode == 0 else None
