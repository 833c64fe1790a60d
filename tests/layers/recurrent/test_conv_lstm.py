"""Do the convolutional LSTMs give Keras's outputs, states and gradients, and say what they cannot do?"""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.layers.recurrent.pairs import DTYPES, assert_digits
from tests.oracle import assert_close, keras, keras_keeps_float64, to_numpy
from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves
from torchkeras_layer.layers.recurrent.conv_lstm_cell import ConvLSTMCell

L = ours.layers
_BATCH, _STEPS = 2, 3


def _pair(rank: int, shape: Any, **arguments: Any) -> tuple[Any, Any]:
    """Make the layer in both libraries, built, with the same weights."""
    mine, theirs = (getattr(library.layers, f"ConvLSTM{rank}D")(**arguments) for library in (ours, keras))
    for layer in (mine, theirs):
        layer.build(shape)
    mine.set_weights([to_numpy(weight) for weight in theirs.weights])
    return mine, theirs


def _gradients(layer: Any, inputs: torch.Tensor, **arguments: Any) -> tuple[Any, Any]:
    inputs = inputs.clone().requires_grad_()
    outputs = layer(inputs, **arguments)
    weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
    loss = sum((one * torch.linspace(-1, 1, one.numel()).reshape(one.shape)).sum() for one in leaves(outputs))
    return outputs, torch.autograd.grad(loss, [inputs, *weights])


def _flat(shapes: Any) -> list[Any]:
    found: list[Any] = []
    map_shapes(found.append, shapes)
    return found


@st.composite
def _configurations(draw: Any, rank: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    arguments: dict[str, Any] = {"filters": draw(st.integers(1, 3)), "dtype": draw(DTYPES)}
    arguments["kernel_size"] = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    arguments["padding"] = draw(st.sampled_from(["valid", "same"]))
    arguments["data_format"] = draw(st.sampled_from(["channels_last", "channels_first"]))
    arguments[draw(st.sampled_from(["strides", "dilation_rate"]))] = draw(st.integers(1, 2))
    arguments["activation"] = draw(st.sampled_from(["tanh", "relu"]))
    arguments["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "hard_sigmoid"]))
    for flag in ("use_bias", "unit_forget_bias", "return_sequences", "return_state", "go_backwards"):
        arguments[flag] = draw(st.booleans())
    sizes = tuple(draw(st.integers(5, 6)) for _ in range(rank))
    channels = draw(st.integers(1, 2))
    image = (*sizes, channels) if arguments["data_format"] == "channels_last" else (channels, *sizes)
    return arguments, (_BATCH, _STEPS, *image)


@pytest.mark.parametrize("rank", [1, 2, 3])
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), has_mask=st.booleans(), has_state=st.booleans())
def test_random_configurations_give_keras_s_numbers(rank, data, has_mask, has_state):
    arguments, shape = data.draw(_configurations(rank))
    mine, theirs = _pair(rank, shape, **arguments)
    torch.manual_seed(1)
    dtype = getattr(torch, arguments["dtype"])
    inputs = torch.randn(shape, dtype=dtype)
    given_too: dict[str, Any] = {"training": False}
    if has_mask:
        given_too["mask"] = torch.tensor([[False, True, True], [True, False, True]])
    if has_state:
        state_shape = mine.cell.compute_output_shape((_BATCH, *shape[2:]))[0]
        given_too["initial_state"] = [torch.randn(state_shape, dtype=dtype) for _ in range(2)]
    with keras_keeps_float64():
        (outputs, gradients), (expected, expected_gradients) = (
            _gradients(one, inputs, **given_too) for one in (mine, theirs)
        )
    assert isinstance(outputs, tuple) == isinstance(expected, tuple)
    assert_digits([outputs, gradients], [expected, expected_gradients], str(arguments), arguments["dtype"])
    called = [tuple(one.shape) for one in leaves(outputs)]
    assert _flat(mine.compute_output_shape(shape)) == called
    free = (None, None, *shape[2:])
    assert _flat(mine.compute_output_shape(free)) == _flat(theirs.compute_output_shape(free))


