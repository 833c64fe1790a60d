"""Which cells does an RNN run, and what may a cell of a user's do?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.utils import prune

import torchkeras_layer as ours
from tests.layers.recurrent.pairs import give_weights
from tests.oracle import assert_close, keras

layers = ours.layers
X = torch.linspace(-1, 1, 24).reshape(2, 4, 3)


class Minimal(layers.Layer):
    """The cell in the documentation of Keras's RNN."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(self.units, self.units), name="recurrent_kernel")

    def call(self, inputs, states):
        output = inputs @ self.kernel + states[0] @ self.recurrent_kernel
        return output, [output]


def test_a_cell_of_a_users_runs():
    layer = layers.RNN(Minimal(4), return_sequences=True, return_state=True)
    outputs, state = layer(X)
    assert outputs.shape == (2, 4, 4)
    assert torch.equal(state, outputs[:, -1])
    linear = layers.SimpleRNN(4, activation="linear", use_bias=False, return_sequences=True)
    linear.build(X.shape)
    linear.set_weights(layer.get_weights())
    torch.testing.assert_close(outputs, linear(X))
    assert layer(ours.Input((None, 3)))[0].shape == (None, None, 4)
    assert layers.RNN([Minimal(4), Minimal(2)])(X).shape == (2, 2)


def test_a_cell_may_be_any_object_or_module():
    class Plain:
        state_size = 3

        def call(self, inputs, states):
            return inputs + states[0], inputs + states[0]

    class Module(torch.nn.Module):
        state_size = [3]

        def forward(self, inputs, states):
            return inputs + states[0], [inputs + states[0]]

    expected = X.cumsum(1)
    for cell in (Plain(), Module()):
        layer = layers.RNN(cell, return_sequences=True)
        torch.testing.assert_close(layer(X), expected)
        assert layer.compute_output_shape((None, 4, 3)) == (None, 4, 3)


def test_the_output_may_have_another_size_than_the_state():
    class Wide(layers.AbstractRNNCell):
        state_size = 3
        output_size = 6

        def call(self, inputs, states):
            return torch.cat([inputs, states[0]], -1), [inputs]

    layer = layers.RNN(Wide(), return_sequences=True, return_state=True)
    outputs, state = layer(X)
    assert torch.equal(outputs[:, 1], torch.cat([X[:, 1], X[:, 0]], -1))
    assert torch.equal(state, X[:, -1])
    assert layer.compute_output_shape((2, 4, 3)) == ((2, 4, 6), (2, 3))


def test_an_abstract_cell_says_what_is_missing():
    cell = layers.AbstractRNNCell(name="cell")
    for what in (lambda: cell.state_size, lambda: layers.RNN(cell)):
        with pytest.raises(NotImplementedError, match="cell: AbstractRNNCell must define the size of its state"):
            what()
    with pytest.raises(NotImplementedError, match="cell: AbstractRNNCell must define what a step computes"):
        cell(X, None)


@pytest.mark.parametrize("taken", [("inputs", "batch_size", "dtype"), ("batch_size",), ("kwargs",)])
def test_a_cell_may_say_where_it_begins(taken):
    def of_keras_2(self, inputs=None, batch_size=None, dtype=None):
        assert dtype is torch.float32
        return torch.ones(batch_size, 3)

    def of_keras_3(self, batch_size=None):
        return [torch.ones(batch_size, 3)]

    def of_any(self, **kwargs):
        return (torch.ones(kwargs["batch_size"], 3),)

    method = {"inputs": of_keras_2, "batch_size": of_keras_3, "kwargs": of_any}[taken[0]]
    cell = type("Cell", (Minimal,), {"get_initial_state": method})(3)
    layer = layers.RNN(cell)
    assert torch.equal(layer(X), layer(X, initial_state=torch.ones(2, 3)))


