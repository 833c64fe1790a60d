"""How many times as long does each call take in one checkout of this repository as in another?

`python -m benchmarks.two_checkouts OLD` compares the package in the folder OLD, for instance a `git worktree` of an
earlier commit, with the one here. Both run at the same time, a process each, and are timed in turns, so that whatever
else the machine does slows both.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from types import TracebackType

from benchmarks.timing import Call, enough_loops

HERE = Path(__file__).parents[1]
PAIRS = {False: 41, True: 9}
SECONDS_A_BATCH = {False: 0.01, True: 0.003}
NOT_THERE = "absent"


class Worker:
    """A process that times calls of the package in one checkout.

    Made with the folder of the checkout, and how many seconds a batch of calls takes.
    """

    def __init__(self, checkout: Path, seconds_a_batch: float) -> None:
        command = [sys.executable, "-m", "benchmarks.two_checkouts", str(checkout), "--serve", str(seconds_a_batch)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=HERE
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self._process.communicate()

    def prepare(self, name: str) -> bool:
        """Make what the call needs, and warm up; whether this checkout has what it needs."""
        return self._ask(name) != NOT_THERE

    def seconds(self) -> float:
        """Run a batch of the prepared call, and return the seconds of one call."""
        return float(self._ask(""))

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"The process that measures ended. Received: {line!r}.")
        return answer


def compare(old: Worker, new: Worker, name: str, pairs: int) -> str:
    """Time a call in both checkouts in turns, and return the line of the table."""
    if not (old.prepare(name) & new.prepare(name)):
        return f"{name:44} is not in both"
    rounds = [_pair(old, new, bool(turn % 2)) for turn in range(pairs)]
    before, after = zip(*rounds, strict=True)
    ratio = median(theirs / ours for ours, theirs in rounds)
    minima = min(after) / min(before)
    return f"{name:44} {ratio:6.3f} {minima:9.3f} {min(before) * 1e6:12.2f} {min(after) * 1e6:12.2f}"


def _pair(old: Worker, new: Worker, turned: bool) -> tuple[float, float]:
    if turned:
        after = new.seconds()
        return old.seconds(), after
    return old.seconds(), new.seconds()


def serve(checkout: str, seconds_a_batch: float) -> None:
    """Answer lines: the name of a call prepares it, an empty line times it."""
    sys.path.insert(0, checkout)
    import torch

    import torchkeras_layer

    assert Path(torchkeras_layer.__file__).is_relative_to(checkout), torchkeras_layer.__file__
    from benchmarks import named_calls

    torch.set_num_threads(1)
    call, loops = Call(abs, 0), 1
    for line in sys.stdin:
        name = line.strip()
        if name:
            found = named_calls.make(name) if named_calls.is_there(name) else None
            call = found or call
            loops = enough_loops(call, seconds_a_batch)
            print(name if found else NOT_THERE, flush=True)
        else:
            print(call.seconds(loops), flush=True)


def _names(words: list[str]) -> Iterator[str]:
    from benchmarks import named_calls

    yield from (name for name in named_calls.NAMES if not words or any(word.lower() in name.lower() for word in words))


def main() -> None:
    """Print a line for each call: the median of the ratios of new to old, the ratio of the minima, and both minima."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.two_checkouts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", help="folder of the other checkout")
    parser.add_argument("call", nargs="*", help="only calls whose name contains one of these")
    parser.add_argument("--quick", action="store_true", help="measure shortly, for a first impression")
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_intermixed_args()
    checkout = Path(arguments.old).resolve()
    if not (checkout / "torchkeras_layer" / "__init__.py").exists():
        parser.error(f"{arguments.old} holds no package torchkeras_layer.")
    if arguments.serve is not None:
        serve(str(checkout), arguments.serve)
        return
    seconds = SECONDS_A_BATCH[arguments.quick]
    print(f"{'':44} {'ratio':>6} {'of minima':>9} {'old (µs)':>12} {'new (µs)':>12}")
    with Worker(checkout, seconds) as old, Worker(HERE, seconds) as new:
        for name in _names(arguments.call):
            print(compare(old, new, name, PAIRS[arguments.quick]), flush=True)


if __name__ == "__main__":
    main()
