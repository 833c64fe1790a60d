"""What do all built-in layers share: configs read off the constructor, and names?"""

from __future__ import annotations

import inspect
import json

import pytest
import torch

from tests.oracle import keras
from torchkeras_layer import Layer, activations, initializers, layers, registry
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


class Plain(layers.Dense):
    def __init__(self, units, scale=1.0, **kwargs):
        super().__init__(units, **kwargs)
        self.scale = scale


class Overriding(Plain):
    def get_config(self):
        return {**super().get_config(), "scale": self.scale}


class Unchanged(layers.Dense):
    pass


def test_a_subclass_keeps_what_it_was_given_beyond_the_built_in_s_arguments():
    layer = Plain(3, scale=2.0, kernel_initializer=initializers.Ones(), activation="relu")
    twin = Plain.from_config(layer.get_config())
    assert (twin.units, twin.scale, type(twin.kernel_initializer)) == (3, 2.0, initializers.Ones)
    assert twin.get_config() == layer.get_config()


def test_a_subclass_that_was_given_an_object_must_say_how_to_write_it():
    with pytest.raises(
        NotImplementedError, match=r"get_config\(\) cannot write the argument scale, .* Received: scale=<object"
    ):
        Plain(3, scale=object()).get_config()
    assert "scale" in Overriding(3, scale=object()).get_config()


def test_a_subclass_without_a_constructor_has_the_built_in_s_config():
    assert Unchanged.from_config(Unchanged(3, activation="relu").get_config()).activation is activations.relu


def test_the_config_tells_what_is_and_not_what_was():
    layer = layers.Dense(3, name="head", dtype="mixed_bfloat16")
    layer.trainable = False
    layer.activation = activations.tanh
    config = layer.get_config()
    assert (config["trainable"], config["activation"], config["dtype"]) == (False, "tanh", "mixed_bfloat16")


def test_arguments_of_every_layer_are_in_the_config_only_if_they_say_something():
    config = layers.Dense(3, input_shape=(4,), activity_regularizer="l2", dynamic=True).get_config()
    assert config["batch_input_shape"] == (None, 4)
    assert config["activity_regularizer"]["class_name"] == "L2"
    assert config["dynamic"] is True
    twin = layers.Dense.from_config(config)
    assert twin.get_config() == config


def test_tuples_and_arrays_are_read_as_keras_writes_them():
    written = json.loads(json.dumps(keras.saving.serialize_keras_object((None, 1))))
    assert layers.Dropout.from_config({"rate": 0.5, "noise_shape": written}).noise_shape == (None, 1)


def test_an_unknown_key_is_told():
    with pytest.raises(TypeError, match="Dense.from_config: .* unknown keyword argument 'unit'"):
        layers.Dense.from_config({"units": 3, "unit": 4})


@pytest.mark.parametrize(
    "name", ["dense", "Dense", "BatchNormalizationV1", "layer_normalization", "batch_normalization"]
)
def test_layers_are_found_by_keras_s_names(name):
    assert registry.get_registered_object(name) is None
    config = {"units": 3} if name.lower() == "dense" else {}
    assert isinstance(layers.deserialize({"class_name": name, "config": config}), Layer)


def test_a_layer_that_needs_arguments_cannot_be_meant_by_its_name():
    with pytest.raises(ValueError, match="layer: Dense cannot be created without arguments. Pass an instance"):
        layers.get("dense")


def test_an_unknown_layer_is_told_with_those_that_are_known():
    with pytest.raises(ValueError, match="Could not interpret layer identifier: 'dens'.*Did you mean 'dense'"):
        layers.get("dens")


def test_get_returns_what_is_a_layer_already():
    layer = layers.Flatten()
    assert layers.get(layer) is layer
    assert layers.get(None) is None


def test_the_base_class_goes_through_serialize():
    written = layers.serialize(layers.Layer(name="nothing"))
    assert (written["module"], written["class_name"]) == ("keras.layers", "Layer")
    assert type(layers.deserialize(written)) is Layer


def test_a_weight_given_by_its_array_is_not_part_of_the_config():
    layer = layers.Embedding(2, 1, weights=torch.ones(2, 1))
    assert "weights" not in layer.get_config()


# What a layer reads in its own way: inputs that are no tensors, its entries of a state dict, its own weights; and what
# it knows of its outputs without a run.
MEANT_TO_BE_REPLACED = {
    "_apply",
    "_torchkeras_effects_at",
    "_torchkeras_explain_missing",
    "_torchkeras_infer",
    "_torchkeras_more_to_save",
    "_torchkeras_own_weights",
    "_torchkeras_read_inputs",
    "_save_to_state_dict",
    "_load_from_state_dict",
}


def test_no_layer_hides_a_private_method_of_the_base_class():
    built_in = {
        base
        for cls in (getattr(layers, name) for name in layers.__all__)
        if inspect.isclass(cls)
        for base in cls.__mro__
    }
    ours = [cls for cls in built_in if issubclass(cls, BuiltInLayer)]
    methods = [(cls, name) for cls in ours for name, value in vars(cls).items() if inspect.isroutine(value)]
    hidden = [f"{cls.__name__}.{name}" for cls, name in methods if name.startswith("_") and hasattr(Layer, name)]
    hidden = [name for name in hidden if not name.endswith("__")]
    assert [name for name in hidden if name.partition(".")[2] not in MEANT_TO_BE_REPLACED] == []


def test_a_subclass_may_make_masks_where_the_built_in_only_merges_them():
    class Pooled(layers.GlobalAveragePooling1D):
        def compute_mask(self, inputs, mask=None):
            return inputs.new_ones(len(inputs), dtype=torch.bool)

    layer = Pooled()
    for _ in range(3):
        assert layer(torch.ones(2, 3, 4))._keras_mask.tolist() == [True, True]


@pytest.mark.parametrize("name", ["Add", "Concatenate", "LSTM", "Bidirectional", "Attention", "GlobalAveragePooling1D"])
def test_what_only_merges_masks_goes_the_direct_way(name):
    assert getattr(layers, name)._torchkeras_facts.only_merges_masks


def test_a_subclass_may_delete_an_attribute_and_write_its_own_config():
    class Noisy(layers.Dense):
        def __init__(self, units, **kwargs):
            super().__init__(units, **kwargs)
            del self.kernel_initializer

        def get_config(self):
            return {**super(layers.Dense, self).get_config(), "units": self.units}

    config = Noisy(3).get_config()
    assert "kernel_initializer" not in config
    assert config["units"] == 3
