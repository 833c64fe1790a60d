"""What does Masking do beyond the conformance suite: values of other kinds, and what a config says of them?"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer import Input, layers


@pytest.mark.parametrize("value", [np.array([1.0, 2.0]), torch.tensor([1.0, 2.0]), [1.0, 2.0]])
def test_a_value_for_each_feature(value):
    inputs = torch.tensor([[[1.0, 2.0], [2.0, 1.0]]])
    layer = layers.Masking(value)
    outputs = layer(inputs)
    assert outputs._keras_mask.tolist() == [[False, True]]
    assert outputs.tolist() == [[[0.0, 0.0], [2.0, 1.0]]]
    assert_close(outputs, keras.layers.Masking(np.array([1.0, 2.0]))(inputs))


def test_an_array_goes_through_a_config():
    written = json.loads(json.dumps(layers.serialize(layers.Masking(np.array([1.0, 2.0])))))
    assert layers.deserialize(written).mask_value.tolist() == [1.0, 2.0]


def test_a_config_of_keras_with_an_array():
    written = json.loads(json.dumps(keras.layers.serialize(keras.layers.Masking(np.array([1.0, 2.0])))))
    assert torch.as_tensor(layers.deserialize(written).mask_value).tolist() == [1.0, 2.0]


def test_masked_steps_are_zero_whatever_they_hold():
    outputs = layers.Masking(float("inf"))(torch.tensor([[[float("inf")], [float("nan")]]]))
    assert outputs[0, 0].item() == 0
    assert outputs[0, 1].isnan()
    assert outputs._keras_mask.tolist() == [[False, True]]


def test_the_mask_of_the_inputs_is_replaced():
    inputs = torch.tensor([[[0.0], [1.0]]])
    inputs._keras_mask = torch.tensor([[True, False]])
    assert layers.Masking()(inputs)._keras_mask.tolist() == [[False, True]]


def test_ints_keep_their_type():
    outputs = layers.Masking(0)(torch.tensor([[[0], [3]]]))
    assert outputs.dtype is torch.int64
    assert outputs.tolist() == [[[0], [3]]]


def test_no_gradient_reaches_a_masked_step():
    inputs = torch.tensor([[[0.0], [3.0]]], requires_grad=True)
    layers.Masking()(inputs).sum().backward()
    assert inputs.grad.tolist() == [[[0.0], [1.0]]]


@pytest.mark.parametrize("value", ["a", None, ["a"], [[1, 2], [3]], {}, np.array(["a"])])
def test_a_value_must_be_of_numbers(value):
    with pytest.raises(
        ValueError, match="^Masking: mask_value must be a number, or an array of one for each feature. Rec"
    ):
        layers.Masking(value)


@pytest.mark.parametrize("value", [1, True, np.float32(1), np.int64(1), torch.tensor(1.0), np.array(1.0)])
def test_numbers_of_all_kinds(value):
    assert layers.Masking(value)(torch.tensor([[[1.0], [2.0]]]))._keras_mask.tolist() == [[False, True]]


def test_a_value_for_another_number_of_features():
    layer = layers.Masking([0, 0], name="hide")
    message = r"^hide: mask_value must broadcast to the inputs: .* a mask_value of shape \(2,\), and inputs of shape \("
    for use in (
        lambda: layer(torch.ones(2, 3, 4)),
        lambda: layer(Input((3, 4))),
        lambda: layer.compute_output_shape((None, 3, 4)),
    ):
        with pytest.raises(ValueError, match=message):
            use()
    assert layer(torch.ones(2, 3, 2)).shape == (2, 3, 2)
    assert layer.compute_output_shape((None, 3, None)) == (None, 3, None)


@pytest.mark.parametrize("library", [ours, keras])
def test_what_a_subclass_computes_changes_no_outputs(library):
    class Own(library.layers.Masking):
        def compute_mask(self, inputs, mask=None):
            return torch.tensor([[True, False]])

    outputs = Own()(torch.tensor([[[1.0], [2.0]]]))
    assert (outputs.tolist(), outputs._keras_mask.tolist()) == ([[[1.0], [2.0]]], [[True, True]])
