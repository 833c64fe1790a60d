"""Which state does a recurrent layer begin with, return and keep?"""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.utils.checkpoint import checkpoint

import torchkeras_layer as ours
from tests.layers.recurrent.pairs import give_weights
from tests.oracle import assert_close, keras
from torchkeras_layer._structures import leaves

layers = ours.layers
NAMES = ("SimpleRNN", "GRU", "LSTM")
by_name = pytest.mark.parametrize("name", NAMES)
X = torch.linspace(-1, 1, 24).reshape(2, 4, 3)


def _states_of(name):
    return [torch.full((2, 5), 0.5), torch.full((2, 5), -0.25)][: 2 if name == "LSTM" else 1]


@by_name
def test_an_initial_state_comes_by_keyword_by_position_or_in_a_list(name):
    layer = getattr(layers, name)(5)
    states = _states_of(name)
    expected = layer(X, initial_state=states)
    for given in (
        layer(X, states),
        layer([X, *states]),
        layer(X, initial_state=tuple(states)),
        layer(X, initial_state=[state.numpy() for state in states]),
        layer(sequences=X, initial_state=states),
    ):
        assert torch.equal(given, expected)
    assert not torch.equal(layer(X), expected)
    if name != "LSTM":
        assert torch.equal(layer(X, initial_state=states[0]), expected)


@by_name
@pytest.mark.parametrize("as_list", [True, False])
def test_symbolic_states_go_from_an_encoder_to_a_decoder(name, as_list):
    kind = getattr(layers, name)
    source, target = ours.Input((4, 3)), ours.Input((None, 2))
    _, *states = kind(5, return_state=True)(source)
    decoder = kind(5, return_sequences=True)
    output = decoder([target, *states]) if as_list else decoder(target, initial_state=states)
    assert output.shape == (None, None, 5)
    model = ours.Model([source, target], output)
    goal = torch.ones(2, 6, 2)
    encoder = model.layers[2] if isinstance(model.layers[2], kind) else model.layers[1]
    _, *found = encoder(X)
    assert torch.equal(model([X, goal]), decoder(goal, initial_state=found))
    clone = ours.Model.from_config(model.get_config())
    clone.set_weights(model.get_weights())
    assert torch.equal(clone([X, goal]), model([X, goal]))


def test_a_state_may_be_nested():
    layer = layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)], return_state=True)
    output, first, second = layer(X)
    assert [tuple(part.shape) for part in leaves([output, first, second])] == [(2, 3), (2, 2), (2, 2), (2, 3)]
    again = layer(X, initial_state=[first, second])
    assert not torch.equal(again[0], output)
    assert layer.compute_output_shape((2, 4, 3)) == ((2, 3), [(2, 2), (2, 2)], (2, 3))


@by_name
def test_a_stateful_layer_goes_on_where_it_was_as_keras_does(name):
    arguments = {"units": 5, "stateful": True, "return_state": True}
    mine, theirs = getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)
    for layer in (mine, theirs):
        layer.build((2, 4, 3))
    give_weights(mine, theirs, np.random.default_rng(0))
    assert len(mine.weights) == 3
    assert list(mine.state_dict()) == ["cell.kernel", "cell.recurrent_kernel", "cell.bias"]
    for _ in range(3):
        assert_close(list(mine(X)), list(theirs(X)))
        assert_close(mine.states, theirs.states)
    for layer in (mine, theirs):
        layer.reset_state()
    assert_close(mine(X), theirs(X))


@by_name
def test_backward_works_after_each_batch(name):
    layer = getattr(layers, name)(5, stateful=True, return_sequences=True)
    for _ in range(2):
        layer(X).sum().backward()
    assert layer.states[0].requires_grad is False
    whole = getattr(layers, name)(5, return_sequences=True)
    whole.build((2, 8, 3))
    whole.set_weights(layer.get_weights())
    layer.reset_states()
    parts = torch.cat([layer(X), layer(2 * X)], 1)
    torch.testing.assert_close(parts, whole(torch.cat([X, 2 * X], 1)))


def test_states_follow_the_layer_and_can_be_set():
    layer = layers.LSTM(5, stateful=True, batch_input_shape=(2, 4, 3))
    assert layer.states is None
    assert layer.stateful
    layer.build((2, 4, 3))
    layer.reset_states([np.ones((2, 5)), np.zeros((2, 5))])
    assert [float(state.sum()) for state in layer.states] == [10.0, 0.0]
    twin = copy.deepcopy(layer).double()
    assert twin.states[0].dtype is torch.float64
    twin(X.double())
    assert float(layer.states[0].sum()) == 10.0
    assert layer.to("meta").states[0].is_meta


def test_a_given_state_comes_before_the_kept_one():
    layer = layers.GRU(5, stateful=True)
    first = layer(X)
    layer(X)
    assert torch.equal(layer(X, initial_state=torch.zeros(2, 5)), first)


def test_a_layer_that_keeps_nothing_has_nothing_to_reset():
    layer = layers.GRU(5)
    layer.reset_state()
    layer.reset_states()
    with pytest.raises(ValueError, match="gru: keeps no states, because it is not stateful or not built"):
        layer.reset_state(torch.zeros(2, 5))


def test_stateful_layers_need_one_batch_size():
    layer = layers.LSTM(5, stateful=True)
    with pytest.raises(ValueError, match=r"lstm: the batch size of a stateful layer must be known.*\(None, 4, 3\)"):
        layer.build((None, 4, 3))
    layer(X)
    with pytest.raises(ValueError, match=r"must have the same size, here 2. Received: a batch of size 1"):
        layer(X[:1])
    with pytest.raises(ValueError, match="the batch size of a stateful layer must be known"):
        layers.GRU(2, stateful=True)(ours.Input((4, 3)))


def test_a_checkpoint_cannot_repeat_a_stateful_call():
    layer = layers.GRU(5, stateful=True)
    layer(X)
    output = checkpoint(layer, X.clone().requires_grad_(), use_reentrant=False)
    with pytest.raises(RuntimeError, match="a stateful layer cannot be inside activation checkpointing"):
        output.sum().backward()


@pytest.mark.parametrize("states", [torch.zeros(2, 4), torch.zeros(1, 5), [torch.zeros(2, 5)] * 2, torch.zeros(5)])
def test_a_state_of_another_shape_is_refused(states):
    with pytest.raises(ValueError, match=r"gru: the initial state must be 1 tensor of shape \(2, 5\). Received: "):
        layers.GRU(5, name="gru")(X, initial_state=states)


@pytest.mark.parametrize(
    "state",
    [
        lambda layer: layer.get_initial_state(2),
        lambda layer: layer.get_initial_state(batch_size=2),
        lambda layer: layer.get_initial_state(X),
        lambda layer: layer.get_initial_state(inputs=X),
        lambda layer: layer.cell.get_initial_state(2),
        lambda layer: layer.cell.get_initial_state(None, 2, torch.float32),
        lambda layer: layer.cell.get_initial_state(inputs=X),
    ],
)
def test_the_initial_state_takes_both_signatures(state):
    assert_close(state(layers.LSTM(5)), [np.zeros((2, 5))] * 2)


def test_a_subclass_may_begin_elsewhere():
    class FromOne(layers.GRU):
        def get_initial_state(self, batch_size=None, inputs=None):
            return [state + 1 for state in super().get_initial_state(batch_size, inputs)]

    layer = FromOne(5)
    assert torch.equal(layer(X), layer(X, initial_state=torch.ones(2, 5)))
