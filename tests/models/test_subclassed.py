"""What does a model with a `call` of its own offer? (contract §6.3)"""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.models.samples import Doubles, Penalty

ONES = torch.ones(2, 3)


class Net(keras.Model):
    """Two layers, and a plain module between them."""

    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.first = keras.layers.Dense(units, name="first")
        self.norm = nn.LayerNorm(units)
        self.heads = [keras.layers.Dense(2, name="head")]
        self.mode = Doubles()

    def call(self, inputs, training=None):
        hidden = self.mode(self.norm(torch.relu(self.first(inputs))))
        return {"out": self.heads[0](hidden), "hidden": hidden}


def test_it_is_no_functional_model():
    model = Net()
    assert isinstance(model, keras.Model)
    assert not isinstance(model, keras.models.Functional)
    assert (model.name, Net().name, Net(name="mine").name) == ("net", "net_1", "mine")
    assert not model.built


def test_calls():
    model = Net()
    found = model(ONES)
    assert found["out"].shape == (2, 2)
    assert model.built
    assert model.count_params() == 16 + 8 + 10
    model.train()
    trained = model(ONES)["hidden"]
    assert torch.equal(model.eval()(ONES)["hidden"] * 2, trained)
    assert torch.equal(model(ONES, training=True)["hidden"], trained)


def test_layers_are_those_it_holds():
    model = Net()
    assert [layer.name for layer in model.layers] == ["first", "head", "doubles"]
    assert model.get_layer("head") is model.get_layer(index=1) is model.heads[0]
    with pytest.raises(ValueError, match=r"net: .*'zz'.*\['first', 'head', 'doubles'\]"):
        model.get_layer("zz")


def test_state_dict_keys_are_attribute_paths():
    model = Net()
    model(ONES)
    assert set(model.state_dict()) == {
        "first.kernel",
        "first.bias",
        "norm.weight",
        "norm.bias",
        "heads.0.kernel",
        "heads.0.bias",
    }
    other = Net()
    other(ONES)
    other.load_state_dict(model.state_dict())
    torch.testing.assert_close(other(ONES), model(ONES))


def test_a_symbolic_call_is_one_node():
    model, x = Net(), keras.Input((3,), name="x")
    y = model(x)
    assert {key: tensor.shape for key, tensor in y.items()} == {"out": (None, 2), "hidden": (None, 4)}
    assert len(model.inbound_nodes) == 1
    assert model.first.inbound_nodes == []
    outer = keras.Model(x, y["out"])
    assert [layer.name for layer in outer.layers] == ["x", "net"]
    torch.testing.assert_close(outer.eval()(ONES), model.eval()(ONES)["out"])
    assert model.input is x
    assert model.output_shape == {"out": (None, 2), "hidden": (None, 4)}


@pytest.mark.parametrize("name", ["input", "output", "input_shape", "output_shape"])
def test_before_a_symbolic_call_there_is_no_graph(name):
    model = Net()
    model(ONES)
    with pytest.raises(AttributeError, match=rf"net: has no {name}"):
        getattr(model, name)


@pytest.mark.parametrize("name", ["graph", "code"])
def test_there_is_no_code(name):
    model = Net()
    model(ONES)
    with pytest.raises((RuntimeError, AttributeError), match="net"):
        getattr(model, name)


def test_compute_output_shape():
    assert Net().compute_output_shape((None, 3)) == {"out": (None, 2), "hidden": (None, 4)}


def test_summary_of_what_is_not_built(capsys):
    Net().summary()
    assert "not built" in capsys.readouterr().out


def test_summary(capsys):
    model = Net()
    model(ONES)
    model.summary()
    text = capsys.readouterr().out
    assert all(name in text for name in ("net", "first", "head", "doubles", "34"))


def test_the_config_is_that_of_its_arguments():
    model = Net(units=5, name="mine")
    config = model.get_config()
    assert (config["units"], config["name"]) == (5, "mine")
    again = Net.from_config(config)
    assert (again.units, again.name) == (5, "mine")
    text = model.to_json()
    loaded = keras.models.model_from_json(text, custom_objects={"Net": Net})
    assert isinstance(loaded, Net)
    assert loaded.units == 5


