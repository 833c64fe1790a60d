"""Do losses, metrics, masks and files hold where a first reader of the library broke them?"""

from __future__ import annotations

import collections
import io
import pickle

import pytest
import torch
from torch import nn

import torchkeras_layer as keras

X = torch.ones(2, 3)


class Scale(keras.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(shape=(3,), initializer="ones")
        self.add_loss(lambda: self.w.sum())

    def call(self, inputs):
        return inputs * self.w


@pytest.mark.parametrize("start", [lambda m: m(X), lambda m: keras.build(m, X), lambda m: m[0].build((None, 3))])
def test_a_callable_loss_from_build_counts_for_good(start):
    model = nn.Sequential(Scale())
    start(model)
    for _ in range(3):
        model(X)
        assert [loss.item() for loss in keras.collect_losses(model)] == [3.0]


def test_a_metric_takes_no_name_that_is_taken():
    class Watched(keras.Layer):
        def __init__(self):
            super().__init__()
            self.metric_acc = nn.Linear(3, 3)

        def call(self, inputs):
            self.add_metric(1.0, name="acc")
            self.add_metric(2.0, name="top.5")
            self.add_metric(4.0, name="top_5")
            return self.metric_acc(inputs)

    layer = Watched()
    layer(X)
    layer(X)
    assert isinstance(layer.metric_acc, nn.Linear)
    assert [(m.name, m.result().item()) for m in layer.metrics] == [("acc", 1.0), ("top.5", 2.0), ("top_5", 4.0)]


def test_what_asks_an_unbuilt_layer_for_dimensions_hears_of_it():
    model = nn.Sequential(keras.layers.Dense(2, name="head"))
    for ask in (lambda p: p.ndim, lambda p: p.shape, lambda p: p.numel()):
        with pytest.raises(RuntimeError, match="head: not built"):
            [ask(p) for p in model.parameters()]


def test_a_build_config_of_ones_own_survives_a_state_dict():
    class Own(keras.Layer):
        def build(self, input_shape):
            self.w = self.add_weight(shape=(input_shape[-1],))

        def call(self, inputs):
            return inputs * self.w

        def get_build_config(self):
            return {"size": self.w.shape[0]}

        def build_from_config(self, config):
            self.build((None, config["size"]))

    layer, twin = Own(), Own()
    layer(X)
    twin.load_state_dict(layer.state_dict())
    assert torch.equal(twin.w, layer.w)


def test_a_layer_that_builds_without_a_shape_loads_unbuilt():
    class NoShape(keras.Layer):
        def build(self, input_shape=None):
            self.w = self.add_weight(shape=(3,))

    layer, twin = NoShape(), NoShape()
    layer.build()
    twin.load_state_dict(layer.state_dict())
    assert torch.equal(twin.w, layer.w)


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


class Uses(keras.Layer):
    def __init__(self, function, sizes):
        super().__init__()
        self.value = function(3)
        sizes.append(9)


def test_an_argument_that_the_layer_does_not_keep_is_not_kept():
    layer = pickle.loads(pickle.dumps(Uses(lambda a: a, [1])))
    assert layer.value == 3
    with pytest.raises(NotImplementedError, match="function"):
        layer.get_config()


def test_an_optional_first_argument_may_be_left_out():
    class Optional(keras.Layer):
        def call(self, inputs=None):
            return X if inputs is None else inputs

    assert Optional()() is X


def test_autocast_survives_a_config():
    layer = keras.layers.Dense(2, autocast=False)
    assert keras.layers.Dense.from_config(layer.get_config()).autocast is False


def test_what_is_no_loss_is_refused():
    class Wrong(keras.Layer):
        def call(self, inputs):
            self.add_loss("abc")
            return inputs

    with pytest.raises(TypeError, match="wrong: add_loss takes"):
        Wrong(name="wrong")(X)
