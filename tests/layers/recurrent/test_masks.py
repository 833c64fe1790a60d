"""What do recurrent layers make of steps that do not count?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.layers.recurrent.pairs import MASKS, give_weights, mask_of_kind, needs_bfloat16_kernels
from tests.oracle import assert_close, keras

layers = ours.layers
NAMES = ("SimpleRNN", "GRU", "LSTM")
by_name = pytest.mark.parametrize("name", NAMES)
X = torch.linspace(-1, 1, 30).reshape(2, 5, 3)
HOLES = torch.tensor([[False, True, False, True, False], [True, True, False, False, True]])


@by_name
def test_a_masked_step_repeats_the_output_before_it_and_0_before_the_first(name):
    layer = getattr(layers, name)(4, return_sequences=True, return_state=True)
    outputs, *states = layer(X, mask=HOLES)
    short, *short_states = layer(X[:1, HOLES[0]])
    assert torch.equal(outputs[0, 0], torch.zeros(4))
    torch.testing.assert_close(outputs[0, 1:], short[0, [0, 0, 1, 1]])
    assert torch.equal(outputs[1, 2], outputs[1, 1])
    assert torch.equal(outputs[1, 3], outputs[1, 1])
    torch.testing.assert_close([state[:1] for state in states], short_states)


@by_name
def test_a_row_without_any_step_keeps_the_initial_state(name):
    layer = getattr(layers, name)(4, return_state=True)
    given = [torch.full((2, 4), value) for value in ([0.5, -2.0] if name == "LSTM" else [0.5])]
    mask = HOLES & torch.tensor([[True], [False]])
    output, *states = layer(X, mask=mask, initial_state=given)
    assert torch.equal(output[1], torch.zeros(4))
    assert [torch.equal(state[1], before[1]) for state, before in zip(states, given, strict=True)] == [True] * len(
        given
    )
    assert torch.isfinite(output).all()


@by_name
def test_masked_steps_may_put_out_0(name):
    layer = getattr(layers, name)(4, return_sequences=True, zero_output_for_mask=True)
    outputs = layer(X, mask=HOLES)
    assert not outputs[~HOLES].any()
    assert outputs[HOLES].all()
    layer.zero_output_for_mask = False
    assert torch.equal(layer(X, mask=HOLES)[HOLES], outputs[HOLES])


@by_name
@pytest.mark.parametrize("way", ["auto", False])
def test_what_stands_in_masked_steps_does_not_matter(name, way):
    layer = getattr(layers, name)(4, return_sequences=True, return_state=True, use_cudnn=way)
    garbage = torch.where(HOLES.unsqueeze(-1), X, torch.nan)
    torch.testing.assert_close(layer(garbage, mask=HOLES), layer(X, mask=HOLES))


@by_name
def test_gradients_do_not_come_from_masked_steps(name):
    layer = getattr(layers, name)(4)
    x = X.clone().requires_grad_()
    layer(x, mask=HOLES).sum().backward()
    assert not x.grad[~HOLES].any()
    assert x.grad[HOLES].any()


@pytest.mark.parametrize("mask", [HOLES.numpy(), HOLES.int(), HOLES.unsqueeze(-1), HOLES.tolist(), [HOLES, None]])
def test_a_mask_may_be_written_in_several_ways(mask):
    layer = layers.GRU(4)
    assert torch.equal(layer(X, mask=mask), layer(X, mask=HOLES))


def test_a_mask_of_another_shape_is_refused():
    for mask in (HOLES[:, :3], HOLES[:1], HOLES[0]):
        with pytest.raises(
            ValueError, match=r"gru: the mask must have shape \(batch, steps\), here \(2, 5\). Received"
        ):
            layers.GRU(4, name="gru")(X, mask=mask)


def test_masks_reach_the_layer_and_go_on():
    ids = torch.tensor([[1, 2, 0], [3, 0, 0]])
    embedded = layers.Embedding(4, 3, mask_zero=True)(ids)
    outputs, state = layers.GRU(2, return_sequences=True, return_state=True)(embedded)
    assert torch.equal(outputs._keras_mask, ids != 0)
    assert not hasattr(state, "_keras_mask")
    assert not hasattr(layers.GRU(2)(embedded), "_keras_mask")


def test_a_graph_of_any_length_carries_the_mask():
    model = ours.Sequential([layers.Masking(9.0), layers.LSTM(3, return_sequences=True), layers.GRU(2)])
    symbolic = model(ours.Input((None, 3)))
    assert symbolic.shape == (None, 2)
    x = torch.where(HOLES.unsqueeze(-1), X, 9.0)
    inner, last = model.layers[-2:]
    expected = last(inner(X, mask=HOLES), mask=HOLES)
    torch.testing.assert_close(model(x), expected)
    graph = ours.Model(source := ours.Input((None, 3)), model(source))
    torch.testing.assert_close(graph(x), expected)


@pytest.mark.parametrize("kind", MASKS[1:])
def test_a_stack_runs_cell_by_cell_as_step_by_step(kind):
    class Plain(layers.StackedRNNCells):
        def call(self, inputs, states, training=None, constants=None):
            return super().call(inputs, states, training, constants)

    cells = [layers.LSTMCell(3), layers.GRUCell(2), layers.SimpleRNNCell(4)]
    fast = layers.RNN(cells, return_sequences=True, return_state=True)
    slow = layers.RNN(Plain(cells), return_sequences=True, return_state=True)
    mask = mask_of_kind(kind, 2, 5, np.random.default_rng(1))
    assert_close(list(fast(X, mask=mask)), list(slow(X, mask=mask)))


def test_steps_first_as_keras_2_has_them():
    layer = layers.LSTM(4, return_sequences=True, return_state=True)
    turned = layers.LSTM.from_config(layer.get_config() | {"time_major": True})
    expected, *states = layer(X, mask=HOLES)
    turned.build((5, 2, 3))
    turned.set_weights(layer.get_weights())
    outputs, *found = turned(X.transpose(0, 1), mask=HOLES.T)
    assert_close([outputs.transpose(0, 1), *found], [expected, *states])
    assert turned.compute_output_shape((None, 2, 3)) == ((None, 2, 4), (2, 4), (2, 4))
    assert "time_major" in turned.get_config()
    assert "time_major" not in layer.get_config()


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
@by_name
def test_masks_in_halves(name, dtype):
    arguments = {"units": 4, "return_sequences": True, "dtype": dtype}
    mine, theirs = getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)
    for layer in (mine, theirs):
        layer.build((2, 5, 3))
    give_weights(mine, theirs, np.random.default_rng(2))
    outputs = mine(X, mask=HOLES)
    assert outputs.dtype is getattr(torch, dtype[6:])
    assert_close(outputs, theirs(X, mask=HOLES), rtol=0.02, atol=0.02)


def _with_wide_open_gates():
    layer = layers.LSTM(3, return_state=True)
    layer.build((None, None, 4))
    with torch.no_grad():
        layer.cell.bias[:6] = torch.tensor([3e4] * 3 + [-3e4] * 3)
    return layer


def test_gates_that_are_wide_open_are_shut_in_masked_steps():
    layer = _with_wide_open_gates()
    loop = layers.LSTM(3, return_state=True, use_cudnn=False)
    loop.build((None, None, 4))
    loop.set_weights(layer.get_weights())
    inputs = torch.randn(2, 5, 4)
    torch.testing.assert_close(layer(inputs, mask=HOLES), loop(inputs, mask=HOLES))


@needs_bfloat16_kernels
def test_gates_that_are_wide_open_stay_finite_under_autocast():
    with torch.autocast("cpu", torch.bfloat16):
        assert all(part.isfinite().all() for part in _with_wide_open_gates()(torch.randn(2, 5, 4), mask=HOLES))
