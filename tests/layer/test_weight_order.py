"""In which order do weights within a layer stand, and what helps where Keras 3 has another one? (contract §3)"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.oracle import assert_close, to_numpy
from tests.oracle import keras as oracle


def block(kit):
    """Make a model of one layer that holds others."""

    class Block(kit.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first, self.norm = (kit.layers.Dense(3), kit.layers.BatchNormalization())
            self.second, self.last = (kit.layers.Dense(3), kit.layers.BatchNormalization())

        def call(self, x, training=None):
            for layer in (self.first, self.norm, self.second, self.last):
                x = layer(x, training=training) if layer in (self.norm, self.last) else layer(x)
            return x

    x = kit.Input((3,))
    return kit.Model(x, Block(name="block")(x))


def time_distributed(kit):
    inner = [kit.Input((3,)), kit.layers.Dense(4), kit.layers.BatchNormalization(), kit.layers.Dense(2)]
    x = kit.Input((2, 3))
    return kit.Model(x, kit.layers.TimeDistributed(kit.Sequential(inner))(x))


MODELS = pytest.mark.parametrize("make", [block, time_distributed])


def with_weights(model):
    random = np.random.default_rng(0)
    model.set_weights([random.uniform(0.5, 1.5, tuple(w.shape)).astype("float32") for w in model.weights])
    return model


@MODELS
def test_the_error_says_that_only_the_order_is_another(make):
    theirs, ours = with_weights(make(oracle)), make(keras)
    before = ours.get_weights()
    with pytest.raises(ValueError, match="right, but in another order. Keras 3 .*theirs.non_trainable_weights"):
        ours.set_weights([to_numpy(weight) for weight in theirs.weights])
    assert_close(ours.get_weights(), before)


@MODELS
def test_what_the_error_says_to_do_helps(make):
    theirs, ours = with_weights(make(oracle)), make(keras)
    layer = theirs.layers[-1]
    # Keras's variables can be handed over as they are, but warn under numpy 2.
    ours.layers[-1].set_weights([to_numpy(w) for w in layer.trainable_weights + layer.non_trainable_weights])
    x = torch.rand(4, *ours.input_shape[1:])
    assert_close(ours.eval()(x).detach(), to_numpy(theirs(x, training=False)))


def test_no_word_of_the_order_where_it_is_not_the_order():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"Received: shape \(2, 3\)\. Nothing was written\.$"):
        model.set_weights([np.ones((2, 3)), np.ones(2)])
