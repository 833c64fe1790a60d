"""Which config makes a layer again? (contract §5)"""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Linear, built


class Bare(keras.Layer):
    """Takes no keywords of the base class."""

    def __init__(self, units, bias=True):
        super().__init__()
        self.units, self.bias = units, bias


class Wide(keras.Layer):
    def __init__(self, units, rate=0.5, *, names=(), **kwargs):
        super().__init__(**kwargs)
        self.units = units + 1


class Overrides(keras.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def get_config(self):
        return {**super().get_config(), "units": self.units}


BASE = {"name": "n", "trainable": True, "dtype": "float32"}
CONFIGS = [
    (lambda: keras.Layer(name="n"), BASE),
    (lambda: keras.Layer(False, "n", "mixed_float16"), {**BASE, "trainable": False, "dtype": "mixed_float16"}),
    (lambda: keras.Layer(name="n", input_shape=(3,)), {**BASE, "batch_input_shape": (None, 3)}),
    (lambda: keras.Layer(name="n", dynamic=True), {**BASE, "dynamic": True}),
    (lambda: Bare(3), {"units": 3}),
    (lambda: Bare(3, bias=False), {"units": 3, "bias": False}),
    (lambda: Wide(3, name="n"), {**BASE, "units": 3}),
    (lambda: Wide(3, 0.1, name="n"), {**BASE, "units": 3, "rate": 0.1}),
    (lambda: Wide(3, names=["a", {"b": None}], name="n"), {**BASE, "units": 3, "names": ["a", {"b": None}]}),
    (lambda: Overrides(3, name="n"), {**BASE, "units": 3}),
]


@pytest.mark.parametrize(("make", "config"), CONFIGS, ids=[str(config) for _, config in CONFIGS])
def test_config_and_round_trip(make, config):
    """[41] Arguments that were passed, as they were passed; the base class's where the constructor takes them."""
    layer = make()
    assert layer.get_config() == config
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == config
    assert type(twin) is type(layer)
    json.dumps(config)


def test_the_activity_regularizer_is_part_of_it():
    config = keras.Layer(activity_regularizer="l2").get_config()
    assert keras.Layer.from_config(config).activity_regularizer.get_config() == keras.regularizers.L2().get_config()
    json.dumps(config)


def test_trainable_is_the_current_one():
    """[41]"""
    layer = Wide(3, trainable=True)
    layer.trainable = False
    assert layer.get_config()["trainable"] is False
    assert Wide.from_config(layer.get_config()).trainable is False


def test_the_policy_is_the_current_one():
    layer = built(Linear(2)).to(torch.bfloat16)
    assert layer.get_config()["dtype"] == "bfloat16"


def test_what_init_does_to_the_attributes_is_ignored():
    layer = Wide(3)
    layer.units = 99
    assert layer.get_config()["units"] == 3


NOT_PLAIN = [object(), np.ones(2), np.float32(1), keras.Layer(), len, [1, object()], torch.ones(1), {1, 2}]


@pytest.mark.parametrize("value", NOT_PLAIN, ids=lambda value: type(value).__name__)
def test_what_cannot_be_written_down(value):
    """[41]"""
    with pytest.raises(NotImplementedError, match=r"wide \(Wide\): get_config\(\) cannot write .* units") as raised:
        _wide(value).get_config()
    assert "def get_config(self):" in str(raised.value)


def _wide(units):
    class Any(Wide):
        def __init__(self, units, **kwargs):
            keras.Layer.__init__(self, **kwargs)

    Any.__name__ = "Wide"
    return Any(units, name="wide")


def test_positional_arguments_of_any_number_cannot_be_written_down():
    class Many(keras.Layer):
        def __init__(self, *sizes):
            super().__init__()

    with pytest.raises(NotImplementedError, match="Many.*sizes"):
        Many(1, 2).get_config()


def test_keywords_are_known_by_any_name():
    class Odd(keras.Layer):
        def __init__(self, units, **kw):
            super().__init__(**kw)

    config = Odd(3, name="n").get_config()
    assert config == {**BASE, "units": 3}
    assert Odd.from_config(config).get_config() == config


def test_a_subclass_that_passes_arguments_up():
    class Child(Wide):
        def __init__(self, depth, **kwargs):
            super().__init__(units=depth * 2, **kwargs)

    assert Child(3, name="n").get_config() == {**BASE, "depth": 3}


def test_the_config_is_fresh_each_time():
    layer = Wide(3, names=["a"])
    layer.get_config()["names"].append("b")
    assert layer.get_config()["names"] == ["a"]


def test_from_config_leaves_its_argument_alone():
    config = {"units": 3, "names": ["a"], "name": "n"}
    Wide.from_config(config).get_config()["names"].append("b")
    assert config == {"units": 3, "names": ["a"], "name": "n"}


@pytest.mark.parametrize("config", [{"units": 3, "extra": 1}, {}, {"units": 3, "dtype": "bad"}])
def test_from_config_that_the_constructor_does_not_take(config):
    """[41]"""
    with pytest.raises(TypeError, match="Wide.from_config: the constructor does not accept this config"):
        Wide.from_config(config)


@pytest.mark.parametrize("config", [None, 3, [("units", 3)]])
def test_from_config_of_something_else(config):
    with pytest.raises(TypeError, match=r"Wide.from_config: config must be a dict. Received: config="):
        Wide.from_config(config)


def test_the_dtype_entry_of_keras_3_is_understood():
    entry = {"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}
    entry |= {"module": "keras", "registered_name": None}
    assert keras.Layer.from_config({"name": "n", "dtype": entry}).compute_dtype == "float16"


def test_the_envelope_of_a_custom_layer():
    layer = Overrides(3, name="n")
    envelope = keras.saving.serialize_keras_object(layer)
    assert (envelope["class_name"], envelope["registered_name"]) == ("Overrides", "Overrides")
    assert envelope["module"] is None
    assert envelope["config"] == layer.get_config()
    assert "build_config" not in envelope
    with pytest.raises(TypeError, match="Overrides"):
        keras.saving.deserialize_keras_object(envelope)
    twin = keras.saving.deserialize_keras_object(envelope, custom_objects={"Overrides": Overrides})
    assert (type(twin), twin.units) == (Overrides, 3)


def test_the_envelope_of_a_built_layer_builds_it():
    layer = built(keras.layers.Dense(2))
    envelope = keras.saving.serialize_keras_object(layer)
    assert envelope["module"] == "keras.layers"
    assert envelope["registered_name"] is None
    assert envelope["build_config"] == {"input_shape": (2, 3)}
    twin = keras.saving.deserialize_keras_object(json.loads(json.dumps(envelope)))
    assert twin.built
    assert [weight.shape for weight in twin.weights] == [(3, 2), (2,)]


@keras.saving.register_keras_serializable("pkg")
class Registered(keras.Layer):
    """A registered layer."""


def test_a_registered_layer_needs_no_custom_objects():
    envelope = keras.saving.serialize_keras_object(Registered(name="n"))
    assert envelope["registered_name"] == "pkg>Registered"
    assert type(keras.saving.deserialize_keras_object(envelope)) is Registered


class Uses(keras.Layer):
    def __init__(self, function, sizes):
        super().__init__()
        self.value = function(3)
        sizes.append(9)


def test_an_argument_that_the_layer_does_not_keep_is_not_kept():
    layer = pickle.loads(pickle.dumps(Uses(lambda a: a, [1])))
    assert layer.value == 3
    with pytest.raises(NotImplementedError, match="function"):
        layer.get_config()


class Fixed(keras.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.units = units


class FixedDense(keras.layers.Dense):
    def __init__(self, units, **kwargs):
        super().__init__(units, autocast=False, **kwargs)


class OwnConfig(Fixed):
    def get_config(self):
        return {**super(Fixed, self).get_config(), "units": self.units}


@pytest.mark.parametrize("cls", [Fixed, FixedDense, OwnConfig])
def test_a_layer_that_fixes_autocast_comes_back(cls):
    """As in Keras, a config does not contain it."""
    twin = cls.from_config(cls(2).get_config())
    assert (twin.units, twin.autocast) == (2, False)
    assert "autocast" not in cls(2).get_config()


def test_an_automatic_config_has_the_autocast_that_was_given():
    class Plain(keras.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)

    assert Plain.from_config(Plain(2, autocast=False).get_config()).autocast is False
    assert "autocast" not in keras.layers.Dense(2, autocast=False).get_config()
