"""Do public members that a user overrode take part where Keras calls them?"""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer import layers as L

X = torch.ones(2, 3)


def _noting(base: Any, *members: str) -> Any:
    """Make a subclass that notes each call of some members before it does what the base does."""

    def noting(member: str) -> Any:
        def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
            self.__dict__.setdefault("noted", []).append(member)
            return getattr(super(cls, self), member)(*args, **kwargs)

        return noted

    cls: Any = type(base.__name__, (base,), {member: noting(member) for member in members})
    return cls


def test_add_loss_gets_the_loss_of_an_activity_regularizer():
    layer = _noting(keras.Layer, "add_loss")(activity_regularizer="l2")
    layer(X)
    assert layer.noted == ["add_loss"]
    assert len(layer.losses) == 1


def test_compute_mask_gives_the_mask_of_an_output():
    class Turned(keras.Layer):
        def compute_mask(self, inputs, mask=None):
            return None if mask is None else ~mask

        def call(self, inputs):
            return inputs + 1

    x: Any = torch.ones(2, 3)
    x._keras_mask = torch.tensor([True, False])
    assert Turned()(x)._keras_mask.tolist() == [False, True]
    symbolic = keras.Input((4,))
    masked = L.Masking()(keras.Input((4, 3)))
    assert Turned()(masked)._keras_mask is not None
    assert Turned()(symbolic)._keras_mask is None


@pytest.mark.parametrize(
    ("make", "inputs", "count"),
    [
        (lambda base: _noting(L.Dense, "add_weight")(2), X, 2),
        (lambda base: _noting(L.BatchNormalization, "add_weight")(), X, 4),
        (lambda base: _noting(L.Embedding, "add_weight")(5, 2), torch.ones(2, 3, dtype=torch.int64), 1),
        (lambda base: _noting(L.Conv1D, "add_weight")(2, 1), torch.ones(1, 4, 3), 2),
        (lambda base: _noting(L.LSTMCell, "add_weight")(2), None, 3),
    ],
    ids=["Dense", "BatchNormalization", "Embedding", "Conv1D", "LSTMCell"],
)
def test_add_weight_makes_the_weights_of_built_in_layers(make, inputs, count):
    layer = make(None)
    layer.build((None, 3)) if inputs is None else layer(inputs)
    assert layer.noted == ["add_weight"] * count


def test_add_weight_makes_what_add_variable_asks_for():
    layer = _noting(keras.Layer, "add_weight")()
    layer.add_variable("scale", (2,))
    assert layer.noted == ["add_weight"]


def test_add_update_moves_the_statistics():
    class Frozen(L.BatchNormalization):
        def add_update(self, updates, inputs=None):
            self.asked = True

    layer = Frozen()
    layer(X, mask=torch.ones(2, dtype=torch.bool), training=True)
    assert layer.asked
    assert layer.moving_mean.tolist() == [0.0, 0.0, 0.0]


def test_set_weights_takes_the_weights_of_the_constructor():
    layer = _noting(L.Dense, "set_weights", "finalize_state")(1, weights=[[[1.0]] * 3, [2.0]])
    assert layer(X).tolist() == [[5.0], [5.0]]
    assert layer.noted == ["set_weights", "finalize_state"]


def test_trainable_reaches_layers_inside_by_their_own():
    outer = keras.Layer()
    outer.inner = _noting(keras.Layer)()
    seen = []

    class Watched(keras.Layer):
        @property
        def trainable(self):
            return True

        @trainable.setter
        def trainable(self, value):
            seen.append(value)

    outer.other = Watched()
    outer.trainable = False
    assert seen == [False]


def test_compute_output_shape_stands_in_a_signature_and_in_a_graph():
    class Data(keras.Layer):
        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], 7)

        def call(self, inputs):
            return inputs.new_ones(int(inputs.sum()) * 0 + 2, 7)

    assert Data().compute_output_signature(keras.TensorSpec((None, 3))).shape == (None, 7)
    assert Data()(keras.Input((3,))).shape == (None, 7)
    assert Data()._compute_output_shape((2, 3)) == (2, 7)


def test_build_from_config_and_get_build_config_carry_a_state_dict():
    class Named(keras.Layer):
        def build(self, input_shape=None):
            self.w = self.add_weight("w", (self.size,), initializer="ones")

        def get_build_config(self):
            return {"size": self.size}

        def build_from_config(self, config):
            self.size = config["size"]
            self.build()

        def call(self, inputs):
            return inputs * self.w

    layer, twin = Named(), Named()
    layer.size = 3
    layer(X)
    twin.load_state_dict(layer.state_dict())
    assert twin.w.tolist() == [1.0, 1.0, 1.0]


def test_get_config_makes_clones():
    class Sized(keras.Layer):
        def __init__(self, size, **kwargs):
            super().__init__(**kwargs)
            self.size = size

        def get_config(self):
            return {**super().get_config(), "size": self.size + 1}

        def call(self, inputs):
            return inputs

    x = keras.Input((3,))
    model = keras.Model(x, Sized(1, name="sized")(x))
    assert keras.models.clone_model(model).get_layer("sized").size == 2
    assert copy.deepcopy(model).get_layer("sized").size == 1


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
