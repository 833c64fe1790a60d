"""Which losses does a layer list for vectors, and for inputs if it was never called? (contract §3.6)"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours

L = ours.layers


def test_a_vector_among_the_losses_counts_as_its_sum():
    class Adds(ours.Layer):
        def build(self, input_shape):
            self.w = self.add_weight("w", (3,), initializer="ones")

        def call(self, inputs):
            self.add_loss(self.w * inputs)
            self.add_loss(lambda: 2 * self.w)
            return inputs

    layer = Adds()
    layer(torch.ones(2, 3))
    assert [loss.item() for loss in layer.losses] == [6.0, 6.0]
    sum(ours.collect_losses(layer)).backward()
    assert layer.w.grad.tolist() == [4.0, 4.0, 4.0]
    x = ours.Input((3,))
    model = ours.Model(x, Adds()(x))
    assert [loss.shape for loss in model.losses] == [(), ()]


def test_losses_for_the_inputs_of_a_layer_that_was_never_called():
    x = ours.Input((3,))
    layer = L.Dense(2, kernel_regularizer="l2")
    assert layer.get_losses_for(x) == layer.get_losses_for(None) == layer.get_updates_for(x) == []
    layer.build((None, 3))
    assert len(layer.get_losses_for(None)) == 1
    cell = L.GRUCell(2)
    L.RNN(cell)(ours.Input((4, 3)))
    assert cell.get_losses_for(x) == []
    called = L.Dense(2)
    called(torch.ones(1, 3))
    with pytest.raises(RuntimeError, match="get_losses_for"):
        called.get_losses_for(x)
