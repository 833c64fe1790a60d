"""What was done with each line of a file, what was left, and why?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

KINDS = ("rewritten", "note", "left")
"""Rewritten; rewritten, with something to know; and not rewritten, which decides the exit status."""
GUIDE = "docs/port_a_script.md"
"""The page that explains what is left."""


@dataclass(frozen=True)
class Finding:
    """What became of one expression or statement.

    Attributes:
        line: its line in the file as it was, from 1.
        kind: one of `KINDS`.
        rule: the name of the rule, such as `K.mean` or `fit`.
        before: its text, shortened to one line.
        after: the text in its place; '' if it is left.
        reason: why it is left, or what to know.
        cell: the number of the cell of a notebook, from 1.
    """

    line: int
    kind: str
    rule: str
    before: str
    after: str = ""
    reason: str = ""
    cell: int | None = None

    def __str__(self) -> str:
        """Return the finding as one line of a report.

        >>> str(Finding(3, "left", "K.set_session", "K.set_session(s)", reason="there are no sessions"))
        '3: left: K.set_session(s): there are no sessions (docs/port_a_script.md#left)'
        """
        place = f"{self.line}" if self.cell is None else f"cell {self.cell}, line {self.line}"
        arrow = f" -> {_one_line(self.after)}" if self.after else ""
        link = f" ({GUIDE}#{self.kind})" if self.kind == "left" else ""
        reason = f": {self.reason}" if self.reason else ""
        return f"{place}: {self.kind}: {_one_line(self.before)}{arrow}{reason}{link}"


@dataclass
class Report:
    """The findings of one file.

    >>> report = Report("model.py", [Finding(1, "rewritten", "import", "import keras")])
    >>> report.summary(), report.is_complete
    ('model.py: 1 rewritten, 0 left', True)
    """

    path: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether nothing was left."""
        return all(finding.kind != "left" for finding in self.findings)

    def count(self, kind: str) -> int:
        """Return the number of findings of a kind."""
        return Counter(finding.kind for finding in self.findings)[kind]

    def summary(self) -> str:
        """Return one line for the file."""
        notes = self.count("note")
        return f"{self.path}: {self.count('rewritten')} rewritten, {self.count('left')} left" + (
            f", {notes} with something to know" if notes else ""
        )

    def lines(self) -> list[str]:
        """Return the findings as lines, in the order of the file."""
        return [str(finding) for finding in sorted(self.findings, key=lambda one: (one.cell or 0, one.line))]


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:77]}..."
