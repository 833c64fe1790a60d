"""What do layers that a `call` or `build` makes take over from the layer that makes them? (contract §2.4, §2.5)"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Stack
from torchkeras_layer import layers as L

X = torch.linspace(-1, 1, 12).reshape(4, 3) + 5


class Drops(keras.Layer):
    """Makes a Dropout in each call."""

    def call(self, inputs):
        return L.Dropout(0.9)(inputs)


class DropsOnce(keras.Layer):
    """Makes a Dropout in the first call, inside another layer."""

    def call(self, inputs):
        if not hasattr(self, "inner"):
            self.inner = Stack(L.Dropout(0.9))
        return self.inner(inputs)


class DropsDeep(keras.Layer):
    """A layer made in a call makes one in its own call."""

    def call(self, inputs):
        return Drops()(inputs)


class DropsInModel(keras.Layer):
    """Makes a model in its call."""

    def call(self, inputs):
        return keras.Sequential([L.Dropout(0.9), L.Activation("linear")])(inputs)


class Plain(nn.Module):
    """A plain module around one of them."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, inputs):
        return self.inner(inputs)


MAKERS = [Drops, DropsOnce, DropsDeep, DropsInModel, lambda: L.Lambda(lambda x: L.Dropout(0.9)(x))]
AROUND = [lambda maker: maker, nn.Sequential, Plain, Stack, lambda maker: keras.Sequential([maker])]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("around", AROUND)
def test_what_a_call_makes_has_its_mode(make, around):
    model = around(make()).eval()
    assert torch.equal(model(X), X)
    assert torch.equal(model(X), X)


@pytest.mark.parametrize("make", MAKERS)
def test_in_training_it_drops(make):
    assert (make()(torch.ones(100)) == 0).any()


def test_a_mode_that_is_given_goes_before():
    layer = Drops().eval()
    assert (layer(torch.ones(100), training=True) == 0).any()
    assert torch.equal(Drops()(X, training=False), X)


def test_a_layer_that_a_call_keeps_follows_train_later():
    layer = DropsOnce().eval()
    layer(X)
    assert not layer.inner.training
    layer.train()
    assert (layer(torch.ones(100)) == 0).any()


def test_what_is_made_outside_of_calls_trains():
    Drops().eval()(X)
    with pytest.raises(ValueError, match="units"):
        L.Lambda(lambda x: L.Dense("three")(x)).eval()(X)
    assert L.Dropout(0.5).training


@pytest.mark.parametrize("make", [Drops, DropsDeep])
def test_in_a_compiled_call(make):
    model = make().eval()
    model(X)
    torch._dynamo.reset()
    assert torch.equal(torch.compile(copy.deepcopy(model), backend="eager", fullgraph=True)(X), X)
