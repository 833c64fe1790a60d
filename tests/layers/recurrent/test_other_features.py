"""Are inputs with other features than the weights refused before they reach torch's kernels, which do not look?"""

from __future__ import annotations

import pytest
import torch
from torch.func import functional_call

from torchkeras_layer import layers

FOUR, FIVE = torch.ones(2, 3, 4), torch.ones(2, 3, 5)
CELLS = ("SimpleRNNCell", "GRUCell", "LSTMCell")


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("is_list", [False, True])
def test_a_layer_around_cells(name, is_list):
    cell = getattr(layers, name)(3)
    layer = layers.RNN([cell] if is_list else cell, name="around")
    both = layers.Bidirectional(layers.RNN(getattr(layers, name)(3)), name="around")
    for one in (layer, both):
        one(FOUR)
        for options in ({}, {"mask": torch.ones(2, 3, dtype=torch.bool)}):
            with pytest.raises(ValueError, match="^around: .* expected axis -1 to have size 4, found size 5"):
                one(FIVE, **options)
    with pytest.raises(ValueError, match="^other: .* expected axis -1 to have size 4, found size 5"):
        layers.RNN(cell, name="other")(FIVE)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_that_stands_twice_in_a_list(name):
    cell = getattr(layers, name)(3, name="twice")
    with pytest.raises(
        ValueError, match=r"^twice: the inputs must have 4 features, .* kernel has shape \(4, .*\)\. .*2, 3, 3"
    ):
        layers.RNN([cell, cell])(FOUR)
    cell = getattr(layers, name)(4)
    assert layers.RNN([cell, cell])(FOUR).shape == (2, 4)


@pytest.mark.parametrize("name", CELLS)
def test_sequences_with_another_number_of_axes(name):
    for inputs in (FOUR[0], FOUR[None]):
        layer = layers.RNN(getattr(layers, name)(3), name="around")
        with pytest.raises(ValueError, match=rf"^around: .*expected ndim=3, found ndim={inputs.dim()}\. .*3, 4\)"):
            layer(inputs)
        with pytest.raises(ValueError, match=rf"^around: .*expected ndim=3, found ndim={inputs.dim()}"):
            layer.build(inputs.shape)
        assert not layer.cell.built


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_weights_that_are_others_than_those_of_the_build(name):
    layer = getattr(layers, name)(3)
    layer(FOUR)
    replaced = torch.ones(5, layer.cell.kernel.shape[1])
    message = "the inputs must have 5 features, .* has shape .* Received: sequences of shape \\(2, 3, 4\\)"
    with pytest.raises(ValueError, match=message):
        functional_call(layer, {"cell.kernel": replaced}, (FOUR,))
    layer.cell.kernel = torch.nn.Parameter(replaced)
    for options in ({}, {"initial_state": layer.get_initial_state(2)}):
        with pytest.raises(ValueError, match=message):
            layer(FOUR, **options)


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_a_backward_layer_that_was_built_for_others(name):
    backward = getattr(layers, name)(3, go_backwards=True, name="back")
    backward(FIVE)
    with pytest.raises(ValueError, match="^back: .* expected axis -1 to have size 5, found size 4"):
        layers.Bidirectional(getattr(layers, name)(3), backward_layer=backward)(FOUR)
    both = layers.Bidirectional(getattr(layers, name)(3))
    both(FOUR)
    both.backward_layer.cell.kernel = torch.nn.Parameter(torch.ones(5, both.backward_layer.cell.kernel.shape[1]))
    with pytest.raises(ValueError, match="the inputs must have 5 features"):
        both(FOUR)
