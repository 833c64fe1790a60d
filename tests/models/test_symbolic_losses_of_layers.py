"""What does `layer.add_loss(symbolic_tensor, inputs=x)` do in models that contain the layer? (contract §3.6)"""

from __future__ import annotations

import copy

import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import numbers

L = keras.layers
ONES = torch.ones(2, 3)


def dense(units=2, **kwargs):
    return L.Dense(units, kernel_initializer="ones", **kwargs)


def with_loss(layer=None):
    layer, x = layer or dense(), keras.Input((3,))
    y = layer(x)
    layer.add_loss(y.mean(), inputs=x)
    return layer, x, y


def values(model, inputs=ONES):
    model(inputs)
    return numbers(model.losses)


def test_the_layer_lists_it():
    layer, x, y = with_loss()
    (loss,) = layer.losses
    assert layer.get_losses_for(x) == [loss]
    assert layer.get_losses_for(None) == layer.get_losses_for(y) == []
    assert layer.get_losses_for(keras.Input((3,))) == []


def test_models_through_its_input_compute_it():
    layer, x, y = with_loss()
    model = keras.Model(x, y)
    assert len(model.losses) == len(model.get_losses_for(x)) == 1
    assert values(model) == [3.0]
    assert values(model, 2 * ONES) == [6.0]
    sum(model.losses).backward()
    assert layer.kernel.grad.tolist() == [[1.0, 1.0]] * 3


def test_models_through_another_input_do_not():
    layer, _, _ = with_loss()
    z = keras.Input((3,))
    model = keras.Model(z, layer(z))
    assert model.losses == []
    assert values(model) == []


def test_a_model_that_is_there_already():
    layer, x = dense(), keras.Input((3,))
    model = keras.Model(x, layer(x))
    assert values(model) == []
    layer.add_loss(layer.output.mean(), inputs=x)
    assert values(model) == [3.0]
    layer.add_loss([layer.output.sum() * 2, None, lambda: torch.tensor(7.0)], inputs=x)
    assert sorted(values(model)) == [3.0, 7.0, 24.0]


def test_a_sequential():
    model = keras.Sequential([keras.Input((3,)), dense()])
    layer = model.layers[0]
    layer.add_loss(layer.output.mean(), inputs=layer.input)
    assert values(model) == [3.0]


def test_it_counts_once_when_something_else_is_added():
    layer, x, y = with_loss()
    model = keras.Model(x, y)
    model.add_loss(y.sum())
    model.add_metric(y.mean(), name="mean")
    assert sorted(values(model)) == [3.0, 12.0]
    assert len(model.losses) == 2


def test_without_inputs():
    layer, x = dense(), keras.Input((3,))
    y = layer(x)
    layer.add_loss(y.mean())
    assert len(layer.get_losses_for(None)) == 1
    assert layer.get_losses_for(x) == []
    assert values(keras.Model(x, y)) == [3.0]


def test_the_loss_of_a_layer_further_down():
    layer, _, y = with_loss()
    end = dense(1)
    model = keras.Model(layer.input, end(y))
    layer.add_loss(torch.square(model.output).mean(), inputs=layer.input)
    assert values(model) == [3.0, 36.0]


def test_a_part_of_the_model_has_what_it_can_compute():
    layer, x, y = with_loss()
    z = dense(1)(y)
    layer.add_loss(z.mean(), inputs=x)
    assert values(keras.Model(x, z)) == [3.0, 6.0]
    assert values(keras.Model(y, z), torch.ones(2, 2)) == []


def test_a_model_inside_another_one():
    layer, x, y = with_loss()
    inner = keras.Model(x, y)
    z = keras.Input((3,))
    outer = keras.Model(z, inner(z) + inner(2 * z))
    assert len(outer.losses) == 2
    assert sorted(values(outer)) == [3.0, 6.0]


def test_a_layer_inside_a_layer():
    inside = dense()

    class Outer(keras.Layer):
        def __init__(self):
            super().__init__()
            self.inside = inside

        def call(self, inputs):
            return self.inside(inputs)

    outer, x = Outer(), keras.Input((3,))
    y = outer(x)
    inside.add_loss(y.mean(), inputs=x)
    assert outer.get_losses_for(x) == inside.losses
    assert values(keras.Model(x, y)) == [3.0]


@pytest.mark.parametrize("again", ["deepcopy", "clone", "config"])
def test_copies_of_the_model(again):
    _, x, y = with_loss()
    model = keras.Model(x, y)
    other = {
        "deepcopy": copy.deepcopy,
        "clone": keras.models.clone_model,
        "config": lambda m: keras.Model.from_config(m.get_config()),
    }[again](model)
    assert values(other) == [3.0]
    assert other.layers[1].losses == []


def test_a_copy_of_the_layer_has_no_symbolic_loss():
    layer, _, _ = with_loss()
    assert copy.deepcopy(layer).losses == []


def test_real_calls_take_the_place_of_symbolic_losses():
    layer, _, _ = with_loss()
    layer(ONES)
    assert layer.losses == []


def test_several_values_count_as_their_sum():
    layer, x = dense(), keras.Input((3,))
    y = layer(x)
    layer.add_loss(y.mean(-1), inputs=x)
    assert values(keras.Model(x, y)) == [6.0]


def test_what_cannot_be_added():
    layer, x, _ = with_loss(dense(name="d"))
    alone = keras.KerasTensor(())
    for losses, inputs, error in (
        (alone, x, ValueError),
        (x.mean(), alone, ValueError),
        (x.mean(), ONES, TypeError),
        ([x.mean(), "text"], x, TypeError),
        ([x.mean(), torch.ones(())], x, ValueError),
    ):
        with pytest.raises(error, match=r"(?s)d: add_loss|not part of a graph|outside a call"):
            layer.add_loss(losses, inputs=inputs)
    assert len(layer.losses) == 1
