"""What do recurrent layers drop while they train?"""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.utils.checkpoint import checkpoint

import torchkeras_layer as ours
from tests.layers.recurrent.pairs import both, give_weights
from tests.oracle import assert_close, keras

layers = ours.layers
NAMES = ("SimpleRNN", "GRU", "LSTM")
by_name = pytest.mark.parametrize("name", NAMES)
X = torch.linspace(-1, 1, 60).reshape(4, 5, 3)
RATES = [
    {"dropout": 0.4},
    {"recurrent_dropout": 0.4},
    {"dropout": 0.4, "recurrent_dropout": 0.3},
]


def _pair(name, **arguments):
    mine, theirs = both(name, {"units": 4, "return_sequences": True, **arguments})
    for layer in (mine, theirs):
        layer.build(X.shape)
    give_weights(mine, theirs, np.random.default_rng(0))
    return mine, theirs


@by_name
@pytest.mark.parametrize("rates", RATES, ids=str)
def test_a_seed_draws_what_keras_draws(name, rates):
    mine, theirs = _pair(name, seed=5, **rates)
    for _ in range(2):
        assert_close(mine(X, training=True), theirs(X, training=True))
    assert_close(mine(X, training=False), theirs(X, training=False))


@pytest.mark.parametrize("seed", [3, None])
def test_a_stack_draws_what_keras_draws(seed):
    def make(library):
        cells = [library.layers.LSTMCell(3, dropout=0.3, seed=seed), library.layers.GRUCell(4, dropout=0.5, seed=seed)]
        return library.layers.RNN(cells)

    mine, theirs = make(ours), make(keras)
    for layer in (mine, theirs):
        layer.build(X.shape)
    give_weights(mine, theirs, np.random.default_rng(0))
    if seed is not None:
        assert_close(mine(X, training=True), theirs(X, training=True))
    torch.manual_seed(1)
    first = mine(X, training=True)
    assert not torch.equal(first, mine(X, training=False))


@by_name
@pytest.mark.parametrize("implementation", [1, 2])
def test_the_way_to_compute_does_not_change_the_numbers(name, implementation):
    layer = getattr(layers, name)(4, implementation=implementation)
    twin = getattr(layers, name)(4)
    layer(X), twin(X)
    twin.set_weights(layer.get_weights())
    torch.testing.assert_close(layer(X), twin(X))
    assert layer.implementation == implementation
    assert layers.LSTM(4, recurrent_dropout=0.1).implementation == 1


@pytest.mark.parametrize("name", ["GRU", "LSTM"])
def test_each_gate_may_have_a_mask_of_its_own(name):
    arguments = {"dropout": 0.4, "seed": 3, "implementation": 1}
    mine, theirs = _pair(name, **arguments, recurrent_dropout=1e-9)
    assert_close(mine(X, training=True), theirs(X, training=True))
    assert len(mine.cell.get_dropout_mask(X[:, 0])) == mine.cell.gates


@by_name
def test_the_same_is_dropped_in_all_steps_and_something_else_in_the_next_sequence(name):
    layer = layers.RNN(getattr(layers, f"{name}Cell")(3, dropout=0.5), return_sequences=True)
    constant = torch.ones(4, 5, 3)
    torch.manual_seed(0)
    first, second = layer(constant, training=True), layer(constant, training=True)
    assert not torch.equal(first, second)
    cell = layer.cell
    mask = cell.get_dropout_mask(constant[:, 0])
    assert mask is cell.get_dropout_mask(constant[:, 1])
    cell.reset_dropout_mask()
    assert mask is not cell.get_dropout_mask(constant[:, 0])
    assert cell.get_recurrent_dropout_mask(constant[:, 0]) is None


def test_a_rate_of_1_drops_everything():
    layer = layers.LSTM(4, dropout=1.0, use_bias=False)
    assert not layer(X, training=True).any()


def test_masks_and_dropout_go_together():
    mask = torch.tensor([[True, False, True, True, False]]).expand(4, -1)
    mine, theirs = _pair("GRU", dropout=0.5, recurrent_dropout=0.2, seed=1)
    assert_close(mine(X, training=True, mask=mask), theirs(X, training=True, mask=mask))
    mine, theirs = _pair("LSTM", dropout=0.5, seed=1)
    assert_close(mine(X, training=True, mask=mask), theirs(X, training=True, mask=mask))


def test_a_copy_goes_on_from_where_the_original_stands():
    layer = layers.LSTM(4, dropout=0.5, seed=1)
    layer(X, training=True)
    twin = copy.deepcopy(layer)
    assert torch.equal(layer(X, training=True), twin(X, training=True))


@pytest.mark.parametrize("rates", RATES, ids=str)
def test_a_checkpoint_draws_again_without_a_seed_only(rates):
    x = X.clone().requires_grad_()
    layer = layers.GRU(4, **rates)
    layer(X)
    torch.manual_seed(0)
    checkpoint(layer, x, use_reentrant=False, training=True).sum().backward()
    found, x.grad = x.grad, None
    torch.manual_seed(0)
    layer(x, training=True).sum().backward()
    torch.testing.assert_close(found, x.grad)
    seeded = layers.GRU(4, seed=1, **rates)
    seeded(X)
    with pytest.raises(RuntimeError, match="a checkpoint runs it again in the backward pass, where its seed"):
        checkpoint(seeded, x, use_reentrant=False, training=True).sum().backward()
