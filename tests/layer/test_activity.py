"""What does an activity regularizer add to the losses? (contract §2.7)"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Stack, numbers

OUTPUTS = [
    (torch.ones(4, 3), lambda x: x, [3.0]),
    (torch.ones(0, 3), lambda x: x, [0.0]),
    (torch.ones(4, 2), lambda x: (x, {"a": 2 * x}), [2.0, 4.0]),
    (torch.ones(3), lambda x: x.sum(), [3.0]),
    (torch.ones(4, 3, dtype=torch.int32), lambda x: x, [3.0]),
]


@pytest.mark.parametrize(("inputs", "function", "expected"), OUTPUTS, ids=["batch", "empty", "two", "0-d", "int"])
def test_activity_regularizer(inputs, function, expected):
    """[23] Over the batch size of each output; a 0-d output is not divided."""

    class Makes(keras.Layer):
        def call(self, inputs):
            return function(inputs)

    layer = Makes(activity_regularizer=torch.sum)
    layer(inputs)
    assert numbers(layer.losses) == expected


def test_activity_regularizer_that_gives_a_number():
    layer = keras.Layer(activity_regularizer=lambda outputs: 3.0)
    layer(torch.ones(4, 2))
    assert numbers(layer.losses) == [0.75]


def test_activity_regularizer_of_an_empty_batch_gives_zero_and_not_nan():
    layer = keras.Layer(activity_regularizer=lambda outputs: outputs.sum() + 1)
    layer(torch.ones(0, 2))
    assert numbers(layer.losses) == [0.0]


def test_activity_regularizer_gradients_and_dtype():
    layer = keras.Layer(activity_regularizer=lambda outputs: (outputs**2).sum(), dtype="float16")
    x = torch.ones(4, 2, requires_grad=True)
    layer(x)
    assert layer.losses[0].dtype == torch.float16
    layer.losses[0].backward()
    assert x.grad.unique().tolist() == [0.5]


def test_activity_regularizer_counts_once_a_call():
    """[26]"""
    inner = keras.Layer(activity_regularizer=torch.sum)
    outer = Stack(inner, inner)
    outer(torch.ones(2, 3))
    assert numbers(outer.losses) == [3.0, 3.0]
