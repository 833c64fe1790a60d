"""Which rows does `python -m benchmarks` measure and print?"""

from __future__ import annotations

import argparse
import platform

import torch

from benchmarks import (
    calls,
    compiled,
    convolutions,
    graphs,
    growth,
    layers,
    losses,
    memory,
    metrics,
    operations,
    starts,
    tensorflow_functions,
    training,
)
from benchmarks.peers import keras3
from benchmarks.rows import Row, header, line
from benchmarks.timing import FULL, QUICK

_TOPICS = (
    *(
        calls,
        operations,
        tensorflow_functions,
        losses,
        metrics,
        layers,
        convolutions,
        graphs,
        training,
        starts,
        compiled,
        memory,
    ),
    growth,
)


def main() -> None:
    """Print the table, a line as soon as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("row", nargs="*", help="only rows whose name contains one of these")
    parser.add_argument("--quick", action="store_true", help="measure shortly, for a first impression")
    arguments = parser.parse_args()
    rows = _selected(arguments.row)
    if not rows:
        parser.error(f"no row is called like {arguments.row}. Rows: {[row.name for row in _selected([])]}")
    torch.set_num_threads(1)
    print(_setting())
    print(header(rows))
    for row in rows:
        print(line(rows, row, row.measure(QUICK if arguments.quick else FULL)), flush=True)


def _selected(words: list[str]) -> list[Row]:
    rows = [row for topic in _TOPICS for row in topic.ROWS]
    return [row for row in rows if not words or any(word.lower() in row.name.lower() for word in words)]


def _setting() -> str:
    library = keras3()
    peer = "Keras 3 not installed" if library is None else f"Keras {library.__version__}"
    return f"Python {platform.python_version()}, torch {torch.__version__}, {peer}, float32, one CPU thread"


if __name__ == "__main__":
    main()
