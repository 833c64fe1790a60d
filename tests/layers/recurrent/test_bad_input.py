"""What do recurrent layers say of arguments and inputs that are none?"""

from __future__ import annotations

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from torchkeras_layer import Input, layers
from torchkeras_layer.layers.recurrent.conv_lstm_cell import ConvLSTMCell

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
        ({"seed": "no"}, "Cell: seed must be an int of 64 bits or None. Received: seed='no'"),
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
    with pytest.raises(ValueError, match="layer: needs sequences of at least one step. Received: .* \\(2, 0, 3\\)"):
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


@pytest.mark.parametrize("name", NAMES)
def test_builds_for_another_number_of_axes(name):
    layer, wanted = getattr(layers, name)(2, name="one"), 2 if name.endswith("Cell") else 3
    for rank in (wanted - 1, wanted + 1):
        message = f"^one: input 0 does not fit the layer: expected ndim={wanted}, found ndim={rank}. Received: "
        with pytest.raises(ValueError, match=message):
            layer.build((None, *[4] * (rank - 1)))
    assert not layer.built
    if wanted == 3:
        with pytest.raises(ValueError, match="^one: .* expected ndim=3, found ndim=4"):
            layer.compute_output_shape((2, 3, 4, 5))
        with pytest.raises(ValueError, match="^forward_one: .* expected ndim=3, found ndim=2"):
            layers.Bidirectional(layer).build((None, 4))


class Sum(layers.AbstractRNNCell):
    state_size = 2


def test_images_and_other_cells_for_another_number_of_axes():
    with pytest.raises(ValueError, match="^one: .* expected ndim=5, found ndim=4. Received: .*(None, 4, 5, 6)"):
        layers.ConvLSTM2D(2, 3, name="one").build((None, 4, 5, 6))
    with pytest.raises(ValueError, match="^one: .* expected min_ndim=2, found ndim=1"):
        layers.RNN(Sum(), name="one").build((None,))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", [7, -1, "x", None, True, 1.5])
def test_the_way_to_compute(name, way):
    with pytest.raises(ValueError, match="Cell: implementation must be 0, 1 or 2. Received: implementation="):
        getattr(layers, name)(2, implementation=way)


@pytest.mark.parametrize("state", ["zeros", [None, None], [], [[1, 2], [3]], [torch.ones(2, 2), "a"]])
def test_states_that_are_no_tensors(state):
    inputs = torch.ones(2, 3, 4)
    with pytest.raises(ValueError, match=r"^one: the initial state must be 2 tensors of shape \(2, 2\). Received: ."):
        layers.LSTM(2, name="one")(inputs, initial_state=state)
    kept = layers.LSTM(2, stateful=True, name="one")
    kept(inputs)
    with pytest.raises(ValueError, match=r"^one: the initial state must be 2 tensors of shape \(2, 2\). Received: ."):
        kept.reset_states(state)
    with pytest.raises(
        ValueError, match=r"^one: the initial state must be 2 tensors of shape \(2, 3, 2\). Received: ."
    ):
        layers.ConvLSTM1D(2, 2, name="one")(inputs.unsqueeze(-1), initial_state=state)


def test_masks_that_are_no_tensors():
    for mask in ("a", [[True], [True, False]]):
        with pytest.raises(
            ValueError, match=r"^one: the mask must have shape \(batch, steps\), here \(2, 3\). Received: "
        ):
            layers.GRU(2, name="one")(torch.ones(2, 3, 4), mask=mask)


@pytest.mark.parametrize(
    "states", ["ab", [], None, 3, [torch.ones(2, 3)], [torch.ones(2, 3)] * 2, [torch.ones(2, 2)] * 3]
)
@pytest.mark.parametrize("name", NAMES[3:])
def test_cells_called_on_states_that_do_not_fit(name, states):
    cell = getattr(layers, name)(2, name="one", recurrent_dropout=0.5)
    wanted = r"2 tensors of shape" if name == "LSTMCell" else "1 tensor of shape"
    for training in (False, True):
        with pytest.raises(
            ValueError, match=rf"^one: a call needs its states, {wanted} \(2, 2\), such as .* Received: ."
        ):
            cell(torch.ones(2, 4), states, training=training)
    with pytest.raises(ValueError, match="^one: a call needs its states"):
        cell(torch.ones(2, 4))


