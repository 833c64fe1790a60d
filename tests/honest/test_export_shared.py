"""Does torch.export get a whole program out of a module in which a layer stands at several places?"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.honest.samples import Block, Everything, Linear, Normalization, WeightsInContainers, built

X = torch.linspace(-1, 1, 12).reshape(4, 3)
# In strict mode, which is not the default, torch notes that a layer writes down that it is in a call.
_strict = pytest.mark.filterwarnings("ignore:While compiling, we found certain side effects")
_ways = pytest.mark.parametrize("strict", [pytest.param(True, marks=_strict), False])


class Tied(nn.Module):
    """The same module on two attributes and in a list."""

    def __init__(self, layer):
        super().__init__()
        self.a = layer
        self.b = layer
        self.others = nn.ModuleList([layer])

    def forward(self, inputs):
        return self.b(inputs) + 2 * self.a(inputs) - self.others[0](inputs + 1)


class TiedLayer(keras.Layer):
    """The same layer on two attributes and in a list, in a layer."""

    def __init__(self, layer):
        super().__init__()
        self.a = layer
        self.b = layer
        self.others = [layer]

    call = Tied.forward


@pytest.fixture(autouse=True)
def _nothing_compiled():
    torch._dynamo.reset()


def _assert_exports(model, strict=False):
    keys = list(model.state_dict())
    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(model, (X,), dynamic_shapes=({0: batch},), strict=strict)
    computes = program.module()
    for size in (2, 5):
        x = torch.randn(size, 3)
        torch.testing.assert_close(computes(x), model(x))
    assert list(model.state_dict()) == keys
    assert {name for name, _ in model.named_parameters()} <= set(program.state_dict)


@pytest.mark.parametrize(
    ("around", "make"),
    [
        *((TiedLayer, make) for make in (Linear, Block, WeightsInContainers, Normalization, Everything)),
        *((Tied, make) for make in (Linear, Everything)),
    ],
)
@_ways
def test_a_layer_at_several_places(make, around, strict):
    _assert_exports(built(around(make())).eval(), strict)


@_ways
def test_a_model_and_its_encoder_which_share_layers(strict):
    inputs = keras.Input((3,))
    code = keras.layers.Dense(2)(inputs)
    autoencoder, encoder = keras.Model(inputs, keras.layers.Dense(3)(code)), keras.Model(inputs, code)
    both = keras.Input((3,))
    _assert_exports(keras.Model(both, [autoencoder(both), encoder(both)]).eval(), strict)
    _assert_exports(Tied(autoencoder).eval(), strict)


def test_what_is_computed_in_training_is_part_of_the_program():
    model = built(Tied(Normalization())).train()
    exported = torch.export.export(model, (X,)).module()
    model.a.mean.zero_()
    model.a.variance.fill_(1.0)
    exported.load_state_dict(model.state_dict(), strict=False)
    torch.testing.assert_close(exported(X), model(X))
    torch.testing.assert_close(exported.state_dict()["a.mean"], model.a.mean)


def test_the_whole_dict_of_a_layer_may_be_set():
    # That is how torch.export makes its proxies.
    layer = built(Linear())
    twin = Linear.__new__(Linear)
    twin.__dict__ = layer.__dict__
    assert twin.kernel is layer.kernel
    made = Linear()
    made.__dict__ = layer.__dict__
    assert made.__dict__ is layer.__dict__
    torch.testing.assert_close(made(X), layer(X))


NESTED = {
    "lists": lambda make: [[make()], [make()]],
    "a dict in a list": lambda make: [{"a": make()}],
    "a list in a dict": lambda make: {"a": [make()]},
    "a list in a tuple": lambda make: ([make()],),
    "a tuple in a list": lambda make: [(make(),)],
}


def _run_all(layers, inputs):
    if isinstance(layers, dict):
        layers = list(layers.values())
    if not isinstance(layers, Iterable):
        return layers(inputs)
    for part in layers:
        inputs = _run_all(part, inputs)
    return inputs


@pytest.mark.parametrize("nest", NESTED.values(), ids=NESTED)
def test_containers_in_containers_beside_a_shared_layer(nest):
    class Holder(keras.Layer):
        def __init__(self):
            super().__init__()
            self.first = self.again = keras.layers.Dense(3)
            self.others = nest(lambda: keras.layers.Dense(3))

        def call(self, inputs):
            return _run_all(self.others, self.again(self.first(inputs)))

    _assert_exports(built(Holder()))


def test_losses_of_a_shared_layer_count_once():
    class Held(keras.Layer):
        def __init__(self):
            super().__init__()
            self.inner = keras.layers.Dense(3, kernel_regularizer="l2")

        def call(self, inputs):
            return self.inner(inputs)

    class Holder(keras.Layer):
        def __init__(self):
            super().__init__()
            self.first = self.again = Held()

        def call(self, inputs):
            return self.again(self.first(inputs)) + torch.stack([*self.losses]).sum() + len(self.losses)

    _assert_exports(built(Holder()))
