"""What are layers and weights called, and which paths do they have? (contract §4)"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Linear, Stack, built

SNAKES = {
    "Dense": "dense", "Conv2D": "conv2d", "Conv2DTranspose": "conv2d_transpose", "LSTM": "lstm",
    "MyLSTMCell": "my_lstm_cell", "HTTPServer": "http_server", "A": "a", "AB": "ab", "ABc": "a_bc", "Layer1": "layer1",
    "GRUCell2": "gru_cell2", "X2Y2": "x2y2", "BatchNormalizationV2": "batch_normalization_v2", "ReLU": "re_lu",
    "PReLU": "p_re_lu", "my_layer": "my_layer", "_Private": "private__private",
}  # fmt: skip


@pytest.mark.parametrize(("class_name", "name"), SNAKES.items())
def test_the_class_name_in_snake_case(class_name, name):
    """[40]"""
    assert type(class_name, (keras.Layer,), {})().name == name


def test_names_are_counted():
    """[40] Explicit names neither advance the count nor reserve a number."""
    assert [Linear().name for _ in range(3)] == ["linear", "linear_1", "linear_2"]
    assert Linear(name="linear_3").name == "linear_3"
    assert Linear().name == "linear_3"
    assert Linear(name="linear_3").name == "linear_3"
    assert Stack().name == "stack"


@pytest.mark.parametrize("start_again", ["clear_session", "reset_uids"])
def test_names_start_again(start_again):
    """[40]"""
    Linear(), Linear()
    getattr(keras.backend, start_again)()
    assert Linear().name == "linear"


def test_get_uid():
    assert [keras.backend.get_uid("zz") for _ in range(2)] == [1, 2]
    assert keras.backend.get_uid("other") == 1


def test_weights_have_a_name_and_no_colon_zero():
    layer = built(Linear(name="head"))
    assert [spec.name for spec in layer.weight_specs.values()] == ["kernel", "bias"]
    assert list(layer.state_dict()) == ["kernel", "bias"]


def test_a_weight_without_a_name():
    layer = keras.Layer()
    layer.w = layer.add_weight(shape=(2,))
    assert layer.weight_specs["w"].name == "variable"


def paths(layer):
    return [layer.path] + [module.path for module in layer.submodules if isinstance(module, keras.Layer)]


def test_no_path_before_the_build():
    assert Linear(name="head").path is None


@pytest.mark.parametrize("build", [built, lambda layer: layer.build((None, 3)) or layer])
def test_the_path_of_an_outermost_layer(build):
    assert build(Linear(name="head")).path == "head"


def test_paths_of_nested_layers():
    outer = Stack(Stack(Linear(name="leaf"), name="middle"), name="outer")
    assert paths(built(outer)) == ["outer", "outer/middle", "outer/middle/leaf"]


def test_paths_through_a_plain_module():
    outer = Stack(nn.Sequential(Linear(name="leaf")), name="outer")
    built(outer)
    assert outer.steps[0][0].path == "outer/leaf"
    alone = nn.Sequential(Linear(name="leaf"))
    alone(torch.ones(1, 3))
    assert alone[0].path == "leaf"


def test_a_child_built_in_the_build_of_its_parent():
    class Parent(keras.Layer):
        def build(self, input_shape):
            self.child = Linear(name="b")
            self.child.build(input_shape)

    assert paths(built(Parent(name="o"))) == ["o", "o/b"]
    by_hand = Parent(name="o")
    by_hand.build((None, 3))
    assert paths(by_hand) == ["o", "o/b"]


def test_a_shared_layer_keeps_the_path_of_its_first_parent():
    shared = Linear(3, name="shared")
    built(Stack(shared, name="first"))
    built(Stack(shared, name="second"))
    assert shared.path == "first/shared"


def test_a_layer_built_alone_keeps_its_path():
    layer = built(Linear(3, name="alone"))
    built(Stack(layer, name="outer"))
    assert layer.path == "alone"


def test_from_config_keeps_the_name():
    assert Linear.from_config(Linear().get_config()).name == "linear"


def test_the_name_scope():
    """`name_scope` of the TF 2.0 page, which TF-Keras ships broken."""
    outer = keras.Layer(name="outer")
    with outer.name_scope as scope:
        inner = built(Linear(name="inner"))
        with inner.name_scope as deeper:
            pass
    assert scope.name == "outer/"
    assert deeper.name == "outer/inner/"
    assert inner.path == "outer/inner"
    assert built(Linear(name="after")).path == "after"


def test_the_name_scope_of_a_nested_layer_has_its_parents():
    """The page: `name` is "not the same as the `self.name_scope.name` which includes parent module names"."""

    class Asks(keras.Layer):
        def call(self, inputs):
            self.found = self.name_scope.name
            return inputs

    asks = Asks(name="asks")
    built(Stack(Stack(asks, name="middle"), name="outer"))
    assert asks.found == "outer/middle/asks/"


def test_name_scopes_nest_and_end_after_an_exception():
    a, b = keras.Layer(name="a"), keras.Layer(name="b")
    with a.name_scope, b.name_scope as inner:
        assert inner.name == "a/b/"
    with pytest.raises(LookupError), a.name_scope:
        raise LookupError
    assert built(Linear(name="after")).path == "after"


def test_with_name_scope():
    class MyModule(keras.Layer):
        @keras.Layer.with_name_scope
        def prepare(self, size, *, name):
            """Prepare."""
            self.inner = Linear(size, name=name)
            self.inner.build((None, 3))
            return size

    module = MyModule()
    assert module.prepare(4, name="inner") == 4
    assert module.inner.path == "my_module/inner"
    assert (MyModule.prepare.__name__, MyModule.prepare.__doc__) == ("prepare", "Prepare.")


def test_the_scope_name():
    """`scope_name` of the TF 1.4 page."""
    layer = Linear(name="head")
    with pytest.raises(ValueError, match=r"head \(Linear\): has no scope name yet, because it is not built"):
        layer.scope_name  # noqa: B018
    assert built(layer).scope_name == "head"
    assert built(Stack(Linear(name="in"), name="out")).steps[0].scope_name == "out/in"
    called = keras.Layer(name="called")
    called(torch.ones(1))
    assert called.scope_name == "called"
