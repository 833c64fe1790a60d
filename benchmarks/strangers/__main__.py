"""Run the layers of strangers here, and print which agree with their own Keras, and why others do not."""

from __future__ import annotations

import inspect
import json
import sys
from collections import Counter
from typing import Any

import numpy as np
import torch

import torchkeras_layer as keras
from benchmarks.strangers.oracle import FILE
from benchmarks.strangers.rows import Library, Row, agrees, measure, read_corpus

# By what a module's name begins with.
_NAMES = {
    "tensorflow.python.keras": "torchkeras_layer",
    "tensorflow.keras": "torchkeras_layer",
    "tensorflow.compat.v1.keras": "torchkeras_layer",
    "tensorflow": "torchkeras_layer.tf",
    "tf_keras": "torchkeras_layer",
    "keras_core": "torchkeras_layer",
    "keras": "torchkeras_layer",
}


def renamed(name: str) -> str | None:
    """Return the module here for one that strangers import.

    >>> renamed("tensorflow.keras.layers"), renamed("tensorflow"), renamed("numpy")
    ('torchkeras_layer.layers', 'torchkeras_layer.tf', None)
    """
    for start, ours in _NAMES.items():
        if name == start or name.startswith(f"{start}."):
            return ours + name[len(start) :]
    return None


def _library() -> Library:
    def assign(weight: Any, value: np.ndarray) -> None:
        with torch.no_grad():
            weight.copy_(torch.from_numpy(np.array(value, order="C")))

    def gradients(call: Any, layer: Any) -> list[Any]:
        for weight in layer.trainable_weights:
            weight.grad = None
        torch.stack([output.float().square().sum() for output in call()]).sum().backward()
        return [None if weight.grad is None else weight.grad.numpy().copy() for weight in layer.trainable_weights]

    def array(value: Any) -> np.ndarray:
        return value.detach().numpy().copy()

    def settle(layer: Any) -> None:
        # The mode of a call that says nothing: inference in Keras, unless the layer's own `call` says otherwise.
        layer.eval()
        for module in filter(lambda module: isinstance(module, keras.Layer), layer.modules()):
            given = inspect.signature(module.call).parameters.get("training")
            module.training = given is not None and given.default is True

    return Library(keras, renamed, torch.from_numpy, array, assign, gradients, settle)


def difference(row: Row, found: dict[str, Any], expected: Any) -> str:
    """Say what differs from what the row's own Keras gave; '' if nothing does."""
    if found.get("error"):
        return f"{found['stage']}: {found['error']}"
    said = json.loads(str(expected[f"{row.key}|said"]))
    outputs = [expected[f"{row.key}|{place}"] for place in range(1000) if f"{row.key}|{place}" in expected]
    if found["shapes"] != said["shapes"]:
        return f"weights of shapes {found['shapes']}, not {said['shapes']}"
    if len(outputs) != len(found["outputs"]):
        return f"{len(found['outputs'])} outputs, not {len(outputs)}"
    for got, output in zip(found["outputs"], outputs, strict=True):
        if not agrees(got, output):
            return f"an output of shape {got.shape} differs (shape {output.shape})"
        if got.dtype != output.dtype:
            return f"an output of {got.dtype}, not {output.dtype}"
    if not np.allclose(np.nan_to_num(found.get("norms", [])), np.nan_to_num(expected[f"{row.key}|norms"]), 1e-2, 1e-3):
        return "gradients differ"
    lost = [word for word in ("config", "functional") if said[word] is True and found[word] is not True]
    return "; ".join(f"{word}: {found[word]}" for word in lost)


def main() -> None:
    """Compare all rows that run in their own Keras, or those whose names contain the given words."""
    expected, library = dict(np.load(FILE)), _library()
    counts: Counter[tuple[str, bool]] = Counter()
    for row in read_corpus():
        if f"{row.key}|said" in expected and all(word in row.key for word in sys.argv[1:]):
            complaint = difference(row, measure(row, library), expected)
            counts[row.generation, not complaint] += 1
            print(f"{row.generation:3} {row.key:90} {complaint or 'agrees'}", flush=True)
    for generation in sorted({generation for generation, _ in counts}):
        good, bad = counts[generation, True], counts[generation, False]
        print(f"generation {generation}: {good} of {good + bad} agree")
    good = sum(count for (_, is_good), count in counts.items() if is_good)
    print(f"{good} of {counts.total()} agree ({100 * good / max(counts.total(), 1):.0f} %)")


if __name__ == "__main__":
    main()
