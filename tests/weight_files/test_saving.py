"""What is refused before a model is saved, and is a file replaced as a whole or not at all?"""

from __future__ import annotations

import builtins
import io
import os
import re
import stat
import sys
import zipfile

import h5py
import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from torchkeras_layer import layers
from torchkeras_layer.models import model_saving
from torchkeras_layer.weight_files import saving


def _small():
    return keras.Sequential([keras.Input((4,)), layers.Dense(2, name="head")], name="small")


def _reasons(model, path):
    with pytest.raises(ValueError, match="cannot be saved so that Keras opens it. Nothing was written") as caught:
        model.save(path)
    assert os.listdir(path.parent) == []
    return [line[2:] for line in str(caught.value).splitlines() if line.startswith("- ")]


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_all_reasons_are_named_at_once_before_anything_is_written(suffix, tmp_path):
    class Wrapper(keras.Layer):
        def __init__(self, function, **kwargs):
            super().__init__(**kwargs)
            self.function = function

        def call(self, inputs):
            return self.function(inputs)

    x = keras.Input((4,))
    y = layers.Lambda(lambda x: x, name="code")(layers.ThresholdedReLU(name="theta")(torch.fft.fft(x).real))
    y = layers.Dense(2, activation="hard_sigmoid_keras2")(Wrapper(torch.relu, name="wrapper")(y))
    reasons = _reasons(keras.Model(x, y), tmp_path / f"model{suffix}")
    for expected in (
        "torch.fft.fft",
        "'theta' (ThresholdedReLU)",
        "'code' (Lambda)",
        "wrapper (Wrapper)",
        "hard_sigmoid",
    ):
        assert any(expected in reason for reason in reasons), expected


def _with_module():
    class Holder(keras.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.block = nn.Sequential(nn.Linear(4, 4), layers.Dense(4))

        def call(self, inputs):
            return self.block(inputs)

    return keras.Sequential([keras.Input((4,)), Holder()])


def _changed(change):
    model = _small()
    change(model.layers[0])
    return model


def _with_vocabulary(**given):
    return keras.Sequential([keras.Input((1,), dtype="int64"), layers.IntegerLookup(name="ids", **given)])


def _on_meta():
    with torch.device("meta"):
        return _small()


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: keras.Sequential([layers.Dense(2, name="a")]), "it is not built .*'a'.*call it once on data"),
        (lambda: keras.Sequential([keras.Input((4,)), nn.Linear(4, 2)]), "which Keras would have to unpickle"),
        (_with_module, r"block\.0\.weight is in a module in which Keras does not look for weights"),
        (lambda: _changed(lambda layer: nn.utils.parametrize.register_parametrization(layer, "kernel", nn.Identity())),
         "'head' .* computes a weight from others: write torch.nn.utils.parametrize.remove_parametrizations"),
        (lambda: _changed(lambda layer: layer.register_parameter("more", nn.Parameter(torch.ones(1)))),
         "'head' .Dense. has a weight 'more', which its class does not have"),
        (lambda: keras.Sequential([keras.Input((4,)), layers.Dense(2, name="a/b")]),
         "'a/b' .Dense. has a name with '/', which Keras 3 refuses"),
        (_on_meta, "kernel is on the meta device, and has no values"),
    ],
    ids=["unbuilt", "module", "module inside", "parametrized", "more", "slash", "meta"],
)  # fmt: skip
def test_what_keras_would_not_find(make, expected, tmp_path):
    (first, *_) = _reasons(make(), tmp_path / "model.keras")
    assert re.search(expected, first), first


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("model.pt", ValueError, r"must end in '\.keras' or '\.h5' or '\.hdf5'\. For '\.pt', write torch\.save\(model"),
        ("model", ValueError, r"model: the path must end in '\.keras'"),
        ("none/model.keras", FileNotFoundError, "the folder '.*none' does not exist"),
        ("~/model.keras", FileNotFoundError, "the folder '.*~' does not exist"),
    ],
)
def test_paths(path, error, message, tmp_path):
    with pytest.raises(error, match=message):
        _small().save(tmp_path / path)
    assert os.listdir(tmp_path) == []


def test_layers_with_equal_names_are_refused(tmp_path):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="a"), layers.Dense(4, name="b")], name="m")
    model.layers[1]._name = "a"
    reason = "'m' has several layers that are called 'a': give them other names"
    assert reason in str(_reasons(model, tmp_path / "model.keras"))


def test_the_model_in_a_wrapper_is_named(tmp_path):
    with pytest.raises(TypeError, match=r"Save the model in it, its \._orig_mod\."):
        keras.saving.save_model(torch.compile(_small(), backend="eager"), tmp_path / "model.keras")
    with pytest.raises(TypeError, match=r"Save the model in it, its \.module\."):
        keras.saving.save_model(nn.DataParallel(_small()), tmp_path / "model.keras")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [3, b"model.keras", io.BytesIO(), None])