def test_constants_go_to_every_call():
    class Shifted(layers.AbstractRNNCell):
        state_size = 3

        def call(self, inputs, states, constants):
            return inputs + constants[0], [states[0] + constants[0]]

    layer = layers.RNN(Shifted(), return_sequences=True, return_state=True)
    shift = torch.tensor([[1.0, 2, 3], [4, 5, 6]])
    outputs, state = layer(X, constants=[shift])
    assert torch.equal(outputs, X + shift.unsqueeze(1))
    assert torch.equal(state, 4 * shift)
    symbolic, _ = layer(ours.Input((4, 3)), constants=ours.Input((3,)))
    assert symbolic.shape == (None, 4, 3)
    old = layers.RNN(Shifted(), num_constants=1)
    assert torch.equal(old([X, shift]), outputs[:, -1])
    assert old.get_config()["num_constants"] == 1
    stack = layers.RNN([Shifted(), Minimal(3)])
    assert stack(X, constants=shift).shape == (2, 3)
    with pytest.raises(ValueError, match="gru: call\\(\\) of GRUCell does not accept constants"):
        layers.GRU(2, name="gru")(X, constants=shift)


def test_a_subclass_of_a_cell_computes_its_steps_itself():
    class Doubled(layers.LSTMCell):
        def call(self, inputs, states, training=None):
            output, states = super().call(inputs, states, training)
            return 2 * output, states

    layer = layers.RNN(Doubled(3), return_sequences=True)
    plain = layers.RNN(layers.LSTMCell(3), return_sequences=True)
    layer(X), plain(X)
    layer.set_weights(plain.get_weights())
    torch.testing.assert_close(layer(X), 2 * plain(X))


def test_what_hangs_on_the_cell_happens_at_each_step():
    layer = layers.LSTM(3)
    expected, seen = layer(X), []
    handle = layer.cell.register_forward_hook(lambda *_: seen.append(1))
    torch.testing.assert_close(layer(X), expected)
    assert len(seen) == 4
    handle.remove()
    prune.l1_unstructured(layer.cell, "kernel", 0.5)
    for _ in range(2):
        layer(X).sum().backward()
    assert (layer.cell.kernel == 0).sum() == 18


@pytest.mark.parametrize("name", ["SimpleRNNCell", "GRUCell", "LSTMCell"])
def test_a_cell_alone_is_keras_s(name):
    mine, theirs = getattr(layers, name)(4), getattr(keras.layers, name)(4)
    for cell in (mine, theirs):
        cell.build((2, 3))
    give_weights(mine, theirs, np.random.default_rng(0))
    states = [torch.ones(2, 4) / 2] * (2 if name == "LSTMCell" else 1)
    assert_close(mine(X[:, 0], states), theirs(X[:, 0], states))
    assert (mine.state_size, mine.output_size) == (theirs.state_size, theirs.output_size)
    if name != "LSTMCell":
        output, state = mine(X[:, 0], states[0])
        assert torch.equal(output, state)
    symbolic = [ours.Input((4,)) for _ in states]
    assert mine(ours.Input((3,)), symbolic)[0].shape == (None, 4)


def test_the_forget_gate_begins_open():
    for bias_initializer in ("zeros", "ones"):
        mine, theirs = (library.layers.LSTMCell(2, bias_initializer=bias_initializer) for library in (ours, keras))
        for cell in (mine, theirs):
            cell.build((None, 3))
        assert_close(mine.bias, theirs.bias)
    closed = layers.LSTMCell(2, unit_forget_bias=False)
    closed.build((None, 3))
    assert not closed.bias.any()


@pytest.mark.parametrize("cell", [None, 3, object(), layers.GRUCell, layers.Dense(2)])
def test_what_is_no_cell_is_refused(cell):
    with pytest.raises(ValueError, match=r"RNN: a cell must have a method `call\(inputs, states\)` and an attribute"):
        layers.RNN(cell)
    with pytest.raises(ValueError, match="StackedRNNCells: a cell must have a method"):
        layers.StackedRNNCells([cell])


def test_sizes_and_stacks_that_are_none_are_refused():
    wrong = type("Cell", (Minimal,), {})(3)
    wrong.state_size = "large"
    with pytest.raises(ValueError, match="RNN: the `state_size` of a cell must be a positive int.*'large'"):
        layers.RNN(wrong)
    for cells in ([], layers.GRUCell(2), None):
        with pytest.raises(ValueError, match="StackedRNNCells: cells must be a list of at least one cell"):
            layers.StackedRNNCells(cells)
    with pytest.raises(ValueError, match="reverse_state_order is not supported"):
        layers.StackedRNNCells([layers.GRUCell(2)], reverse_state_order=True)
