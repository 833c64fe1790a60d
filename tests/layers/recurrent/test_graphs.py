"""What do initial states and constants mean in a graph, and what of them is kept in it and in configs?"""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras
from torchkeras_layer import layers
from torchkeras_layer._structures import leaves

INPUTS = torch.linspace(-1, 1, 40).reshape(2, 5, 4)


class Cell(layers.Layer):
    """A cell without a method for its initial state, which adds constants."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units))

    def call(self, inputs, states, constants=None):
        output = inputs @ self.kernel + states[0] + sum(constants or [0.0])
        return output, [output]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


CUSTOM = {"Cell": Cell}
RECURRENT = {
    "GRU": lambda: layers.GRU(3),
    "LSTM": lambda: layers.LSTM(3),
    "SimpleRNN": lambda: layers.SimpleRNN(3),
    "a cell of a user's": lambda: layers.RNN(Cell()),
    "a stack": lambda: layers.RNN([layers.LSTMCell(2), Cell(3), layers.GRUCell(3)]),
}


@pytest.mark.parametrize("name", RECURRENT)
def test_the_initial_state_of_symbolic_inputs_is_symbolic(name):
    layer, inputs = RECURRENT[name](), ours.Input((None, 4))
    state = layer.get_initial_state(inputs)
    assert [part.shape for part in leaves(state)] == [(None, *part.shape[1:]) for part in leaves(_zeros(layer))]
    model = ours.Model(inputs, layer(inputs, initial_state=state))
    twin = ours.models.model_from_json(model.to_json(), custom_objects=CUSTOM)
    twin.set_weights(model.get_weights())
    for one in (model, twin):
        assert torch.allclose(one(INPUTS), layer(INPUTS))


def _zeros(layer):
    return layer.get_initial_state(batch_size=1)


def test_so_is_that_of_cells_and_of_images():
    step = ours.Input((4,))
    for cell in (layers.GRUCell(3), layers.StackedRNNCells([layers.GRUCell(3), Cell(3)])):
        assert {part.shape for part in leaves(cell.get_initial_state(inputs=step))} == {(None, 3)}
    layer, images = layers.ConvLSTM2D(2, 3), ours.Input((None, 6, 6, 1))
    state = layer.get_initial_state(images)
    assert [part.shape for part in state] == [(None, 4, 4, 2)] * 2
    values = torch.ones(2, 3, 6, 6, 1)
    assert torch.equal(ours.Model(images, layer(images, initial_state=state))(values), layer(values))


def test_the_batch_may_come_after_the_steps():
    layer, inputs = layers.GRU(3, time_major=True), ours.Input(batch_shape=(5, None, 4))
    assert layer.get_initial_state(inputs)[0].shape == (None, 3)
    assert layer.get_initial_state(inputs=torch.ones(5, 2, 4))[0].shape == (2, 3)


def test_a_cell_may_compute_its_state_from_symbolic_inputs():
    class Begins(Cell):
        def get_initial_state(self, inputs=None, batch_size=None, dtype=None):
            return inputs[:, 0, :3] * 2

    assert layers.RNN(Begins()).get_initial_state(ours.Input((5, 4)))[0].shape == (None, 3)


def test_a_batch_size_that_is_not_known_is_an_error():
    class Begins(Cell):
        def get_initial_state(self, batch_size=None):
            return torch.ones(batch_size, 3)

    with pytest.raises(ValueError, match="^Begins: its get_initial_state needs the batch size, which is not known"):
        layers.RNN(Begins()).get_initial_state(ours.Input((5, 4)))
    with pytest.raises(ValueError, match="get_initial_state needs the batch size, or inputs. Received"):
        layers.GRU(3).get_initial_state()


@pytest.mark.parametrize("name", ["GRU", "LSTM", "a cell of a user's"])
@pytest.mark.parametrize("make", [torch.ones, np.ones])
def test_a_state_of_numbers_for_a_free_batch(name, make):
    layer, inputs = RECURRENT[name](), ours.Input((5, 4))
    state = [make((2, 3)) for _ in leaves(_zeros(layer))]
    outputs = layer(inputs, initial_state=state)
    # Keras 3 says (None, 3); the known size wins where a free one meets it.
    assert outputs.shape == (2, 3)
    model = ours.Model(inputs, outputs)
    assert torch.equal(model(INPUTS), layer(INPUTS, initial_state=state))
    with pytest.raises(ValueError, match=r"must be \d tensors? of shape \(1, 3\). Received: \d tensors? of shape"):
        model(INPUTS[:1])


def test_symbolic_states_are_inputs_of_the_node_as_in_keras():
    inputs, state, other = ours.Input((5, 4)), ours.Input((3,)), ours.Input((3,))
    theirs = keras.layers.LSTM(3)
    theirs(keras.Input((5, 4)), initial_state=[keras.Input((3,)), keras.Input((3,))])
    layer = layers.LSTM(3)
    layer(inputs, initial_state=[state, other])
    assert len(layer.inbound_nodes[0].input_tensors) == len(theirs._inbound_nodes[0].input_tensors) == 3
    assert [a is b for a, b in zip(layer.input, (inputs, state, other), strict=True)] == [True] * 3
    assert layer.input_shape == layer.get_input_shape_at(0) == [(None, 5, 4), (None, 3), (None, 3)]
    assert layer.input_mask == [None] * 3


@pytest.mark.parametrize(
    "call",
    [
        lambda x, a, b: (layers.GRU(3), x, {"initial_state": a}),
        lambda x, a, b: (layers.GRU(3), [x, a], {}),
        lambda x, a, b: (layers.RNN(Cell()), x, {"constants": [a]}),
        lambda x, a, b: (layers.Bidirectional(layers.GRU(3)), x, {"initial_state": [a, b]}),
    ],
    ids=["state", "list", "constants", "both directions"],
)
def test_of_every_kind(call):
    inputs, one, other = ours.Input((5, 4)), ours.Input((3,)), ours.Input((3,))
    layer, first, kwargs = call(inputs, one, other)
    layer(first, **kwargs)
    assert layer.input[0] is inputs
    assert layer.input[1] is one
    alone = layers.GRU(3)
    alone(inputs, initial_state=torch.zeros(2, 3))
    assert alone.input is inputs


@pytest.mark.parametrize("around", [lambda layer: layer, layers.Bidirectional], ids=["alone", "both directions"])
def test_the_number_of_constants_is_kept(around):
    layer, constant = around(layers.RNN(Cell())), torch.ones(2, 3)
    expected = layer(INPUTS, constants=[constant])
    config = layer.get_config()
    assert config["num_constants"] == 1
    twin = type(layer).from_config(config, custom_objects=CUSTOM)
    twin.build(INPUTS.shape)
    twin.set_weights(layer.get_weights())
    for one in (layer, twin, copy.deepcopy(layer)):
        assert torch.equal(one([INPUTS, constant]), expected)


def test_it_is_kept_in_the_json_of_a_model():
    inputs, constant = ours.Input((5, 4)), ours.Input((3,))
    model = ours.Model([inputs, constant], layers.RNN(Cell())(inputs, constants=constant))
    twin = ours.models.model_from_json(model.to_json(), custom_objects=CUSTOM)
    assert twin.layers[-1].get_config()["num_constants"] == 1


def test_states_come_before_constants():
    layer, one = layers.RNN(Cell()), torch.ones(2, 3)
    expected = layer(INPUTS, initial_state=2 * one, constants=[one])
    assert torch.equal(layer([INPUTS, 2 * one, one]), expected)


def test_the_shapes_are_those_that_a_cell_of_a_users_gives():
    class Wide(layers.Layer):
        state_size = 3

        def call(self, inputs, states):
            return torch.cat([inputs, states[0]], -1), [states[0]]

    assert layers.RNN(Wide())(ours.Input((5, 4))).shape == (None, 7)


def test_states_of_stacked_cells_are_nested_as_in_keras():
    def cell_of(library):
        class Sum(library.layers.Layer):
            def __init__(self, units):
                super().__init__()
                self.state_size = self.output_size = units

            def call(self, inputs, states):
                total = states[0] + inputs.sum(-1, keepdim=True)
                return total, [total]

        return Sum

    shapes = []
    for library in (ours, keras):
        cell = cell_of(library)
        cells = [cell(2), library.layers.LSTMCell(3), cell(4)]
        results = library.layers.RNN(cells, return_state=True)(torch.ones(1, 4, 2))
        shapes.append(
            [[tuple(one.shape) for one in part] if isinstance(part, list) else part.shape for part in results]
        )
    assert shapes[0] == shapes[1] == [(1, 4), (1, 2), [(1, 3), (1, 3)], (1, 4)]


def test_and_so_they_are_when_they_are_kept():
    layer = layers.RNN([Cell(2), Cell(3)], return_state=True, stateful=True)
    _, first, second = layer(INPUTS)
    assert (first.shape, second.shape) == ((2, 2), (2, 3))
    assert [tuple(state.shape) for state in layer.states] == [(2, 2), (2, 3)]
    expected = layers.RNN([layer.cell.cells[0], layer.cell.cells[1]])(INPUTS, initial_state=[first, second])
    assert torch.equal(layer(INPUTS)[0], expected)


def test_a_stack_is_made_from_a_config_with_custom_objects():
    config = layers.StackedRNNCells([Cell(2), layers.GRUCell(3)]).get_config()
    twin = layers.StackedRNNCells.from_config(config, custom_objects=CUSTOM)
    assert [type(cell) for cell in twin.cells] == [Cell, layers.GRUCell]
