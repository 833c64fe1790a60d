"""Which ways bring a Keras model into PyTorch, and what is the result worth there?

`python -m benchmarks.converters` writes eight models with Keras 3; with `--tf PYTHON`, a Python that has TF-Keras (and
tf2onnx, for the way through ONNX), also with that. Then each way opens each file in a process of its own: this library,
Keras 3's own loader on torch, and tf2onnx with onnx2torch, if it is installed here.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch._dynamo.exc import UserError

from benchmarks.converter_models import NAMES, custom_layer, file_name

_COLUMNS = ("file", "model", "way", "agrees to 1e-4", "parameters that train", "a key of the state_dict",
            "exports with a free batch", "compiles in one graph")  # fmt: skip
_WRITER = Path(__file__).with_name("converter_models.py")


def _by_this_library(path: Path) -> nn.Module:
    import torchkeras_layer

    custom_layer(torchkeras_layer)
    return torchkeras_layer.saving.load_model(path)


def _by_keras(path: Path) -> nn.Module:
    os.environ["KERAS_BACKEND"] = "torch"
    keras: Any = importlib.import_module("keras")
    custom_layer(keras)
    return keras.models.load_model(path)


def _by_onnx(path: Path) -> nn.Module:
    import onnx2torch  # pyright: ignore[reportMissingImports]

    problem = path.with_suffix(".onnx_error")
    if problem.exists():
        raise RuntimeError(f"tf2onnx: {problem.read_text()}")
    return onnx2torch.convert(str(path.with_suffix(".onnx")))


_WAYS: dict[str, Callable[[Path], nn.Module]] = {
    "torchkeras_layer": _by_this_library,
    "Keras 3": _by_keras,
    "tf2onnx, onnx2torch": _by_onnx,
}


def main() -> None:
    """Print the table, a line as soon as it is known; as `--one`, a line of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.converters", description=__doc__)
    parser.add_argument("--tf", metavar="PYTHON", help="a Python that has TF-Keras")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(_measured(*arguments.one)))
        return
    writers = {"keras": sys.executable} | ({"tf_keras": arguments.tf} if arguments.tf else {})
    print(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}")
    for library, python in writers.items():
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([python, str(_WRITER), library, folder], check=True, capture_output=True)
            for name in NAMES:
                path = next(Path(folder).glob(f"{file_name(name)}.[kh]*"))
                for way in list(_WAYS)[: 3 if library == "tf_keras" else 2]:
                    cells = (
                        f"{'Keras 3' if library == 'keras' else 'TF-Keras'}, {path.suffix}",
                        name,
                        way,
                        *_row(way, path),
                    )
                    print(f"| {' | '.join(cells)} |", flush=True)


def _row(way: str, path: Path) -> list[str]:
    command = [sys.executable, "-m", "benchmarks.converters", "--one", way, str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return [f"fails: {(done.stderr.splitlines() or ['?'])[-1][:80]}", "", "", "", ""]


def _measured(way: str, file: str) -> list[str]:
    warnings.simplefilter("ignore")
    path = Path(file)
    try:
        model = _WAYS[way](path).eval()
    except Exception as error:
        return [f"does not open ({type(error).__name__})", "", "", "", ""]
    with np.load(path.with_suffix(".npz")) as saved:
        expected = torch.from_numpy(saved["outputs"])
        inputs = [torch.from_numpy(saved[key]) for key in saved.files if key != "outputs"]
    given = tuple(inputs) if way.startswith("tf2onnx") or len(inputs) == 1 else (inputs,)
    return [
        _tried(lambda: _agreement(model, given, expected)),
        f"{sum(p.numel() for p in model.parameters() if p.requires_grad):,}",
        next(iter(model.state_dict()), "none"),
        _tried(lambda: _exported(model, given)),
        _tried(lambda: _compiled(model, given)),
    ]


def _tried(measure: Callable[[], str]) -> str:
    try:
        return measure()
    except Exception as error:
        return f"no ({type(error).__name__})"


def _agreement(model: nn.Module, inputs: tuple[Any, ...], expected: torch.Tensor) -> str:
    with torch.no_grad():
        difference = ((model(*inputs) - expected).abs().max() / expected.abs().max()).item()
    return f"{'yes' if difference <= 1e-4 else 'no'} ({difference:.0e})"


def _exported(model: nn.Module, inputs: tuple[Any, ...]) -> str:
    free = {0: torch.export.Dim.DYNAMIC}
    shapes = tuple([free] * len(part) if isinstance(part, list) else free for part in inputs)
    with torch.no_grad():
        try:
            torch.export.export(model, inputs, dynamic_shapes=shapes)
        except UserError:
            # Models of Keras 3 take `*args`, for which the shapes are one tuple more.
            torch.export.export(model, inputs, dynamic_shapes=(shapes,))
    return "yes"


def _compiled(model: nn.Module, inputs: tuple[Any, ...]) -> str:
    with torch.no_grad():
        torch.compile(model, fullgraph=True, backend="aot_eager")(*inputs)
    return "yes"


if __name__ == "__main__":
    main()
