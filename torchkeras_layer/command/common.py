"""What do the subcommands share: loading models, a user's layers, tables of text, JSON, and progress bars?"""

from __future__ import annotations

import argparse
import json
import runpy
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch

from torchkeras_layer.models.graphs import wiring_of
from torchkeras_layer.models.model import Model
from torchkeras_layer.models.model_files import load_architecture, load_model
from torchkeras_layer.weight_files.source import kind_of

T = TypeVar("T")


def add_code_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option for layers of the user's own."""
    parser.add_argument(
        "--code",
        metavar="LAYERS.py",
        help="a Python file of yours, which is run: its classes and functions stand for those of the same names in "
        "the model file, and its functions for the Lambda layers of the same names",
    )


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option for programs that read the output."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def load(arguments: argparse.Namespace) -> Model:
    """Return the model in the file, in inference mode.

    Raises:
        ValueError: if the file has the architecture alone, so that the model would have values made up here.
    """
    model = load_model(arguments.file, custom_objects_in(arguments.code)).eval()
    if model.weights and kind_of(arguments.file) == "json":
        raise ValueError(
            f"{arguments.file}: the file has the architecture of a model, and not its weights. Write "
            "keras.saving.load_model(path) and model.load_weights(path_of_weights) in Python, and save the model."
        )
    return model


def path_to_write_to(arguments: argparse.Namespace) -> Path:
    """Return the path OUT, which must be that of another file than the one that is read, in a folder that is there.

    Raises:
        ValueError: if it is not.
    """
    out = Path(arguments.out)
    if not out.parent.is_dir():
        raise ValueError(f"OUT must be in a folder that is there. Received: {out}")
    if out.is_dir():
        raise ValueError(f"OUT must be a file. Received: the folder {out}")
    if out.exists() and Path(arguments.file).exists() and out.samefile(arguments.file):
        raise ValueError(
            f"OUT must be another file than the one that is read, which has more than is written. Received: {out}"
        )
    return out


def load_without_values(path: str, custom_objects: dict[str, Any]) -> Model:
    """Return the model in a file on the meta device, which takes no memory for weights."""
    with torch.device("meta"):
        return load_architecture(path, custom_objects).eval()


def check_has_graph(model: Model, consequence: str) -> None:
    """Check that a model knows its inputs before it is called.

    Raises:
        ValueError: if it does not.

    >>> check_has_graph(Model(name="grown"), "it cannot be drawn")
    Traceback (most recent call last):
    ...
    ValueError: grown (Model): the model is not made of a graph of layers, so it cannot be drawn.
    """
    if wiring_of(model) is None:
        raise ValueError(
            f"{model.name} ({type(model).__name__}): the model is not made of a graph of layers, so {consequence}."
        )


def custom_objects_in(path: str | None) -> dict[str, Any]:
    """Run a Python file, and return its classes and functions by their names.

    Raises:
        ValueError: if the file fails.

    >>> custom_objects_in(None)
    {}
    """
    if path is None:
        return {}
    if not Path(path).is_file():
        raise ValueError(f"--code: expected a Python file. Received: {path}")
    try:
        names = runpy.run_path(path)
    except (Exception, SystemExit) as error:
        raise ValueError(f"--code: {path} failed: {type(error).__name__}: {error}") from error
    return {name: value for name, value in names.items() if not name.startswith("_") and callable(value)}


def print_json(content: Any) -> None:
    """Print JSON; a number that is not finite, which JSON has no form for, becomes null."""
    print(json.dumps(_finite(content), indent=2))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()) -> None:
    """Print rows of text in columns, those of numbers on the right.

    >>> print_table(["name", "size"], [["kernel", "8"], ["bias", "16"]], numbers=["size"])
    name    size
    kernel     8
    bias      16
    """
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        cells = [
            cell.rjust(width) if heading in numbers else cell.ljust(width)
            for cell, width, heading in zip(row, widths, headings, strict=True)
        ]
        print("  ".join(cells).rstrip())


def track(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Go through items, with a progress bar if a person watches and rich is installed.

    >>> list(track("ab", 2, "Reading"))
    ['a', 'b']
    """
    if not sys.stderr.isatty():
        yield from items
        return
    try:
        from rich.console import Console
        from rich.progress import track as with_bar
    except ImportError:
        yield from items
        return
    yield from with_bar(items, what, total, console=Console(stderr=True), transient=True)


def shown_shape(shape: Iterable[int | None]) -> str:
    """Return a shape as text.

    >>> shown_shape([None, 3]), shown_shape([7])
    ('(None, 3)', '(7,)')
    """
    return str(tuple(shape))


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    if isinstance(content, float) and content - content != 0:
        return None
    return content
