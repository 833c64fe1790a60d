"""Does a Lambda warn of the weights that its function hides, and only of those?"""

from __future__ import annotations

import functools
import warnings

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from torchkeras_layer.layers.core.held_modules import held_weights

layers = keras.layers
X = torch.ones(2, 4)
of_this_file = layers.Dense(3, name="of_this_file")
shift = nn.Parameter(torch.ones(4))


def apply_global(x):
    return of_this_file(x)


class Callable:
    def __init__(self, inner):
        self.inner = inner

    def __call__(self, x):
        return self.inner(x)


def _closure():
    dense = layers.Dense(3, name="mine")
    return lambda x: dense(x)


def _through_a_function():
    dense = layers.Dense(3)

    def apply(x):
        return dense(x)

    return lambda x: apply(x)


def _in_a_list():
    steps = [layers.Dense(3), nn.ReLU()]
    return lambda x: [step(x) for step in steps][0]


HIDDEN = {
    "closure": (_closure, r"uses dense \(Dense\), whose"),
    "default": (lambda: _with_default(nn.Linear(4, 3)), r"uses inner \(Linear\)"),
    "keyword default": (lambda: _with_keyword(layers.Dense(3)), r"uses inner \(Dense\)"),
    "bound method": (lambda: layers.Dense(3, name="mine").__call__, r"uses mine \(Dense\)"),
    "partial": (lambda: functools.partial(lambda layer, x: layer(x), layers.Dense(3, name="mine")), r"mine \(Dense\)"),
    "partial of a layer": (lambda: functools.partial(layers.Dense(3, name="mine")), r"mine \(Dense\)"),
    "global": (lambda: lambda x: of_this_file(x), r"uses of_this_file \(Dense\)"),
    "global in a function": (lambda: lambda x: apply_global(x), r"uses of_this_file \(Dense\)"),
    "parameter": (lambda: lambda x: x + shift, r"uses shift \(Parameter\)"),
    "function in a closure": (_through_a_function, r"uses dense \(Dense\)"),
    "list": (_in_a_list, r"uses steps \(Dense\), whose"),
    "object": (lambda: Callable(nn.Linear(4, 3)), r"uses inner \(Linear\)"),
    "model": (lambda: _with_default(keras.Sequential([layers.Dense(2)])), r"inner \(Sequential\)"),
}


def _with_default(module):
    return lambda x, inner=module: inner(x)


def _with_keyword(dense):
    def apply(x, *, inner=dense):
        return inner(x)

    return apply


@pytest.mark.parametrize("kind", HIDDEN)
def test_hidden_weights_are_named(kind):
    make, message = HIDDEN[kind]
    function = make()
    with pytest.warns(UserWarning, match=message) as found:
        layer = layers.Lambda(function, name="hiding")
    assert len(found) == 1
    assert str(found[0].message).startswith("hiding: the function of a Lambda uses ")
    assert layer(X).shape[0] == 2
    assert layer.weights == []


class Owner(keras.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = dense = layers.Dense(3)
        self.steps = [layers.Lambda(lambda x: self.dense(x)), layers.Lambda(lambda x: dense(x))]
        self.more = layers.Lambda(self.twice)

    def twice(self, x):
        return 2 * self.dense(x)

    def call(self, inputs):
        return self.steps[0](inputs) + self.steps[1](inputs) + self.more(inputs)


class PlainOwner(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.add = layers.Lambda(lambda x: x * self.scale)


def _unset():
    def apply(x):
        return later(x)

    layer = layers.Lambda(apply)
    later = torch.neg
    return layer if later else None


def _itself():
    def apply(x):
        return x if x is not None else apply(x)

    return layers.Lambda(apply)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Lambda(torch.neg),
        lambda: layers.Lambda(lambda x: x * 2),
        lambda: layers.Lambda(nn.Linear(4, 3)),
        lambda: layers.Lambda(layers.Dense(3)),
        lambda: layers.Lambda(_with_default(nn.ReLU())),
        lambda: layers.Lambda(_with_default(layers.Flatten())),
        lambda: layers.Lambda(lambda x, factor: factor * x, arguments={"factor": 2}),
        lambda: layers.Lambda(nn.functional.relu),
        lambda: layers.Lambda(keras.activations.softmax),
        lambda: layers.Lambda(len),
        lambda: layers.Lambda(_with_default(torch.ones(4))),
        Owner,
        PlainOwner,
        _unset,
        _itself,
    ],
)
def test_other_functions_need_no_warning(make):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make()
    assert caught == []


def test_a_method_holds_what_it_reads_of_its_object():
    class Object:
        def __init__(self):
            self.used, self.other = nn.Linear(4, 4), nn.Linear(4, 4)

        def run(self, x):
            return self.used(x)

        def double(self, x):
            return 2 * x

    one = Object()
    assert held_weights(one.run) == [("used", one.used)]
    assert held_weights(one.double) == []
