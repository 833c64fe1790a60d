"""Which line of a file as it was is a line of the changed file?"""

from __future__ import annotations

from difflib import SequenceMatcher


class LineMap:
    """The lines of one text for those of another that was made from it.

    >>> changed = LineMap("a\\nb\\nc\\n", "a\\nx\\ny\\nc\\n")
    >>> [changed.old(line) for line in (1, 2, 3, 4)]
    [1, 2, 2, 3]
    """

    def __init__(self, old: str, new: str) -> None:
        self._old: list[int] = []
        if old == new:
            return
        matcher = SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
        for kind, first, last, begin, stop in matcher.get_opcodes():
            for place in range(stop - begin):
                self._old.append(first + place + 1 if kind == "equal" else min(first + 1, max(last, 1)))

    def old(self, line: int) -> int:
        """Return the line of the old text, from 1; for a new line, that of the first line that it replaces."""
        return self._old[line - 1] if self._old and line <= len(self._old) else line
