"""What is a row of the table, how is it measured, and how is it written?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.timing import Call, Effort, compare, fastest


@dataclass(frozen=True)
class Measured:
    """`ours` is compared with the row's target; `keras` is the same for Keras 3, `None` if not measured."""

    ours: float
    keras: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the table: its name, the most that is allowed, how it is measured, its unit."""

    name: str
    target: float
    measure: Callable[[Effort], Measured]
    unit: str = "×"


@dataclass(frozen=True)
class Contest:
    """The same work by us, in each way that a PyTorch user might write it, and by Keras 3 if installed."""

    ours: Call
    by_hand: list[Call]
    keras: Call | None


def ratio_row(name: str, target: float, contest: Callable[[], Contest]) -> Row:
    """Return a row that shows our time, and that of Keras 3, over the time of the best hand-written way."""

    def measure(effort: Effort) -> Measured:
        work = contest()
        by_hand = work.by_hand[0] if len(work.by_hand) == 1 else fastest(work.by_hand, effort)
        ours = compare(work.ours, by_hand, effort)
        keras = None if work.keras is None else compare(work.keras, by_hand, effort).ratio
        note = f"{_time(ours.seconds)} / {_time(ours.reference_seconds)}, of minima {ours.ratio_of_minima:.2f}×"
        return Measured(ours.ratio, keras, note)

    return Row(name, target, measure)


def header(rows: list[Row]) -> str:
    """Return the first line of the table."""
    return _line(_name_width(rows), "", "ours", "Keras 3", "target", "", "time / by hand")


def line(rows: list[Row], row: Row, measured: Measured) -> str:
    """Return the line of one of the `rows`."""
    keras = "–" if measured.keras is None else _number(measured.keras, row.unit)
    verdict = "ok" if measured.ours <= row.target else "over"
    ours, target = _number(measured.ours, row.unit), f"≤ {_number(row.target, row.unit)}"
    return _line(_name_width(rows), row.name, ours, keras, target, verdict, measured.note)


def _line(width: int, name: str, ours: str, keras: str, target: str, verdict: str, note: str) -> str:
    return f"{name:{width}}  {ours:>9}  {keras:>9}  {target:>9}  {verdict:4}  {note}".rstrip()


def _name_width(rows: list[Row]) -> int:
    return max(len(row.name) for row in rows)


def _number(value: float, unit: str) -> str:
    digits = 3 if unit == " s" else 2 if unit and value < 100 else 0
    return f"{value:.{digits}f}{unit}"


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
