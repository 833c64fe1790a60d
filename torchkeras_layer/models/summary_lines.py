"""How is a summary laid out in lines of a given width?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from torchkeras_layer.models.summary_rows import Row, Summary
from torchkeras_layer.models.text_pieces import Column, Line, Piece, padded, wrap
from torchkeras_layer.models.weight_counts import Amount, readable_size

GAP = 2
_INDENT = 2
_TRAINS = {"all": "Y", "none": "N", "some": "some", "": "-"}


def lines_of(summary: Summary, widths: list[int], columns: list[Column]) -> list[Line]:
    """Return a summary as lines: a title, the columns in their widths, and the totals.

    >>> from torchkeras_layer.models.weight_counts import Amount
    >>> empty = Summary("empty", True, (), *[Amount(0, 0)] * 4)
    >>> columns = columns_of(empty, [])
    >>> [piece.text for line in lines_of(empty, [12, 12, 7], columns) for piece in line][0]
    'Model: "empty"'
    """
    length = sum(widths) + GAP * (len(widths) - 1)
    heading = [wrap([Piece(column.heading, "header")], width) for column, width in zip(columns, widths, strict=True)]
    lines = [[Piece(f'Model: "{summary.name}"' + ("" if summary.is_built else " (not built)"), "title")]]
    lines += [_rule(length), *_side_by_side(heading, widths, columns), _rule(length)]
    for number in range(len(summary.rows)):
        cells = [column.wrapped(number, width) for column, width in zip(columns, widths, strict=True)]
        lines += _side_by_side(cells, widths, columns)
    return [*lines, _rule(length), *_totals(summary)]


def columns_of(summary: Summary, further: list[str]) -> list[Column]:
    """Return the columns of a summary; `further` may hold 'training', which is not always shown."""
    rows = summary.rows
    columns = [
        Column("Layer (type)", "name", [[_name_cell(row)] for row in rows], [row.level * _INDENT for row in rows]),
        Column("Output Shape", "shape", [_paragraphs(row.shapes, "shape") for row in rows]),
        Column("Param #", "count", [[[Piece(_count(row), "count")]] for row in rows]),
    ]
    if summary.branches:
        origins = [_paragraphs(row.connections or ("-",), "connection") for row in rows]
        columns.append(Column("Connected to", "connection", origins))
    if "training" in further:
        columns.append(Column("Trainable", "training", [[[Piece(_TRAINS[row.training], "training")]] for row in rows]))
    return columns
