"""Which mistakes with a stack of layers get a clear error and change nothing?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from tests.models.samples import Halves, names_of

ONES = torch.ones(2, 3)

BAD = {
    "a number": (lambda m: m.add(3), TypeError, "(?s)m: .*3"),
    "None": (lambda m: m.add(None), TypeError, "(?s)m: .*None"),
    "a class": (lambda m: m.add(keras.layers.Dense), TypeError, "(?s)m: .*Dense"),
    "a function": (lambda m: m.add(torch.relu), TypeError, "(?s)m: .*relu"),
    "a name twice": (lambda m: m.add(keras.layers.Dense(2, name="a")), ValueError, "(?s)m: .*'a'"),
    "an input later": (lambda m: m.add(keras.Input((2,), name="late")), ValueError, "(?s)m: .*late"),
    "a wrong shape": (lambda m: m(torch.ones(2, 4)), ValueError, r"(?s)m.*3.*4"),
    "what it does not hold": (lambda m: m.get_layer("zz"), ValueError, r"(?s)m: .*'zz'.*\['a', 'b'\]"),
}


@pytest.mark.parametrize(("act", "error", "message"), BAD.values(), ids=BAD)
def test_mistakes(act, error, message):
    layers = [keras.Input((3,)), keras.layers.Dense(4, name="a"), keras.layers.Dense(2, name="b")]
    model = keras.Sequential(layers, name="m")
    with pytest.raises(error, match=message):
        act(model)
    assert (names_of(model), model.output_shape) == (["a", "b"], (None, 2))
    assert model(ONES).shape == (2, 2)


def test_a_layer_that_does_not_take_the_outputs_before_it():
    model = keras.Sequential([keras.Input((4,)), Halves(name="halves")], name="m")
    with pytest.raises(ValueError, match="head: expects 1 input"):
        model.add(keras.layers.Dense(2, name="head"))
    assert names_of(model) == ["halves"]


@pytest.mark.parametrize("act", [lambda m: m(ONES), lambda m: m(keras.Input((3,))), lambda m: m.build((None, 3))])
def test_no_layers(act):
    with pytest.raises(ValueError, match=r"m: a Sequential that has no layers .* Write m\.add\(layer\) first"):
        act(keras.Sequential(name="m"))


def test_no_layers_after_the_last_was_taken():
    model = keras.Sequential([keras.layers.Dense(2)], name="m")
    model(ONES)
    model.pop()
    with pytest.raises(ValueError, match="m: a Sequential that has no layers"):
        model(ONES)
    model.add(keras.layers.Dense(4))
    assert model(ONES).shape == (2, 4)


def test_popping_from_an_empty_one():
    with pytest.raises(TypeError, match="m: there are 0 layers"):
        keras.Sequential(name="m").pop()


@pytest.mark.parametrize("layers", [3, "ab", {"a": 1}])
def test_what_is_no_list_of_layers(layers):
    with pytest.raises(TypeError, match="sequential"):
        keras.Sequential(layers)
