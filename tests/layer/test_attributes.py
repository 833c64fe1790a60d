"""What does setting, replacing and deleting an attribute do to the collections? (contract §3.2)"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Linear, Stack, Statistics, built, names


def layer_with(*attributes, **arguments):
    layer = built(keras.Layer(**arguments))
    for attribute in attributes:
        setattr(layer, attribute, layer.add_weight(attribute, (1,)))
    return layer


def test_a_replaced_weight_keeps_the_position():
    """[35]"""
    layer = layer_with("a", "b")
    layer.a = layer.add_weight("a2", (3,))
    assert [tuple(w.shape) for w in layer.weights] == [(3,), (1,)]
    assert list(layer.state_dict()) == ["a", "b"]


def test_a_parameter_of_torch_takes_the_place_of_a_weight():
    layer = layer_with("a", "b")
    layer.a = nn.Parameter(torch.ones(4))
    assert [tuple(w.shape) for w in layer.weights] == [(4,), (1,)]


def test_a_deleted_weight_is_gone():
    """[35]"""
    layer = layer_with("a", "b")
    del layer.a
    assert names(layer) == list(layer.state_dict()) == ["b"]
    assert not hasattr(layer, "a")
    with pytest.raises(AttributeError):
        del layer.a


def test_a_weight_with_two_names_goes_with_the_second():
    """[35]"""
    layer = layer_with("a")
    layer.alias = layer.a
    assert len(layer.weights) == 1
    del layer.a
    assert len(layer.weights) == 1
    del layer.alias
    assert layer.weights == []


@pytest.mark.parametrize(
    "before", [None, 3, nn.ReLU(), nn.Parameter(torch.ones(1))], ids=lambda value: type(value).__name__
)
@pytest.mark.parametrize("trainable", [True, False])
def test_a_second_name_for_a_weight_may_have_been_something_else(before, trainable):
    layer = built(keras.Layer())
    layer.a, layer.alias = layer.add_weight("a", (1,), trainable=trainable), before
    layer.alias = layer.a
    assert layer.alias is layer.a
    layer.a = None
    assert [id(weight) for weight in layer.weights] == [id(layer.alias)]


def test_replacing_one_of_two_names():
    """[35]"""
    layer = layer_with("a")
    layer.alias = layer.a
    layer.a = layer.add_weight("new", (3,))
    assert sorted(tuple(w.shape) for w in layer.weights) == [(1,), (3,)]
    assert tuple(layer.weights[0].shape) == (3,)


@pytest.mark.parametrize("gone", [lambda layer: setattr(layer, "a", None), lambda layer: delattr(layer, "a")])
@pytest.mark.parametrize("value", [lambda: built(Linear(2)), lambda: [built(Linear(2))], lambda: nn.Linear(3, 2)])
def test_a_layer_set_to_none_or_deleted_is_gone(gone, value):
    """[35]"""
    layer = built(keras.Layer())
    layer.a = value()
    assert len(layer.weights) == 2
    gone(layer)
    assert layer.weights == list(layer.parameters()) == layer.losses == []
    assert getattr(layer, "a", None) is None


def test_a_weight_set_to_none_is_gone():
    layer = layer_with("a", "b")
    layer.a = None
    assert names(layer) == ["b"]
    assert layer.a is None
    layer.a = layer.add_weight("again", (2,))
    assert len(layer.weights) == 2


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("first", [None, 0, "later", [], nn.ReLU()], ids=str)
def test_a_placeholder_in_init_then_a_weight_in_build(first, trainable):
    class Fills(keras.Layer):
        def __init__(self):
            super().__init__()
            self.w = first

        def build(self, input_shape):
            self.w = self.add_weight("w", (2,), initializer="ones", trainable=trainable)

        def call(self, inputs):
            return inputs * self.w

    layer = built(Fills(), 2)
    assert layer.w is layer.weights[0]
    assert list(layer.state_dict()) == ["w"]


def test_the_regularizer_goes_with_its_weight():
    layer = built(keras.Layer())
    layer.a = layer.add_weight("a", (1,), regularizer="l2")
    assert len(layer.losses) == 1
    layer.a = layer.add_weight("b", (1,))
    assert layer.losses == []


def test_a_replaced_layer_is_gone():
    layer = Stack()
    layer.inner, layer.last = built(Linear(2)), built(Statistics())
    layer.inner = built(Linear(4))
    assert len(layer.weights) == 6
    assert {tuple(w.shape) for w in layer.inner.weights} <= {tuple(w.shape) for w in layer.weights}


def test_a_metric_that_is_replaced_or_deleted_is_gone():
    layer = keras.Layer()
    layer.m = keras.metrics.Mean(name="old")
    layer.m = keras.metrics.Mean(name="new")
    assert [metric.name for metric in layer.metrics] == ["new"]
    del layer.m
    assert layer.metrics == []


CHANGES = [
    (nn.Parameter(torch.ones(1)), nn.ReLU()),
    (nn.ReLU(), nn.Parameter(torch.ones(1))),
    (3, nn.ReLU()),
    (nn.ReLU(), 3),
    (3, nn.Parameter(torch.ones(1))),
    ([nn.Linear(1, 1)], 3),
    (3, [nn.Linear(1, 1)]),
    (None, nn.ReLU()),
    ([nn.Linear(1, 1)], nn.Parameter(torch.ones(1))),
]


@pytest.mark.parametrize(("first", "second"), CHANGES, ids=str)
def test_an_attribute_may_change_its_kind(first, second):
    layer = keras.Layer()
    layer.a = first
    layer.a = second
    assert layer.a == second if isinstance(second, list) else layer.a is second
    counts = {list: 2, nn.Parameter: 1}
    assert len(list(layer.parameters())) == len(layer.weights) == counts.get(type(second), 0)


PROPERTIES = [
    "name", "dtype", "variable_dtype", "compute_dtype", "dynamic", "trainable_weights", "non_trainable_weights",
    "weights", "variables", "trainable_variables", "non_trainable_variables", "losses", "updates", "metrics",
    "submodules", "name_scope", "scope_name", "path", "input", "output", "input_shape", "output_shape", "input_mask",
    "output_mask", "inbound_nodes", "outbound_nodes", "graph",
]  # fmt: skip


@pytest.mark.parametrize("name", PROPERTIES)
@pytest.mark.parametrize(
    "value", [3, "text", nn.ReLU(), nn.Parameter(torch.ones(1))], ids=lambda value: type(value).__name__
)
def test_read_only_properties(name, value):
    layer = built(Linear(2, name="mine"))
    with pytest.raises(AttributeError, match=f"mine: '{name}' is a read-only property"):
        setattr(layer, name, value)
    assert len(layer.weights) == 2


@pytest.mark.parametrize("value", [nn.Linear(1, 1), nn.Parameter(torch.ones(1))], ids=["module", "parameter"])
def test_a_module_set_on_a_property_with_a_setter_does_not_slip_past_it(value):
    """design.md, torch traps."""
    layer = keras.Layer()
    with pytest.raises(AttributeError, match="'input_spec' cannot hold a"):
        layer.input_spec = value
    assert layer.input_spec is None
    assert list(layer.children()) == []


def test_a_missing_attribute():
    layer = Linear(2, name="mine")
    with pytest.raises(AttributeError, match="mine .Linear.: no attribute 'kernel'.*not built"):
        layer.kernel  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'kernl'") as raised:
        built(layer).kernl  # noqa: B018
    assert "not built" not in str(raised.value)
    assert not hasattr(layer, "__missing__")


def test_a_property_of_the_users_that_fails_keeps_its_message():
    """Torch trap 1."""

    class Has(keras.Layer):
        runs = 0

        @property
        def odd(self):
            self.runs += 1
            raise AttributeError("my own message")

    layer = Has()
    with pytest.raises(AttributeError, match="my own message"):
        layer.odd  # noqa: B018
    assert not hasattr(layer, "odd")


def test_a_property_with_a_setter_of_the_users():
    class Has(keras.Layer):
        @property
        def size(self):
            return self._size

        @size.setter
        def size(self, value):
            self._size = value * 2

    layer = Has()
    layer.size = 4
    assert layer.size == 8


def test_plain_values_stay_what_they_are():
    layer = keras.Layer()
    for value in ((1, 2), "text", None, object(), len):
        layer.value = value
        assert layer.value is value
    for value in ([1, 2], {"a": 1}, []):
        layer.value = value
        assert layer.value == value