def test_unknown_arguments():
    with pytest.raises(TypeError, match="nonsense"):
        Net(nonsense=1)
    with pytest.raises(TypeError, match="nonsense"):
        keras.Model(nonsense=1)


def test_a_model_without_call():
    class Empty(keras.Model):
        pass

    with pytest.raises(NotImplementedError, match=r"(?s)empty.*call"):
        Empty()(ONES)


def test_forgetting_super():
    class Forgets(keras.Model):
        def __init__(self):
            self.units = 3

        def call(self, inputs):
            return inputs

    with pytest.raises((RuntimeError, AttributeError), match=r"super\(\).__init__\(\)"):
        Forgets()(ONES)


def test_losses_and_freezing():
    class Sums(keras.Model):
        def __init__(self):
            super().__init__()
            self.penalty, self.dense = Penalty(), keras.layers.Dense(1, kernel_regularizer="l2")

        def call(self, inputs):
            return self.dense(self.penalty(inputs))

    model = Sums()
    for _ in range(2):
        model(ONES)
        assert len(model.losses) == 2
    model.trainable = False
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (0, 2)


def test_torchs_methods_stay_torchs():
    model = Net()
    model(ONES)
    assert model.train() is model
    assert model.training
    assert not model.eval().training
    assert model.to(torch.float64)(ONES.double())["out"].dtype is torch.float64
    assert not any(hasattr(keras.Model, name) for name in ("fit", "evaluate", "predict"))
    assert isinstance(model(ONES.double())["out"].sum().backward(), type(None))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies(duplicate):
    model = Net()
    wanted = model(ONES)
    other = duplicate(model)
    torch.testing.assert_close(other(ONES), wanted)
    assert other.first is not model.first


def test_models_in_models():
    class Outer(keras.Model):
        def __init__(self):
            super().__init__()
            x = keras.Input((3,))
            self.body = keras.Model(x, torch.relu(keras.layers.Dense(4, name="inner")(x)))
            self.tail = keras.Sequential([keras.layers.Dense(1)])

        def call(self, inputs):
            return self.tail(self.body(inputs))

    model = Outer()
    assert model(ONES).shape == (2, 1)
    assert set(model.state_dict()) == {"body.inner.kernel", "body.inner.bias", "tail.0.kernel", "tail.0.bias"}
    assert len(model.layers) == 2


def test_a_functional_subclass_may_have_a_call_of_its_own():
    class Scaled(keras.Model):
        def __init__(self):
            x = keras.Input((3,))
            super().__init__(x, keras.layers.Dense(3, name="dense")(x))
            self.factor = 2.0

        def call(self, inputs):
            return super().call(inputs) * self.factor

    model = Scaled()
    torch.testing.assert_close(model(ONES), 2 * model.get_layer("dense")(ONES))


def test_a_call_of_ones_own_decides_over_the_graph():
    class Extended(keras.Model):
        def __init__(self, units=4, **kwargs):
            x = keras.Input((3,))
            super().__init__(x, keras.layers.Dense(units, name="dense")(x), **kwargs)
            self.units = units
            self.extra = keras.layers.Dense(2, name="extra")

        def call(self, inputs):
            return self.extra(super().call(inputs))

    model, x = Extended(5), keras.Input((3,))
    assert model(x).shape == model.compute_output_shape((None, 3)) == (None, 2)
    outer = keras.Model(x, model(x))
    assert outer(ONES).shape == model(ONES).shape == (2, 2)
    assert list(model.state_dict()) == ["dense.kernel", "dense.bias", "extra.kernel", "extra.bias"]
    assert model.get_config()["units"] == 5
    again = Extended.from_config(model.get_config())
    again(ONES)
    again.load_state_dict(model.state_dict())
    torch.testing.assert_close(again(ONES), model(ONES))
    torch.testing.assert_close(copy.deepcopy(model)(ONES), model(ONES))
