"""Do arrays and lists of numbers become tensors wherever a tensor is expected? (contract §2.2)"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras, to_numpy
from torchkeras_layer import layers

X = np.random.default_rng(0).normal(size=(2, 5, 3))
ROWS = np.array([[True, True, False, False, True]] * 2)


class Likes:
    """Not numpy's, but it converts itself, as a column of pandas does."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype)


FLOATS = [X, X.astype("float32"), X.astype("float16"), Likes(X)]


class Takes(ours.Layer):
    def call(self, x, y=None, *, z=None, mask=None, y_mask=None):
        self.got = {"y": y, "z": z, "mask": mask, "y_mask": y_mask}
        return x.clone()


def twins(name, *args, **kwargs):
    """Return a layer of each library with equal weights, once they are built."""
    mine, theirs = getattr(layers, name)(*args, **kwargs), getattr(keras.layers, name)(*args, **kwargs)
    return mine, theirs


def assert_agree(mine, theirs, *args, **kwargs):
    theirs(*args, **kwargs)
    mine.eval()(*args, **kwargs)
    mine.set_weights([to_numpy(weight) for weight in theirs.weights])
    assert_close(mine(*args, **kwargs), theirs(*args, **kwargs), rtol=1e-4, atol=1e-5)


CALLS = {
    "MultiHeadAttention": (("MultiHeadAttention", 2, 4), (X, X), {}),
    "with a key": (("MultiHeadAttention", 2, 4), (X, X, X + 1), {}),
    "attention_mask": (("MultiHeadAttention", 2, 4), (X, X), {"attention_mask": np.tril(np.ones((2, 5, 5), bool))}),
    "GroupQueryAttention": (("GroupQueryAttention", 4, 2, 1), (X, X), {}),
    "Attention": (("Attention",), ([X, X],), {"mask": [ROWS, ROWS]}),
    "LSTM": (("LSTM", 4), (X,), {"mask": ROWS, "initial_state": [np.ones((2, 4)), np.zeros((2, 4))]}),
    "GRU": (("GRU", 4), (X,), {"mask": ROWS}),
    "Bidirectional": (("SimpleRNN", 4), (X,), {"initial_state": np.ones((2, 4))}),
    "Softmax": (("Softmax",), (X,), {"mask": np.array([True, False, True])}),
    "GlobalAveragePooling1D": (("GlobalAveragePooling1D",), (X,), {"mask": ROWS}),
    "BatchNormalization": (("BatchNormalization",), (X,), {"mask": ROWS}),
    "Multiply": (("Multiply",), ([X, X],), {}),
    "Dense": (("Dense", 2), (X,), {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_built_in_layers_take_arrays_as_in_keras(name):
    (kind, *given), args, kwargs = CALLS[name]
    assert_agree(*twins(kind, *given), *args, **kwargs)


def test_embedding_of_a_list():
    layer = layers.Embedding(5, 2)
    assert torch.equal(layer([[1, 2]]), layer(torch.tensor([[1, 2]])))


@pytest.mark.parametrize("array", FLOATS, ids=["float64", "float32", "float16", "like"])
def test_arrays_of_floats_get_the_compute_dtype(array):
    layer = Takes(dtype="float32")
    layer(array, array, z=array)
    assert [layer.got[name].dtype for name in "yz"] == [torch.float32] * 2
    plain = Takes(autocast=False)
    plain(X, X)
    assert plain.got["y"].dtype == torch.float64


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "complex64"])
def test_other_arrays_keep_their_dtype(dtype):
    layer = Takes()
    layer(torch.ones(1), np.ones(3, dtype))
    assert layer.got["y"].dtype == getattr(torch, dtype)


def test_arrays_in_structures():
    layer = Takes()
    layer(torch.ones(1), [np.ones(2), {"a": np.zeros(1)}], z=(np.ones(1), "text", None))
    assert layer.got["y"][0].tolist() == [1.0, 1.0]
    assert layer.got["y"][1]["a"].tolist() == [0.0]
    assert isinstance(layer.got["z"], tuple)
    assert layer.got["z"][1:] == ("text", None)


def test_settings_are_not_converted():
    layer, sizes, words = Takes(), [2, 3], np.array(["a", "b"])
    for value in (sizes, (1, 2), 3, 2.0, True, np.int64(3), "text", words, {"axis": 1}, torch.float32):
        layer(torch.ones(1), value, z=value)
        assert layer.got["y"] is value
        assert layer.got["z"] is value
    layer(torch.ones(1), z=[[1, 1], [2, 2]])
    assert layer.got["z"] == [[1, 1], [2, 2]]


def test_tensors_are_passed_as_they_are():
    layer, states = Takes(), [torch.ones(1, dtype=torch.float64), torch.ones(2)]
    layer(torch.ones(1), states, z=states[0])
    assert layer.got["y"] is states
    assert layer.got["z"] is states[0]


def test_lists_where_tensors_are_expected():
    layer = Takes()
    layer(torch.ones(1), [[1.0, 2.0]], mask=[True], y_mask=[[True, False]])
    assert layer.got["y"].tolist() == [[1.0, 2.0]]
    assert layer.got["mask"].dtype == layer.got["y_mask"].dtype == torch.bool
    attention = layers.MultiHeadAttention(2, 4)
    rows = X.tolist()
    assert_close(attention(rows, rows, key=rows), attention(X, X, X))


LISTS = [
    ([1.0, 2.0], torch.float32, (2,)),
    ([[1, 2], [3, 4]], torch.int32, (2, 2)),
    ([1, 2.5], torch.float32, (2,)),
    (((1.0,), (2.0,)), torch.float32, (2, 1)),
    ([True, False], torch.bool, (2,)),
    ([2**40, 1], torch.int64, (2,)),
    ([np.float64(1.0), np.float32(2.0)], torch.float32, (2,)),
    ([[[1]]], torch.int32, (1, 1, 1)),
    ([0, -(2**31) - 1], torch.int64, (2,)),
    (range(3), torch.int32, (3,)),
]


@pytest.mark.parametrize(("numbers", "dtype", "shape"), LISTS, ids=str)
def test_a_list_of_numbers_as_the_first_argument_is_a_tensor(numbers, dtype, shape):
    for output in (Takes()(numbers), Takes()(x=numbers), Takes()(numbers, training=True)):
        assert (output.dtype, tuple(output.shape)) == (dtype, shape)
        assert output.tolist() == np.array(numbers).tolist()


def test_lists_inside_structures():
    class Echo(ours.Layer):
        def call(self, inputs):
            return inputs

    outputs = Echo()([[1.0, 2.0], [3.0]])
    assert [part.tolist() for part in outputs] == [[1.0, 2.0], [3.0]]
    outputs = Echo()({"a": [[1, 2]], "b": torch.ones(1), "c": 3})
    assert (outputs["a"].tolist(), outputs["c"].item()) == ([[1, 2]], 3)
    first, second = Echo()([1.0, 2.0])
    assert (first.item(), second.item()) == (1.0, 2.0)


def test_layers_on_a_list_of_inputs_take_each_list_as_one():
    assert layers.Add()([[[1.0, 2.0]], [[3.0, 4.0]]]).tolist() == [[4.0, 6.0]]
    assert layers.Concatenate()([[[1.0]], torch.ones(1, 2), np.zeros((1, 1))]).tolist() == [[1.0, 1.0, 1.0, 0.0]]
    query = [[[1.0, 0.0]]]
    assert layers.Attention()([query, query]).tolist() == query


def test_models():
    x, y = ours.Input((2,)), ours.Input((2,))
    double = ours.Model(x, x * 2)
    assert double([[1.0, 2.0]]).tolist() == [[2.0, 4.0]]
    assert ours.Sequential([ours.Input((2,)), layers.ReLU()])([[1.0, -2.0]]).tolist() == [[1.0, 0.0]]
    assert ours.Sequential([layers.ReLU()])([[1.0, -2.0]]).tolist() == [[1.0, 0.0]]
    both = ours.Model([x, y], x + y)
    assert both([[[1.0, 2.0]], [[3.0, 4.0]]]).tolist() == [[4.0, 6.0]]
    assert both({x.name: [[1.0, 2.0]], y.name: np.ones((1, 2))}).tolist() == [[2.0, 3.0]]


def test_an_array_in_a_symbolic_call_is_a_constant():
    x = ours.Input((5, 3))
    model = ours.Model(x, layers.MultiHeadAttention(2, 4)(x, value=np.ones((2, 5, 3))))
    assert model(X).shape == (2, 5, 3)


def test_the_device_of_the_layer():
    layer = Takes().to("meta")
    layer(torch.ones(1, device="meta"), np.ones(2), mask=[True])
    assert (layer.got["y"].device.type, layer.got["mask"].device.type) == ("meta", "meta")


def test_compiled():
    layer = layers.MultiHeadAttention(2, 4)
    tensor = torch.tensor(X, dtype=torch.float32)
    layer(tensor, tensor)
    compiled = torch.compile(layer, backend="eager")
    assert_close(compiled(X, X), layer(X, X))
    assert_close(torch.compile(Takes(), backend="eager")([[1.0, 2.0]]), np.array([[1.0, 2.0]]))


IDS = np.array([[1, 0, 2]])
MASK = np.array([[True, False, True]])
MASKS = {
    "Embedding": (("Embedding", 5, 2), {"mask_zero": True}, (IDS,)),
    "Masking": (("Masking", 1.0), {}, (np.array([[[1.0, 1.0], [1.0, 2.0]]]),)),
    "Concatenate": (("Concatenate",), {}, ([X[:1, :3], X[:1, :3]], [MASK, MASK])),
    "with one mask": (("Concatenate",), {"axis": 1}, ([X[:1, :3], X[:1, :2]], [MASK, None])),
    "Add": (("Add",), {}, ([X[:1, :3], X[:1, :3]], [MASK, ~MASK])),
    "LSTM": (("LSTM", 2), {"return_sequences": True}, (X[:1, :3], MASK)),
}


@pytest.mark.parametrize("name", MASKS)
def test_compute_mask(name):
    given, named, args = MASKS[name]
    mine, theirs = twins(*given, **named)
    assert to_numpy(mine.compute_mask(*args)).tolist() == to_numpy(theirs.compute_mask(*args)).tolist()