def test_other_faults_of_a_step_are_told_as_they_are():
    def broken(x):
        raise RuntimeError("not this time")

    cell = layers.GRUCell(2, activation=broken)
    with pytest.raises(RuntimeError, match="not this time"):
        cell(torch.ones(1, 3), cell.get_initial_state(1))
    images = ConvLSTMCell(1, 2, 1, activation=broken)
    with pytest.raises(RuntimeError, match="not this time"):
        images(torch.ones(1, 3, 1), [torch.ones(1, 3, 2)] * 2)


def test_images_and_stacks_called_on_states_that_do_not_fit():
    images, stack = ConvLSTMCell(1, 2, 2, name="one"), layers.StackedRNNCells([layers.GRUCell(2)], name="one")
    for states in ((), ([torch.ones(2, 2, 2)],), ([torch.ones(2, 3, 2)] * 2,)):
        with pytest.raises(ValueError, match=r"^one: a call needs its states, 2 tensors of shape \(2, 2, 2\), such as"):
            images(torch.ones(2, 3, 1), *states)
    for states in ((), (torch.ones(2, 2),), ([],), ([torch.ones(2, 2)] * 2,)):
        with pytest.raises(
            ValueError, match=r"^one: a call needs a list with the states of each of its 1 cells, such as"
        ):
            stack(torch.ones(2, 4), *states)


@pytest.mark.parametrize("kind", ["LSTM", "RNN", "Bidirectional"])
def test_a_packed_sequence_is_sent_to_masks(kind):
    given = {"LSTM": 2, "RNN": layers.GRUCell(2), "Bidirectional": layers.GRU(2)}[kind]
    layer, padded = getattr(layers, kind)(given, name="one"), torch.randn(2, 3, 4)
    packed = pack_padded_sequence(padded, [3, 2], batch_first=True)
    with pytest.raises(
        TypeError, match="^one: expects a tensor, .* Received: a PackedSequence. Write `sequences, lengths"
    ):
        layer(packed)
    sequences, lengths = pad_packed_sequence(packed, batch_first=True)
    assert layer(sequences, mask=torch.arange(sequences.shape[1]) < lengths[:, None]).shape[0] == 2


def test_convolutional_layers_have_no_units():
    layer = layers.ConvLSTM1D(2, 3)
    assert not hasattr(type(layer), "units")
    assert not hasattr(type(layer), "implementation")
    assert (layer.filters, layer.seed) == (2, None)


def test_a_mask_in_the_place_of_a_state():
    with pytest.raises(
        ValueError, match=r"^one: the initial state must be .* Received: booleans. Write `mask=...` if they"
    ):
        layers.GRU(3, name="one")(torch.ones(2, 3, 4), torch.ones(2, 3, dtype=torch.bool))


@pytest.mark.parametrize("size", [0, -1, True, [2, 0], 2.5])
def test_cells_of_no_size(size):
    Sized = type("Sized", (Sum,), {"state_size": size})
    with pytest.raises(
        ValueError, match="^RNN: the `state_size` of a cell must be a positive int, or a list of them, one"
    ):
        layers.RNN(Sized())


@pytest.mark.parametrize("result", [lambda x: x, lambda x: (x, x, x), lambda x: x[0, 0].item()])
def test_cells_that_give_no_state(result):
    class Forgetful(Sum):
        def call(self, inputs, states):
            return result(inputs)

    with pytest.raises(
        ValueError, match=r"A call of a cell must return a pair \(output, states\). Received: .*Forgetf"
    ):
        layers.RNN(Forgetful())(torch.ones(2, 3, 2))