@pytest.mark.parametrize("rank", [1, 2])
def test_stateful_layers_go_on_as_keras_s(rank):
    shape = (2, 3, *[4] * rank, 2)
    mine, theirs = _pair(rank, shape, filters=2, kernel_size=2, stateful=True, return_sequences=True)
    torch.manual_seed(0)
    inputs = torch.randn(shape)
    for _ in range(2):
        assert_close(mine(inputs), theirs(inputs))
    assert_close(mine.states, [state.value for state in theirs.states])
    mine.reset_states()
    theirs.reset_states()
    assert_close(mine(inputs), theirs(inputs))
    states = [torch.full(tuple(state.shape), 0.5) for state in mine.states]
    mine.reset_state(states)
    assert all(torch.equal(state, one) for state, one in zip(mine.states, states, strict=True))
    with pytest.raises(ValueError, match="the initial state must be 2 tensors of shape"):
        mine.reset_state(states[:1])


def test_dropout_is_keras_s_from_the_same_seed():
    arguments = {"filters": 2, "kernel_size": 2, "dropout": 0.3, "recurrent_dropout": 0.4, "seed": 5}
    mine, theirs = _pair(2, (2, 3, 4, 4, 2), **arguments)
    torch.manual_seed(0)
    for inputs in torch.randn(2, 2, 3, 4, 4, 2):
        results = [_gradients(layer, inputs, training=True) for layer in (mine, theirs)]
        assert_close(*results, atol=1e-5)
    assert mine.cell.seed == 5


def test_a_cell_with_a_hook_is_called_at_each_step():
    layer = L.ConvLSTM2D(2, 3, padding="same", return_sequences=True, dropout=0.3, recurrent_dropout=0.2, seed=1)
    inputs = torch.randn(2, 3, 4, 4, 2)
    layer(inputs)
    twin, calls = copy.deepcopy(layer), []
    twin.cell.register_forward_hook(lambda *call: calls.append(call))
    for training in (False, True):
        torch.testing.assert_close(twin(inputs, training=training), layer(inputs, training=training))
    assert len(calls) == 6


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_cell_in_a_layer_of_any_cell(data_format):
    layer = L.ConvLSTM1D(2, 3, data_format=data_format, return_sequences=True)
    inputs = torch.randn(2, 3, 6, 6)
    outputs = layer(inputs)
    state = layer.cell.get_initial_state(inputs=inputs[:, 0])
    for step in range(3):
        output, state = layer.cell(inputs[:, step], state)
        torch.testing.assert_close(output, outputs[:, step])


def test_images_of_any_size():
    layer = L.ConvLSTM2D(2, 3, strides=2, return_state=True)
    layer.build((None, None, None, None, 1))
    assert [tuple(part.shape) for part in layer(torch.randn(2, 3, 7, 9, 1))] == [(2, 3, 4, 2)] * 3
    assert layer(torch.randn(1, 2, 5, 5, 1))[0].shape == (1, 2, 2, 2)
    assert layer.compute_output_shape((None, None, None, 9, 1)) == ((None, None, 4, 2),) * 3
    with pytest.raises(ValueError, match=r"which must be known.*\(2, None, None, 1\)"):
        layer.get_initial_state(batch_size=2)


def test_the_first_state_is_of_the_size_of_the_images():
    layer = L.ConvLSTM2D(2, 3)
    layer.build((None, None, 5, 6, 1))
    assert [tuple(part.shape) for part in layer.get_initial_state(batch_size=4)] == [(4, 3, 4, 2)] * 2
    assert [tuple(part.shape) for part in layer.get_initial_state(torch.ones(1, 2, 7, 7, 1))] == [(1, 5, 5, 2)] * 2


