"""May a subclass say with which state it begins, and may a stateful layer be built again after an error?"""

from __future__ import annotations

import pytest
import torch

from torchkeras_layer import layers

INPUTS = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
NAMES = ("SimpleRNN", "GRU", "LSTM")


def _halves(layer, batch_size):
    return [torch.full((batch_size, 2), 0.5) for _ in range(layer.cell.states_count)]


def _in_keras_3s_words(base):
    class Begins(base):
        def get_initial_state(self, batch_size):
            return _halves(self, batch_size)

    return Begins


def _in_keras_2s_words(base):
    class Begins(base):
        def get_initial_state(self, inputs):
            return _halves(self, inputs.shape[0])

    return Begins


def _in_any_words(base):
    class Begins(base):
        def get_initial_state(self, *args, **kwargs):
            return [state + 0.5 for state in super().get_initial_state(*args, **kwargs)]

    return Begins


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [_in_keras_3s_words, _in_keras_2s_words, _in_any_words])
def test_a_subclass_says_it_in_the_words_of_either_keras(name, make):
    layer = make(getattr(layers, name))(2)
    expected = layer(INPUTS, initial_state=_halves(layer, 2))
    assert torch.equal(layer(INPUTS), expected)
    around = make(layers.RNN)(getattr(layers, name + "Cell")(2))
    assert torch.equal(around(INPUTS), around(INPUTS, initial_state=_halves(around, 2)))


@pytest.mark.parametrize("make", [_in_keras_3s_words, _in_any_words])
def test_a_stateful_one_begins_so_too(make):
    layer = make(layers.GRU)(2, stateful=True)
    layer.build((2, 3, 4))
    assert torch.equal(layer.states[0], torch.full((2, 2), 0.5))


def test_a_state_that_depends_on_the_inputs_is_not_there_at_the_build():
    layer = _in_keras_2s_words(layers.GRU)(2, stateful=True)
    layer.build((2, 3, 4))
    assert torch.equal(layer.states[0], torch.zeros(2, 2))


def test_one_that_does_not_fit():
    class Wide(layers.LSTM):
        def get_initial_state(self, batch_size):
            return [torch.ones(batch_size, 5)] * 2

    message = r"^wide: the initial state must be 2 tensors of shape \(2, 3\)\. Received: 2 tensors of shape \(2, 5\)"
    with pytest.raises(ValueError, match=message):
        Wide(3, name="wide")(INPUTS)


@pytest.mark.parametrize("name", NAMES)
def test_a_build_without_a_batch_size_leaves_nothing_behind(name):
    for layer in (
        getattr(layers, name)(2, stateful=True),
        layers.Bidirectional(getattr(layers, name)(2, stateful=True)),
    ):
        with pytest.raises(ValueError, match="the batch size of a stateful layer must be known"):
            layer.build((None, 3, 7))
        assert layer(INPUTS).shape[0] == 2


def test_a_build_without_the_size_of_images_leaves_nothing_behind():
    layer = layers.ConvLSTM2D(2, 3, stateful=True)
    with pytest.raises(ValueError, match="the size of the state is that of the images, which must be known"):
        layer.build((2, 3, None, 5, 1))
    assert layer(torch.ones(2, 3, 5, 5, 1)).shape == (2, 3, 3, 2)


def test_a_layer_that_is_made_stateful_after_its_build():
    layer = layers.LSTM(2, name="late")
    layer(INPUTS)
    layer.stateful = True
    with pytest.raises(
        ValueError, match="^late: keeps no states, because it was not stateful when it was built. Create"
    ):
        layer(INPUTS)
    layer.built = False
    kernel = layer.cell.kernel
    first, second = layer(INPUTS), layer(INPUTS)
    assert not torch.equal(first, second)
    assert layer.cell.kernel is kernel
