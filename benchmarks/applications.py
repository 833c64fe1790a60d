"""Does each model of `keras.applications` load from Keras's file and give Keras's outputs, and how long does it take?

`python -m benchmarks.applications` makes them one after the other, each in processes of its own, so that only one is in
memory; `python -m benchmarks.applications MobileNet ResNet50` makes only these. `--python`, `--library` and `--backend`
name another Python, TF-Keras in place of Keras, and another backend: some models cannot be made on torch.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

# Those whose own default shape Keras on torch cannot take.
_SHAPES = {"MobileNetV3Large": (224, 224, 3), "MobileNetV3Small": (224, 224, 3)}
# From small to large, as far as the memory that they need is concerned.
_LAST = ("ConvNeXtLarge", "ConvNeXtXLarge", "EfficientNetB7", "EfficientNetV2L", "NASNetLarge")
_COLUMNS = ("model", "layers", "parameters", "Keras loads in", "ours", "peak, in file sizes", "largest difference")


def main() -> None:
    """Print the table, a line as soon as it is measured; as `make` and `load`, do one part of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.applications", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these; all by default")
    parser.add_argument("--python", default=sys.executable, help="the Python that has Keras")
    parser.add_argument("--library", default="keras", help="keras or tf_keras")
    parser.add_argument("--backend", default="torch", help="the backend of Keras")
    parser.add_argument("--format", default="keras", help="the suffix of the files, keras or h5")
    parser.add_argument("--step", choices=("list", "make", "load"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step is not None:
        steps = {"list": _list, "make": _make, "load": _load}
        print(json.dumps(steps[arguments.step](arguments)))
        return
    print(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}")
    for name in arguments.names or _run("list", arguments, [], arguments.folder):
        with tempfile.TemporaryDirectory() as folder:
            print(_row(name, arguments, folder), flush=True)


def _row(name: str, arguments: argparse.Namespace, folder: str) -> str:
    made = _run("make", arguments, [name], folder)
    if "error" in made:
        return f"| {name} | cannot be made by Keras: {made['error']} |"
    loaded = _run("load", arguments, [name], folder)
    if "error" in loaded:
        return f"| {name} | {made['layers']} | {made['parameters']} | does not load: {loaded['error']} |"
    cells = (
        name, made["layers"], f"{made['parameters']:,}", made["loaded"], f"{loaded['seconds']:.2f} s",
        f"{loaded['peak'] / made['bytes']:.2f}", f"{loaded['difference']:.1e}",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _run(step: str, arguments: argparse.Namespace, names: list[str], folder: Any) -> Any:
    python = sys.executable if step == "load" else arguments.python
    command = [python, "-m", __spec__.name, *names, "--step", step, "--format", arguments.format]
    command += ["--library", arguments.library]
    command += ["--folder", str(folder)] if folder else []
    environment = os.environ | {"KERAS_BACKEND": arguments.backend}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:300]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def _list(arguments: argparse.Namespace) -> list[str]:
    keras = importlib.import_module(arguments.library)
    found = sorted(name for name, value in vars(keras.applications).items() if inspect.isfunction(value))
    return [name for name in found if name not in _LAST] + [name for name in _LAST if name in found]


def _make(arguments: argparse.Namespace) -> dict[str, Any]:
    """Save a model, and an input with its output; return the facts about it, and how long Keras loads it."""
    keras = importlib.import_module(arguments.library)
    name, path = arguments.names[0], arguments.folder / f"model.{arguments.format}"
    shape = {"input_shape": _SHAPES[name]} if name in _SHAPES else {}
    model = getattr(keras.applications, name)(weights=None, classifier_activation=None, **shape)
    settle(keras, model)
    inputs = images((1, *model.input_shape[1:]), seed=1)
    np.savez(arguments.folder / "data.npz", inputs=inputs, outputs=predict(keras, model, inputs))
    model.save(path)
    facts = {"layers": len(model.layers), "parameters": model.count_params(), "bytes": path.stat().st_size}
    del model
    start = time.perf_counter()
    try:
        keras.models.load_model(path, compile=False)
    except Exception as error:  # TF-Keras cannot load all of its own models.
        return facts | {"loaded": type(error).__name__}
    return facts | {"loaded": f"{time.perf_counter() - start:.2f} s"}


def _load(arguments: argparse.Namespace) -> dict[str, Any]:
    """Load the model here; return how long it takes, the memory for it, and the largest relative difference."""
    import torch

    import torchkeras_layer as ours

    data = np.load(arguments.folder / "data.npz")
    before = _peak()
    start = time.perf_counter()
    model = ours.models.load_model(arguments.folder / f"model.{arguments.format}").eval()
    seconds, peak = time.perf_counter() - start, _peak() - before
    with torch.no_grad():
        outputs = model(torch.as_tensor(data["inputs"])).numpy()
    return {"seconds": seconds, "peak": peak, "difference": relative_difference(outputs, data["outputs"])}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def images(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Return random pixels from 0 to 255, smooth enough that they differ in more than noise."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (shape[0], 8, 8, shape[3]))
    rows, columns = (np.arange(size) * 8 // size for size in shape[1:3])
    return (coarse[:, rows][:, :, columns] * random.uniform(0.8, 1, shape)).astype("float32")


def settle(keras: Any, model: Any) -> None:
    """Give a new model of Keras biases and scales that are not 0 and 1, and statistics of data that it has seen."""
    random = np.random.default_rng(0)
    for weight in model.weights:
        if len(weight.shape) == 1:
            own_name = getattr(weight, "path", weight.name).rpartition("/")[2]
            centre = 1.0 if own_name.startswith(("gamma", "moving_variance", "variance")) else 0.0
            weight.assign(centre + random.uniform(-0.2, 0.2, weight.shape))
    layers = list(model._flatten_layers())
    for layer in layers:
        if hasattr(layer, "finalize_state"):
            # Normalization computes with values that it derives from its weights.
            layer.finalize_state()
    normalizations = [layer for layer in layers if hasattr(layer, "moving_mean")]
    usual = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.1
    _call(keras, model, images((2, *model.input_shape[1:]), seed=2), training=True)
    for layer, momentum in zip(normalizations, usual, strict=True):
        layer.momentum = momentum


def predict(keras: Any, model: Any, inputs: np.ndarray) -> np.ndarray:
    """Return what a model of Keras gives in inference."""
    outputs = _call(keras, model, inputs, training=False)
    return outputs.cpu().numpy() if keras.backend.backend() == "torch" else np.asarray(outputs)


def _call(keras: Any, model: Any, inputs: np.ndarray, training: bool) -> Any:
    if keras.backend.backend() != "torch":
        return model(inputs, training=training)
    import torch

    with torch.no_grad():
        return model(inputs, training=training)


def relative_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest difference over the largest of the expected numbers."""
    assert ours.shape == theirs.shape
    assert np.ptp(theirs) > 0
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


if __name__ == "__main__":
    main()
