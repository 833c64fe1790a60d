"""How does the new text keep the format of the old one?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

_SORT = ("check", "--select", "I", "--fix-only")
_WIDTHS = (79, 80, 88, 100, 120)


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


def _ruff(text: str, *options: str) -> str | None:
    """Return what ruff makes of a text; `None` if there is no ruff, or it refuses."""
    beside = Path(sys.executable).with_name("ruff")
    program = str(beside) if beside.exists() else shutil.which("ruff")
    if program is None:
        return None
    command = [program, *options, "--quiet", "--isolated", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    return done.stdout if done.returncode == 0 else None
