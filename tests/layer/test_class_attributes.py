"""What happens where a class has an attribute of the name that a container of layers gets? (contract §3.2)"""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import nn

import torchkeras_layer as keras

L = keras.layers


class Blocks(keras.Layer):
    """Declares its containers in the class."""

    blocks: Any = ()
    by_name: Any = None

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [L.Dense(3), L.Dense(5)]
        self.by_name = {"a": L.Dense(5)}

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.by_name["a"](inputs)


def test_a_list_takes_the_place_of_a_class_attribute():
    layer, x = Blocks(), torch.ones(1, 2)
    layer(x)
    assert len(layer.weights) == len(layer.state_dict()) == 6
    assert (Blocks.blocks, Blocks.by_name) == ((), None)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(twin(x), layer(x))
        assert twin.blocks is twin._modules["blocks"]
        assert twin.blocks[0] is not layer.blocks[0]


def test_it_comes_back_when_the_list_goes():
    layer = Blocks()
    layer.by_name = None
    del layer.blocks
    layer.blocks = [L.Dense(1)]
    layer.blocks = None
    assert (layer.blocks, layer.by_name) == (None, None)
    del layer.blocks
    assert layer.blocks == ()
    assert list(layer.children()) == []
    layer.blocks = [L.Dense(1)]
    layer.blocks = 4
    assert layer.blocks == 4
    assert list(layer.children()) == []


@pytest.mark.parametrize("name", ["modules", "children", "call"])
@pytest.mark.parametrize("value", [lambda: [L.Dense(2)], lambda: {"a": nn.ReLU()}, lambda: L.Dense(2)])
def test_methods_cannot_hold_layers(name, value):
    layer = keras.Layer(name="mine")
    with pytest.raises(AttributeError, match=f"mine: the attribute '{name}' of class Layer would hide the"):
        setattr(layer, name, value())
    assert list(layer.children()) == []


@pytest.mark.parametrize("value", [lambda: [L.Dense(2)], lambda: L.Dense(2)])
def test_the_mode_holds_no_layers(value):
    with pytest.raises(AttributeError, match="mine: 'training' cannot hold a .*, because it is the mode"):
        keras.Layer(name="mine").training = value()
