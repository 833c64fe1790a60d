"""`torchkeras-layer verify`: does the model in a file compute the outputs that were expected?"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from torchkeras_layer._structures import in_order, map_leaves
from torchkeras_layer.command.common import (
    add_code_argument,
    add_json_argument,
    check_has_graph,
    load,
    print_json,
    track,
)
from torchkeras_layer.models.model import Model

NAME = "verify"
SUMMARY = "Compare the outputs of the model in a file with expected ones"
DETAILS = "Exit status: 0 if they agree, 1 if they differ, 2 after an error."

_AT_ONCE = 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    several = "a .npz for a model with several: by name, or in their order"
    parser.add_argument("--data", metavar="X.npy", required=True, help=f"the inputs, as numpy saved them; {several}")
    parser.add_argument("--expect", metavar="Y.npy", required=True, help=f"the expected outputs; {several}")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1e-4,
        help="the largest difference, in parts of the largest expected number (default: %(default)s)",
    )
    add_code_argument(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the largest difference; return whether it is too large."""
    model = load(arguments)
    check_has_graph(model, "what its inputs are must be known: compare in Python")
    inputs = _arrays(arguments.data, [tensor.name for tensor in model.inputs], "--data")
    expected = _arrays(arguments.expect, [tensor.name for tensor in model.outputs], "--expect")
    outputs = _outputs(model, [torch.from_numpy(array) for array in inputs])
    differences = [
        _difference(output, array, tensor.name, arguments.expect)
        for output, array, tensor in zip(outputs, expected, model.outputs, strict=True)
    ]
    agrees = all(item["relative"] <= arguments.tolerance for item in differences)
    if arguments.json:
        print_json({"file": arguments.file, "agrees": agrees, "tolerance": arguments.tolerance, "outputs": differences})
    else:
        for item in differences:
            print(
                f"{item['output']}: largest difference {item['absolute']:.3g}, "
                f"{item['relative']:.3g} of the largest expected number"
            )
        print(f"{arguments.file}: " + ("agrees" if agrees else "DIFFERS") + f" (tolerance {arguments.tolerance:g})")
    return 0 if agrees else 1


def _arrays(path: str, names: list[str], option: str) -> list[np.ndarray]:
    """Read a .npy, or the arrays of a .npz by the names of tensors or else in the order of the file."""
    try:
        content = np.load(Path(path), allow_pickle=False)
        if isinstance(content, np.ndarray):
            arrays = [content]
        else:
            with content:
                keys = names if set(names) == set(content.files) else content.files
                arrays = [content[key] for key in keys]
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{option}: {path}: expected a .npy or .npz file that numpy saved: {error}") from error
    texts = [np.asarray(array).dtype for array in arrays if np.asarray(array).dtype.kind not in "biufc"]
    if texts:
        raise ValueError(f"{option}: {path}: expected arrays of numbers. Received: an array of {texts[0]}.")
    if len(arrays) != len(names):
        raise ValueError(
            f"{option}: {path}: expected {len(names)} arrays, {', '.join(names)}. Received: {len(arrays)}."
        )
    return arrays


def _outputs(model: Model, inputs: list[torch.Tensor]) -> list[np.ndarray]:
    if any(tensor.ndim == 0 or len(tensor) != len(inputs[0]) for tensor in inputs) or not len(inputs[0]):
        raise ValueError(
            f"--data: expected arrays with the same number of samples, at least one. Received: arrays of shapes "
            f"{[tuple(tensor.shape) for tensor in inputs]}."
        )
    starts = range(0, len(inputs[0]), _AT_ONCE)
    found = []
    with torch.inference_mode():
        for start in track(starts, len(starts), "Computing"):
            parts = iter([tensor[start : start + _AT_ONCE] for tensor in inputs])
            by_tensor = dict(zip(map(id, model.inputs), parts, strict=True))
            found.append(in_order(model(map_leaves(lambda tensor, given=by_tensor: given[id(tensor)], model.input))))
    outputs = [torch.cat(parts) for parts in zip(*found, strict=True)]
    # numpy has no bfloat16, and float32 has all its numbers.
    return [(output.float() if output.dtype is torch.bfloat16 else output).numpy() for output in outputs]


def _difference(output: np.ndarray, expected: np.ndarray, name: str, path: str) -> dict[str, Any]:
    if output.shape != expected.shape:
        raise ValueError(f"--expect: {path}: output {name!r} has shape {output.shape}. Received: {expected.shape}.")
    wrong = np.isnan(output) != np.isnan(expected)
    with np.errstate(invalid="ignore"):
        gaps = np.where(output == expected, 0.0, np.abs(output.astype("float64") - expected))
    absolute = float(np.inf) if wrong.any() else float(np.nanmax(gaps, initial=0.0))
    scale = float(np.nanmax(np.abs(expected), initial=0.0, where=np.isfinite(expected)))
    return {"output": name, "absolute": absolute, "relative": absolute / scale if scale else absolute}
