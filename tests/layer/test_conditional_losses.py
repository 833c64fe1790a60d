"""Which losses and updates of symbolic calls depend on which inputs? (contract §3.6, §3.7)

The numbers are those of TF-Keras's Layer of graph mode (v1), which decides by what can be reached in the graph.
"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Counter, Linear, Stack, numbers


def symbolic(*shape, **arguments):
    return keras.Input(shape or (3,), **arguments)


class Both(keras.Layer):
    """Adds a loss of its weight alone, one of its inputs, and has a regularizer."""

    def build(self, input_shape):
        self.w = self.add_weight("w", (), initializer="ones", regularizer="l2")

    def call(self, inputs):
        self.add_loss(self.w * 3.0)
        self.add_loss(inputs.mean(), inputs=inputs)
        return inputs * 2


class Moves(keras.Layer):
    """Has one update that depends on nothing and one that depends on its inputs."""

    def build(self, input_shape):
        self.count = self.add_weight("count", (), initializer="zeros", trainable=False)
        self.last = self.add_weight("last", (), initializer="zeros", trainable=False)

    def call(self, inputs):
        mean = inputs.mean()
        self.add_update(lambda: self.count.add_(1))
        self.add_update(lambda: self.last.copy_(mean))
        return inputs


def losses_for(layer, *inputs):
    return [len(layer.get_losses_for(x)) for x in inputs]


def updates_for(layer, *inputs):
    return [len(layer.get_updates_for(x)) for x in inputs]


def called_twice(layer):
    inputs = [symbolic(), symbolic()]
    return layer, inputs, [layer(x) for x in inputs]


def test_losses_by_input():
    """[27]"""
    layer, (x1, x2), (y1, _) = called_twice(Both())
    assert len(layer.losses) == 5
    assert losses_for(layer, None, x1, x2, [x1, x2], y1) == [3, 1, 1, 2, 0]


def test_what_is_returned_is_part_of_losses():
    """[27]"""
    layer, (x1, x2), _ = called_twice(Both())
    ids = {id(loss) for loss in layer.losses if isinstance(loss, keras.KerasTensor)}
    for inputs in (x1, x2, [x1, x2]):
        assert {id(loss) for loss in layer.get_losses_for(inputs)} <= ids
    assert all(keras.backend.is_keras_tensor(loss) for loss in layer.get_losses_for(x1))


def test_what_an_input_is_computed_from_counts_too():
    """[27] Reachability, not identity."""
    layer, x = Both(), symbolic()
    hidden = torch.relu(x) + 1
    layer(hidden)
    assert losses_for(layer, x, hidden, symbolic()) == [1, 1, 0]


def test_a_frozen_layer_keeps_its_losses():
    """[27]"""
    layer, (x1, _), _ = called_twice(Both())
    layer.trainable = False
    assert len(layer.losses) == 5
    assert losses_for(layer, None, x1) == [3, 1]


def test_regularizers_are_unconditional_and_activity_is_not():
    layer = keras.layers.Dense(2, activity_regularizer="l2", kernel_regularizer="l2")
    _, (x1, x2), _ = called_twice(layer)
    assert len(layer.losses) == 3
    assert losses_for(layer, None, x1, [x1, x2]) == [1, 1, 2]


def test_a_loss_without_inputs_is_unconditional_whatever_it_is_made_of():
    """It is `inputs=` that makes a loss conditional, also a callable one."""

    class Adds(keras.Layer):
        def call(self, inputs):
            self.add_loss(inputs.mean())
            self.add_loss(torch.ones(()))
            return inputs

    layer, x = Adds(), symbolic()
    layer(x)
    assert len(layer.losses) == 2
    assert losses_for(layer, None, x) == [2, 0]


def test_losses_of_layers_inside():
    layer, x = Stack(Both(), Linear(2, regularizer="l2")), symbolic()
    layer(x)
    assert len(layer.losses) == 4
    assert losses_for(layer, None, x) == [3, 1]


def test_losses_of_a_model():
    layer, (x1, x2), outputs = called_twice(Both())
    model = keras.Model([x1, x2], outputs)
    assert losses_for(model, x1, x2, [x1, x2]) == [1, 1, 2]
    model([torch.ones(2, 3), 3 * torch.ones(2, 3)])
    assert numbers(model.losses) == pytest.approx([3.0, 1.0, 3.0, 3.0, 0.01])


def test_symbolic_losses_make_room_for_real_ones():
    """One loss after a symbolic call; those of a real call come in its place, and the next one's after them."""

    class Sums(keras.Layer):
        def call(self, inputs):
            self.add_loss(inputs.sum())
            return inputs

    layer, x = Sums(), symbolic()
    y = layer(x)
    (loss,) = layer.losses
    assert isinstance(loss, keras.KerasTensor)
    assert loss.shape == ()
    for factor in (1, 2):
        layer(factor * torch.ones(1, 3))
        assert numbers(layer.losses) == [3.0 * factor]
    model = keras.Model(x, y)
    for factor in (1, 2):
        model(factor * torch.ones(1, 3))
        assert numbers(model.losses) == numbers(layer.losses) == [3.0 * factor]


