"""Does ActivityRegularization add Keras's loss, and refuse bad factors?"""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import layers

FACTORS = st.floats(0, 3, width=32)


@given(l1=FACTORS, l2=FACTORS, shape=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_loss_and_gradients_are_keras_s(l1, l2, shape):
    found = []
    for library in (layers, keras.layers):
        layer = library.ActivityRegularization(l1=l1, l2=l2)
        inputs = torch.linspace(-2, 3, torch.Size(shape).numel()).reshape(shape).requires_grad_()
        outputs = layer(inputs)
        found.append([outputs, layer.losses, torch.autograd.grad(outputs.sum() + sum(layer.losses), inputs)])
    assert_close(*found)


@pytest.mark.parametrize("arguments", [{"l1": -1}, {"l2": "a"}, {"l2": float("inf")}, {"l1": float("nan")}])
def test_a_factor_is_at_least_0(arguments):
    with pytest.raises(
        (TypeError, ValueError), match=rf"^ActivityRegularization: l1, l2: L1L2: {next(iter(arguments))}"
    ):
        layers.ActivityRegularization(**arguments)


def test_a_mask_passes_through():
    inputs = torch.ones(2, 3)
    inputs._keras_mask = torch.tensor([True, False])
    assert torch.equal(layers.ActivityRegularization(0.1)(inputs)._keras_mask, inputs._keras_mask)
