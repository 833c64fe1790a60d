"""Which numbers does TF-Keras give? Run by hand, where it is installed, to write them into tf_keras/<family>.json.

    python -m tests.conformance.write_tf_keras [family ...]

from the root of the repository. A golden is a layer as TF-Keras serializes it, its weights, and what came out for what
went in; `test_configs.py` reads them all. To add some, write them into goldens.py; each family is written anew, with
the same random numbers. Made with TF-Keras 2.21 and TensorFlow 2.21 on a CPU, which has no channels_first for windows.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tests.conformance.goldens import FAMILIES, Golden

FOLDER = Path(__file__).parent / "tf_keras"
_DIGITS = 6


def main(families: list[str]) -> None:
    """Write the goldens of the families, or of all."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tf_keras

    for family in families or FAMILIES:
        lines = [json.dumps(_call(tf_keras, golden)) for golden in FAMILIES[family]]
        (FOLDER / f"{family}.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


def _call(tf_keras: Any, golden: Golden) -> dict[str, Any]:
    """Make, build and call the layer, and return what there is to know of it."""
    tf_keras.backend.clear_session()
    random = np.random.default_rng(5)
    is_list = isinstance(golden.shape, list)
    inputs = [_values(golden, random, shape) for shape in golden.shape] if is_list else None
    inputs = _values(golden, random, golden.shape) if inputs is None else inputs
    mask = None if golden.mask is None else random.random(golden.mask) < 0.7
    layer = getattr(tf_keras.layers, golden.layer)(**golden.arguments)
    layer.build(golden.shape)
    layer.set_weights([np.round(random.uniform(0.5, 1.5, weight.shape), 3) for weight in layer.weights])
    before = layer.get_weights()
    outputs = layer(inputs, training=golden.training, **({} if mask is None else {"mask": mask}))
    return {
        "config": tf_keras.saving.serialize_keras_object(layer),
        "training": golden.training,
        "inputs": [_rounded(one) for one in inputs] if is_list else _rounded(inputs),
        "mask": None if mask is None else mask.tolist(),
        "weights": [_rounded(weight) for weight in before],
        "outputs": _rounded(outputs.numpy()),
        "weights_after": [_rounded(weight) for weight in layer.get_weights()],
    }


def _values(golden: Golden, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    if golden.below is not None:
        return random.integers(golden.below, size=shape)
    return np.round(random.normal(size=shape), 3).astype("float32")


def _rounded(array: np.ndarray) -> list[Any]:
    return np.round(array.astype("float64"), _DIGITS).tolist() if array.dtype.kind == "f" else array.tolist()


if __name__ == "__main__":
    main(sys.argv[1:])
