"""Write model files with TF-Keras, and what TF-Keras computes with them: the fixtures of `test_tf_keras_files.py`.

Run in an environment with TensorFlow: `python make_files.py FOLDER h5 keras`. TF-Keras 2.15 and later (`pip install
tensorflow-cpu tf_keras`) writes one layout of `.keras`, 2.12 to 2.14 (`pip install tensorflow-cpu==2.14.1`) another.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

import tensorflow as tf

try:
    import tf_keras as keras
except ImportError:
    keras = tf.keras

L = keras.layers
DRAW = np.random.default_rng(0)


def dense() -> Any:
    """Layers of features: dense ones, activations by name, normalizations, noise that is off in inference."""
    x = keras.Input((6,), name="x")
    y = L.Dense(8, activation="relu", kernel_regularizer="l2", name="first")(x)
    y = L.BatchNormalization(scale=False)(y)
    y = L.Dense(7, activation="selu", use_bias=False, kernel_constraint="max_norm")(L.Dropout(0.4)(y))
    y = L.LayerNormalization(epsilon=1e-5)(L.GaussianNoise(0.3)(y))
    y = L.ActivityRegularization(l1=0.1)(L.Dense(5, activation="swish")(y))
    y = L.UnitNormalization()(L.Dense(4, activation=keras.activations.tanh)(L.AlphaDropout(0.2)(y)))
    return keras.Model(x, L.Dense(3, activation="softmax", dtype="float32")(y), name="dense")


def images() -> Any:
    """Every convolution and pooling of images."""
    x = keras.Input((16, 14, 3), name="x")
    y = L.Conv2D(6, 3, padding="same", activation="relu")(L.ZeroPadding2D(((1, 0), (0, 1)))(x))
    y = L.DepthwiseConv2D(3, depth_multiplier=2, dilation_rate=1)(y)
    y = L.SeparableConv2D(8, (3, 2), depth_multiplier=2, padding="same")(y)
    y = L.MaxPooling2D(2, padding="same")(L.BatchNormalization(momentum=0.9)(y))
    y = L.Conv2D(8, 3, groups=2, padding="same", activation="elu")(y)
    y = L.Conv2D(4, 3, dilation_rate=2, padding="same", use_bias=False)(y)
    y = L.Conv2DTranspose(5, 3, strides=2, padding="same", activation="sigmoid")(y)
    y = L.Cropping2D(1)(L.UpSampling2D(2, interpolation="bilinear")(L.AveragePooling2D((2, 3))(y)))
    y = L.SpatialDropout2D(0.2)(y)
    return keras.Model(x, [L.GlobalAveragePooling2D()(y), L.GlobalMaxPooling2D()(y)], name="images")


def sequences_of_features() -> Any:
    """Convolutions and pooling of sequences, some with values of their own at each place."""
    x = keras.Input((20, 4), name="x")
    y = L.Conv1D(6, 3, padding="causal", dilation_rate=2, activation="relu")(x)
    y = L.SeparableConv1D(5, 3)(L.ZeroPadding1D(1)(y))
    y = L.MaxPooling1D(2)(L.LocallyConnected1D(4, 3)(y))
    y = L.Conv1DTranspose(6, 3, strides=2)(y)
    y = L.AveragePooling1D(2)(L.UpSampling1D(2)(L.Cropping1D((1, 2))(y)))
    y = L.concatenate([L.GlobalAveragePooling1D()(y), L.GlobalMaxPooling1D()(y)])
    return keras.Model(x, L.Dense(2)(y), name="sequences_of_features")


def volumes() -> Any:
    """Layers of volumes, and one with values of its own at each place of an image."""
    x = keras.Input((6, 7, 8, 2), name="x")
    y = L.Conv3D(3, 2, activation="softplus")(L.ZeroPadding3D(1)(x))
    y = L.MaxPooling3D(2)(L.UpSampling3D((1, 2, 1))(L.Cropping3D(1)(y)))
    y = L.Conv3DTranspose(2, 2, strides=(1, 2, 1))(y)
    y = L.LocallyConnected2D(2, 2)(L.Reshape((-1, 4, 2))(L.AveragePooling3D((1, 2, 2), padding="same")(y)))
    return keras.Model(x, L.Flatten()(y), name="volumes")


def recurrent() -> Any:
    """Recurrent layers of each kind."""
    x = keras.Input((9, 5), name="x")
    y = L.LSTM(6, return_sequences=True, dropout=0.2)(x)
    y = L.GRU(5, return_sequences=True, reset_after=False, go_backwards=True)(y)
    y = L.GRU(5, return_sequences=True, recurrent_activation="hard_sigmoid")(y)
    y = L.SimpleRNN(4, return_sequences=True, activation="relu")(y)
    y = L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode="concat")(y)
    y = L.Bidirectional(L.GRU(4), merge_mode="sum")(y)
    return keras.Model(x, y, name="recurrent")


def cells() -> Any:
    """Recurrent layers made of cells, and their states."""
    x = keras.Input((7, 3), name="x")
    y = L.RNN([L.LSTMCell(4), L.GRUCell(5)], return_sequences=True)(x)
    y, h, c = L.LSTM(4, return_state=True, use_bias=False, unit_forget_bias=False)(y)
    z = L.RNN(L.SimpleRNNCell(4))(x, initial_state=h)
    return keras.Model(x, [y, c, z], name="cells")


def images_in_time() -> Any:
    """Convolutional recurrent layers, and layers at each time."""
    x = keras.Input((4, 6, 5, 2), name="x")
    y = L.ConvLSTM2D(3, 3, padding="same", return_sequences=True)(x)
    y = L.TimeDistributed(L.Conv2D(2, 2, activation="relu"))(y)
    y = L.ConvLSTM1D(3, 2)(L.Reshape((4, 5, 8))(y))
    return keras.Model(x, y, name="images_in_time")


def text() -> Any:
    """Tokens with a mask that reaches the last layer."""
    x = keras.Input((None,), name="x", dtype="int32")
    y = L.Embedding(20, 6, mask_zero=True)(x)
    y = L.Bidirectional(L.LSTM(4, return_sequences=True))(y)
    y = L.TimeDistributed(L.Dense(5, activation="tanh"))(y)
    y = L.GRU(6)(y)
    return keras.Model(x, L.Dense(1, activation="sigmoid")(y), name="text")


def attention() -> Any:
    """Attention of each kind, as in a block of a transformer."""
    x = keras.Input((6, 8), name="x")
    y = L.LayerNormalization()(L.Add()([x, L.MultiHeadAttention(2, 3, value_dim=4)(x, x)]))
    y = L.Attention(use_scale=True)([y, x])
    y = L.AdditiveAttention()([y, x])
    y = L.EinsumDense("abc,cd->abd", output_shape=(None, 4), bias_axes="d")(y)
    return keras.Model(x, y, name="attention")


def activations() -> Any:
    """Activations that are layers."""
    x = keras.Input((4, 3), name="x")
    outputs = [
        L.LeakyReLU(0.2)(x),
        L.PReLU(shared_axes=[1])(x),
        L.ELU(0.7)(x),
        L.ThresholdedReLU(0.4)(x),
        L.Softmax(axis=1)(x),
        L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2)(x),
        *(L.Activation(name)(x) for name in ("gelu", "hard_sigmoid", "exponential", "softsign", "mish", "linear")),
    ]
    return keras.Model(x, outputs, name="activations")


def merging() -> Any:
    """Layers that merge."""
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    kinds = (L.Add, L.Subtract, L.Multiply, L.Average, L.Maximum, L.Minimum, L.Concatenate)
    outputs = [kind()([a, b]) for kind in kinds] + [L.Dot(axes=1, normalize=True)([a, b])]
    return keras.Model([a, b], outputs, name="merging")


def nested() -> Any:
    """A shared layer, a model inside a model and called twice, a Sequential inside both."""
    inner = keras.Sequential([L.Dense(4, activation="relu", input_shape=(5,)), L.BatchNormalization()], name="inner")
    p = keras.Input((5,), name="p")
    block = keras.Model(p, L.Dense(3, name="out")(inner(p)), name="block")
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    shared = L.Dense(5, name="shared")
    return keras.Model([a, b], L.Concatenate()([block(shared(a)), block(shared(b))]), name="nested")


def chain() -> Any:
    """A Sequential, partly frozen."""
    model = keras.Sequential(
        [
            L.Permute((2, 1), input_shape=(4, 6)),
            L.Conv1D(5, 2, name="frozen"),
            L.Reshape((-1,)),
            L.RepeatVector(3),
            L.Masking(),
            L.SimpleRNN(4, name="rnn"),
            L.Dense(2),
        ],
        name="chain",
    )
    model.get_layer("frozen").trainable = False
    return model


def preprocessing() -> Any:
    """Layers of preprocessing that carry numbers."""
    x = keras.Input((8, 8, 3), name="x")
    normalization = L.Normalization(axis=-1)
    normalization.adapt(DRAW.normal(2.0, 3.0, size=(10, 8, 8, 3)).astype("float32"))
    y = L.Resizing(6, 5)(L.CenterCrop(7, 6)(normalization(L.Rescaling(1 / 127.5, offset=-1.0)(x))))
    y = L.RandomRotation(0.1)(L.RandomFlip("horizontal")(y))
    return keras.Model(x, L.Discretization(bin_boundaries=[-1.0, 0.0, 0.5])(y), name="preprocessing")


MODELS: tuple[Callable[[], Any], ...] = (
    dense, images, sequences_of_features, volumes, recurrent, cells, images_in_time, text, attention, activations,
    merging, nested, chain, preprocessing,
)  # fmt: skip


def with_random_weights(model: Any) -> Any:
    """Give each float weight numbers that are not its initial ones; variances stay positive."""
    for weight in model.weights:
        if weight.dtype.is_floating:
            values = DRAW.uniform(0.2, 0.9, weight.shape) * (1 if "variance" in weight.name else DRAW.choice([-1, 1]))
            weight.assign(values * 0.5 + weight.numpy() * 0.5)
    for layer in model.layers:
        if isinstance(layer, L.Normalization):
            # It computes with numbers derived from its weights, as they are when a file is loaded.
            layer.finalize_state()
    return model


def inputs_of(model: Any) -> list[np.ndarray]:
    """Return three samples for each input."""
    samples = []
    for tensor in model.inputs:
        if tensor.dtype.is_integer:
            tokens = DRAW.integers(1, 20, (3, 7)).astype("int32")
            tokens[0, 4:] = tokens[1, 1:3] = 0
            samples.append(tokens)
        else:
            samples.append(DRAW.normal(size=(3, *tensor.shape[1:])).astype("float32"))
    return samples


def main(folder: Path, suffixes: list[str]) -> None:
    """Write each model in each format, and one file of inputs and outputs for all."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {}
    for make in MODELS:
        model = with_random_weights(make())
        inputs = inputs_of(model)
        outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
        for suffix in suffixes:
            model.save(folder / f"{make.__name__}.{suffix}")
        arrays |= {f"{make.__name__}/input_{index}": array for index, array in enumerate(inputs)}
        listed = outputs if isinstance(outputs, list) else [outputs]
        arrays |= {f"{make.__name__}/output_{index}": array for index, array in enumerate(listed)}
        print(make.__name__, model.count_params(), [array.shape for array in listed])
    np.savez_compressed(folder / "expected.npz", **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
