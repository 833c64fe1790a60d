"""Does torch.compile follow a `call` that makes layers?"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend

import torchkeras_layer as keras
from torchkeras_layer import layers


class Twice(keras.Layer):
    """Without an `__init__`."""

    def call(self, inputs):
        return 2 * inputs


class Penalty(keras.Layer):
    """Adds a loss."""

    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, inputs):
        self.add_loss(self.rate * inputs.square().mean())
        return inputs


class Mixin:
    """Sets an attribute before the constructor of the layer that it is mixed with."""

    def __init__(self):
        self.factor = 3
        super().__init__()


class Mixed(Mixin, keras.Layer):
    """A layer whose first constructor is no layer's."""

    def call(self, inputs):
        return self.factor * inputs


class Scale(keras.Layer):
    """Has a weight."""

    def build(self, input_shape):
        self.scale = self.add_weight(shape=input_shape[-1:], initializer="ones")

    def call(self, inputs):
        return inputs * self.scale


class Holds(keras.Layer):
    """Holds layers, one of them in a list."""

    def __init__(self):
        super().__init__()
        self.first, self.rest = layers.ReLU(), [layers.Flatten()]

    def call(self, inputs):
        return self.rest[0](self.first(inputs))


class WeightInInit(keras.Layer):
    """Makes its weight in the constructor."""

    def __init__(self):
        super().__init__()
        self.scale = self.add_weight(shape=(3,), initializer="ones")

    def call(self, inputs):
        return inputs * self.scale


class SetsEarly(keras.Layer):
    """Sets attributes before the constructor."""

    def __init__(self):
        self.supports_masking = True
        self.factor = 2
        super().__init__()

    def call(self, inputs):
        return inputs * self.factor


WITHOUT_WEIGHTS = {
    "concatenate": lambda x: layers.concatenate([x, x]),
    "concatenate rows": lambda x: layers.Concatenate(axis=1)([x, x]),
    "add": lambda x: layers.add([x, x]),
    "all merges": lambda x: layers.average([x, x]) - layers.maximum([x, 2 * x]) * layers.multiply([x, x]),
    "dot": lambda x: layers.dot([x, x], axes=1),
    "relu": lambda x: layers.ReLU(negative_slope=0.1)(x),
    "activation": lambda x: layers.Activation("tanh", name="squash")(x),
    "flatten": lambda x: layers.Flatten()(x),
    "reshape": lambda x: layers.Reshape((1, 3))(x),
    "masking": lambda x: layers.Masking()(x[:, None]) * 1,
    "mixed precision": lambda x: layers.Activation("relu", dtype="mixed_bfloat16")(x).float(),
    "loss": lambda x: Penalty(0.5)(x),
    "activity": lambda x: layers.Activation("relu", activity_regularizer="l2")(x),
    "own": lambda x: Twice()(x),
    "mixin": lambda x: Mixed()(x),
}  # fmt: skip

WITH_BREAKS = {
    "weight": lambda x: Scale()(x),
    "weight in __init__": lambda x: WeightInInit()(x),
    "list of layers": lambda x: Holds()(x),
    "layer in a layer": lambda x: layers.TimeDistributed(layers.Flatten())(x[:, None])[:, 0],
    "model": lambda x: keras.Sequential([layers.ReLU(), layers.Flatten()])(x),
    "early": lambda x: SetsEarly()(x),
    "lambda": lambda x: layers.Lambda(lambda t: t + 1)(x),
}


class Makes(keras.Layer):
    """Makes layers in its call, and has one with weights."""

    def __init__(self, make, **kwargs):
        super().__init__(**kwargs)
        self.make = make
        self.last = layers.Dense(2)

    def call(self, inputs):
        return self.last(self.make(inputs))


class PlainMakes(nn.Module):
    """The same as a plain module."""

    def __init__(self, make):
        super().__init__()
        self.make = make
        self.last = layers.Dense(2)

    def forward(self, inputs):
        return self.last(self.make(inputs))


@pytest.fixture(autouse=True)
def _fresh_compiler():
    torch._dynamo.reset()


def _compare(model, fullgraph):
    counter = CompileCounterWithBackend("eager")
    model(torch.randn(5, 3))
    eager = copy.deepcopy(model)
    compiled = torch.compile(model, backend=counter, fullgraph=fullgraph, dynamic=True)
    for size in (4, 5):
        x = torch.randn(size, 3)
        torch.testing.assert_close(compiled(x), eager(x))
        losses, expected = (list(keras.collect_losses(m)) for m in (model, eager))
        torch.testing.assert_close(losses, expected)
    return counter.frame_count


@pytest.mark.parametrize(
    ("around", "what"),
    [*((Makes, what) for what in WITHOUT_WEIGHTS), *((PlainMakes, what) for what in ("concatenate", "loss", "own"))],
)
def test_one_graph_where_they_have_no_weights(what, around):
    assert _compare(around(WITHOUT_WEIGHTS[what]), fullgraph=True) == 1


@pytest.mark.parametrize(
    ("around", "what"), [*((Makes, what) for what in WITH_BREAKS), (PlainMakes, "weight"), (PlainMakes, "model")]
)
@torch.no_grad()
def test_others_break_the_graph_and_do_no_harm(what, around):
    # Without gradients: torch warns where a tensor with one passes from graph to graph.
    assert _compare(around(WITH_BREAKS[what]), fullgraph=False) >= 2


def test_gradients():
    model = Makes(lambda x: layers.concatenate([layers.ReLU()(x), x]))
    model(torch.ones(4, 3))
    twin = copy.deepcopy(model)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    x = torch.randn(4, 3)
    for run in (compiled, twin):
        run(x).sum().backward()
    for mine, other in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad)


def test_a_layer_that_a_compiled_call_leaves_behind_is_whole():
    class Keeps(keras.Layer):
        def call(self, inputs):
            self.seen = []
            self.kept = layers.ReLU()
            return self.kept(inputs)

    layer = Keeps()
    torch.compile(layer, backend="eager", fullgraph=True)(torch.ones(2, 3))
    assert layer.kept.built
    assert layer.kept.path == f"{layer.name}/re_lu"
    assert layer.kept.get_config()["name"] == "re_lu"
    assert torch.equal(copy.deepcopy(layer).kept(-torch.ones(2)), torch.zeros(2))
    assert layer.kept(keras.Input((3,))).shape == (None, 3)
    assert layer.kept.outbound_nodes == layer.seen == []
