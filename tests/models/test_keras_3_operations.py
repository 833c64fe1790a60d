"""Do graphs that Keras 3 wrote with operations between the layers, such as those that make masks, give its numbers?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras, to_numpy


def _masked(make):
    """Return a model of Keras's of words and vectors: `make` joins both, masked."""
    words, vectors = keras.Input((4,), dtype="int32"), keras.Input((4, 3))
    embedded = keras.layers.Embedding(5, 3, mask_zero=True)(words)
    return keras.Model([words, vectors], make(embedded, keras.layers.Masking()(vectors)))


def _attends(embedded, vectors):
    attended = keras.layers.Attention()([embedded, vectors])
    return keras.layers.GlobalAveragePooling1D()(attended)


JOINS = {
    "add": lambda *both: keras.layers.LSTM(2)(keras.layers.Add()(both)),
    "concatenate": lambda *both: keras.layers.GRU(2)(keras.layers.Concatenate()(both)),
    "concatenate steps": lambda *both: keras.layers.LSTM(2)(keras.layers.Concatenate(axis=1)(both)),
    "attention": _attends,
    "multi-head attention": lambda *both: keras.layers.LSTM(2)(keras.layers.MultiHeadAttention(2, 3)(*both)),
    "bidirectional": lambda one, other: keras.layers.Bidirectional(keras.layers.LSTM(2))(one),
    "states": lambda one, other: keras.layers.LSTM(2, return_state=True)(other)[0],
}


@pytest.mark.parametrize("join", JOINS.values(), ids=JOINS)
def test_masks_come_out_of_json(join):
    theirs = _masked(join)
    mine = ours.models.model_from_json(theirs.to_json())
    mine.set_weights([to_numpy(weight) for weight in theirs.weights])
    words = torch.tensor([[1, 2, 0, 0], [3, 0, 0, 0], [0, 0, 4, 1]], dtype=torch.int32)
    vectors = torch.as_tensor(np.random.default_rng(0).normal(size=(3, 4, 3)), dtype=torch.float32)
    vectors[0, 3] = vectors[1, 1:] = 0
    assert_close(mine([words, vectors]), theirs([words, vectors], training=False))


def test_arithmetic_comes_out_of_json():
    x = keras.Input((3,))
    y = keras.ops.relu(x) * 2.0 - keras.ops.sqrt(keras.ops.absolute(x)) / 3.0 + keras.ops.tanh(-x)
    theirs = keras.Model(x, keras.ops.cast(keras.ops.logical_not(y > 0.5), "float32") + y)
    mine = ours.models.model_from_json(theirs.to_json())
    data = torch.linspace(-2, 2, 12).reshape(4, 3)
    assert_close(mine(data), theirs(data))
