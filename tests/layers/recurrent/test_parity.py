"""Do SimpleRNN, GRU, LSTM and stacks of their cells give Keras 3's outputs, states and gradients, whatever the mask?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.layers.recurrent.pairs import assert_same_layer, both, calls, layer_arguments
from tests.oracle import keras

GATES = st.sampled_from(["sigmoid", "sigmoid", "hard_sigmoid", "tanh"])
# A loop over the steps, or torch's own kernel where that computes the same.
WAYS = pytest.mark.parametrize("way", [True, False], ids=["kernel", "loop"])


@WAYS
@given(arguments=layer_arguments("tanh", "relu", "softsign"), call=calls())
def test_simple_rnn(way, arguments, call):
    assert_same_layer("SimpleRNN", *both("SimpleRNN", arguments, use_cudnn=way), call)


@WAYS
@given(arguments=layer_arguments("tanh", "tanh", "relu", recurrent_activation=GATES), call=calls())
def test_lstm(way, arguments, call):
    assert_same_layer("LSTM", *both("LSTM", arguments, use_cudnn=way), call)


@WAYS
@given(
    arguments=layer_arguments("tanh", "tanh", "relu", recurrent_activation=GATES, reset_after=st.booleans()),
    call=calls(),
)
def test_gru(way, arguments, call):
    assert_same_layer("GRU", *both("GRU", arguments, use_cudnn=way), call)


CELLS = {
    "SimpleRNNCell": {"units": 2, "activation": "relu"},
    "GRUCell": {"units": 3, "reset_after": False},
    "LSTMCell": {"units": 4},
}


@given(
    names=st.lists(st.sampled_from([*CELLS, "GRUCell after"]), min_size=2, max_size=3),
    flags=st.fixed_dictionaries({name: st.booleans() for name in ("return_sequences", "return_state", "go_backwards")}),
    call=calls(),
)
def test_rnn_with_a_list_of_cells(names, flags, call):
    def make(library):
        cells = [
            getattr(library.layers, name.split()[0])(**CELLS[name.split()[0]] | {"reset_after": True})
            if "after" in name
            else getattr(library.layers, name)(**CELLS[name])
            for name in names
        ]
        return library.layers.RNN(cells, **flags)

    call = {**call, "has_state": False}
    assert_same_layer("RNN", make(ours), make(keras), call)
