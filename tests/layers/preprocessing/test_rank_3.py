"""How do the layers that encode categories count in inputs of rank 3 and higher?

Keras's documentation and its symbolic calls count over the last axis; with data, Keras 3 counts over the second one.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras

L = ours.layers
INTS = np.arange(40).reshape(2, 4, 5) * 7 % 3
WORDS = np.array(["x", "a", "b"])[INTS]

LAYERS = {
    "CategoryEncoding": (lambda **k: L.CategoryEncoding(3, **k), INTS),
    "Discretization": (lambda **k: L.Discretization([0.5, 1.5], **k), INTS.astype("float32")),
    "Hashing": (lambda **k: L.Hashing(3, **k), INTS),
    "Hashing of strings": (lambda **k: L.Hashing(3, **k), WORDS),
    "IntegerLookup": (lambda **k: L.IntegerLookup(vocabulary=[1, 2], **k), INTS),
    "StringLookup": (lambda **k: L.StringLookup(vocabulary=["a", "b"], **k), WORDS),
}


def _by_row(indices, mode):
    counts = np.stack([(indices == category).sum(-1) for category in range(3)], -1)
    return torch.tensor(counts if mode == "count" else counts > 0, dtype=torch.float32)


@pytest.mark.parametrize("mode", ["multi_hot", "count"])
@pytest.mark.parametrize("name", LAYERS)
def test_the_last_axis_is_counted_over(name, mode):
    make, inputs = LAYERS[name]
    layer = make(output_mode=mode)
    outputs = layer(inputs)
    indices = INTS if "Hashing" not in name else make()(inputs).numpy()
    assert outputs.shape == layer.compute_output_shape((2, 4, 5)) == (2, 4, 3)
    assert torch.equal(outputs.to(torch.float32), _by_row(indices, mode))
    assert torch.equal(outputs[0], layer(inputs[0]))
    assert torch.equal(outputs[None], layer(inputs[None]))


@pytest.mark.parametrize("mode", ["multi_hot", "count"])
def test_symbolic_shapes_are_those_of_keras(mode):
    for shape in ((4, 5), (None, 5), (6, 4, 1)):
        x, theirs = ours.Input(shape, dtype="int32"), keras.Input(shape, dtype="int32")
        expected = keras.layers.CategoryEncoding(3, output_mode=mode)(theirs).shape
        assert L.CategoryEncoding(3, output_mode=mode)(x).shape == expected == (None, *shape[:-1], 3)


def test_weights_and_frequencies():
    weights = torch.linspace(0.1, 1, 40).reshape(2, 4, 5)
    outputs = L.CategoryEncoding(3, output_mode="count")(INTS, count_weights=weights)
    torch.testing.assert_close(outputs.sum(-1), weights.sum(-1))
    layer = L.IntegerLookup(vocabulary=[1, 2], idf_weights=[0.5, 2.0], output_mode="tf_idf")
    torch.testing.assert_close(layer(INTS)[1, 2], layer(INTS[1])[2])
