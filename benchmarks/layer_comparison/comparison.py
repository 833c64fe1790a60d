"""How many times as long as by hand does a layer take, forward and in training, at batch 1 and batch 32?"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import torch

from benchmarks.layer_comparison.entry import Entry, Side, keras_side, our_side, sides_by_hand
from benchmarks.timing import Call, Effort, compare, fastest

BATCHES = (1, 32)
ALLOWED = 1.10
# Seconds of a forward call and of a training step that need no sentence of their own.
SMALL = {False: 8e-6, True: 30e-6}
LEGEND = (
    "Each cell: how many times as long as by hand our layer takes, and the time by hand. – nothing to train.\n"
    "! above 1.10, and why:\n"
    "· above 1.10, but only up to 8 µs more, in a training step up to 30: the call of a layer beyond that of a module "
    "(0.4 µs, 2 to 6 with several inputs or a mask), Python that looks at arguments and shapes (1 to 3 µs), and two "
    "views where channels come last and torch wants them second (2 to 4 µs)."
)


@dataclass(frozen=True)
class Cell:
    """`ours` and `keras` are ratios to the seconds that the best way by hand takes."""

    ours: float
    seconds: float
    keras: float | None
    training: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the ratio is above what is allowed."""
        return round(self.ours, 2) > ALLOWED

    @property
    def is_little(self) -> bool:
        """Whether what is over is as much as in any layer."""
        return (self.ours - 1) * self.seconds <= SMALL[self.training]


def measure(entry: Entry, batch: int, training: bool, library: ModuleType | None, effort: Effort) -> Cell | None:
    """Compare the three sides; `None` if there is no training to be done."""
    with torch.set_grad_enabled(training):
        mine = _call(our_side(entry, batch, training), training)
        ways = [_call(side, training) for side in sides_by_hand(entry, batch, training)]
        by_hand = [call for call in ways if call is not None]
        if mine is None or not by_hand:
            return None
        best = by_hand[0] if len(by_hand) == 1 else fastest(by_hand, effort)
        found = compare(mine, best, effort)
        keras = None
        if library is not None and hasattr(library.layers, entry.layer):
            keras = _call(keras_side(entry, library, batch, training), training)
        # Of minima: whatever else runs on the machine only adds.
        theirs = None if keras is None else compare(keras, best, effort).ratio_of_minima
        return Cell(found.ratio_of_minima, found.reference_minimum, theirs, training)


def _call(side: Side, training: bool) -> Call | None:
    return side.step() if training else side.forward()


def header() -> str:
    """Return the first line of the table."""
    columns = [f"{what} {batch}" for what in ("forward", "step") for batch in BATCHES]
    return f"{'':26}" + "".join(f"{column:>20}" for column in columns)


def line(entry: Entry, cells: list[Cell | None]) -> str:
    """Return the line of an entry: our ratio, Keras's if known, and the time by hand."""
    return f"{entry.layer:26}" + "".join(f"{_text(cell):>20}" for cell in cells)


def remark(entry: Entry, cells: list[Cell | None]) -> str | None:
    """Return why a layer takes longer than is allowed, `None` if it does not, or no longer than any layer."""
    if not any(cell is not None and cell.is_over and not cell.is_little for cell in cells):
        return None
    return f"{entry.layer}: {entry.why or 'over, and nothing says why.'}"


def _text(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    keras = "" if cell.keras is None else f"/{cell.keras:.1f}"
    mark = "" if not cell.is_over else "·" if cell.is_little else "!"
    return f"{cell.ours:.2f}{mark}{keras} × {cell.seconds * 1e6:.4g} µs"
