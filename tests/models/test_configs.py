"""Does a model come back from its config, and from that of Keras 3? (contract §5)"""

from __future__ import annotations

import copy
import json

import pytest
import torch
from torch.nn import functional

import torchkeras_layer as keras
from tests.models.samples import GRAPHS, OWN, Scale, batch_for, chain, names_of, nested, shared
from tests.oracle import assert_close, to_numpy
from tests.oracle import keras as oracle
from torchkeras_layer._structures import map_leaves

ONES = torch.ones(2, 3)


def from_config(model):
    return keras.Model.from_config(model.get_config(), custom_objects=OWN)


def from_json(model):
    return keras.models.model_from_json(model.to_json(), custom_objects=OWN)


def describe(model):
    """Say how a model is wired, by names."""
    return [
        (
            layer.name,
            type(layer).__name__,
            [
                ([part[0].name for part in node.iterate_inbound()], repr(node.output_shapes))
                for node in layer.inbound_nodes
            ],
        )
        for layer in model.layers
    ]


@pytest.mark.parametrize("again", [from_config, from_json])
@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_round_trip(make, again):
    model = make()
    other = again(model)
    assert type(other) is type(model)
    assert other.name == model.name
    assert describe(other) == describe(model)
    assert list(other.state_dict()) == list(model.state_dict())
    assert map_leaves(lambda t: (t.shape, t.dtype, t.name), other.input) == map_leaves(
        lambda t: (t.shape, t.dtype, t.name), model.input
    )
    other.set_weights(model.get_weights())
    batch = batch_for(model)
    for mode in (True, False):
        torch.manual_seed(0)
        keras.utils.set_random_seed(0)
        wanted = model.train(mode)(batch)
        torch.manual_seed(0)
        keras.utils.set_random_seed(0)
        assert_close(other.train(mode)(batch), wanted)
    assert {id(w) for w in other.weights}.isdisjoint({id(w) for w in model.weights})


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_the_config_is_data(make):
    config = make().get_config()
    before = copy.deepcopy(config)
    json.dumps(config)
    keras.Model.from_config(config, custom_objects=OWN)
    assert config == before


def test_the_config_of_a_config_is_the_same():
    model = nested()
    assert from_config(model).get_config() == model.get_config()


def test_sharing_is_kept():
    model = from_config(shared())
    assert len(model.get_layer("dense").inbound_nodes) == 2
    assert len(model.weights) == 2


def test_a_part_of_a_larger_graph_has_only_its_own_nodes():
    dense, x = keras.layers.Dense(3, name="dense"), keras.Input((3,), name="x")
    dense(keras.Input((3,), name="elsewhere"))
    y = dense(x)
    dense(y)
    other = from_config(keras.Model(x, y))
    assert names_of(other) == ["x", "dense"]
    assert len(other.get_layer("dense").inbound_nodes) == 1


def test_structures_of_inputs_and_outputs():
    x, z = keras.Input((3,), name="x"), keras.Input((3,), name="z")
    for inputs in ([x, z], {"a": x, "b": z}, (x, [z]), {"a": [x], "b": (z,)}):
        for outputs in (x + z, [x + z], {"s": x + z, "t": (x, [z])}):
            model = keras.Model(inputs, outputs)
            # A list of one is that one.
            wanted = (1, 3) if isinstance(outputs, list) else map_leaves(lambda t: (1, 3), outputs)
            found = from_config(model)(map_leaves(lambda t: torch.ones(1, 3), inputs))
            assert map_leaves(lambda t: tuple(t.shape), found) == wanted
            # JSON knows no tuples; Keras 3 writes these structures as they are.
            found = from_json(model)(map_leaves(lambda t: torch.ones(1, 3), inputs))
            assert json.dumps(map_leaves(lambda t: tuple(t.shape), found)) == json.dumps(wanted)


def test_constants_of_every_kind():
    x = keras.Input((3,), name="x")
    y = x[:, None, ::2].to(torch.float64).sum(dim=(1, 2), keepdim=False) * 2.5 + torch.tensor([1.0])
    y = torch.where(y > float("-inf"), y, 0.0).clamp(max=float("inf")).to(dtype=torch.float32)
    model = keras.Model(x, [y, torch.nn.functional.pad(x, (1, 1), mode="constant", value=None), x.permute([1, 0])])
    other = from_json(model)
    data = torch.randn(4, 3)
    assert_close(other(data), model(data))


RANDOM = [torch.rand_like, torch.randn_like, lambda x: torch.randint_like(x, 1, 5), torch.bernoulli]
NAMED = [functional.hardswish, functional.hardsigmoid, functional.sigmoid, functional.tanh, functional.silu]


@pytest.mark.parametrize("function", [*RANDOM, *NAMED, lambda x: x * (1 + 2j)])
def test_functions_have_names_in_the_config(function):
    x = keras.Input((3,), name="x")
    model = keras.Model(x, x + function(x[0].abs().clamp(max=1.0)))
    other = from_json(model)
    torch.manual_seed(0)
    wanted = model(torch.ones(3, 3))
    torch.manual_seed(0)
    torch.testing.assert_close(other(torch.ones(3, 3)), wanted)


