"""Can a model be built on the meta device from a real example, also inside accelerate's `init_empty_weights`?"""

from __future__ import annotations

import contextlib

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from torchkeras_layer import layers

IMAGES, ROWS, TOKENS = torch.ones(2, 8, 8, 3), torch.ones(2, 4, 3), torch.ones(2, 4, dtype=torch.int64)


@contextlib.contextmanager
def init_empty_weights(include_buffers=False):
    """Do what accelerate's function of this name does: move each parameter to meta when a module registers it."""
    if include_buffers:
        with torch.device("meta"):
            yield
        return
    register = nn.Module.register_parameter

    def register_on_meta(module, name, parameter):
        register(module, name, parameter)
        if parameter is not None:
            moved = module._parameters[name].to("meta")
            attributes = {**parameter.__dict__, "requires_grad": parameter.requires_grad}
            module._parameters[name] = type(parameter)(moved, **attributes)

    nn.Module.register_parameter = register_on_meta
    try:
        yield
    finally:
        nn.Module.register_parameter = register


class Own(keras.Layer):
    """A layer with weights of every kind, and a constant that its `call` makes."""

    def build(self, input_shape):
        self.scales = [self.add_weight(shape=(3,)) for _ in range(2)]
        self.shift = nn.Parameter(torch.ones(3))
        self.seen = self.add_weight(shape=(), initializer="ones", trainable=False)
        self.dense = layers.Dense(2)

    def call(self, inputs):
        return self.dense(inputs * self.scales[0] * self.scales[1] + self.shift) * self.seen + torch.arange(2)


MODELS = {
    "images": (
        lambda: nn.Sequential(
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            nn.BatchNorm2d(6),
            layers.Flatten(),
            layers.Dense(5),
            nn.Linear(5, 2),
        ),
        IMAGES,
    ),
    "rows": (lambda: nn.Sequential(layers.Bidirectional(layers.LSTM(2)), layers.Dropout(0.5), layers.Dense(2)), ROWS),
    "attention": (lambda: layers.TimeDistributed(layers.Dense(2, kernel_regularizer="l2")), ROWS),
    "tokens": (lambda: keras.Sequential([layers.Embedding(5, 3, mask_zero=True), layers.GRU(2)]), TOKENS),
    "own": (Own, ROWS),
}


def _devices(tensors):
    return {tensor.device.type for tensor in tensors}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("include_buffers", [False, True])
def test_keras_build_in_init_empty_weights(name, include_buffers):
    make, example = MODELS[name]
    with init_empty_weights(include_buffers):
        model = keras.build(make(), example)
    assert _devices(model.parameters()) == {"meta"}
    assert _devices(model.buffers()) <= {"meta" if include_buffers else "cpu"}
    trained = make()
    outputs = trained.eval()(example)
    model.load_state_dict(trained.state_dict(), assign=True)
    assert torch.equal(model.eval()(example), outputs)


def test_build_with_a_shape_and_symbolic_calls():
    with init_empty_weights():
        dense = layers.Dense(5)
        dense.build((None, 7))
        inputs = keras.Input((3,))
        functional = keras.Model(inputs, layers.Dense(2)(layers.BatchNormalization()(inputs)))
        sequential = keras.Sequential([keras.Input((4, 3)), layers.LSTM(2)])
    for model in (dense, functional, sequential):
        assert _devices(model.parameters()) == {"meta"}
    assert _devices(functional.buffers()) == {"cpu"}


def test_only_what_is_built_inside_is_on_meta():
    with init_empty_weights():
        late = layers.Dense(5)
    early = layers.Dense(5)
    late(torch.ones(1, 3))
    with init_empty_weights():
        keras.build(early, torch.ones(1, 3))
    assert (_devices(late.parameters()), _devices(early.parameters())) == ({"cpu"}, {"meta"})


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("move", ["made", "moved"])
def test_keras_build_of_a_model_on_meta(name, move):
    make, example = MODELS[name]
    with torch.device("meta" if move == "made" else "cpu"):
        model = make()
    keras.build(model.to("meta"), example)
    assert _devices([*model.parameters(), *model.buffers()]) == {"meta"}


def test_buffers_are_as_before_after_the_build():
    with init_empty_weights():
        model = nn.Sequential(layers.Dense(3), nn.BatchNorm1d(3))
        mean = model[1].running_mean
        keras.build(model, torch.ones(2, 3))
    assert model[1].running_mean is mean
    assert model[1].num_batches_tracked.item() == 0
