"""What does Identity do beyond the conformance suite?"""

from __future__ import annotations

import torch

from torchkeras_layer import layers


def test_the_inputs_come_out_with_their_mask():
    inputs = torch.ones(2, 3)
    mask = inputs._keras_mask = torch.tensor([True, False])
    outputs = layers.Identity()(inputs)
    assert outputs is inputs
    assert outputs._keras_mask is mask


def test_structures():
    inputs = {"a": torch.ones(2), "b": [torch.zeros(3, 1)]}
    layer = layers.Identity()
    outputs = layer(inputs)
    assert outputs["a"] is inputs["a"]
    assert outputs["b"][0] is inputs["b"][0]
    assert layer.compute_output_shape({"a": [None, 2], "b": [(3, 1)]}) == {"a": (None, 2), "b": [(3, 1)]}
