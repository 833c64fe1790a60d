"""Do the configs of older Keras make the layers that they meant?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras

layers = ours.layers
GOLDENS = json.loads((Path(__file__).parents[2] / "conformance" / "tf_keras" / "recurrent.json").read_text())


def test_a_config_without_reset_after_means_that_it_is_false():
    golden = next(one for one in GOLDENS if one["config"]["config"].get("reset_after") is False)
    del golden["config"]["config"]["reset_after"]
    layer = layers.deserialize(golden["config"])
    layer.set_weights([np.array(weight, "float32") for weight in golden["weights"]])
    outputs = layer(torch.tensor(golden["inputs"]), mask=torch.tensor(golden["mask"]))
    assert_close(outputs, np.array(golden["outputs"]))
    assert layers.GRU(2).reset_after
    assert not layers.deserialize({"class_name": "GRUCell", "config": {"units": 2}}).reset_after


# TF-Keras 2.21: one sequence of three steps, the weights, and the outputs.
HARD = {
    "LSTM": (
        [[0.04, -0.29], [-0.78, -0.26], [0.01, -0.28]],
        [[[0.35, 0.82, 0.33, -1.3], [0.91, 0.45, -0.54, 0.58]], [[0.36, 0.29, 0.03, 0.55]], [-0.74, -0.16, -0.48, 0.6]],
        [-0.05215, -0.125236, -0.092401],
    ),
    "GRU": (
        [[-1.65, 0.17], [0.11, -1.23], [-0.68, -0.07]],
        [
            [[1.29, 1.01, -2.71], [-1.89, -0.17, -0.42]],
            [[0.21, 0.22, 2.12]],
            [[-1.11, -0.38, 2.04], [0.65, 0.66, -0.51]],
        ],
        [0.999994, 0.999848, 0.999829],
    ),
}


@pytest.mark.parametrize("name", HARD)
def test_the_hard_sigmoid_of_keras_2(name):
    sequence, weights, outputs = HARD[name]
    layer = getattr(layers, name)(1, recurrent_activation="hard_sigmoid_keras2", return_sequences=True)
    layer.build((1, 3, 2))
    layer.set_weights([np.array(weight, "float32") for weight in weights])
    assert_close(layer(torch.tensor([sequence])).flatten(), np.array(outputs), atol=2e-6)


def test_the_layers_of_cudnn_are_the_others_by_another_name():
    assert layers.CuDNNLSTM is layers.LSTM
    assert issubclass(layers.CuDNNGRU, layers.GRU)
    old = {
        "units": 3,
        "kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg"}},
        "return_sequences": True,
        "time_major": False,
        "batch_input_shape": [None, 4, 2],
    }
    gru = layers.deserialize({"class_name": "CuDNNGRU", "config": old})
    lstm = layers.deserialize({"class_name": "CuDNNLSTM", "config": old})
    assert gru.reset_after
    assert isinstance(lstm, layers.LSTM)
    assert gru(torch.ones(1, 4, 2)).shape == lstm(torch.ones(1, 4, 2)).shape == (1, 4, 3)
    assert layers.CuDNNGRU(2).reset_after


def test_the_shape_of_the_inputs_in_keras_2s_words():
    for words in ({"input_dim": 3, "input_length": 4}, {"input_shape": (4, 3)}, {"batch_input_shape": (None, 4, 3)}):
        layer = layers.LSTM(2, **words)
        assert layer.get_config()["batch_input_shape"] == (None, 4, 3)
        assert ours.Sequential([layer]).output_shape == (None, 2)


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_the_size_of_a_step_alone(name):
    model = ours.Sequential([getattr(layers, name)(5, input_dim=3, return_sequences=True)])
    assert (model.input_shape, model.output_shape) == ((None, None, 3), (None, None, 5))
    assert model(torch.ones(2, 4, 3)).shape == (2, 4, 5)
    assert getattr(layers, name)(5, input_length=4).get_config()["batch_input_shape"] == (None, 4, None)


def test_an_rnn_carries_its_cell_in_its_config():
    layer = layers.RNN([layers.LSTMCell(2), layers.GRUCell(3, reset_after=False)], return_sequences=True)
    layer.build((None, 4, 5))
    twin = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    twin.set_weights(layer.get_weights())
    x = torch.ones(2, 4, 5)
    assert torch.equal(twin(x), layer(x))
    assert [cell.units for cell in twin.cell.cells] == [2, 3]


def test_a_cell_of_a_users_comes_back_by_its_class():
    class Sum(layers.AbstractRNNCell):
        state_size = 3

        def call(self, inputs, states):
            return inputs + states[0], [inputs + states[0]]

    config = layers.RNN(Sum()).get_config()
    assert isinstance(layers.RNN.from_config(config, custom_objects={"Sum": Sum}).cell, Sum)
    with pytest.raises(ValueError, match="Sum"):
        layers.RNN.from_config(config)


def test_a_users_subclass_keeps_its_own_arguments():
    class Named(layers.LSTM):
        def __init__(self, units, label="none", **kwargs):
            super().__init__(units, **kwargs)
            self.label = label

    config = Named(3, label="a", return_sequences=True, dropout=0.5).get_config()
    twin = Named.from_config(config)
    assert (twin.label, twin.units, twin.return_sequences, twin.dropout) == ("a", 3, True, 0.5)
    assert twin.get_config() == config


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM", "CuDNNGRU", "ConvLSTM1D"])
def test_functions_of_a_users_come_back_by_their_names(name):
    def twice(x):
        return 2 * x

    config = getattr(layers, name)(2, kernel_size=3, activation=twice).get_config() if "Conv" in name else None
    config = config or getattr(layers, name)(2, activation=twice).get_config()
    assert getattr(layers, name).from_config(config, custom_objects={"twice": twice}).activation is twice
    with pytest.raises((TypeError, ValueError), match="twice"):
        getattr(layers, name).from_config(config)


@pytest.mark.parametrize("name", ["GRU", "LSTM", "GRUCell", "LSTMCell"])
def test_a_way_to_compute_with_masks_of_its_own_goes_through_a_config(name):
    for way in (0, 1):
        config = getattr(layers, name)(3, implementation=way).get_config()
        assert config["implementation"] == way
        assert getattr(layers, name).from_config(config).implementation == way
        assert getattr(keras.layers, name).from_config({**config, "dtype": "float32"}).units == 3
    assert "implementation" not in getattr(layers, name)(3).get_config()
    assert "implementation" not in getattr(layers, name)(3, recurrent_dropout=0.5).get_config()
    assert layers.SimpleRNN(3, implementation=1).get_config().keys() == layers.SimpleRNN(3).get_config().keys()


def test_both_directions_keep_the_way_to_compute():
    both = layers.Bidirectional(layers.LSTM(3, implementation=1, dropout=0.5))
    assert both.forward_layer.implementation == both.backward_layer.implementation == 1
