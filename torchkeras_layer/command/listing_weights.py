"""`torchkeras-layer weights`: which arrays are in a file, and what are their numbers like?"""

from __future__ import annotations

import argparse
from typing import Any

import torch

from torchkeras_layer.command.common import add_json_argument, print_json, print_table, shown_shape, track
from torchkeras_layer.weight_files.contents import open_arrays
from torchkeras_layer.weight_files.hdf5 import Dataset

NAME = "weights"
SUMMARY = "List the weights in a file: places, shapes, dtypes and statistics"
DETAILS = "An optimizer's state is left out."

_STATISTICS = ("mean", "std", "min", "max")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each array."""
    with open_arrays(arguments.file) as arrays:
        rows = [
            {"place": place, "shape": list(array.shape), "dtype": array.dtype, **_statistics(array)}
            for place, array in track(arrays.items(), len(arrays), "Reading the weights")
        ]
    if arguments.json:
        print_json(rows)
    elif rows:
        _print(rows)
    else:
        print(f"{arguments.file}: there are no weights in the file.")
    return 0


def _statistics(array: Dataset) -> dict[str, Any]:
    """The mean, deviation, smallest and largest number, and how many are not finite; those are left out of the rest."""
    numbers = array.read().double().flatten()
    finite = numbers[torch.isfinite(numbers)]
    found: dict[str, Any] = dict.fromkeys(_STATISTICS)
    if finite.numel():
        found = {
            "mean": finite.mean().item(),
            "std": finite.std(correction=0).item(),
            "min": finite.min().item(),
            "max": finite.max().item(),
        }
    return {**found, "not_finite": numbers.numel() - finite.numel()}


def _print(rows: list[dict[str, Any]]) -> None:
    is_finite = not any(row["not_finite"] for row in rows)
    columns = [*_STATISTICS, *([] if is_finite else ["not_finite"])]
    cells = [
        [row["place"], shown_shape(row["shape"]), row["dtype"], *(_shown(row[name]) for name in columns)]
        for row in rows
    ]
    print_table(
        ["place", "shape", "dtype", *(name.replace("_", " ") for name in columns)], cells, ["not finite", *columns]
    )


def _shown(number: float | None) -> str:
    return "-" if number is None else f"{number:.4g}"
