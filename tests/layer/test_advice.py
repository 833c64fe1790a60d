"""Do messages and warnings help: similar names, symbolic tensors in lists, masks that are not lost?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close

L = ours.layers


def test_similar_arguments_are_suggested():
    with pytest.raises(TypeError, match=r"unknown keyword argument 'unit'\. Received: unit=3\. Did you mean 'units'\?"):
        L.Dense(2, unit=3)
    with pytest.raises(TypeError, match="Did you mean 'kernel_initializer'"):
        L.Conv2D(2, 3, kernel_initialiser="zeros")
    with pytest.raises(TypeError, match=r"Received: speed=3\. Remove it\."):
        L.Dense(2, speed=3)


def test_a_name_is_not_suggested_for_itself():
    with (
        ours.saving.custom_object_scope({"mock_metric": object()}),
        pytest.raises(ValueError, match="mock_metric") as caught,
    ):
        ours.saving.deserialize_keras_object({"class_name": "mock_metrics", "config": {}})
    assert "Did you mean 'mock_metric'?" in str(caught.value)
    with pytest.raises(ValueError, match="there is no class 'mean'") as caught:
        ours.saving.deserialize_keras_object({"class_name": "mean", "config": {}, "module": "elsewhere"})
    assert "'mean'" not in str(caught.value).partition("Did you mean")[2].partition("?")[0]


def test_symbolic_tensors_are_found_in_lists():
    x, y, other = ours.Input((3,)), ours.Input((3,)), ours.Input((5,))
    assert y in [x, y]
    assert y not in [x, other]
    assert [x, other, y].index(y) == 2
    rest = [x, other, y]
    rest.remove(other)
    assert len(rest) == 2
    assert rest[1] is y
    model = ours.Model([x, y], x == y)
    assert model([torch.ones(1, 3), torch.zeros(1, 3)]).tolist() == [[False] * 3]
    for unknown in (x != y, x == 1.0, x > y, x):
        with pytest.raises(TypeError, match="has no data"):
            bool(unknown)


def test_a_layer_that_returns_its_input_keeps_the_mask_without_a_warning():
    class Same(ours.Layer):
        def call(self, inputs):
            return inputs

    class Other(ours.Layer):
        def call(self, inputs):
            return inputs * 2

    masked = L.Masking()(torch.tensor([[[0.0], [1.0]]]))
    assert_close(Same()(masked)._keras_mask, masked._keras_mask)
    with pytest.warns(UserWarning, match="does not support masking"):
        Other()(masked)
