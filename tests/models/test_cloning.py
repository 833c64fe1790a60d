"""What does `clone_model` copy, and what is fresh in a clone? (contract §6.3)"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.models.samples import GRAPHS, Scale, batch_for, chain, names_of, nested, shared
from tests.oracle import assert_close
from tests.oracle import keras as oracle

ONES = torch.ones(2, 3)
clone = keras.models.clone_model


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_a_clone_has_new_layers_of_the_same_names(make):
    model = make()
    other = clone(model)
    assert type(other) is type(model)
    assert names_of(other) == names_of(model)
    assert {id(layer) for layer in other.layers}.isdisjoint(map(id, model.layers))
    assert {id(weight) for weight in other.weights}.isdisjoint(map(id, model.weights))
    assert [tuple(weight.shape) for weight in other.weights] == [tuple(weight.shape) for weight in model.weights]
    other.set_weights(model.get_weights())
    batch = batch_for(model)
    assert_close(other.eval()(batch), model.eval()(batch))


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_the_model_itself_stays_as_it_is(make):
    model = make()
    before = [(len(layer.inbound_nodes), len(layer.outbound_nodes)) for layer in model.layers]
    weights = [array.copy() for array in model.get_weights()]
    del_me = clone(model)
    del del_me
    assert [(len(layer.inbound_nodes), len(layer.outbound_nodes)) for layer in model.layers] == before
    assert all((one == other).all() for one, other in zip(weights, model.get_weights(), strict=True))


def test_weights_are_fresh():
    model = chain()
    assert not torch.equal(clone(model).get_layer("hidden").kernel, model.get_layer("hidden").kernel)


def test_shared_layers_stay_shared():
    other = clone(shared())
    assert len(other.get_layer("dense").inbound_nodes) == 2
    assert len(other.weights) == 2


def test_nested_models_are_cloned_too():
    model = nested()
    other = clone(model)
    (inner,) = [layer for layer in other.layers if isinstance(layer, keras.Model)]
    assert inner.get_layer("hidden") is not model.get_layer(inner.name).get_layer("hidden")
    assert len(inner.inbound_nodes) == 2


def test_a_function_makes_the_layers():
    model, asked = chain(), []

    def make(layer):
        asked.append(layer.name)
        if layer.name == "head":
            return keras.layers.Dense(2, kernel_initializer="zeros", name="other")
        return layer

    other = clone(model, clone_function=make)
    assert asked == ["hidden", "head"]
    assert names_of(other) == ["x", "hidden", "other"]
    assert other.get_layer("hidden") is model.get_layer("hidden")
    assert (other(ONES) == 0).all()


def test_a_shared_layer_is_asked_for_once():
    asked = []
    clone(
        shared(), clone_function=lambda layer: asked.append(layer.name) or type(layer).from_config(layer.get_config())
    )
    assert asked.count("dense") == 1


def test_on_tensors_of_ones_own():
    model, z = chain(), keras.Input((3,), name="z")
    inside = torch.relu(z)
    other = clone(model, input_tensors=z)
    assert other.input is z
    assert names_of(other) == ["z", "hidden", "head"]
    on_inside = clone(model, input_tensors=[inside])
    assert on_inside.output.shape == (None, 2)


def test_what_was_added_is_cloned():
    """[49]"""
    x = keras.Input((3,), name="x")
    y = keras.layers.Dense(2, name="dense")(x)
    model = keras.Model(x, y)
    model.add_loss(y.mean())
    other = clone(model)
    outputs = other(ONES)
    (loss,) = other.losses
    torch.testing.assert_close(loss, outputs.mean())


def test_a_sequential_model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), Scale(3.0)], name="s")
    other = clone(model)
    assert isinstance(other, keras.Sequential)
    assert (names_of(other), other.built) == (["dense", "scale"], True)
    assert other[0] is not model[0]
    other.set_weights(model.get_weights())
    assert_close(other(ONES), model(ONES))
    late = clone(keras.Sequential([keras.layers.Dense(4)]))
    assert not late.built
    assert clone(model, clone_function=lambda layer: layer)[0] is model[0]


def test_operands_and_constants():
    x, w = keras.Input((3,)), nn.Parameter(torch.ones(3, 2))
    model = keras.Model(x, x @ w + torch.ones(2))
    other = clone(model)
    assert list(other.state_dict()) == list(model.state_dict()) == ["operand"]
    other.load_state_dict(model.state_dict())
    assert_close(other(ONES), model(ONES))
    assert next(other.parameters()) is not w


def test_a_subclassed_model():
    class Net(keras.Model):
        def __init__(self, units=4, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.dense = keras.layers.Dense(units)

        def call(self, inputs):
            return self.dense(inputs)

    model = Net(5)
    other = clone(model)
    assert isinstance(other, Net)
    assert other.units == 5
    assert other.dense is not model.dense
    with pytest.raises(ValueError, match="(?s)net.*clone_function"):
        clone(model, clone_function=lambda layer: layer)


def test_as_keras_clones():
    def build(kit):
        x = kit.Input((3,), name="x")
        return kit.Model(x, kit.layers.Dense(2, name="head")(kit.layers.Dense(4, name="hidden")(x)))

    ours, theirs = clone(build(keras)), oracle.models.clone_model(build(oracle))
    assert [tuple(w.shape) for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    assert names_of(ours)[1:] == [layer.name for layer in theirs.layers][1:]


BAD = {
    "a number": ((3,), {}, (TypeError, ValueError), "(?s)clone_model.*3"),
    "a plain module": ((nn.Linear(3, 4),), {}, (TypeError, ValueError), "(?s)clone_model.*Linear"),
    "a class": ((keras.Model,), {}, (TypeError, ValueError), "clone_model"),
    "a function that is none": ((chain,), {"clone_function": 3}, (TypeError, ValueError), "clone_function"),
    "a function that gives no layer": ((chain,), {"clone_function": lambda layer: 3}, (TypeError, ValueError), "(?s)3"),
    "too many inputs": ((chain,), {"input_tensors": lambda: [keras.Input((3,))] * 2}, ValueError, "(?s)input"),
    "real inputs": ((chain,), {"input_tensors": ONES}, (TypeError, ValueError), "(?s)input"),
}


@pytest.mark.parametrize(("args", "kwargs", "error", "message"), BAD.values(), ids=BAD)
def test_mistakes(args, kwargs, error, message):
    args = [chain() if value is chain else value for value in args]
    if callable(kwargs.get("input_tensors")):
        kwargs = {"input_tensors": kwargs["input_tensors"]()}
    with pytest.raises(error, match=message):
        clone(*args, **kwargs)


def double(x):
    return x * 2


@pytest.mark.parametrize("function", [double, lambda x: x * 2], ids=["function", "lambda"])
@pytest.mark.parametrize("in_sequential", [True, False])
def test_a_lambda_shares_its_function_with_its_clone(function, in_sequential):
    layer = keras.layers.Lambda(
        function, output_shape=(3,), mask=lambda inputs, mask: mask, name="twice", dtype="float64", trainable=False
    )
    x = keras.Input((3,))
    model = keras.Sequential([keras.Input((3,)), layer]) if in_sequential else keras.Model(x, layer(x))
    other = clone(model)
    twin = other.get_layer("twice")
    assert twin is not layer
    assert (twin.function, twin.mask, twin.dtype, twin.trainable) == (function, layer.mask, "float64", False)
    assert (twin.supports_masking, twin.compute_output_shape((7, 3))) == (True, (7, 3))
    assert_close(other(ONES), model(ONES))
    assert clone(keras.Sequential([keras.layers.Lambda(torch.add, arguments={"other": 1})]))(ONES)[0, 0] == 2


def test_a_function_that_no_config_can_name_is_not_said_to_be_in_builtins():
    x = keras.Input((2, 3))
    model = keras.Model(x, keras.layers.TimeDistributed(keras.layers.Lambda(double))(x))
    with pytest.raises(TypeError, match=r"there is no function 'double'\. If it is your own"):
        clone(model)
