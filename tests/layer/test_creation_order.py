"""Do weights in lists and dicts stand in the order of creation, a layer's own before those of layers inside? ([31])"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import built
from tests.oracle import keras as oracle
from tests.oracle import to_numpy

KITS = pytest.mark.parametrize("kit", [keras, oracle])


def shapes(layer):
    return [tuple(weight.shape) for weight in layer.weights]


@KITS
def test_lists_that_are_filled_in_turns(kit):
    """Scales 2 and 3, shifts 1 and 0: ones become (1 * 2 + 1) * 3 + 0."""

    class Affine(kit.layers.Layer):
        def build(self, input_shape):
            self.a, self.b = [], []
            for index in range(2):
                self.a.append(self.add_weight(name=f"a{index}", shape=(4,)))
                self.b.append(self.add_weight(name=f"b{index}", shape=(4,)))

        def call(self, inputs):
            for scale, shift in zip(self.a, self.b, strict=True):
                inputs = inputs * scale + shift
            return inputs

    layer = Affine()
    layer.build((None, 4))
    layer.set_weights([np.full((4,), value, "float32") for value in (2, 1, 3, 0)])
    assert to_numpy(layer(torch.ones(1, 4))).tolist() == [[9.0] * 4]


@KITS
def test_own_weights_before_those_of_inner_layers(kit):
    class Own(kit.layers.Layer):
        def __init__(self):
            super().__init__()
            self.ds = [kit.layers.Dense(1)]

        def build(self, input_shape):
            self.b = [self.add_weight(name="b", shape=(7,))]
            self.d = {"x": self.add_weight(name="d", shape=(8,))}
            self.c = self.add_weight(name="c", shape=(9,))
            self.ds[0].build(input_shape)

        def call(self, inputs):
            return self.ds[0](inputs)

    layer = Own()
    layer.build((None, 4))
    assert shapes(layer) == [(7,), (8,), (9,), (4, 1), (1,)]


class Many(keras.Layer):
    """Fills containers of all kinds in turns, some of them nested, with weights of growing size."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = [keras.layers.Dense(1)]
        self.rows, self.last, self.named = [[], []], [], {"x": []}

    def build(self, input_shape):
        self.made = 0
        for _ in range(2):
            self.rows[1].append(self.make())
            self.named["x"].append(self.make())
            self.rows[0].append(self.make())
            self.last.insert(0, self.make())
        self.pair = (self.make(), self.make())
        self.single = self.make()
        self.rows[1].append(self.make())
        self.inner[0].build((None, 1))

    def make(self, **kwargs):
        self.made += 1
        return self.add_weight(name="w", shape=(self.made,), **kwargs)


def numbers(layer):
    own = layer.weights[: -2 if hasattr(layer, "inner") else None]
    return [weight.shape[0] for weight in own]


def test_nested_containers_of_all_kinds():
    layer = built(Many())
    assert numbers(layer) == list(range(1, 13))
    assert len(list(layer.parameters())) == len(layer.state_dict()) == 14
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert numbers(twin) == list(range(1, 13))
        twin.more = [twin.make()]
        assert numbers(twin) == list(range(1, 14))


def test_changes_of_a_list_do_not_change_the_order():
    layer = built(Many())
    layer.rows[0].reverse()
    layer.rows[1][0], layer.rows[1][1] = layer.rows[1][1], layer.rows[1][0]
    layer.named["y"] = layer.named.pop("x")
    assert numbers(layer) == list(range(1, 13))
    layer.trainable = False
    assert numbers(layer) == list(range(1, 13))


def test_a_replaced_weight_keeps_its_place_among_those_in_lists():
    """[35]"""
    layer = built(keras.Layer())
    layer.made = 0
    layer.a = Many.make(layer)
    layer.rows = [Many.make(layer)]
    layer.a = layer.add_weight("new", (9,))
    assert numbers(layer) == [9, 2]


def test_buffers_and_parameters_of_torch():
    layer = built(keras.Layer())
    layer.made = 0
    layer.raw = nn.Parameter(torch.ones(20))
    layer.rows = [Many.make(layer), nn.Parameter(torch.ones(30))]
    layer.fixed = [Many.make(layer, trainable=False)]
    layer.state = Many.make(layer, trainable=False)
    layer.fixed.append(Many.make(layer, trainable=False))
    layer.last = Many.make(layer)
    layer.register_buffer("passing", torch.ones(50), persistent=False)
    assert numbers(layer) == [20, 1, 30, 5, 2, 3, 4]


def test_own_weights_in_containers_are_saved():
    layer, twin, store = built(Many()), built(Many()), {}
    layer.save_own_variables(store)
    assert [array.shape for array in store.values()] == [(size,) for size in range(1, 13)]
    twin.load_own_variables(store)
    assert all(map(torch.equal, layer.weights[:12], twin.weights[:12]))
