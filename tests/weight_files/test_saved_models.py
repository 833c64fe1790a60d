"""Does Keras open the models that are saved here: with lists, frozen parts, other dtypes, metrics, modules?"""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import torch
from torch import nn

import torchkeras_layer as ours
from tests.oracle import keras
from torchkeras_layer import layers

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
    pytest.mark.filterwarnings("ignore:`build..` was called on layer"),
    # Keras gives its variables to h5py, which asks numpy to convert them.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]
X = torch.linspace(-1, 1, 12).reshape(3, 4)
both = pytest.mark.parametrize("suffix", [".keras", ".h5"])


def _with_random_weights(model):
    draw = np.random.default_rng(4)
    model.set_weights([draw.uniform(0.2, 1.2, size=tuple(weight.shape)) for weight in model.weights])
    return model.eval()


def _assert_keras_agrees(model, path, x=X, tolerance=1e-5, **custom):
    """Save a model, and compare it with what Keras and we make of the file."""
    expected = model(x).detach()
    model.save(path)
    theirs = keras.saving.load_model(path, custom_objects=custom.get("theirs"))(x, training=False)
    again = ours.saving.load_model(path, custom_objects=custom.get("mine")).eval()(x).detach()
    torch.testing.assert_close(theirs.detach(), expected, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(again, expected, rtol=tolerance, atol=tolerance)


def _model(*made, shape=(4,), **given):
    return _with_random_weights(ours.Sequential([ours.Input(shape, **given), *made]))


def _lists(kit):
    """A model with lists in lists and in dicts, whose keys are not sorted."""

    class Lists(kit.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = [[kit.layers.Dense(4), kit.layers.Dense(4)], [kit.layers.Dense(4)]]
            self.heads = {"b": kit.layers.Dense(4), "a": kit.layers.Dense(4), "c": [kit.layers.BatchNormalization()]}

        def call(self, inputs):
            for block in self.blocks:
                for layer in block:
                    inputs = layer(inputs)
            return self.heads["c"][0](self.heads["a"](self.heads["b"](inputs)))

    return Lists


def _attributes(kit):
    """A model whose attributes stand before and after `layers` in the alphabet, with a replaced and a shared layer."""

    class Attributes(kit.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self._private = kit.layers.Dense(4)
            self.x = kit.layers.Dense(4)
            self.first = kit.layers.Dense(4)
            self.rest = [self.first, kit.layers.Dense(4)]
            self.x = kit.layers.Dense(4)

        @property
        def encoder(self):
            return self._private

        def call(self, inputs):
            return self.rest[1](self.rest[0](self.x(self._private(self.first(inputs)))))

    return Attributes


def _others(kit):
    """A model with metrics, and with modules of torch, which Keras wraps."""

    class Others(kit.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.mean = kit.metrics.Mean(name="mean")
            self.means = [kit.metrics.Mean(name="other")]
            self.linear = nn.Linear(4, 4)
            self.block = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
            self.dense = kit.layers.Dense(4)

        def call(self, inputs):
            return self.dense(self.block(self.linear(inputs)))

    return Others


@pytest.mark.parametrize("make", [_lists, _attributes, _others])
def test_models_without_a_graph(make, tmp_path):
    mine, theirs = (kit.saving.register_keras_serializable("saved")(make(kit)) for kit in (ours, keras))
    model = mine()
    model(X)
    _assert_keras_agrees(_with_random_weights(model), tmp_path / "model.keras")

    twin, back = theirs(), mine()
    twin(X), back.eval()(X)
    model.save_weights(tmp_path / "mine.weights.h5")
    twin.load_weights(tmp_path / "mine.weights.h5")
    torch.testing.assert_close(twin(X, training=False).detach(), model(X).detach(), rtol=1e-5, atol=1e-5)
    twin.save_weights(tmp_path / "theirs.weights.h5")
    back.load_weights(tmp_path / "theirs.weights.h5")
    torch.testing.assert_close(back(X).detach(), model(X).detach(), rtol=1e-5, atol=1e-5)


def _scale(kit):
    class Scale(kit.layers.Layer):
        def __init__(self, units=4, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.inner = kit.Sequential([kit.layers.Dense(units), kit.layers.Dropout(0.5)])

        def build(self, shape):
            self.inner.build(shape)
            self.scale = self.add_weight(shape=(self.units,), name="scale", initializer="ones")
            self.shift = self.add_weight(shape=(self.units,), name="shift", initializer="ones", trainable=False)
            self.built = True

        def call(self, inputs):
            return self.inner(inputs) * self.scale + self.shift

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return Scale


@both
@pytest.mark.parametrize("is_registered", [True, False])
def test_layers_of_the_user(is_registered, suffix, tmp_path):
    mine, theirs = _scale(ours), _scale(keras)
    custom = {"mine": {"Scale": mine}, "theirs": {"Scale": theirs}}
    if is_registered:
        custom = {}
        for kit, made in ((ours, mine), (keras, theirs)):
            kit.saving.register_keras_serializable("saved")(made)
    _assert_keras_agrees(_model(mine(3), mine(3), layers.Dense(2)), tmp_path / f"model{suffix}", **custom)


@both
def test_what_is_frozen_shared_and_nested(suffix, tmp_path):
    inner = ours.Sequential([ours.Input((4,)), layers.Dense(4), layers.BatchNormalization(), layers.Dense(4)])
    shared, x = layers.Dense(4), ours.Input((4,))
    ends = [layers.Dense(4, name=f"end_{9 - number}")(shared(inner(shared(x)))) for number in range(3)]
    model = _with_random_weights(ours.Model(x, layers.Concatenate()(ends[::-1])))
    inner.trainable = False
    inner.layers[0].trainable = True
    _assert_keras_agrees(model, tmp_path / f"model{suffix}")


@both
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_dtypes(dtype, suffix, tmp_path):
    model = _model(layers.Dense(3), layers.Dense(2)).to(getattr(torch, dtype))
    x = X.to(getattr(torch, dtype))
    _assert_keras_agrees(model, tmp_path / f"model{suffix}", x, tolerance=1e-5 if dtype == "float64" else 2e-2)
    assert ours.saving.load_model(tmp_path / f"model{suffix}").weights[0].dtype is x.dtype


def test_mixed_precision_other_memory_orders_and_tied_weights(tmp_path):
    mixed = _model(layers.Dense(4, dtype="mixed_bfloat16"), layers.Dense(2, dtype="float64"))
    _assert_keras_agrees(mixed, tmp_path / "mixed.keras", tolerance=2e-2)
    images = torch.linspace(-1, 1, 50).reshape(1, 5, 5, 2)
    last = _model(layers.Conv2D(3, 3), shape=(5, 5, 2)).to(memory_format=torch.channels_last)
    _assert_keras_agrees(last, tmp_path / "last.keras", images)
    tied = _model(layers.Dense(4), layers.Dense(4))
    tied.layers[1].kernel = tied.layers[0].kernel
    _assert_keras_agrees(tied, tmp_path / "tied.keras")


@both
def test_what_has_another_name_in_keras_and_what_was_built_by_a_call(suffix, tmp_path):
    sequences = torch.linspace(-1, 1, 24).reshape(2, 3, 4)
    _assert_keras_agrees(_model(layers.CuDNNGRU(3), shape=(3, 4)), tmp_path / f"gru{suffix}", sequences)
    model = ours.Sequential([layers.Dense(3), layers.Dense(2)])
    model(X)
    _assert_keras_agrees(_with_random_weights(model), tmp_path / f"model{suffix}")


def test_inputs_and_outputs_in_dicts(tmp_path):
    a, b = ours.Input((4,), name="a"), ours.Input((4,), name="b")
    first, second = layers.Dense(4)(b), layers.Dense(4)(a)
    model = ours.Model({"a": a, "b": b}, {"y": layers.Dense(2)(layers.Concatenate()([first, second])), "z": first})
    _with_random_weights(model).save(tmp_path / "model.keras")
    theirs = keras.saving.load_model(tmp_path / "model.keras")({"a": X, "b": 2 * X}, training=False)
    for name, value in model({"a": X, "b": 2 * X}).items():
        torch.testing.assert_close(theirs[name].detach(), value.detach(), rtol=1e-5, atol=1e-5)


def test_more_names_than_one_attribute_has_room_for(tmp_path):
    model = _model(*(layers.Activation("relu", name=f"{'long' * 500}_{number}") for number in range(40)))
    model.save_weights(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5") as file:
        parts = [file.attrs[f"layer_names{number}"].tolist() for number in range(4)]
    assert sum(parts, []) == [layer.name.encode() for layer in model.layers]
