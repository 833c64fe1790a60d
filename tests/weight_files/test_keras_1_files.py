"""Do models of Keras 1.2 compute here what they computed there, from HDF5 files and from JSON with files of weights?

`keras_1/make_file.py` ran them with Keras 1.2.2 on TensorFlow and on Theano, with both orders of axes. Their HDF5
files are written here by hand, in the form in which Keras 1 writes them: a group for each layer, no backend, and no
version in a file of weights.
"""

from __future__ import annotations

import json
from functools import cache
from math import prod
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import torchkeras_layer as keras

FOLDER = Path(__file__).parent / "keras_1"
# Theano pads these in another way, which no padding of today is.
REFUSED = {"transposed_doubled", "even_window", "even_pool"}


@cache
def _saved(origin):
    with np.load(FOLDER / f"{origin}.npz") as file:
        return json.loads(str(file["about"])), file["numbers"]


def _arrays(origin, name):
    """Return the weights, inputs and outputs of a model."""
    about, numbers = _saved(origin)
    start = 0
    for other, model in about.items():
        groups = []
        for shapes in model["shapes"]:
            groups.append([])
            for shape in shapes:
                groups[-1].append(numbers[start : start + prod(shape)].reshape(shape))
                start += prod(shape)
        if other == name:
            return groups
    raise LookupError(name)


def _write(group, origin, name):
    """Write the weights as Keras 1 does."""
    values = iter(_arrays(origin, name)[0])
    layers = _saved(origin)[0][name]["layers"]
    group.attrs["layer_names"] = [layer.encode() for layer, _ in layers]
    for layer, names in layers:
        inner = group.create_group(layer)
        inner.attrs["weight_names"] = [weight.encode() for weight in names]
        for weight in names:
            inner[weight] = next(values)


def _whole(path, origin, name):
    model = _saved(origin)[0][name]["model"]
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = model["keras_version"].encode()
        file.attrs["model_config"] = json.dumps({word: model[word] for word in ("class_name", "config")}).encode()
        _write(file.create_group("model_weights"), origin, name)
    return keras.models.load_model(path)


def _in_parts(path, origin, name):
    model = keras.models.model_from_json(json.dumps(_saved(origin)[0][name]["model"]))
    with h5py.File(path, "w") as file:
        _write(file, origin, name)
    model.load_weights(path)
    return model


def _check(model, origin, name):
    _, inputs, outputs = ([torch.from_numpy(array) for array in group] for group in _arrays(origin, name))
    with torch.inference_mode():
        results = model.eval()(inputs if len(inputs) > 1 else inputs[0])
    results = list(results) if isinstance(results, (list, tuple)) else [results]
    for result, expected in zip(results, outputs, strict=True):
        torch.testing.assert_close(result, expected, rtol=1e-5, atol=1e-5)


CASES = [
    (origin, name)
    for origin in ("tensorflow_tf", "tensorflow_th", "theano_th")
    for name in _saved(origin)[0]
    if origin != "theano_th" or name not in REFUSED
]


@pytest.mark.parametrize(("origin", "name"), CASES)
def test_a_model(origin, name, tmp_path):
    _check(_whole(tmp_path / "model.h5", origin, name), origin, name)


@pytest.mark.parametrize(
    "name", ["conv2d", "conv1d", "bidirectional", "branches_in_branches", "images_in_time", "nested"]
)
def test_json_and_a_file_of_weights(name, tmp_path):
    _check(_in_parts(tmp_path / "weights.h5", "tensorflow_tf", name), "tensorflow_tf", name)


@pytest.mark.parametrize("name", ["conv2d", "images_in_time"])
def test_only_names_of_tensorflow_end_with_a_number(name, tmp_path):
    _check(_in_parts(tmp_path / "weights.h5", "theano_th", name), "theano_th", name)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_theano_pads_in_another_way_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="Theano computed this model"):
        _whole(tmp_path / "model.h5", "theano_th", name)


def test_yaml():
    yaml = pytest.importorskip("yaml")
    for name in ("conv2d", "graph"):
        config = _saved("tensorflow_tf")[0][name]["model"]
        model = keras.models.model_from_yaml(yaml.dump(config))
        assert model.get_config()["layers"] == keras.models.model_from_json(json.dumps(config)).get_config()["layers"]


def test_the_gate_of_a_highway_of_keras_1_1(tmp_path):
    model = keras.Sequential([keras.layers.Highway(input_shape=(2,), name="highway_1")])
    values = [np.full(shape, value, "float32") for value, shape in enumerate([(2, 2), (2,), (2, 2), (2,)])]
    names = [b"highway_1_W", b"highway_1_b", b"highway_1_W_carry", b"highway_1_b_carry"]
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.attrs["layer_names"] = [b"highway_1"]
        file.create_group("highway_1").attrs["weight_names"] = names
        for name, value in zip(names, values, strict=True):
            file["highway_1"][name.decode()] = value
    model.load_weights(tmp_path / "weights.h5")
    found = [weight.flatten()[0].item() for weight in model.weights]
    assert found == [0, 2, 1, 3]


def test_the_kernels_of_keras_1_0_for_sequences(tmp_path):
    model = keras.Sequential([keras.layers.Conv1D(4, 3, input_shape=(8, 2), name="convolution1d_1")])
    kernel = np.arange(24, dtype="float32").reshape(4, 2, 3, 1)
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.attrs["layer_names"] = [b"convolution1d_1"]
        group = file.create_group("convolution1d_1")
        group.attrs["weight_names"] = [b"convolution1d_1_W:0", b"convolution1d_1_b:0"]
        group["convolution1d_1_W:0"], group["convolution1d_1_b:0"] = kernel, np.zeros(4, "float32")
    model.load_weights(tmp_path / "weights.h5")
    assert np.array_equal(model.get_weights()[0], kernel[..., 0].transpose(2, 1, 0))
