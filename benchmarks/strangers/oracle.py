"""What do the layers of strangers give in their own Keras? Writes `expected.npz`; the package says how to call it."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

import numpy as np

from benchmarks.strangers.rows import HERE, Library, Row, measure, read_corpus

FILE = HERE / "expected.npz"


def _tf_keras() -> Library:
    os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    tf: Any = importlib.import_module("tensorflow")
    tf_keras = importlib.import_module("tf_keras")

    def gradients(call: Any, layer: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            loss = sum(tf.reduce_sum(tf.square(tf.cast(output, "float32"))) for output in call())
        found = tape.gradient(loss, layer.trainable_weights)
        return [None if grad is None else np.asarray(tf.convert_to_tensor(grad)) for grad in found]

    def renamed(name: str) -> str | None:
        if name == "keras.engine" or name.startswith("keras.engine."):
            # What layers import from this folder of older Keras: Layer and InputSpec.
            return "tf_keras.layers"
        return "tf_keras" + name[5:] if name == "keras" or name.startswith("keras.") else None

    def assign(weight: Any, value: np.ndarray) -> None:
        weight.assign(value.astype(weight.dtype.as_numpy_dtype))

    return Library(tf_keras, renamed, tf.constant, np.asarray, assign, gradients, lambda layer: None)


def _keras() -> Library:
    os.environ["KERAS_BACKEND"] = "torch"
    keras: Any = importlib.import_module("keras")
    torch: Any = importlib.import_module("torch")

    def array(value: Any) -> np.ndarray:
        value = value.value if isinstance(value, keras.Variable) else value
        return value.detach().numpy()

    def gradients(call: Any, layer: Any) -> list[Any]:
        weights = [weight.value for weight in layer.trainable_weights]
        for weight in weights:
            weight.grad = None
        torch.stack([output.float().square().sum() for output in call()]).sum().backward()
        return [None if weight.grad is None else weight.grad.numpy().copy() for weight in weights]

    return Library(
        keras,
        lambda name: None,
        torch.from_numpy,
        array,
        lambda w, value: w.assign(value),
        gradients,
        lambda layer: None,
    )


LIBRARIES = {"tf_keras": (("2", "tf"), _tf_keras), "keras": (("3",), _keras)}


def main() -> None:
    """Run the rows of a library, and keep what the file has of the others."""
    generations, make = LIBRARIES[sys.argv[1]]
    library, kept, refused = make(), dict(np.load(FILE)) if FILE.exists() else {}, []
    for row in read_corpus():
        if row.generation in generations:
            kept = {name: value for name, value in kept.items() if not name.startswith(f"{row.key}|")}
            found = measure(row, library)
            if found.get("error") or not found["outputs"]:
                refused.append(f"{row.key}: {found['stage']}: {found.get('error', 'no outputs')}")
            else:
                kept |= _written(row, found)
    np.savez_compressed(FILE, **kept)
    print("\n".join(refused), f"\n{len(refused)} do not run in their own Keras.")


def _written(row: Row, found: dict[str, Any]) -> dict[str, np.ndarray]:
    said = {word: found[word] for word in ("shapes", "config", "functional")}
    arrays = {f"{row.key}|{place}": output for place, output in enumerate(found["outputs"])}
    return {
        **arrays,
        f"{row.key}|norms": np.array(found.get("norms", [])),
        f"{row.key}|said": np.array(json.dumps(said)),
    }


if __name__ == "__main__":
    main()
