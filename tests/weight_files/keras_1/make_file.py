"""What do models of Keras 1.2.2 compute? Run by hand, with Python 3.7; it writes a file beside this one.

    python make_file.py tensorflow tf      (keras 1.2.2, tensorflow 1.15.5)
    python make_file.py tensorflow th
    python make_file.py theano th          (keras 1.2.2, theano 1.0.5; it wants a compiler)

A file has the JSON of the models, their arrays as Keras 1 would list them in HDF5, and outputs for two samples.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

BACKEND, ORDER = sys.argv[1:3]
os.environ["KERAS_BACKEND"] = BACKEND
if BACKEND == "theano":
    import theano.ifelse  # noqa: F401  (Keras takes for granted that somebody did)

import keras
from keras import backend as K
from keras import layers as L
from keras.constraints import maxnorm, nonneg
from keras.layers import Dense, Input
from keras.layers.advanced_activations import ELU, LeakyReLU, ParametricSoftplus, PReLU, SReLU, ThresholdedReLU
from keras.models import Model, Sequential
from keras.regularizers import l2

assert keras.__version__ == "1.2.2"
K.set_image_dim_ordering(ORDER)
LAST = ORDER == "tf"
IMAGES = (6, 7, 3) if LAST else (3, 6, 7)
VOLUMES = (4, 5, 4, 2) if LAST else (2, 4, 5, 4)
CHANNELS = -1 if LAST else 1
RANDOM = np.random.RandomState(0)


def chain(*layers):
    return Sequential(list(layers))


def larger(*sizes):
    """Return the shape that a transposed convolution is to give."""
    return (None, *sizes, 2) if LAST else (None, 2, *sizes)


def convolution(*arguments, **keywords):
    return L.Convolution2D(*arguments, **keywords)


def two():
    return chain(Dense(3, input_dim=4, activation="tanh")), chain(Dense(5, input_dim=6), Dense(3))


def transposed(shape, **keywords):
    return chain(L.Deconvolution2D(2, 3, 3, output_shape=shape, input_shape=IMAGES, **keywords))


def branches_in_branches():
    one, other = two()
    inner = chain(L.Merge([one, other], mode="sum"), Dense(2))
    merge = L.Merge([inner, chain(Dense(2, input_dim=3))], mode="concat")
    return chain(merge, L.BatchNormalization(), Dense(2))


def branches_of_kinds():
    images = chain(convolution(2, 2, 2, input_shape=IMAGES), L.Flatten())
    words = chain(L.Embedding(7, 3, input_length=4), L.LSTM(3))
    return chain(L.Merge([images, words], mode="concat", concat_axis=1), Dense(2))


def graph():
    left, right = Input((4,), name="left"), Input((6,), name="right")
    shared = Dense(3, name="shared")
    one, other = shared(Dense(6)(left)), shared(right)
    joined, product = L.merge([one, other], mode="concat"), L.merge([one, other], mode="mul")
    dot = L.merge([one, other], mode="dot", dot_axes=1)
    return Model([left, right], [Dense(2)(L.merge([joined, product, dot], mode="concat")), product])


def models_in_a_graph():
    inner, start = chain(Dense(3, input_dim=4), Dense(2)), Input((4,))
    side = Model(start, Dense(2)(start))
    left, right = Input((4,)), Input((4,))
    return Model([left, right], L.merge([inner(left), inner(right), side(left)], mode="sum"))


def dot_of_sequences():
    left, right = Input((4, 3)), Input((5, 3))
    return Model([left, right], L.merge([left, right], mode="dot", dot_axes=(2, 2)))


def merged(mode):
    return lambda: chain(L.Merge(list(two()), mode=mode), L.Flatten() if mode == "cos" else Dense(2))


ALWAYS = {
    "conv2d": lambda: chain(
        convolution(4, 3, 2, input_shape=IMAGES, W_constraint=maxnorm(2)),
        L.MaxPooling2D((2, 2)),
        convolution(2, 2, 2),
        L.BatchNormalization(axis=CHANNELS),
        L.Flatten(),
        Dense(3),
    ),
    "atrous2d": lambda: chain(L.AtrousConvolution2D(3, 2, 2, atrous_rate=(2, 2), input_shape=IMAGES), L.Flatten()),
    "strided": lambda: chain(
        convolution(2, 3, 3, input_shape=(7, 7, 3) if LAST else (3, 7, 7), subsample=(2, 2), border_mode="same"),
        L.MaxPooling2D((3, 3), (1, 1), border_mode="same"),
        L.GlobalAveragePooling2D(),
    ),
    "transposed_valid": lambda: transposed(larger(14, 15), subsample=(2, 2)),
    "transposed_same": lambda: transposed(larger(11, 13), subsample=(2, 2), border_mode="same"),
    "transposed_doubled": lambda: transposed(larger(12, 14), subsample=(2, 2), border_mode="same"),
    "even_window": lambda: chain(convolution(2, 2, 2, input_shape=IMAGES, border_mode="same"), L.Flatten()),
    "even_pool": lambda: chain(
        L.MaxPooling2D((2, 2), border_mode="same", input_shape=IMAGES), convolution(2, 1, 1), L.Flatten()
    ),
    "conv1d": lambda: chain(
        L.Convolution1D(4, 3, input_shape=(8, 3), border_mode="same", activation="relu"),
        L.MaxPooling1D(2),
        L.ZeroPadding1D(1),
        L.UpSampling1D(2),
        L.Cropping1D((1, 0)),
        L.AtrousConvolution1D(2, 2, atrous_rate=2),
        L.GlobalMaxPooling1D(),
    ),
    "conv3d": lambda: chain(
        L.Convolution3D(2, 2, 2, 3, input_shape=VOLUMES),
        L.MaxPooling3D((1, 2, 1)),
        L.ZeroPadding3D((1, 0, 1)),
        L.Flatten(),
    ),
    "images_in_time": lambda: chain(
        L.TimeDistributed(convolution(2, 2, 2), input_shape=(3, *IMAGES)),
        L.TimeDistributed(L.BatchNormalization(axis=CHANNELS)),
        L.TimeDistributed(L.Flatten()),
        L.LSTM(2),
    ),
    "conv_lstm": lambda: chain(
        L.ConvLSTM2D(2, 3, 3, input_shape=(3, *IMAGES), border_mode="same", return_sequences=True),
        L.ConvLSTM2D(2, 3, 3),
    ),
}
OF_IMAGES = {
    "margins": lambda: chain(
        L.ZeroPadding2D((1, 2), input_shape=IMAGES),
        convolution(2, 1, 1),
        L.Cropping2D(((1, 0), (2, 1))),
        L.UpSampling2D((2, 1)),
        L.SpatialDropout2D(0.2),
        L.AveragePooling2D((2, 2)),
        L.Flatten(),
    ),
    "separable": lambda: chain(L.SeparableConvolution2D(4, 3, 3, depth_multiplier=2, input_shape=IMAGES), L.Flatten()),
    "local2d": lambda: chain(L.LocallyConnected2D(2, 3, 2, input_shape=IMAGES), L.Flatten()),
}
OTHERS = {
    "dense": lambda: chain(
        Dense(4, input_dim=5, activation="tanh", W_regularizer=l2(0.1), b_constraint=nonneg(), W_constraint=maxnorm(3)),
        L.Dropout(0.3),
        Dense(2, bias=False, activation="softmax"),
    ),
    "activations": lambda: chain(
        Dense(4, input_dim=5, activation="hard_sigmoid"),
        LeakyReLU(0.2),
        PReLU(),
        ParametricSoftplus(),
        SReLU(),
        ELU(0.7),
        ThresholdedReLU(0.1),
        L.GaussianNoise(0.1),
        L.GaussianDropout(0.2),
        L.Activation("hard_sigmoid"),
    ),
    "maxout_and_highway": lambda: chain(L.MaxoutDense(4, nb_feature=3, input_dim=5), L.Highway(activation="tanh")),
    "local1d": lambda: chain(L.LocallyConnected1D(2, 3, input_shape=(6, 3)), L.Flatten()),
    "lstm": lambda: chain(
        L.Embedding(9, 4, input_length=6, mask_zero=True),
        L.LSTM(3, return_sequences=True),
        L.LSTM(4, consume_less="gpu"),
    ),
    "gru": lambda: chain(
        L.GRU(3, input_shape=(6, 4), return_sequences=True, consume_less="mem"),
        L.GRU(2, consume_less="gpu", go_backwards=True),
        Dense(2),
    ),
    "simple_rnn": lambda: chain(L.SimpleRNN(3, input_shape=(6, 4), inner_init="identity")),
    "bidirectional": lambda: chain(
        L.Bidirectional(L.LSTM(3, return_sequences=True), input_shape=(6, 4)),
        L.Bidirectional(L.GRU(2), merge_mode="sum"),
    ),
    "in_time": lambda: chain(
        L.TimeDistributed(Dense(3), input_shape=(6, 4)),
        L.TimeDistributedDense(2),
        L.Permute((2, 1)),
        L.Reshape((3, 4)),
        L.Flatten(),
    ),
    "normalization": lambda: chain(L.BatchNormalization(input_shape=(5,), epsilon=1e-4, momentum=0.8), Dense(3)),
    "repeated": lambda: chain(Dense(3, input_dim=4), L.RepeatVector(3), L.LSTM(2)),
    **{"merge_" + mode: merged(mode) for mode in ("sum", "mul", "concat", "ave", "max", "dot", "cos")},
    "branches_in_branches": branches_in_branches,
    "branches_of_kinds": branches_of_kinds,
    "nested": lambda: chain(
        chain(Dense(3, input_dim=4), L.BatchNormalization()),
        Dense(2),
        chain(Dense(3, input_dim=2), L.Activation("relu")),
    ),
    "graph": graph,
    "models_in_a_graph": models_in_a_graph,
    "dot_of_sequences": dot_of_sequences,
}
CASES = dict(ALWAYS)
CASES.update({} if BACKEND == "theano" else OF_IMAGES)
CASES.update(OTHERS if LAST else {})


def numbers(shape, least, most):
    """Return eighths, which take little room."""
    return (RANDOM.randint(8 * least, 8 * most + 1, shape) / 8).astype("float32")


def listing(model):
    """Return the layers in the order of an HDF5 file, with the names and values of their weights."""
    layers = getattr(model, "flattened_layers", model.layers)
    return [(layer.name, [weight.name for weight in layer.weights], layer.weights) for layer in layers]


def main():
    about, arrays = {}, []
    for name, make in CASES.items():
        model = make()
        for weight in model.weights:
            shape = K.get_value(weight).shape
            K.set_value(weight, numbers(shape, 0.5, 2) if "_std" in weight.name else numbers(shape, -1, 1))
        inputs = [
            numbers((2, *shape.as_list()[1:]) if hasattr(shape, "as_list") else (2, *shape[1:]), -1, 1)
            for shape in (K.int_shape(tensor) for tensor in model.inputs)
        ]
        inputs = [
            np.abs(8 * x) % 7 // 1 if len(x.shape) == 2 and name in ("lstm", "branches_of_kinds") else x for x in inputs
        ]
        outputs = model.predict(inputs if len(inputs) > 1 else inputs[0])
        outputs = outputs if isinstance(outputs, list) else [outputs]
        layers = listing(model)
        values = [K.get_value(weight) for _, _, weights in layers for weight in weights]
        arrays += [np.asarray(array, "float32") for array in (*values, *inputs, *outputs)]
        about[name] = {
            "model": json.loads(model.to_json()),
            "layers": [[layer, names] for layer, names, _ in layers],
            "shapes": [[list(array.shape) for array in group] for group in (values, inputs, outputs)],
        }
        print(name, flush=True)
    flat = np.concatenate([array.ravel() for array in arrays])
    place = Path(__file__).parent / (BACKEND + "_" + ORDER + ".npz")
    np.savez_compressed(str(place), about=np.array(json.dumps(about)), numbers=flat)


if __name__ == "__main__":
    main()
