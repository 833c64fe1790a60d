"""What do recurrent layers say of arguments and inputs that are none?"""

from __future__ import annotations

import pytest
import torch

from torchkeras_layer import Input, layers

NAMES = ("SimpleRNN", "GRU", "LSTM", "SimpleRNNCell", "GRUCell", "LSTMCell")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "Cell: units must be a positive int. Received: units=0"),
        ({"units": 2.5}, "Cell: units must be a positive int. Received: units=2.5"),
        ({"activation": "no"}, "Cell: activation: "),
        ({"kernel_initializer": "no"}, "Cell: kernel_initializer: "),
        ({"recurrent_regularizer": "no"}, "Cell: recurrent_regularizer: "),
        ({"bias_constraint": "no"}, "Cell: bias_constraint: "),
        ({"dropout": 1.5}, "Cell: dropout must be a number from 0 to 1. Received: dropout=1.5"),
        ({"recurrent_dropout": -1}, "Cell: recurrent_dropout must be a number from 0 to 1"),
        ({"seed": "no"}, "Cell: seed must be an int or None. Received: seed='no'"),
    ],
)
def test_arguments(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(layers, name)(**{"units": 2, **arguments})


@pytest.mark.parametrize("name", NAMES[:3])
def test_calls(name):
    layer = getattr(layers, name)(2, name="layer")
    for shape in ((2, 3), (2, 3, 4, 5)):
        with pytest.raises(ValueError, match="layer"):
            layer(torch.ones(shape))
    with pytest.raises(ValueError, match="layer: needs sequences of at least one step. Received: \\(2, 0, 3\\)"):
        layer(torch.ones(2, 0, 3))
    layer(torch.ones(2, 4, 3))
    with pytest.raises(ValueError, match="layer"):
        layer(torch.ones(2, 4, 5))
    with pytest.raises(ValueError, match="use_cudnn must be 'auto', True or False. Received: use_cudnn='no'"):
        getattr(layers, name)(2, use_cudnn="no")


@pytest.mark.parametrize("name", NAMES[:3])
def test_inputs_of_unknown_size(name):
    with pytest.raises(ValueError, match="cell.*cannot make its weights, whose shapes depend on axes"):
        getattr(layers, name)(2)(Input((4, None)))


def test_words_that_no_layer_knows():
    with pytest.raises(TypeError, match="unknown keyword argument 'inner_init'"):
        layers.LSTM(2, inner_init="orthogonal")
    with pytest.raises(TypeError, match="unknown keyword argument 'reset_after'"):
        layers.LSTM(2, reset_after=True)
