"""Is a porter told of a `call` that changes its inputs in place, which TensorFlow would have copied?"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from torchkeras_layer import layers

MESSAGE = r"{} \({}\): a call changes its inputs in place.*x = x \+ y.*differences\.md#changes-in-place"


class Increment(keras.Layer):
    """The usual form in ported code."""

    def call(self, x):
        x += 1
        return x


class Second(keras.Layer):
    def call(self, x, y):
        y *= 2
        return x + y


class InDict(keras.Layer):
    def call(self, inputs):
        inputs["a"].mul_(2)
        return inputs["a"] + inputs["b"]


class View(keras.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(shape=(3,))

    def call(self, x):
        x[:, 0] = 0
        return x * self.w


class Copies(keras.Layer):
    def call(self, x):
        y = x * 2
        y += 1
        x = x + 1
        x += y
        return x.relu_()


class Outer(keras.Layer):
    def __init__(self, make, **kwargs):
        super().__init__(**kwargs)
        self.inner = make(name="inner")

    def call(self, x):
        return self.inner(x)


class OwnModel(keras.Model):
    def call(self, inputs, mask=None):
        inputs -= 1
        return inputs


def _preprocess(x):
    x /= 255.0
    return x


def _ones():
    return torch.ones(2, 3)


def _warnings(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    return [str(warning.message) for warning in caught]


CASES = {
    "Increment": (Increment, lambda make: [make()]),
    "Second": (Second, lambda make: [make(), make()]),
    "InDict": (InDict, lambda make: [{"a": make(), "b": make()}]),
    "View": (View, lambda make: [make()]),
    "Lambda": (lambda **kwargs: layers.Lambda(_preprocess, **kwargs), lambda make: [make()]),
    "OwnModel": (OwnModel, lambda make: [make()]),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", [_ones, lambda: keras.Input((3,))])
def test_it_is_told_once_in_the_first_call(name, kind):
    make, arguments = CASES[name]
    layer = make(name="mine")
    with pytest.warns(UserWarning, match=MESSAGE.format("mine", name)):
        layer(*arguments(kind))
    layer(*arguments(kind))
    layer(*arguments(_ones))


def test_the_example_of_a_graph():
    inputs, layer = keras.Input((3,)), Increment(name="mine")
    with pytest.warns(UserWarning, match=MESSAGE.format("mine", "Increment")):
        outputs = layers.Add()([layer(inputs), inputs])
    assert keras.Model(inputs, outputs)(torch.ones(1, 3)).tolist() == [[4, 4, 4]]


@pytest.mark.parametrize("kind", [_ones, lambda: keras.Input((3,))])
def test_the_innermost_layer_is_named_alone(kind):
    nested = [
        lambda: Outer(Increment)(kind()),
        lambda: keras.Sequential([Increment(name="inner"), layers.Dense(2)])(kind()),
        lambda: keras.Sequential([keras.Sequential([Increment(name="inner"), layers.Dense(2)])])(kind()),
    ]
    for call in nested:
        told = _warnings(call)
        assert [message.partition(":")[0] for message in told] == ["inner (Increment)"]


def test_a_layer_that_was_built_before_leaves_it_to_the_outer_one():
    layer = Outer(Increment, name="outer")
    layer.inner.build((None, 3))
    with pytest.warns(UserWarning, match=MESSAGE.format("outer", "Outer")):
        layer(_ones())


def test_building_without_data_tells_it():
    with pytest.warns(UserWarning, match=MESSAGE.format("mine", "Increment")):
        keras.build(nn.Sequential(Increment(name="mine")), _ones())


@pytest.mark.parametrize(
    "call",
    [
        lambda: Copies()(_ones()),
        lambda: Copies()(keras.Input((3,))),
        # Copies: of an array, and in another dtype.
        lambda: Increment()(np.ones((2, 3), "float32")),
        lambda: Increment()(_ones().double()),
        lambda: layers.Dropout(0.5)(_ones()),
        # Of torch's own modules, people know it.
        lambda: layers.TorchModuleWrapper(nn.ReLU(inplace=True))(_ones()),
        lambda: keras.Sequential([nn.ReLU(inplace=True), layers.Dense(2)])(_ones()),
        lambda: keras.Sequential([layers.Dense(2), nn.ReLU(inplace=True)])(keras.Input((3,))),
    ],
)
def test_nothing_is_told(call):
    assert _warnings(call) == []


@torch.inference_mode()
def test_tensors_of_inference_mode_have_no_versions():
    assert Increment()(torch.ones(1, 1)).item() == 2
