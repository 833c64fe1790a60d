"""Do wrappers list the symbolic losses and updates of the layers in them? (contract §3.6)"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras

L = keras.layers


def _sparse(**kwargs):
    return L.Dense(2, activity_regularizer="l1", kernel_initializer="ones", **kwargs)


@keras.saving.register_keras_serializable("symbolic_losses")
class Own(L.Wrapper):
    def call(self, inputs):
        return self.layer(inputs) * 2


@keras.saving.register_keras_serializable("symbolic_losses")
class Adds(keras.Layer):
    def call(self, inputs):
        self.add_loss(inputs.abs().mean())
        return inputs


WRAPPED = {
    "TimeDistributed": (lambda: L.TimeDistributed(_sparse()), (4, 3), 1),
    "TimeDistributed of a model": (lambda: L.TimeDistributed(keras.Sequential([_sparse(), _sparse()])), (4, 3), 2),
    "TimeDistributed of a TimeDistributed": (lambda: L.TimeDistributed(L.TimeDistributed(_sparse())), (4, 5, 3), 1),
    "TimeDistributed of a layer with a loss": (lambda: L.TimeDistributed(Adds()), (4, 3), 1),
    "both": (lambda: L.TimeDistributed(_sparse(), activity_regularizer="l2"), (4, 3), 2),
    "Bidirectional": (lambda: L.Bidirectional(L.LSTM(2, activity_regularizer="l1")), (4, 3), 2),
    "RNN": (lambda: L.RNN(L.GRUCell(2), activity_regularizer="l1"), (4, 3), 1),
    "SpectralNormalization": (lambda: L.SpectralNormalization(_sparse()), (3,), 1),
    "of its own": (lambda: Own(_sparse()), (3,), 1),
    "Sequential": (lambda: keras.Sequential([_sparse(), L.Dropout(0.5), _sparse()]), (3,), 2),
    "none": (lambda: L.TimeDistributed(L.Dense(2)), (4, 3), 0),
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_symbolic_activity_losses(kind):
    make, shape, count = WRAPPED[kind]
    layer, x = make(), keras.Input(shape)
    model = keras.Model(x, layer(x))
    assert len(model.losses) == count
    assert all(keras.backend.is_keras_tensor(loss) for loss in model.losses)
    # A layer that is called step by step adds a loss in each.
    steps = shape[0] if "with a loss" in kind else 1
    model(torch.ones(2, *shape))
    assert len(model.losses) == count * steps
    assert all(loss.item() > 0 for loss in model.losses)
    clone = keras.models.clone_model(model)
    assert len(clone.losses) == count


def test_two_calls_have_two_losses():
    layer = L.TimeDistributed(_sparse())
    one, two = keras.Input((4, 3)), keras.Input((5, 3))
    model = keras.Model([one, two], [layer(one), layer(two)])
    assert len(model.losses) == len(layer.losses) == 2
    assert [len(layer.get_losses_for(x)) for x in (one, two)] == [1, 1]


def test_updates_of_a_wrapped_layer():
    x = keras.Input((4, 3))
    layer = L.TimeDistributed(L.BatchNormalization())
    model = keras.Model(x, layer(x))
    assert len(model.updates) == len(layer.get_updates_for(x)) == 2
