"""Is a variable, made outside of a layer, a weight of the layer that it is put on?"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.oracle import keras as theirs
from tests.oracle import to_numpy

VALUES = [
    ((3.5,), {}),
    ((np.ones(2),), {}),
    ((np.ones((2, 1), "float16"),), {}),
    (([1.0, 2.0],), {"dtype": "float64"}),
    (([[1, 2]],), {"trainable": False}),
    ((3,), {"trainable": False}),
    (([True],), {"trainable": False}),
    ((np.arange(3),), {"trainable": False}),
    ((np.arange(3),), {"dtype": "float32"}),
    (("ones",), {"shape": (2,)}),
    (("zeros", (2, 3), "int32", False), {}),
]


@pytest.mark.parametrize(("args", "kwargs"), VALUES)
def test_it_has_the_value_that_keras_gives_it(args, kwargs):
    ours, other = keras.Variable(*args, **kwargs), theirs.Variable(*args, **kwargs)
    assert isinstance(ours, nn.Parameter if other.trainable else nn.Buffer)
    assert tuple(ours.shape) == tuple(other.shape)
    assert str(ours.dtype) == f"torch.{other.dtype}"
    np.testing.assert_array_equal(to_numpy(ours), to_numpy(other))


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "message"),
    [
        ((np.ones(2),), {"shape": (3,)}, ValueError, r"^Variable: the value must have the given shape"),
        (("ones",), {}, ValueError, r"^Variable: an initializer needs a shape"),
        ((None,), {}, TypeError, r"^Variable: the value must be a tensor"),
        (([[1], [2, 3]],), {}, TypeError, r"^Variable: the value must be a tensor"),
        ((keras.Input((3,)),), {}, TypeError, r"^Variable: the value must be known"),
        ((3,), {"trainable": True, "name": "step"}, ValueError, r"^Variable 'step': torch can train .* Pass trainable"),
        ((3.0,), {"name": 4}, TypeError, r"^Variable: name must be a string"),
        ((3.0,), {"aggregation": "most"}, ValueError, r"^Variable: 'most' is not a valid"),
    ],
)
def test_what_it_refuses(args, kwargs, error, message):
    with pytest.raises(error, match=message):
        keras.Variable(*args, **kwargs)


def test_its_memory_is_its_own():
    source, array = torch.ones(2), np.ones(2)
    for value in (source, array):
        variable = keras.Variable(value)
        with torch.no_grad():
            variable.zero_()
    assert source.sum() == array.sum() == 2


class Mixed(keras.Layer):
    """A layer with variables on attributes and in containers."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.scale = keras.Variable([2.0, 2.0], regularizer="l2", constraint="non_neg")
        self.steps = keras.Variable(0, name="counter")
        self.others = [keras.Variable(1.0), keras.Variable(0, dtype="int64")]

    def call(self, inputs):
        return inputs * self.scale + self.others[0]


def test_it_is_a_weight_of_the_layer():
    layer = Mixed()
    assert list(layer.state_dict()) == ["scale", "steps", "others.0", "others.1"]
    assert [tuple(weight.shape) for weight in layer.trainable_weights] == [(2,), ()]
    assert layer.weight_specs["scale"].name == "scale"
    assert layer.weight_specs["steps"].name == "counter"
    torch.testing.assert_close(layer.losses, [torch.tensor(0.08)])
    layer.set_weights([[-1.0, 1.0], 0.0, 3, 4])
    layer.apply_constraints()
    assert layer.scale.tolist() == [0.0, 1.0]


def test_a_variable_in_place_of_another_keeps_its_position():
    layer = Mixed()
    layer.scale = keras.Variable([5.0, 5.0])
    assert list(layer.state_dict())[0] == "scale"
    assert layer.losses == []


@pytest.mark.parametrize("change", [lambda m: m.half(), copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_all_weights_of_layers_are_variables(change):
    layer = keras.layers.BatchNormalization()
    layer.build((None, 3))
    for module in (change(Mixed()), change(layer)):
        assert all(isinstance(weight, keras.Variable) for weight in module.weights)
    assert not isinstance(torch.ones(2), keras.Variable)


def test_buffers_are_variables_in_symbolic_calls_too():
    found = []

    class Asks(keras.Layer):
        def build(self, input_shape):
            self.total = self.add_weight(shape=(), initializer="zeros", trainable=False, aggregation="mean")

        def call(self, inputs):
            found.append(isinstance(self.total, keras.Variable))
            return inputs

    assert Asks()(keras.Input((3,))).shape == (None, 3)
    assert found
    assert all(found)


def test_it_computes_compiled_and_trains():
    layer = Mixed()
    compiled = torch.compile(layer, fullgraph=True, backend="eager")
    x = torch.ones(3, 2)
    torch.testing.assert_close(compiled(x), x * 3)
    compiled(x).sum().backward()
    assert layer.scale.grad.tolist() == [3.0, 3.0]


def test_a_variable_takes_the_place_of_anything_else_of_its_name():
    class Scaled(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.scale, self.grid, self.inner = None, torch.ones(3), keras.layers.Dense(2)

        def build(self, shape):
            self.grid = keras.Variable(self.grid, trainable=False)
            self.scale = keras.Variable(torch.ones(3), trainable=False)
            self.inner = keras.Variable(torch.ones(3), trainable=False)

        def call(self, inputs):
            return inputs * self.scale * self.grid * self.inner

    layer = Scaled()
    assert torch.equal(layer(torch.ones(2, 3)), torch.ones(2, 3))
    assert sorted(layer.state_dict()) == ["grid", "inner", "scale"]
    assert list(layer.children()) == []


def test_private_names_of_keras_are_found_last():
    layer = keras.layers.Dense(2, dtype="mixed_bfloat16")
    assert (layer._compute_dtype, layer._compute_dtype_object, layer._dtype) == ("bfloat16", "bfloat16", "float32")
    assert layer._activity_regularizer is None
    assert layer._track_trackable(3, name="three") == 3
    layer._compute_dtype = 5
    assert layer._compute_dtype == 5