def test_the_forget_gate_begins_open():
    layer = L.ConvLSTM1D(2, 3)
    layer.build((None, None, 5, 1))
    assert layer.cell.bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_bidirectional_as_keras():
    pair = []
    for library in (ours, keras):
        inner = library.layers.ConvLSTM1D(2, 3, padding="same", return_sequences=True)
        layer = library.layers.Bidirectional(inner, merge_mode="concat")
        layer.build((None, 3, 5, 2))
        pair.append(layer)
    mine, theirs = pair
    mine.set_weights([to_numpy(weight) for weight in theirs.weights])
    torch.manual_seed(0)
    inputs, mask = torch.randn(2, 3, 5, 2), torch.tensor([[True, True, False], [False, True, True]])
    assert_close(mine(inputs), theirs(inputs))
    assert_close(mine(inputs, mask=mask), theirs(inputs, mask=mask))
    assert mine.compute_output_shape((None, 3, 5, 2)) == (None, 3, 5, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 0}, "filters must be a positive int. Received: filters=0"),
        ({"kernel_size": (3, 0)}, "kernel_size must be a positive int"),
        ({"kernel_size": (3, 3, 3)}, "kernel_size must be 2 positive ints"),
        ({"strides": 2, "dilation_rate": 2}, "strides and dilation_rate cannot both be above 1"),
        ({"padding": "causal"}, "padding must be one of 'valid', 'same'. Received: padding='causal'"),
        ({"data_format": "last"}, "data_format must be one of"),
        ({"activation": "tann"}, "activation: .*'tann'"),
        ({"recurrent_activation": "sig"}, "recurrent_activation: .*'sig'"),
        ({"dropout": 1.5}, "dropout must be a number from 0 to 1. Received: dropout=1.5"),
        ({"recurrent_dropout": -0.1}, "recurrent_dropout must be a number from 0 to 1"),
        ({"seed": 0.5}, "seed must be an int of 64 bits or None"),
        ({"kernel_initializer": "none such"}, "kernel_initializer: "),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        L.ConvLSTM2D(**{"filters": 2, "kernel_size": 3, **arguments})


def test_a_rank_that_there_is_not():
    with pytest.raises(ValueError, match="ConvLSTMCell: rank must be one of '1', '2', '3'. Received: rank=4"):
        ConvLSTMCell(4, 2, 3)


def test_bad_inputs():
    layer = L.ConvLSTM2D(2, 3, name="film")
    with pytest.raises(ValueError, match="film: input 0 does not fit the layer: expected ndim=5, found ndim=4"):
        layer(torch.ones(2, 5, 5, 3))
    with pytest.raises(ValueError, match=r"inputs of shape \(2, 2, 5, 3\) are too small for kernel_size=\(3, 3\)"):
        layer(torch.ones(2, 4, 2, 5, 3))
    with pytest.raises(ValueError, match="cannot make its weights"):
        layer.build((None, None, 5, 5, None))
    inputs = torch.ones(2, 4, 5, 6, 3)
    layer(inputs)
    with pytest.raises(ValueError, match="film: .* expected axis -1 to have size 3, found size 2"):
        layer(inputs[..., :2])
    with pytest.raises(ValueError, match=r"film: the initial state must be 2 tensors of shape \(2, 3, 4, 2\). Rec"):
        layer(inputs, initial_state=[torch.ones(2, 3, 4, 2), torch.ones(2, 5, 6, 2)])
    with pytest.raises(ValueError, match="film: the mask must"):
        layer(inputs, mask=torch.ones(2, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match="film: needs sequences of at least one step"):
        layer(inputs[:, :0])


def test_bad_stateful_layers():
    with pytest.raises(ValueError, match="the batch size of a stateful layer must be known"):
        L.ConvLSTM2D(2, 3, stateful=True).build((None, 4, 5, 5, 1))
    with pytest.raises(ValueError, match="which must be known"):
        L.ConvLSTM2D(2, 3, stateful=True).build((2, 4, None, 5, 1))
    layer = L.ConvLSTM2D(2, 3, stateful=True)
    layer(torch.ones(2, 4, 5, 5, 1))
    with pytest.raises(ValueError, match="must have the same size, here 2. Received: a batch of size 1"):
        layer(torch.ones(1, 4, 5, 5, 1))
