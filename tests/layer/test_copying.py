"""What do a copy and a pickled layer share with the original? (contract §1d, idea 42)"""

from __future__ import annotations

import collections
import copy
import io
import pickle

import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Adds, Counter, Linear, Stack, Statistics, built, names, numbers

X = torch.ones(2, 3)


class Busy(Linear):
    """Leaves losses that hang on the graph of gradients."""

    def call(self, inputs):
        outputs = super().call(inputs)
        self.add_loss((outputs**2).mean())
        return outputs


MAKERS = [
    ("unbuilt", lambda: Busy(2, regularizer="l2")),
    ("built", lambda: _by_hand(Busy(2, regularizer="l2"))),
    ("called", lambda: built(Busy(2, regularizer="l2", activity_regularizer="l1"))),
    ("nested", lambda: built(Stack(Busy(2), Statistics(), Counter(), Adds(1.0)))),
]
WAYS = [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))]


def _by_hand(layer):
    layer.build((None, 3))
    return layer


@pytest.fixture(params=[make for _, make in MAKERS], ids=[name for name, _ in MAKERS])
def layer(request):
    return request.param()


@pytest.fixture(params=WAYS, ids=["deepcopy", "pickle"])
def duplicate(request):
    return request.param


def test_a_copy_is_the_same_and_its_own(layer, duplicate):
    """[42]"""
    twin = duplicate(layer)
    assert (twin.name, twin.built, twin.path, names(twin)) == (layer.name, layer.built, layer.path, names(layer))
    assert twin.get_build_config() == layer.get_build_config()
    assert all(torch.equal(value, layer.state_dict()[key]) for key, value in twin.state_dict().items())
    before = [weight.clone() for weight in layer.weights]
    for weight in twin.weights:
        weight.data.add_(1)
    assert all(torch.equal(one, other) for one, other in zip(before, layer.weights, strict=True))
    x = torch.ones(2, 3)
    twin.load_state_dict(layer.state_dict()) if layer.built else twin(x)
    if layer.built:
        assert torch.equal(layer.eval()(x), twin.eval()(x))


def test_a_copy_leaves_the_losses_of_the_last_call_behind(duplicate):
    """[42]"""
    layer = built(Busy(2))
    twin = duplicate(layer)
    assert (len(layer.losses), len(twin.losses)) == (1, 0)
    built(twin)
    assert len(twin.losses) == 1


def test_the_regularizer_of_a_copy_follows_the_copy(duplicate):
    """[42]"""
    layer = keras.Layer()
    layer.w = layer.add_weight("w", (1,), initializer="ones", regularizer=keras.regularizers.L2(1.0))
    twin = duplicate(layer)
    twin.set_weights([[2.0]])
    assert (numbers(layer.losses), numbers(twin.losses)) == ([1.0], [4.0])


def test_a_copy_is_frozen_and_thawed_alone(duplicate):
    layer = built(Stack(Linear(2), Statistics()))
    layer.trainable = False
    twin = duplicate(layer)
    twin.trainable = True
    assert (len(layer.trainable_weights), len(twin.trainable_weights)) == (0, 4)


def test_layers_shared_inside_stay_shared(duplicate):
    shared = Linear(3)
    twin = duplicate(built(Stack(shared, Stack(shared))))
    assert twin.steps[0] is twin.steps[1].steps[0]
    assert len(twin.weights) == 2


def test_metrics_are_copied(duplicate):
    layer = keras.Layer()
    layer.m = keras.metrics.Mean(name="m")
    layer.m(4.0)
    twin = duplicate(layer)
    twin.m(8.0)
    assert (layer.m.result(), twin.m.result()) == (4.0, 6.0)


def test_an_unbuilt_copy_builds_for_other_shapes(duplicate):
    layer = Linear(2)
    twin = duplicate(layer)
    built(layer, 1, 3)
    built(twin, 1, 5)
    assert (tuple(layer.kernel.shape), tuple(twin.kernel.shape)) == ((3, 2), (5, 2))


def test_the_config_of_a_copy(duplicate):
    layer = Linear(2, name="n")
    assert duplicate(layer).get_config() == layer.get_config()


def test_a_shallow_copy_shares_weights_and_nothing_else():
    layer = built(Linear(2))
    twin = copy.copy(layer)
    twin.extra = twin.add_weight("extra", ())
    assert twin.kernel is layer.kernel
    assert (len(layer.weights), len(twin.weights)) == (2, 3)


def test_stateless_call():
    """§1d"""
    layer = built(Stack(Linear(3), Counter(), Adds(2.0)))
    before = [weight.clone() for weight in layer.weights]
    given = [torch.ones(3, 3), torch.zeros(3)]
    outputs, state, losses = layer.stateless_call(given, [torch.tensor(5.0)], torch.ones(1, 3), return_losses=True)
    assert outputs.tolist() == [[3.0, 3.0, 3.0]]
    assert (numbers(state), numbers(losses)) == ([6.0], [2.0])
    assert all(torch.equal(one, other) for one, other in zip(before, layer.weights, strict=True))
    with pytest.raises(ValueError, match="stack: stateless_call: trainable_variables must .* Received: 1 tensors"):
        layer.stateless_call(given[:1], state, torch.ones(1, 3))
    with pytest.raises(ValueError, match="linear_1: stateless_call needs a built layer"):
        Linear(2).stateless_call([], [], torch.ones(1, 3))


Pair = collections.namedtuple("Pair", "left right")


def test_shapes_of_a_named_tuple_are_saved_as_plain_values():
    class Adds(keras.Layer):
        def build(self, input_shape):
            self.w = self.add_weight(shape=(3,))

        def call(self, inputs):
            return inputs.left + self.w

    layer, file = Adds(), io.BytesIO()
    layer(Pair(X, X))
    torch.save(layer.state_dict(), file)
    file.seek(0)
    assert list(torch.load(file, weights_only=True)) == ["w"]
