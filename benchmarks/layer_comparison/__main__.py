"""Which layers does `python -m benchmarks.layer_comparison` compare, and what does it print?"""

from __future__ import annotations

import argparse

import torch

from benchmarks.layer_comparison.comparison import BATCHES, LEGEND, header, line, measure, remark
from benchmarks.layer_comparison.entry import Entry
from benchmarks.layer_comparison.table import ENTRIES
from benchmarks.peers import keras3
from benchmarks.timing import FULL, QUICK, Effort


def main() -> None:
    """Print a line for each layer: the ratio (with `--keras` that of Keras 3 too) and the time by hand."""
    description = f"{__doc__}\n\n{LEGEND}\n\nAll layers take ten minutes, with --quick one."
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m benchmarks.layer_comparison", description=description, formatter_class=formatter
    )
    parser.add_argument("layer", nargs="*", help="only layers whose name contains one of these")
    parser.add_argument("--quick", action="store_true", help="measure shortly, for a first impression")
    parser.add_argument("--keras", action="store_true", help="measure Keras 3 beside it")
    arguments = parser.parse_args()
    entries = selected(arguments.layer)
    if not entries:
        parser.error(f"no layer is called like {arguments.layer}. Layers: {[entry.layer for entry in ENTRIES]}")
    torch.set_num_threads(1)
    _print(entries, arguments.keras, QUICK if arguments.quick else FULL)


def selected(words: list[str]) -> list[Entry]:
    """Return the entries of layers whose names contain one of the words."""
    return [entry for entry in ENTRIES if not words or any(word.lower() in entry.layer.lower() for word in words)]


def _print(entries: list[Entry], with_keras: bool, effort: Effort) -> None:
    library, remarks = keras3() if with_keras else None, []
    print(header())
    for entry in entries:
        cells = [measure(entry, batch, training, library, effort) for training in (False, True) for batch in BATCHES]
        print(line(entry, cells), flush=True)
        remarks.append(remark(entry, cells))
    print("", LEGEND, *filter(None, remarks), sep="\n")


if __name__ == "__main__":
    main()
