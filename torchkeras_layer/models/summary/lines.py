"""How is a summary set in lines?"""

from __future__ import annotations

from itertools import zip_longest

from torchkeras_layer.models.summary.columns import GAP, Column
from torchkeras_layer.models.summary.rows import Summary
from torchkeras_layer.models.summary.text_pieces import Line, Piece, width_of, words_in, wrap
from torchkeras_layer.models.summary.weight_counts import Amount, readable_size

RULE = "-"


def lines_of(summary: Summary, columns: list[Column], widths: list[int]) -> list[Line]:
    """Return a summary as lines: a title, its columns in the given widths, and the totals.

    >>> from torchkeras_layer.models.summary.columns import columns_of
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
        lines.append([Piece("What is not built has no parameters yet, and is not counted.", "missing")])
    return lines


def _total(label: str, amount: Amount) -> Line:
    return [
        Piece(f"{label}: ", "heading"),
        Piece(f"{amount.scalars:,}", "count"),
        Piece(f" ({readable_size(amount.size)})", "kind"),
    ]