def test_a_symbolic_loss_is_no_output():
    layer, x = Both(name="both"), symbolic()
    layer(x)
    (loss,) = layer.get_losses_for(x)
    for use in (lambda: keras.Model(x, loss), lambda: keras.Model(x, loss * 2)):
        with pytest.raises(ValueError, match=r"(?s)both.*losses"):
            use()


def test_updates_by_input():
    """[28]"""
    layer, (x1, x2), _ = called_twice(keras.layers.BatchNormalization())
    assert len(layer.updates) == 4
    assert updates_for(layer, None, x1, x2, [x1, x2]) == [0, 2, 2, 4]
    layer.trainable = False
    assert layer.updates == []
    layer.stateful = True
    assert len(layer.updates) == 4
    assert updates_for(layer, x1, [x1, x2]) == [2, 4]


def test_updates_that_depend_on_nothing():
    """[28]"""
    layer, (x1, x2), _ = called_twice(Moves())
    assert len(layer.updates) == 4
    assert updates_for(layer, None, x1, x2, [x1, x2]) == [2, 1, 1, 2]


def test_updates_are_recorded_and_not_run():
    layer, counter = Moves(), Counter()
    layer(symbolic())
    counter(symbolic())
    assert (layer.count, layer.last, counter.count) == (0, 0, 0)
    assert [weight.isnan().any() for weight in layer.weights] == [False, False]


def test_inference_makes_no_updates():
    layer, x = keras.layers.BatchNormalization(), symbolic()
    layer(x, training=False)
    assert layer.updates == []
    assert updates_for(layer, None, x) == [0, 0]


def test_updates_of_layers_inside():
    layer, x = Stack(Moves(), keras.layers.BatchNormalization()), symbolic()
    layer(x)
    assert len(layer.updates) == 4
    assert updates_for(layer, None, x) == [1, 3]


def test_a_model_runs_its_updates_when_it_is_called():
    moves, normalization, x = Moves(), keras.layers.BatchNormalization(momentum=0.5), symbolic()
    model = keras.Model(x, normalization(moves(x)))
    assert len(model.updates) == 4
    assert updates_for(model, None, x) == [1, 3]
    model(torch.full((2, 3), 4.0), training=True)
    assert (moves.count, moves.last) == (1, 4)
    assert normalization.moving_mean.tolist() == [2.0, 2.0, 2.0]
    model(torch.full((2, 3), 4.0), training=False)
    assert (moves.count, normalization.moving_mean[0]) == (2, 2)


def test_a_frozen_model_has_no_updates():
    normalization, x = keras.layers.BatchNormalization(), symbolic()
    model = keras.Model(x, normalization(x))
    model.trainable = False
    assert model.updates == []
    model(5 + torch.randn(4, 3), training=True)
    assert normalization.moving_mean.tolist() == [0.0, 0.0, 0.0]


def test_real_calls_add_nothing_to_what_is_recorded():
    layer, (x1, _), _ = called_twice(Moves())
    for _ in range(3):
        layer(torch.ones(2, 3))
    assert len(layer.updates) == 4
    assert updates_for(layer, x1) == [1]


@pytest.mark.parametrize("method", ["get_losses_for", "get_updates_for"])
@pytest.mark.parametrize("inputs", [None, "symbolic"], ids=str)
def test_a_layer_without_symbolic_calls(method, inputs):
    layer = Linear(2, name="alone")
    layer(torch.ones(2, 3))
    with pytest.raises(RuntimeError, match=rf"alone: {method}\(\)"):
        getattr(layer, method)(symbolic() if inputs else None)


@pytest.mark.parametrize("method", ["get_losses_for", "get_updates_for"])
@pytest.mark.parametrize("inputs", ["text", 3, object(), torch.ones(2, 3)], ids=["str", "int", "object", "real"])
def test_inputs_that_are_none(method, inputs):
    layer = Both(name="both")
    layer(symbolic())
    with pytest.raises(TypeError, match=rf"both: {method}"):
        getattr(layer, method)(inputs)


@pytest.mark.parametrize("method", ["get_losses_for", "get_updates_for"])
def test_no_inputs_at_all(method):
    layer = Both()
    layer(symbolic())
    assert getattr(layer, method)([]) == []


def test_a_tensor_given_twice_leads_to_what_each_of_the_two_leads_to():
    class Both(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.Dense(2, activity_regularizer="l2")
            self.second = keras.layers.Dense(2, activity_regularizer="l2")

        def call(self, one, other):
            return self.first(one) + self.second(other)

    layer, x = Both(), keras.Input((3,))
    layer(x, x)
    assert len(layer.get_losses_for(x)) == 2
