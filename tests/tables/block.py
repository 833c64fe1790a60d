"""How does a text that is made from the code stand in a file: between which lines, and how is it put there?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOTICE = "`make tables` writes what follows from the code"
# How a comment begins and ends, by the ending of a file's name.
_COMMENTS = {".md": ("<!-- ", " -->"), ".py": ("# ", "")}


@dataclass(frozen=True)
class Block:
    """A text in a file, between a line that opens it and one that closes it.

    `file`: from the root of the repository. `name`: says which one it is, where a file has several. `make`: returns
    the text.
    """

    file: str
    name: str
    make: Callable[[], str]

    @property
    def path(self) -> Path:
        """Where the file is."""
        return ROOT / self.file

    def written_anew(self, text: str) -> str:
        """Return the text of the file with this block as it should be.

        Raises:
            LookupError: if the two lines around the block are not there, once each.
        """
        before, after = _COMMENTS[self.path.suffix]
        opening, closing = (f"{before}{word}{after}\n" for word in (f"{self.name}: {_NOTICE}.", f"End of {self.name}."))
        if text.count(opening) != 1 or text.count(closing) != 1:
            raise LookupError(f"{self.file} must have these two lines, once each:\n{opening}{closing}")
        head, _, rest = text.partition(opening)
        _, _, tail = rest.partition(closing)
        # A table needs an empty line around it, or Markdown takes it for text.
        margin = "\n" if self.path.suffix == ".md" else ""
        return f"{head}{opening}{margin}{self.make()}\n{margin}{closing}{tail}"

    def __str__(self) -> str:
        return f"{self.file}, {self.name}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown.

    >>> print(table(["name", "what it is"], [["`a`", "x | y"]]))
    | name | what it is |
    |---|---|
    | `a` | x \\| y |
    """
    lines = [[cell.replace("|", "\\|") for cell in row] for row in (header, *rows)]
    first, *others = (f"| {' | '.join(cells)} |" for cells in lines)
    return "\n".join([first, "|---" * len(header) + "|", *others])


def summary(documentation: str) -> str:
    """Return the first paragraph of a docstring as one line.

    >>> summary("One sentence\\nin two lines.\\n\\nAnother.")
    'One sentence in two lines.'
    """
    return " ".join(documentation.strip().split("\n\n")[0].split())
