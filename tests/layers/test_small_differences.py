"""Are small things as in the two Kerases: attributes set later, other names and forms of arguments?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours

L = ours.layers


@pytest.mark.parametrize("make", [lambda: L.Dense(2, "relu"), lambda: L.Conv1D(2, 2, activation="relu")])
def test_an_activation_may_be_taken_away(make):
    layer, x = make(), torch.linspace(-3, 1, 24).reshape(2, 4, 3)
    layer(x)
    layer.activation = None
    assert layer(x).min() < 0
    assert layer.get_config()["activation"] == "linear"
    assert type(layer).from_config(layer.get_config()).activation is ours.activations.linear


def test_a_cell_without_its_activation():
    cell = L.SimpleRNNCell(2)
    cell.activation = None
    layer = L.RNN(cell)
    assert layer(100 * torch.ones(1, 2, 3)).abs().max() > 1


def test_a_negative_alpha():
    layer = L.LeakyReLU(alpha=-1.0)
    assert layer(torch.tensor([-2.0, 3.0])).tolist() == [2.0, 3.0]
    with pytest.raises(ValueError, match="negative_slope"):
        L.LeakyReLU(-1.0)


def test_use_cudnn_is_kept():
    assert (L.GRU(2).use_cudnn, L.LSTM(2, use_cudnn=False).use_cudnn) == ("auto", False)


def test_a_spectral_normalization_does_not_support_masking_itself():
    layer = L.SpectralNormalization(L.Dense(2))
    assert layer.supports_masking is False
    masked = L.Masking()(torch.tensor([[[0.0, 0.0], [1.0, 2.0]]]))
    assert layer(masked)._keras_mask.tolist() == [[False, True]]


def test_the_shape_of_a_weight_as_an_int():
    layer = ours.Layer()
    assert layer.add_weight(shape=4, name="a").shape == (4,)
    assert layer.add_weight("b", 3).shape == (3,)
    with pytest.raises(TypeError):
        layer.add_weight(shape=True)


def test_a_slice_that_cannot_be_written():
    with pytest.raises(
        TypeError, match=r"^serialize_keras_object: a slice must consist of ints and None\. Received: sl"
    ):
        ours.saving.serialize_keras_object(slice(1, np.array([10, 20])))
    written = ours.saving.serialize_keras_object(slice(np.int64(1), None))
    assert ours.saving.deserialize_keras_object(written) == slice(1, None)


def test_the_version():
    assert ours.version() == ours.__version__


def test_a_shape_may_be_an_int_of_numpy():
    layer = ours.Layer()
    assert [layer.add_weight(shape=size).shape for size in (4, np.int64(3), np.uint8(2))] == [(4,), (3,), (2,)]
