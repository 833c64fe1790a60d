"""`torchkeras-layer inspect`: what is in a model file?"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from typing import Any

from torchkeras_layer.command.common import (
    add_code_argument,
    add_json_argument,
    custom_objects_in,
    load_without_values,
    print_json,
    print_table,
    shown_shape,
)
from torchkeras_layer.models.graphs import wiring_of
from torchkeras_layer.models.model import Model
from torchkeras_layer.models.summary.parts import readable_size
from torchkeras_layer.models.summary.rows import summarize
from torchkeras_layer.weight_files.contents import FileContents, read_contents

NAME = "inspect"
SUMMARY = "Show what is in a model file: its versions, layers, inputs, outputs and sizes"
DETAILS = "The numbers of the weights are not read."

_KINDS = {"zip": "a .keras archive", "hdf5": "HDF5", "json": "JSON"}
_NESTED = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--nested", action="store_true", help="list the layers inside layers and models too")
    add_code_argument(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what is in the file."""
    contents = read_contents(arguments.file)
    model, problem = _model_in(contents, custom_objects_in(arguments.code))
    if arguments.json:
        print_json(_described(contents, model, problem, arguments.nested))
    else:
        _print(contents, model, problem, arguments.nested)
    return 0


def _model_in(contents: FileContents, custom_objects: dict[str, Any]) -> tuple[Model | None, str]:
    """The model, and why there is none: a file that names layers of others can be looked at all the same."""
    if contents.config is None:
        return None, "The file has weights, but no model."
    try:
        return load_without_values(contents.path, custom_objects), ""
    except (ValueError, TypeError, NotImplementedError) as error:
        return None, str(error)


def _print(contents: FileContents, model: Model | None, problem: str, nested: bool) -> None:
    print(f"{contents.path}: {_KINDS[contents.kind]}, {readable_size(contents.size)}{_saved_by(contents)}")
    print()
    if model is None:
        print(problem)
        print()
        layers = list(_layers_in(contents.config))
        if layers:
            print_table(["layer", "class"], layers)
            print()
        if contents.arrays and contents.config is None:
            print_table(
                ["array", "shape", "dtype"], [[a.place, shown_shape(a.shape), a.dtype] for a in contents.arrays]
            )
            print()
    else:
        model.summary(expand_nested=nested)
        print()
        for word, tensors in _signature(model).items():
            for tensor in tensors:
                print(f"{word[:-1]}: {tensor['name']} {shown_shape(tensor['shape'])} {tensor['dtype']}")
    numbers = _numbers(contents)
    print(
        f"weights in the file: {len(contents.arrays)} arrays, {numbers:,} numbers of {_dtypes(contents) or 'no dtype'}"
    )


def _described(contents: FileContents, model: Model | None, problem: str, nested: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "file": contents.path,
        "kind": contents.kind,
        "size": contents.size,
        **contents.versions,
        "weights": {"arrays": len(contents.arrays), "numbers": _numbers(contents)},
    }
    if model is None:
        layers = [{"name": name, "class": kind} for name, kind in _layers_in(contents.config)]
        return {**described, "problem": problem, "layers": layers}
    summary = summarize(model, _NESTED if nested else 0)
    rows = [
        {
            "name": row.name,
            "class": row.kind,
            "level": row.level,
            "output_shapes": list(row.shapes),
            "parameters": row.count,
            "trainable": row.training,
        }
        for row in summary.rows
    ]
    return {
        **described,
        "model": {"name": model.name, "class": type(model).__name__, **_signature(model)},
        "parameters": {"total": summary.total.scalars, "trainable": summary.trainable.scalars},
        "layers": rows,
    }


def _signature(model: Model) -> dict[str, list[dict[str, Any]]]:
    # A model without a graph knows neither before it is called.
    is_known = wiring_of(model) is not None
    tensors = {"inputs": model.inputs if is_known else [], "outputs": model.outputs if is_known else []}
    return {
        word: [
            {"name": tensor.name, "shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")}
            for tensor in found
        ]
        for word, found in tensors.items()
    }


def _saved_by(contents: FileContents) -> str:
    version, backend = contents.versions.get("keras_version"), contents.versions.get("backend")
    by = f", saved by Keras {version}" if version else ""
    on = f" on {backend}" if backend else ""
    date = contents.versions.get("date_saved")
    return f"{by}{on}" + (f" at {date.replace('@', ' ')}" if date else "")


def _layers_in(config: Any) -> Iterator[list[str]]:
    arguments = config.get("config") if isinstance(config, dict) else None
    layers = arguments.get("layers") if isinstance(arguments, dict) else arguments
    for layer in layers if isinstance(layers, list) else []:
        if isinstance(layer, dict):
            inner = layer.get("config")
            name = layer.get("name") or (inner.get("name") if isinstance(inner, dict) else None)
            yield [str(name or "-"), str(layer.get("registered_name") or layer.get("class_name"))]


def _numbers(contents: FileContents) -> int:
    return sum(math.prod(array.shape) for array in contents.arrays)


def _dtypes(contents: FileContents) -> str:
    return ", ".join(sorted({array.dtype for array in contents.arrays}))
