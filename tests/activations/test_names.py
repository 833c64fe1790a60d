"""Is each activation function found by the names, configs and callables that Keras takes, and named again?"""

from __future__ import annotations

import inspect

import pytest
import torch
from torch import nn

from tests.oracle import keras
from torchkeras_layer import activations

ACCESS = {"get", "serialize", "deserialize"}
NAMES = sorted(name for name in dir(keras.activations) if not name.startswith("_") and name not in ACCESS)


def test_there_are_no_more_and_no_fewer_than_in_keras():
    assert sorted(set(activations.__all__) - ACCESS - {"hard_sigmoid_keras2"}) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_names_and_signatures_are_those_of_keras(name):
    function, expected = activations.get(name), keras.activations.get(name)
    assert function is getattr(activations, name)
    assert function.__name__ == expected.__name__
    ours, theirs = inspect.signature(function).parameters, inspect.signature(expected).parameters
    assert [(key, ours[key].default) for key in ours] == [(key, theirs[key].default) for key in theirs]


@pytest.mark.parametrize("name", NAMES)
def test_serialized_as_in_keras_and_read_again(name):
    config = activations.serialize(activations.get(name))
    assert config == keras.activations.serialize(keras.activations.get(name))
    assert activations.deserialize(config) is activations.get(name)


def test_reads_the_function_configs_that_keras_writes():
    config = {
        "module": "keras.activations",
        "class_name": "function",
        "config": "relu",
        "registered_name": "relu",
    }
    assert activations.get(config) is activations.relu


def test_none_is_linear():
    assert activations.get(None) is activations.linear


@pytest.mark.parametrize("function", [torch.relu, nn.functional.silu, nn.ReLU(), abs, lambda x: 2 * x])
def test_callables_are_returned_as_they_are(function):
    assert activations.get(function) is function


def test_a_class_is_made_into_an_object():
    assert isinstance(activations.get(nn.ReLU), nn.ReLU)


@pytest.mark.parametrize("identifier", ["rleu", "", 3, 0.5, {}, {"name": "relu"}, [torch.relu]])
def test_anything_else_is_an_error(identifier):
    with pytest.raises(ValueError, match="Could not interpret activation function identifier: "):
        activations.get(identifier)


def test_unknown_names_cannot_be_read():
    with pytest.raises(ValueError, match="Could not interpret activation function identifier: 'mine'"):
        activations.deserialize("mine")


def test_custom_functions_are_read():
    def mine(x):
        return x + 1

    assert activations.deserialize("mine", custom_objects={"mine": mine}) is mine


@pytest.mark.parametrize("function", [torch.relu, nn.ReLU()])
def test_what_a_config_could_not_name_is_not_written(function):
    with pytest.raises(TypeError, match=r"relu|ReLU"):
        activations.serialize(function)
