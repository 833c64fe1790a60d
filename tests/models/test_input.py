"""What does `Input` make of its arguments? (contract §4, §6.1)"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as keras

SHAPES = [
    ({"shape": (3,)}, (None, 3)),
    ({"shape": [3, None]}, (None, 3, None)),
    ({"shape": ()}, (None,)),
    ({"shape": 5}, (None, 5)),
    ({"shape": (np.int64(3),)}, (None, 3)),
    ({"shape": torch.Size([3])}, (None, 3)),
    ({"shape": (3,), "batch_size": 7}, (7, 3)),
    ({"batch_shape": (2, None)}, (2, None)),
    ({"batch_shape": [2, 3]}, (2, 3)),
    ({"batch_shape": (None, 3)}, (None, 3)),
]


@pytest.mark.parametrize(("arguments", "shape"), SHAPES, ids=str)
def test_shapes(arguments, shape):
    x = keras.Input(**arguments)
    assert x.shape == shape
    assert all(size is None or type(size) is int for size in x.shape)
    assert keras.Model(x, x + 1).input_shape == shape


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (None, torch.float32),
        ("float64", torch.float64),
        ("int32", torch.int32),
        ("bool", torch.bool),
        (torch.bfloat16, torch.bfloat16),
        (np.int64, torch.int64),
    ],
)
def test_dtypes(dtype, expected):
    assert keras.Input((3,), dtype=dtype).dtype is expected


def test_the_default_dtype_is_floatx():
    keras.backend.set_floatx("float64")
    assert keras.Input((3,)).dtype is torch.float64


def test_names_count_from_one():
    names = [keras.Input((3,))._keras_history.layer.name for _ in range(3)]
    assert names == ["input_1", "input_2", "input_3"]
    assert keras.Input((3,)).name == "input_4"
    assert keras.Input((3,), name="mine").name == "mine"
    assert keras.Input((3,)).name == "input_5"
    keras.backend.clear_session()
    assert keras.Input((3,)).name == "input_1"


def test_it_has_two_names():
    assert keras.layers.Input is keras.Input


def test_the_layer_of_an_input():
    x = keras.Input((3,), name="x", dtype="int32")
    layer = x._keras_history.layer
    assert isinstance(layer, keras.layers.InputLayer)
    assert layer.input is layer.output is x
    assert layer.input_shape == layer.output_shape == (None, 3)
    assert layer.weights == []
    assert layer.trainable
    assert layer.built


def test_an_input_layer_by_itself():
    layer = keras.layers.InputLayer((3,), name="x", dtype="int64")
    x = layer.output
    assert (x.shape, x.dtype, x.name) == ((None, 3), torch.int64, "x")
    again = keras.layers.InputLayer.from_config(layer.get_config())
    assert (again.name, again.output.shape, again.output.dtype) == ("x", (None, 3), torch.int64)


@pytest.mark.parametrize("name", ["batch_shape", "batch_input_shape"])
def test_the_config_of_both_keras_versions_is_read(name):
    layer = keras.layers.InputLayer.from_config({name: [None, 3], "dtype": "float32", "sparse": False, "name": "x"})
    assert layer.output.shape == (None, 3)


def test_the_shape_of_a_tensor():
    x = keras.Input(tensor=torch.ones(2, 3, dtype=torch.float64), name="x")
    assert (x.shape, x.dtype, x.name) == ((2, 3), torch.float64, "x")


def test_a_symbolic_tensor_stays_itself():
    """Keras's Input(tensor=t) makes a placeholder that stands for t."""
    x = keras.Input((3,), name="x")
    y = keras.Input(tensor=x, name="y")
    assert (y.shape, y.dtype) == (x.shape, x.dtype)


BAD = {
    "nothing": ({}, ValueError, "shape"),
    "both": ({"shape": (3,), "batch_shape": (2, 3)}, ValueError, "batch_shape"),
    "batch size and batch shape": ({"batch_shape": (2, 3), "batch_size": 2}, ValueError, "batch_size"),
    "tensor and shape": ({"shape": (3,), "tensor": torch.ones(2, 3)}, ValueError, "tensor"),
    "text": ({"shape": "ab"}, TypeError, "ab"),
    "nested": ({"shape": [(3,), (4,)]}, TypeError, "shape"),
    "a fraction": ({"shape": (2.5,)}, TypeError, "2.5"),
    "negative": ({"shape": (-1,)}, ValueError, "-1"),
    "negative batch": ({"shape": (3,), "batch_size": -2}, ValueError, "-2"),
    "dtype": ({"shape": (3,), "dtype": "nope"}, (TypeError, ValueError), "nope"),
    "name": ({"shape": (3,), "name": 3}, TypeError, "name"),
    "unknown": ({"shape": (3,), "foo": 1}, TypeError, "foo"),
    "no tensor": ({"tensor": "text"}, (TypeError, ValueError), "text"),
}


@pytest.mark.parametrize(("arguments", "error", "text"), BAD.values(), ids=BAD)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error, match=text):
        keras.Input(**arguments)


def test_a_failed_input_takes_no_name():
    with pytest.raises(ValueError, match="-1"):
        keras.Input((-1,))
    assert keras.Input((3,)).name == "input_1"


def test_an_input_of_more_axes_than_torch_has():
    with pytest.raises(ValueError, match="must be at most 64. Received: a shape of rank"):
        keras.Input((1,) * 70)
