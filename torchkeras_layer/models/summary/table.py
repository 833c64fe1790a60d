"""How is a summary laid out and printed: in which columns, widths, lines and colours?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from torchkeras_layer.models.summary.labels import Line, Piece, joined, plain, width_of, words_in, wrap
from torchkeras_layer.models.summary.parts import readable_size
from torchkeras_layer.models.summary.rows import Amount, Row, Summary

GAP = 2
_NARROWEST = 6
_TRAINS = {"all": "Y", "none": "N", "some": "some", "": "-"}


@dataclass(frozen=True)
class Column:
    """A heading, and a cell for each row; a cell is a list of paragraphs, each of which begins a new line.

    `indents`: of each row; `hanging`: additional indent of a paragraph's further lines. Numbers never wrap.
    """

    heading: str
    cells: list[list[Line]]
    indents: list[int] = field(default_factory=list)
    hanging: int = 1
    is_number: bool = False

    @property
    def natural(self) -> int:
        """The width at which nothing wraps."""
        indents = self.indents or [0] * len(self.cells)
        widths = [
            indent + width_of(joined(words)) for indent, cell in zip(indents, self.cells, strict=True) for words in cell
        ]
        return max([len(self.heading), *widths])

    @property
    def narrowest(self) -> int:
        """The smallest readable width."""
        return self.natural if self.is_number else min(self.natural, _NARROWEST)

    def lines(self, row: int, width: int) -> list[Line]:
        """Return the lines of a cell."""
        indent = self.indents[row] if self.indents else 0
        return [line for words in self.cells[row] for line in wrap(words, width, indent, self.hanging)]


def columns_of(summary: Summary) -> list[Column]:
    """Return the columns of a summary; the one for connections only if the graph has branches.

    >>> from torchkeras_layer.models.summary.rows import Amount
    >>> [column.heading for column in columns_of(Summary("empty", True, (), *[Amount(0, 0)] * 4))]
    ['Layer (type)', 'Output Shape', 'Param #']
    """
    rows = summary.rows
    indents = [GAP * row.level for row in rows]
    columns = [
        Column("Layer (type)", [[_name_words(row)] for row in rows], indents, hanging=2),
        Column("Output Shape", [[words_in(text, "shape") for text in row.shapes] for row in rows]),
        Column("Param #", [[[_count_piece(row.count)]] for row in rows], is_number=True),
    ]
    if summary.branches:
        origins = [row.connections or ("-",) for row in rows]
        columns.append(Column("Connected to", [[words_in(text, "origin") for text in texts] for texts in origins]))
    return columns


def training_column(summary: Summary) -> Column:
    """Return the column that shows whether the parameters of each layer train."""
    return Column("Trainable", [[[Piece(_TRAINS[row.training], "training")]] for row in summary.rows])


def fitting_widths(
    model_name: str, columns: list[Column], terminal_width: int | None, line_length: int | None
) -> list[int]:
    """Return the widths of columns that fit their content.

    Args:
        model_name: the model's name, for errors.
        columns: the columns.
        terminal_width: the width that they should not exceed, in characters.
        line_length: the width that they must have together; `None` for any.

    Raises:
        ValueError: if `line_length` is too small.
    """
    least = sum(column.narrowest for column in columns) + GAP * (len(columns) - 1)
    if line_length is not None and line_length < least:
        raise ValueError(f"{model_name}: line_length must be at least {least}. Received: line_length={line_length}.")
    available = line_length or terminal_width or least
    widths = [column.natural for column in columns]
    while sum(widths) + GAP * (len(widths) - 1) > max(available, least):
        shrinkable = [index for index, column in enumerate(columns) if widths[index] > column.narrowest]
        widths[max(shrinkable, key=lambda index: widths[index])] -= 1
    surplus = (line_length or 0) - sum(widths) - GAP * (len(widths) - 1)
    for index in range(max(surplus, 0)):
        widths[index % len(widths)] += 1
    return widths


def widths_at(model_name: str, columns: list[Column], positions: Sequence[float], line_length: int) -> list[int]:
    """Return the widths of columns that end at given positions, in characters or as fractions of the line.

    Raises:
        ValueError: if there are too few of them, or a column gets too narrow.
    """
    scale = line_length if positions and max(positions) <= 1 else 1
    ends = [round(position * scale) for position in positions][: len(columns)]
    starts = [0, *(end + GAP for end in ends)]
    widths = [end - start for start, end in zip(starts, ends, strict=False)]
    if len(widths) < len(columns) or any(
        width < column.narrowest for width, column in zip(widths, columns, strict=True)
    ):
        needs = {column.heading: column.narrowest for column in columns}
        raise ValueError(
            f"{model_name}: positions must be the ends of {len(columns)} columns, each wide enough, with {GAP} "
            f"blanks between them. Received: positions={list(positions)}, line_length={line_length}. "
            f"Smallest widths: {needs}."
        )
    return widths


def _name_words(row: Row) -> Line:
    kind = [Piece(f"({row.kind})", "kind")] if row.kind else []
    return [*words_in(row.name, "name"), *kind]


def _count_piece(count: int | None) -> Piece:
    return Piece("not built", "missing") if count is None else Piece(f"{count:,}", "count")


RULE = "-"


def lines_of(summary: Summary, columns: list[Column], widths: list[int]) -> list[Line]:
    """Return the lines of a summary: the title, the columns in the given widths, and the totals.

    >>> from torchkeras_layer.models.summary.table import columns_of
    >>> summary = Summary("empty", False, (), *[Amount(0, 0)] * 4)
    >>> lines_of(summary, columns_of(summary), [12, 12, 7])[0]
    [Piece(text='Model: "empty" (not built)', role='title')]
    """
    rule = [Piece(RULE * (sum(widths) + GAP * (len(widths) - 1)), "rule")]
    headings = [wrap(words_in(column.heading, "heading"), width) for column, width in zip(columns, widths, strict=True)]
    lines = [_title(summary), rule, *_side_by_side(headings, columns, widths), rule]
    for row in range(len(summary.rows)):
        cells = [column.lines(row, width) for column, width in zip(columns, widths, strict=True)]
        lines += _side_by_side(cells, columns, widths)
    return [*lines, rule, *_totals(summary)]


def _title(summary: Summary) -> Line:
    return [Piece(f'Model: "{summary.name}"' + ("" if summary.is_built else " (not built)"), "title")]


def _side_by_side(cells: list[list[Line]], columns: list[Column], widths: list[int]) -> list[Line]:
    lines = []
    for parts in zip_longest(*cells, fillvalue=[]):
        line: Line = []
        for part, column, width in zip(parts, columns, widths, strict=True):
            blanks = Piece(" " * (width - width_of(part)), "")
            line += [*([blanks, *part] if column.is_number else [*part, blanks]), Piece(" " * GAP, "")]
        lines.append(line)
    return lines


def _totals(summary: Summary) -> list[Line]:
    others = Amount(*(sum(pair) for pair in zip(summary.frozen, summary.buffers, strict=True)))
    parts = [("frozen", summary.frozen.scalars), ("in buffers", summary.buffers.scalars)]
    of_which = ", ".join(f"{count:,} {where}" for where, count in parts if count)
    lines = [
        _total("Total params", summary.total),
        _total("Trainable params", summary.trainable),
        [*_total("Non-trainable params", others), Piece(f": {of_which}" if of_which else "", "kind")],
    ]
    if not summary.is_built:
        lines.append([Piece("Layers that are not built have no parameters yet, and are not counted.", "missing")])
    return lines


def _total(label: str, amount: Amount) -> Line:
    return [
        Piece(f"{label}: ", "heading"),
        Piece(f"{amount.scalars:,}", "count"),
        Piece(f" ({readable_size(amount.size)})", "kind"),
    ]


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
    """Call a function with each line as plain text; without one, print the lines, in colours if `rich` is installed.

    >>> from torchkeras_layer.models.summary.labels import Piece
    >>> print_lines([[Piece("dense", "name"), Piece("  ", "")]], print)
    dense
    """
    if print_fn is None and _print_in_colours(lines):
        return
    for line in lines:
        (print_fn or print)(plain(line))


def _print_in_colours(lines: list[Line]) -> bool:
    """Print all lines with `rich`; return whether it is installed."""
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        return False
    console = Console(highlight=False)
    text = Text("\n").join(_styled(line, console.encoding) for line in lines)
    # The lines fit the terminal already; lines that cannot fit are better broken by the terminal.
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
