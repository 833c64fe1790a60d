"""How many times as long does one call take as another, on a machine that may be busy?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from timeit import Timer
from typing import Any


@dataclass(frozen=True)
class Effort:
    """How long to measure: `pairs` of batches of `batch` seconds, `calls` for leaks, `starts` of Python."""

    pairs: int
    batch: float
    calls: int
    starts: int


FULL = Effort(pairs=101, batch=0.005, calls=100_000, starts=9)
QUICK = Effort(pairs=15, batch=0.002, calls=10_000, starts=3)


@dataclass(frozen=True)
class Call:
    """A function and the one argument that it is measured with."""

    function: Callable[[Any], Any]
    argument: Any

    def seconds(self, loops: int) -> float:
        """Run `loops` times, with the garbage collector off, and return the seconds a call."""
        return Timer("f(x)", globals={"f": self.function, "x": self.argument}).timeit(loops) / loops


@dataclass(frozen=True)
class Comparison:
    """`ratio`: median over the pairs; `ratio_of_minima`: of the fastest batches; seconds are medians."""

    ratio: float
    ratio_of_minima: float
    seconds: float
    reference_seconds: float
    reference_minimum: float


def compare(call: Call, reference: Call, effort: Effort) -> Comparison:
    """Measure two calls in turns.

    Each pair of batches lies close together in time and gives one ratio, so that what slows the machine for
    longer than a batch slows both. Every other pair runs the other way round.
    """
    loops = [enough_loops(side, effort.batch) for side in (call, reference)]
    pairs = [_pair(call, reference, loops, turned=bool(turn % 2)) for turn in range(effort.pairs)]
    ours, theirs = zip(*pairs, strict=True)
    ratio = median(one / other for one, other in pairs)
    return Comparison(ratio, min(ours) / min(theirs), median(ours), median(theirs), min(theirs))


def fastest(calls: list[Call], effort: Effort) -> Call:
    """Return the fastest of several ways to write the same by hand."""
    loops = [enough_loops(call, effort.batch) for call in calls]
    rounds = [[call.seconds(n) for call, n in zip(calls, loops, strict=True)] for _ in range(effort.pairs // 3)]
    minima = [min(times) for times in zip(*rounds, strict=True)]
    return calls[minima.index(min(minima))]


def enough_loops(call: Call, seconds: float) -> int:
    """Warm up, then say how many calls fill `seconds`."""
    loops, took = 1, 0.0
    while took < seconds / 2:
        loops *= 10 if took else 1
        call.seconds(loops)
        took = call.seconds(loops) * loops
    return max(1, round(loops * seconds / took))


def _pair(call: Call, reference: Call, loops: list[int], turned: bool) -> tuple[float, float]:
    if turned:
        theirs = reference.seconds(loops[1])
        return call.seconds(loops[0]), theirs
    ours = call.seconds(loops[0])
    return ours, reference.seconds(loops[1])
