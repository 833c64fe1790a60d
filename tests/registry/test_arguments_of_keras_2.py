"""Does `deserialize_keras_object` take the arguments that it has in Keras 2 and 3?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer.registry import (
    DeserializationError,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    serialize_keras_object,
)

CONFIG = {"class_name": "Mine", "config": {}}


def halved(x):
    return x / 2


class Mine(keras.Layer):
    pass


class Other(Mine):
    pass


@pytest.mark.parametrize("safe_mode", [True, False])
def test_safe_mode_has_no_effect(safe_mode):
    config = serialize_keras_object(keras.layers.Dense(3))
    assert deserialize_keras_object(config, safe_mode=safe_mode).units == 3
    code = {"class_name": "__lambda__", "config": {"value": ["4wEAAAA=", None, None]}}
    with pytest.raises(DeserializationError, match="never run"):
        deserialize_keras_object(code, None, safe_mode)


def test_module_objects():
    assert deserialize_keras_object("halved", module_objects=globals()) is halved
    assert type(deserialize_keras_object("Mine", module_objects=globals())) is Mine
    assert type(deserialize_keras_object(CONFIG, module_objects=globals())) is Mine
    assert type(deserialize_keras_object(CONFIG, {"Mine": Other}, module_objects=globals())) is Other
    with custom_object_scope({"Mine": Other}):
        assert type(deserialize_keras_object(CONFIG, module_objects=globals())) is Other


def test_a_name_that_is_not_among_them():
    with pytest.raises(ValueError, match=r"there is no activation function 'doubled' in module_objects\."):
        deserialize_keras_object("doubled", module_objects=globals(), printable_module_name="activation function")
    with pytest.raises(ValueError, match="there is no class 'Nowhere'"):
        deserialize_keras_object({"class_name": "Nowhere", "config": {}}, module_objects=globals())
    assert deserialize_keras_object("doubled") == "doubled"


def test_a_function_of_the_program_in_place_of_an_activation():
    """As in TF-Keras."""
    get_custom_objects()["swish"] = halved
    try:
        assert keras.activations.get("swish") is halved
        assert torch.equal(keras.layers.Activation("swish")(torch.ones(1)), torch.tensor([0.5]))
        assert keras.layers.Dense.from_config({"units": 1, "activation": "swish"}).activation is halved
    finally:
        del get_custom_objects()["swish"]
    assert keras.activations.get("swish") is keras.activations.silu


def test_a_class_of_the_program_in_a_model():
    class Dense(keras.layers.Dense):
        pass

    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(2)(x))
    twin = keras.models.model_from_json(model.to_json(), custom_objects={"Dense": Dense})
    assert type(twin.layers[1]) is Dense
    assert type(keras.models.model_from_json(model.to_json()).layers[1]) is keras.layers.Dense
