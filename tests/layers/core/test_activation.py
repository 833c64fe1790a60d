"""What does Activation do beyond the conformance suite?"""

from __future__ import annotations

import pytest
import torch

from torchkeras_layer import layers


def test_an_unknown_function():
    with pytest.raises(ValueError, match="^Activation: activation: Could not interpret .* 'nothing'"):
        layers.Activation("nothing")


def test_a_function_must_be_given():
    with pytest.raises(TypeError, match="activation"):
        layers.Activation()


def test_it_hands_on_the_mask():
    inputs = torch.ones(1, 2, 3)
    inputs._keras_mask = torch.tensor([[True, False]])
    assert layers.Activation("tanh")(inputs)._keras_mask is inputs._keras_mask


def test_several_inputs_at_once():
    layer = layers.Activation(lambda inputs: inputs["a"] + inputs["b"])
    assert layer({"a": torch.ones(2), "b": torch.ones(2)}).tolist() == [2.0, 2.0]