def test_only_paths_are_taken(path):
    with pytest.raises(TypeError, match="expected the path of a file"):
        _small().save(path)


def test_folders_and_older_arguments(tmp_path):
    (tmp_path / "model.keras").mkdir()
    with pytest.raises(IsADirectoryError, match="Received: that of a folder"):
        _small().save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="zipped=False, save_format=None"):
        _small().save(tmp_path / "other.keras", zipped=False)
    with pytest.raises(ValueError, match="save_format='tf'"):
        _small().save(tmp_path / "other.keras", save_format="tf")
    with pytest.raises(TypeError, match="expected a model. Received: Dense"):
        keras.saving.save_model(layers.Dense(2), tmp_path / "other.keras")
    with pytest.raises(ValueError, match=r"must end in '\.weights\.h5'"):
        _small().save_weights(tmp_path / "other.keras")
    _small().save(tmp_path / "other.h5", include_optimizer=False, save_format="h5")
    assert sorted(os.listdir(tmp_path)) == ["model.keras", "other.h5"]


def test_a_file_that_is_there(tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("old")
    path.chmod(0o640)
    for save in (_small().save, lambda path, **given: _small().save_weights(path.with_suffix(".h5"), **given)):
        path.with_suffix(".h5").write_text("old")
        with pytest.raises(FileExistsError, match="there is a file already. Received: overwrite=False"):
            save(path, overwrite=False)
        assert path.read_text() == path.with_suffix(".h5").read_text() == "old"
    link = tmp_path / "link.keras"
    link.symlink_to(path)
    _small().save(link)
    assert link.is_symlink()
    assert zipfile.is_zipfile(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_new_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "other").touch()
    for name in ("model.keras", "model.h5", "model.weights.h5"):
        (_small().save_weights if "weights" in name else _small().save)(tmp_path / name)
        assert (tmp_path / name).stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("error", [OSError("the disk is full"), KeyboardInterrupt()])
@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.weights.h5"])
def test_an_error_or_interrupt_leaves_the_old_file(name, error, tmp_path, monkeypatch):
    def fail(model, root):
        root["half"] = [1.0]
        raise error

    for module in (model_saving, saving):
        monkeypatch.setattr(module, "write_by_paths", fail)
        monkeypatch.setattr(module, "write_by_layers", fail)
    (tmp_path / name).write_text("old")
    with pytest.raises(type(error)):
        (_small().save_weights if "weights" in name else _small().save)(tmp_path / name)
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "old"


def test_h5py_is_an_extra(tmp_path, monkeypatch):
    imported = builtins.__import__

    def without_h5py(name, *args, **kwargs):
        if name == "h5py":
            raise ImportError("no h5py")
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_h5py)
    for save, name in ((_small().save, "model.keras"), (_small().save_weights, "model.weights.h5")):
        with pytest.raises(
            ImportError, match=r"to write HDF5 needs h5py. Run: pip install 'torchkeras_layer\[files\]'"
        ):
            save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_layer_that_writes_its_values_itself(tmp_path):
    @keras.saving.register_keras_serializable("saving")
    class Own(layers.Dense):
        def save_own_variables(self, store):
            store["weight"] = self.kernel.detach().numpy()

        def load_own_variables(self, store):
            self.kernel.data.copy_(torch.as_tensor(store["weight"]))

    model = keras.Sequential([keras.Input((2,)), Own(3, use_bias=False)])
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive, h5py.File(archive.open("model.weights.h5")) as file:
        assert file["layers/own/vars/weight"].shape == (2, 3)
        assert file["layers/own/vars"].attrs["name"] == model.layers[0].name
    assert torch.equal(keras.saving.load_model(tmp_path / "model.keras").layers[0].kernel, model.layers[0].kernel)


def test_a_vocabulary_that_the_layer_was_made_with_is_in_the_config(tmp_path):
    weighted = {"output_mode": "tf_idf", "idf_weights": [0.5, 0.25]}
    for tokens, given in (([7, 5], {}), ([-1, 7, 5], {}), ([7, 5], weighted)):
        _with_vocabulary(vocabulary=tokens, **given).save(tmp_path / "model.keras")
        assert keras.saving.load_model(tmp_path / "model.keras").layers[0].get_vocabulary() == [-1, 7, 5]
    model = keras.Sequential([layers.TextVectorization(vocabulary=["a", "b"])])
    model(["a b"])
    model.save(tmp_path / "model.keras")
