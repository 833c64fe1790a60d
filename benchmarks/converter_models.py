"""Write eight models with Keras 3 or with TF-Keras: which files does `python -m benchmarks.converters` compare?

Run by the Python that has the Keras in question: `python converter_models.py keras FOLDER` or `… tf_keras FOLDER`. Each
model has a file, `.npz` arrays of inputs and outputs and, if tf2onnx is installed beside TF-Keras, a `.onnx`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

NAMES = ("small CNN", "MobileNetV2", "masked LSTM", "bidirectional GRU", "transformer block", "shared submodel",
         "custom layer", "EfficientNetB0")  # fmt: skip
WORDS, STEPS, SIDE = 50, 12, 64


def file_name(name: str) -> str:
    """Return the name of a model's files, without a suffix."""
    return name.replace(" ", "_")


def make(name: str, keras: Any) -> Any:
    """Return a model of `keras`."""
    layers = keras.layers
    if name in ("MobileNetV2", "EfficientNetB0"):
        return getattr(keras.applications, name)(weights=None, input_shape=(SIDE, SIDE, 3), classes=10)
    if name == "small CNN":
        x = keras.Input((16, 16, 3))
        y = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", activation="relu")(x))
        y = layers.Conv2D(8, 3, padding="same", strides=2)(layers.MaxPooling2D()(y))
        return keras.Model(x, layers.Dense(4, activation="softmax")(layers.Flatten()(y)))
    if name in ("masked LSTM", "bidirectional GRU"):
        x = keras.Input((STEPS,), dtype="int32")
        y = layers.Embedding(WORDS, 8, mask_zero=name == "masked LSTM")(x)
        y = layers.LSTM(6)(y) if name == "masked LSTM" else layers.Bidirectional(layers.GRU(6))(y)
        return keras.Model(x, layers.Dense(2)(y))
    x = keras.Input((STEPS, 8))
    if name == "transformer block":
        y = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)]))
        return keras.Model(x, layers.LayerNormalization()(layers.Add()([y, layers.Dense(8, activation="gelu")(y)])))
    if name == "shared submodel":
        inner = keras.Sequential([keras.Input((STEPS, 8)), layers.Dense(5, activation="tanh"), layers.Flatten()])
        other = keras.Input((STEPS, 8))
        return keras.Model([x, other], layers.Concatenate()([inner(x), inner(other)]))
    return keras.Model(x, custom_layer(keras)(name="scaled")(layers.Dense(4)(x)))


def custom_layer(keras: Any) -> type:
    """Return a layer as a project would write it, for `keras`: torchkeras_layer, Keras 3 or TF-Keras."""

    @keras.utils.register_keras_serializable("project")
    class Scaled(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")
            super().build(input_shape)

        def call(self, inputs: Any) -> Any:
            return inputs * self.scale

    return Scaled


def main(library: str, folder: Path) -> None:
    """Write the files."""
    if library == "keras":
        os.environ.setdefault("KERAS_BACKEND", "torch")
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    if library == "tf_keras" and importlib.util.find_spec("tf_keras") is None:
        library = "tensorflow.keras"
    keras: Any = importlib.import_module(library)
    draw = np.random.default_rng(0)
    for name in NAMES:
        model = make(name, keras)
        model.set_weights([_random(draw, array) for array in model.get_weights()])
        inputs = [_samples(draw, tensor) for tensor in model.inputs]
        outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
        model.save(folder / f"{file_name(name)}.{'keras' if library == 'keras' else 'h5'}")
        np.savez(folder / f"{file_name(name)}.npz", *inputs, outputs=outputs)
        if library != "keras" and importlib.util.find_spec("tf2onnx") is not None:
            _write_onnx(model, folder / f"{file_name(name)}.onnx")


def _random(draw: np.random.Generator, array: np.ndarray) -> np.ndarray:
    return array if array.dtype.kind != "f" else (array + draw.uniform(0.0, 0.1, array.shape)).astype(array.dtype)


def _samples(draw: np.random.Generator, tensor: Any) -> np.ndarray:
    shape = (3, *tensor.shape[1:])
    if "int" in str(tensor.dtype):
        return np.where(np.arange(shape[1]) < 9, draw.integers(1, WORDS, shape), 0).astype("int32")
    return draw.normal(size=shape).astype("float32")


def _write_onnx(model: Any, path: Path) -> None:
    import tf2onnx  # pyright: ignore[reportMissingImports]

    try:
        tf2onnx.convert.from_keras(model, output_path=str(path))
    except Exception as error:
        path.with_suffix(".onnx_error").write_text(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
