"""Are the methods honoured that subclasses of Keras's recurrent layers and cells override?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours
from tests.layers.pairs import pair
from tests.oracle import assert_close, keras

L = ours.layers


class Constant:
    """A mask that keeps every other feature."""

    def mask(self, inputs):
        return (torch.arange(inputs.shape[-1]) % 2).to(inputs.dtype).expand_as(inputs)


@pytest.mark.parametrize("name", ["SimpleRNNCell", "GRUCell", "LSTMCell"])
@pytest.mark.parametrize("implementation", [1, 2])
def test_get_dropout_mask_of_a_cell(name, implementation):
    """Masks of Keras 3 are honoured under its names, and those of TF-Keras under theirs."""
    cell_class = getattr(L, name)

    class OfKeras3(cell_class, Constant):
        def get_dropout_mask(self, step_input):
            return self.mask(step_input)

        def get_recurrent_dropout_mask(self, step_input):
            return self.mask(step_input)

    class OfTFKeras(cell_class, Constant):
        def get_dropout_mask_for_cell(self, inputs, training, count=1):
            mask = self.mask(inputs)
            return [mask] * count if count > 1 else mask

        get_recurrent_dropout_mask_for_cell = get_dropout_mask_for_cell

    sequences = torch.randn(2, 5, 4)
    one = {"dropout": 0.5, "recurrent_dropout": 0.5, "implementation": implementation}
    first, second = (L.RNN(cls(4, **one), return_sequences=True) for cls in (OfKeras3, OfTFKeras))
    plain = L.RNN(cell_class(4), return_sequences=True)
    for layer in (first, second, plain):
        layer.build(sequences.shape)
    # A mask on the state is the same as on the rows of the recurrent kernel, but for the GRU's gate.
    kernel, recurrent_kernel, *bias = first.get_weights()
    second.set_weights(first.get_weights())
    rows = (torch.arange(4) % 2).numpy()[:, None]
    plain.set_weights([kernel * rows, recurrent_kernel * rows, *bias])
    expected = plain(sequences)
    for layer in (first, second):
        assert_close(layer(sequences, training=True), expected, atol=1e-5)
        assert_close(layer.eval()(sequences), first.eval()(sequences))
        layer.train()


def test_get_dropout_mask_of_tf_keras_may_be_called():
    cell = L.LSTMCell(3, dropout=0.5, recurrent_dropout=0.5)
    assert cell.get_dropout_mask_for_cell(torch.ones(1, 2), training=False) is None
    masks = cell.get_dropout_mask_for_cell(torch.ones(1, 2), training=True, count=4)
    assert [mask.shape for mask in masks] == [(1, 2)] * 4
    assert len(cell.get_recurrent_dropout_mask_for_cell(torch.ones(1, 3), training=True, count=4)) == 4
    assert L.LSTMCell(3).get_dropout_mask_for_cell(torch.ones(1, 2), training=True) is None


def test_get_initial_state():
    class Ones(L.GRU):
        def get_initial_state(self, batch_size):
            return [torch.ones(batch_size, self.units)]

    layer = Ones(2)
    x = torch.randn(3, 4, 5)
    assert_close(layer(x), layer(x, initial_state=torch.ones(3, 2)))


def _louder(library):
    base = type(library.layers.ConvLSTM2D(2, 3).cell)

    class Louder(base):
        def input_conv(self, x, w, b=None, padding="valid"):
            return super().input_conv(x, w * 2, b, padding=padding) + 0.1

        def recurrent_conv(self, x, w):
            return super().recurrent_conv(x, w) * 0.5

    return Louder


@pytest.mark.parametrize(
    "arguments", [{}, {"padding": "same"}, {"strides": 2}, {"use_bias": False}, {"data_format": "channels_first"}]
)
def test_convolutions_of_a_conv_lstm(arguments):
    shape = (2, 3, 6, 6) if "data_format" in arguments else (2, 6, 6, 3)
    mine, theirs = pair(_louder, shape, rank=2, filters=2, kernel_size=3, **arguments)
    sequences = torch.linspace(-1, 1, 864).reshape(2, 4, *shape[1:])
    results = []
    for library, cell in ((ours, mine), (keras, theirs)):
        layer = library.layers.ConvLSTM2D(2, 3, **arguments)
        layer.cell = cell
        results.append(layer(sequences))
    assert_close(*results, atol=1e-6)
    assert_close(L.RNN(mine)(sequences), results[0], atol=1e-6)


def test_a_convolution_of_a_conv_lstm_may_pad_otherwise():
    class Same(type(L.ConvLSTM2D(2, 3).cell)):
        def input_conv(self, x, w, b=None, padding="valid"):
            return super().input_conv(x, w, b, padding="same")[:, 1:-1, 1:-1]

    mine, plain = (cls(2, 2, 3) for cls in (Same, Same.__base__))
    for cell in (mine, plain):
        cell.build((1, 6, 6, 1))
    plain.set_weights(mine.get_weights())
    x, state = torch.ones(1, 6, 6, 1), [torch.ones(1, 4, 4, 2)] * 2
    assert_close(mine(x, state)[0], plain(x, state)[0], atol=1e-6)


def _peephole(library):
    """The cell with peepholes of TF-Keras."""

    class Peephole(library.layers.LSTMCell):
        def build(self, input_shape):
            super().build(input_shape)
            self.peephole = self.add_weight(shape=(self.units,), name="peephole")

        def _gates(self, gates, c):
            peephole = self.peephole + 0.0
            update, forget, candidate, output = gates
            following = self.recurrent_activation(forget + peephole * c) * c
            following = following + self.recurrent_activation(update) * self.activation(candidate)
            return following, self.recurrent_activation(output + peephole * following)

        def _compute_carry_and_output(self, x, h_tm1, c_tm1):
            kernels = torch.chunk(self.recurrent_kernel + 0.0, 4, 1)
            gates = [of_x + h @ kernel for of_x, h, kernel in zip(x, h_tm1, kernels, strict=True)]
            return self._gates(gates, c_tm1)

        def _compute_carry_and_output_fused(self, z, c_tm1):
            return self._gates(z, c_tm1)

    return Peephole


@pytest.mark.parametrize("arguments", [{}, {"implementation": 1}, {"recurrent_dropout": 0.1}])
@pytest.mark.parametrize("mask", [None, [[1, 1, 0, 1, 0]] * 2])
def test_the_step_of_an_lstm(arguments, mask):
    def make(library):
        return lambda: library.layers.RNN(_peephole(library)(3, **arguments), return_sequences=True)

    mine, theirs = pair(make, (2, 5, 4))
    x, mask = torch.linspace(-1, 1, 40).reshape(2, 5, 4), None if mask is None else torch.tensor(mask).bool()
    assert_close(mine(x, mask=mask, training=False), theirs(x, mask=mask, training=False), atol=1e-6)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize(
    "arguments", [{}, {"return_sequences": True, "go_backwards": True}, {"return_state": True}, {"stateful": True}]
)
def test_the_loop_over_the_steps(name, arguments):
    def make(library):
        class Own(getattr(library.layers, name)):
            def inner_loop(self, sequences, initial_state, mask, training=False):
                last, outputs, states = super().inner_loop(sequences * 2, initial_state, mask, training=training)
                return last + 1, outputs + 1, states

        return Own

    mine, theirs = pair(make, (2, 5, 4), units=3, **arguments)
    x = torch.linspace(-1, 1, 40).reshape(2, 5, 4)
    for _ in range(2):
        found, expected = (layer(x) for layer in (mine, theirs))
        for part, wanted in zip(*([one] if torch.is_tensor(one) else one for one in (found, expected)), strict=True):
            assert_close(part, wanted, atol=1e-5)
    assert L.Bidirectional(make(ours)(3))(x).min() > 0
