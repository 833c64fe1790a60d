"""Do the arrays of layers inside a wrapper or a model get the same treatment as those of layers alone?

The files are written by hand, in the form of Keras 2.
"""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import torch

import torchkeras_layer as keras

layers = keras.layers


def _write(path, name, arrays, backend="tensorflow"):
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"], file.attrs["keras_version"] = [name.encode()], b"2.2.4"
        file.attrs["backend"] = backend.encode()
        group = file.create_group(name)
        group.attrs["weight_names"] = [weight.encode() for weight in arrays]
        for weight, array in arrays.items():
            group[weight] = array
    return path


def _numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("prefix", ["forward_lstm", "other"])
def test_nvidias_kernels_inside_bidirectional(prefix, tmp_path):
    alone = keras.Sequential([keras.Input((4, 3)), layers.LSTM(2, name="lstm")])
    both = keras.Sequential([keras.Input((4, 3)), layers.Bidirectional(layers.LSTM(2, name="lstm"), name="both")])
    arrays = {"kernel:0": _numbers(3, 8), "recurrent_kernel:0": _numbers(2, 8), "bias:0": _numbers(16)}
    alone.load_weights(_write(tmp_path / "alone.h5", "lstm", {f"lstm/{name}": arrays[name] for name in arrays}))
    pair = {f"{part}/{name}": arrays[name] for part in (prefix, "backward_lstm") for name in arrays}
    both.load_weights(_write(tmp_path / "both.h5", "both", {f"both/{name}": array for name, array in pair.items()}))
    x = torch.from_numpy(_numbers(2, 4, 3, seed=1))
    torch.testing.assert_close(both(x)[:, :2], alone(x))
    torch.testing.assert_close(both(x)[:, 2:], alone(x.flip(1)))


def _around_a_convolution():
    inner = keras.Sequential([keras.Input((5, 2)), layers.Conv1D(4, 3, use_bias=False, name="conv")])
    return keras.Sequential([keras.Input((5, 2)), inner])


@pytest.mark.parametrize("name", ["conv/kernel", "conv1d_7/kernel"])
def test_kernels_of_theano_inside_a_model_are_turned(name, tmp_path):
    model, kernel = _around_a_convolution(), _numbers(3, 2, 4)
    model.load_weights(_write(tmp_path / "weights.h5", "inner", {name: kernel}, "theano"))
    assert np.array_equal(model.get_weights()[0], kernel[::-1])


def test_they_are_refused_if_the_names_do_not_say_whose_they_are(tmp_path):
    path = _write(tmp_path / "weights.h5", "inner", {"kernel": _numbers(3, 2, 4)}, "theano")
    with pytest.raises(ValueError, match="are read by the names of their weights"):
        _around_a_convolution().load_weights(path)