def test_losses_survive():
    """[49] One loss, computed anew in each call."""
    x = keras.Input((3,), name="x")
    y = keras.layers.Dense(2, name="dense")(x)
    model = keras.Model(x, y)
    model.add_loss(y.mean())
    model.add_metric(y.sum(), aggregation="mean", name="total")
    for other in (model, from_config(model), from_json(model)):
        for factor in (1.0, 2.0):
            outputs = other(factor * ONES)
            (loss,) = other.losses
            torch.testing.assert_close(loss, outputs.mean())
        assert [metric.name for metric in other.metrics] == ["total"]
        torch.testing.assert_close(other.metrics[0].result().detach(), outputs.sum().detach() * 0.75)
        assert len(other.weights) == 2


def test_training_that_was_baked_in():
    """[48]"""
    model = from_json(GRAPHS["baked"]())
    assert [t.sum().item() for t in model.eval()(ONES)] == [6, 12, 6]


def test_freezing_survives():
    model = chain()
    model.get_layer("hidden").trainable = False
    other = from_config(model)
    assert len(other.trainable_weights) == 2
    assert not other.get_layer("hidden").trainable


def sequential(kit):
    layers = kit.layers
    return kit.Sequential([kit.Input((3,)), layers.Dense(4, activation="relu"), layers.Dropout(0.5), layers.Dense(2)])


def functional(kit):
    x, z = kit.Input((3,), name="x"), kit.Input((3,), name="z")
    dense = kit.layers.Dense(4, activation="tanh", name="dense")
    hidden = kit.layers.Add(name="add")([dense(x), dense(z)])
    outputs = [kit.layers.Dense(2, name="head")(hidden), kit.layers.BatchNormalization(name="norm")(hidden)]
    return kit.Model([x, z], outputs, name="m")


def within(kit):
    x = kit.Input((3,), name="outer")
    return kit.Model(x, kit.layers.Dense(1, name="last")(functional(kit)([x, x])[0]), name="n")


def rows(kit):
    x = kit.Input((5,), dtype="int32", name="tokens")
    return kit.Model(x, kit.layers.Flatten(name="flat")(kit.layers.Embedding(7, 3, name="rows")(x)), name="r")


EXCHANGED = [sequential, functional, within, rows]


def data_of(model):
    random = torch.Generator().manual_seed(0)
    tensors = [torch.randint(0, 5, (4, *tensor.shape[1:]), generator=random) for tensor in model.inputs]
    tensors = [t if "int" in str(x.dtype) else t.float() for t, x in zip(tensors, model.inputs, strict=True)]
    return tensors if len(tensors) > 1 else tensors[0]


@pytest.mark.parametrize("make", EXCHANGED)
def test_the_json_of_keras_3_becomes_our_model(make):
    theirs = make(oracle)
    ours = keras.models.model_from_json(theirs.to_json())
    assert names_of(ours) == names_of(theirs)
    ours.set_weights([to_numpy(weight) for weight in theirs.weights])
    assert_close(ours.eval()(data_of(ours)), theirs(data_of(ours), training=False))


@pytest.mark.parametrize("make", EXCHANGED)
def test_our_json_becomes_a_model_of_keras_3(make):
    ours = make(keras)
    theirs = oracle.models.model_from_json(ours.to_json())
    assert names_of(theirs) == names_of(ours)
    theirs.set_weights(ours.get_weights())
    assert_close(ours.eval()(data_of(ours)), theirs(data_of(ours), training=False))


def test_a_sequential_model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), Scale(3.0)], name="s")
    for other in (keras.Sequential.from_config(model.get_config(), custom_objects=OWN), from_json(model)):
        assert isinstance(other, keras.Sequential)
        assert (names_of(other), other.name, other.built) == (["dense", "scale"], "s", True)
        other.set_weights(model.get_weights())
        assert_close(other(ONES), model(ONES))
    late = keras.Sequential([keras.layers.Dense(4)])
    other = keras.Sequential.from_config(late.get_config())
    assert not other.built
    late(ONES)
    assert keras.Sequential.from_config(late.get_config()).built


class Holds(keras.Layer):
    """Writes its inner layer, which may be a model, into its config."""

    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, inputs):
        return self.inner(inputs)

    def get_config(self):
        return {**super().get_config(), "inner": keras.layers.serialize(self.inner)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "inner": keras.layers.deserialize(config["inner"])})


@pytest.mark.parametrize("inner", [chain, lambda: keras.Sequential([keras.layers.Dense(2)])])
def test_a_model_is_a_layer_in_configs_too(inner):
    x = keras.Input((3,), name="x")
    model = keras.Model(x, Holds(inner(), name="holds")(x))
    other = keras.models.model_from_json(model.to_json(), custom_objects={"Holds": Holds})
    other.load_state_dict(model.state_dict())
    assert_close(other(ONES), model(ONES))
