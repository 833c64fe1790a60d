"""What does a `call` with `**kwargs` get? Only what the caller wrote, as in Keras 3. (contract §2.5, §2.6)"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras

MASK = torch.tensor([[True, False]])


def passes_on(library, inner):
    """Return a layer of a library that passes all arguments on, and the list in which it writes their names."""
    seen = []

    class PassesOn(library.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True
            self.inner = inner

        def call(self, x, **kwargs):
            seen.append(sorted(kwargs))
            return self.inner(x, **kwargs)

    return PassesOn(), seen


def masked(library):
    return library.layers.Embedding(5, 2, mask_zero=True)(torch.tensor([[1, 0]]))


@pytest.mark.parametrize("library", [ours, keras], ids=["ours", "keras"])
@pytest.mark.parametrize("given", [{}, {"training": True}, {"training": False}, {"training": None}], ids=str)
def test_nothing_is_injected(library, given):
    layer, seen = passes_on(library, library.layers.Dense(2))
    layer(masked(library), **given)
    layer(torch.ones(1, 2), **given)
    # Keras also runs `call` to build the layers inside.
    assert seen[-2:] == [[], []]


def test_a_mask_that_the_caller_gives_is_passed_on():
    layer, seen = passes_on(ours, ours.layers.LSTM(2))
    layer(torch.ones(1, 2, 3), mask=MASK)
    assert seen[-1] == ["mask"]


@pytest.mark.parametrize("given", [True, False])
def test_training_reaches_the_layers_inside(given):
    layer, _ = passes_on(ours, ours.layers.Dropout(0.9))
    outputs = layer(torch.ones(1, 1000), training=given)
    assert bool((outputs == 0).any()) is given
    layer.eval()
    assert bool((layer(torch.ones(1, 1000), training=given) == 0).any()) is given


def test_without_an_argument_the_flag_of_each_module_decides():
    layer, _ = passes_on(ours, ours.layers.Dropout(0.9))
    assert bool((layer(torch.ones(1, 1000)) == 0).any())
    layer.eval()
    assert not bool((layer(torch.ones(1, 1000)) == 0).any())


def test_the_mask_of_the_inputs_reaches_the_layer_inside():
    layer, _ = passes_on(ours, ours.layers.GlobalAveragePooling1D())
    inputs = masked(ours)
    assert torch.equal(layer(inputs), inputs[:, 0])


def test_in_a_graph():
    layer, seen = passes_on(ours, ours.layers.Dense(2))
    x = ours.Input((3,))
    model = ours.Model(x, layer(x))
    model(torch.ones(1, 3), training=True)
    assert set(map(tuple, seen)) == {()}


def test_a_named_argument_beside_any_keywords_is_filled_in():
    class Named(ours.Layer):
        def call(self, x, training=None, mask=None, **kwargs):
            self.got = (training, mask is not None, sorted(kwargs))
            return x * 2

    layer = Named()
    layer(masked(ours), scale=3)
    assert layer.got == (True, True, ["scale"])
