"""Which layers and models use the learning phase, and list the updates of what is inside?

In Keras 1 and 2 a tensor uses it if a layer on its way computes something else in training.
"""

from __future__ import annotations

import copy
import pickle

import pytest
from torch import nn

import torchkeras_layer as keras

L = keras.layers


class Own(keras.Layer):
    def call(self, inputs, training=None):
        return inputs


class Passes(keras.Layer):
    def __init__(self):
        super().__init__()
        self.inside = L.Dropout(0.5)

    def call(self, inputs):
        return self.inside(inputs)


class Declares(keras.Layer):
    uses_learning_phase = True


USE = [
    lambda: L.Dropout(0.1),
    lambda: L.GaussianNoise(1.0),
    lambda: L.SpatialDropout1D(0.5),
    L.BatchNormalization,
    lambda: L.LSTM(2, dropout=0.5),
    lambda: L.GRU(2, recurrent_dropout=0.5),
    lambda: L.RNN(L.LSTMCell(2, dropout=0.5)),
    lambda: L.Bidirectional(L.SimpleRNN(2, dropout=0.5)),
    lambda: L.TimeDistributed(L.Dropout(0.5)),
    lambda: L.MultiHeadAttention(2, 2, dropout=0.1),
    lambda: L.SpectralNormalization(L.Dense(2)),
    lambda: L.TorchModuleWrapper(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))),
    lambda: L.TorchModuleWrapper(nn.BatchNorm1d(4)),
    lambda: keras.Sequential([L.Dense(2), keras.Sequential([L.Dropout(0.5)])]),
    Own,
    Passes,
    Declares,
]
DO_NOT = [
    keras.Layer,
    lambda: L.Dense(2),
    lambda: L.Dropout(0),
    lambda: L.GaussianNoise(0.0),
    L.LayerNormalization,
    lambda: L.LSTM(2),
    lambda: L.RNN([L.LSTMCell(2), L.GRUCell(2)]),
    lambda: L.Bidirectional(L.LSTM(2)),
    lambda: L.TimeDistributed(L.Dense(2)),
    lambda: L.MultiHeadAttention(2, 2),
    lambda: L.Lambda(lambda x: x * 2),
    lambda: L.TorchModuleWrapper(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.0))),
    lambda: keras.Sequential([L.Dense(2), L.ReLU()]),
    keras.Sequential,
]


@pytest.mark.parametrize(("makes", "expected"), [(USE, True), (DO_NOT, False)], ids=["use it", "do not"])
def test_it_follows_from_what_is_inside(makes, expected):
    found = [make() for make in makes]
    assert [layer for layer in found if layer.uses_learning_phase is not expected] == []


def test_a_model_follows_its_layers():
    x = keras.Input((3, 4))
    assert keras.Model(x, L.Dense(2)(x)).uses_learning_phase is False
    assert keras.Model(x, L.Dense(2)(L.Dropout(0.5)(x))).uses_learning_phase is True


@pytest.mark.parametrize("again", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_what_code_of_keras_1_assigns_counts(again):
    layer = L.Dense(2)
    layer.uses_learning_phase = True
    model = keras.Sequential([layer])
    assert layer.uses_learning_phase is again(layer).uses_learning_phase is model.uses_learning_phase is True
    own = Own()
    own.uses_learning_phase = False
    assert own.uses_learning_phase is keras.Sequential([own]).uses_learning_phase is False


def test_updates_of_a_spectral_normalization():
    layer, x = L.SpectralNormalization(L.Dense(2)), keras.Input((4,))
    model = keras.Model(x, layer(x))
    assert len(model.updates) == len(layer.get_updates_for(None)) == 1


def test_an_input_is_not_sparse():
    assert keras.Input((3,))._keras_history.layer.sparse is False
