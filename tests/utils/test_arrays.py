"""Are labels, sequences and arrays prepared as Keras prepares them?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.oracle import keras as theirs
from tests.oracle import to_numpy

LABELS = [[0, 2, 1], [[1], [0]], np.array([[0, 1], [2, 2]]), 3, np.array([1, 0], "int32")]


@pytest.mark.parametrize("labels", LABELS, ids=str)
@pytest.mark.parametrize("count", [None, 5])
def test_labels(labels, count):
    ours, other = keras.utils.to_categorical(labels, count), theirs.utils.to_categorical(labels, count)
    assert ours.dtype == other.dtype
    np.testing.assert_array_equal(ours, other)


def test_ordinal_labels():
    # Those of TF-Keras 2.21.
    for labels in ([0, 2], [[0], [2]]):
        found = keras.utils.to_ordinal(labels, num_classes=4)
        assert found.dtype == "float32"
        assert found.tolist() == [[0, 0, 0], [1, 1, 0]]


def test_labels_in_tensors():
    labels = torch.tensor([[2], [0]])
    ours, other = keras.utils.to_categorical(labels, 3), theirs.utils.to_categorical(labels, 3)
    np.testing.assert_array_equal(ours, to_numpy(other))
    assert keras.utils.to_categorical(labels).shape == (2, 3)
    assert keras.utils.to_categorical(keras.Input((), dtype="int64"), 3).shape == (None, 3)
    with pytest.raises(ValueError, match="symbolic tensor needs num_classes"):
        keras.utils.to_categorical(keras.Input((), dtype="int64"))


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
def test_labels_out_of_range(labels):
    with pytest.raises(ValueError, match=r"^to_categorical: the numbers of classes must be from 0 to 2\. Received"):
        keras.utils.to_categorical(labels, 3)


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_norms(axis, order):
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    x[1] = 0
    ours = keras.utils.normalize(x, axis, order)
    np.testing.assert_allclose(ours, x / np.maximum(np.linalg.norm(x, order, axis, keepdims=True), 1e-30), rtol=1e-6)
    if axis:
        # Keras divides along the last axis where the axis is 0.
        np.testing.assert_allclose(ours, theirs.utils.normalize(x, axis, order))
    tensors = keras.utils.normalize(torch.from_numpy(x), axis, order)
    np.testing.assert_allclose(tensors, to_numpy(theirs.utils.normalize(torch.from_numpy(x), axis, order)), rtol=1e-5)


SEQUENCES = [[1], [2, 3], [], [4, 5, 6]]
PADDED = [
    (SEQUENCES, {}),
    (SEQUENCES, {"maxlen": 2}),
    (SEQUENCES, {"maxlen": 2, "padding": "post", "truncating": "post", "value": -1}),
    (SEQUENCES, {"maxlen": 5, "dtype": "float32", "value": 0.5}),
    ([[[1, 2]], [[3, 4], [5, 6]]], {"padding": "post"}),
    ([["a"], ["b", "c"]], {"dtype": object, "value": "_"}),
]


@pytest.mark.parametrize(("sequences", "arguments"), PADDED)
def test_padding(sequences, arguments):
    ours, other = keras.utils.pad_sequences(sequences, **arguments), theirs.utils.pad_sequences(sequences, **arguments)
    assert ours.dtype == other.dtype
    np.testing.assert_array_equal(ours, other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sequences": [1, 2]}, "expected a list of sequences. Received: 1 among them"),
        ({"sequences": [[1]], "padding": "both"}, "padding must be 'pre' or 'post'. Received: padding='both'"),
        ({"sequences": [[1]], "truncating": "both"}, "truncating must be"),
        ({"sequences": [[1]], "value": "_"}, "the dtype must fit the value"),
        ({"sequences": [[[1, 2]], [[3]]]}, r"all values must have one shape, \(2,\)"),
    ],
)
def test_padding_refuses(arguments, message):
    with pytest.raises(ValueError, match=f"^pad_sequences: {message}"):
        keras.utils.pad_sequences(**arguments)
