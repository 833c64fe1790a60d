"""Is a file that asks for more time or memory than a model needs refused before it gets any?"""

from __future__ import annotations

import io
import json
import struct
import zipfile

import h5py
import numpy as np
import pytest
import torch

from tests.weight_files.test_untrusted_files import _archive, _config, _h5, _text, _weights
from torchkeras_layer.models import model_from_json
from torchkeras_layer.saving import ModelFileError, load_model
from torchkeras_layer.weight_files.contents import read_contents
from torchkeras_layer.weight_files.hdf5 import open_hdf5


def _layer(kind, shape=(3,), **config):
    start = {"class_name": "InputLayer", "config": {"batch_shape": [None, *shape], "name": "x"}}
    return [start, {"class_name": kind, "config": {"name": "large", **config}}]


LARGE = {
    "units": _layer("Dense", units=10**9),
    "more units than an int has bits": _layer("Dense", units=10**30),
    "inputs": _layer("Dense", (10**12,), units=4),
    "filters": _layer("Conv2D", (8, 8, 3), filters=10**9, kernel_size=[3, 3]),
    "words": _layer("Embedding", input_dim=10**10, output_dim=10),
    "an orthogonal matrix": _layer("LSTM", (4, 3), units=50_000),
    "a layer inside": _layer(
        "Bidirectional", (4, 3), layer={"class_name": "LSTM", "config": {"name": "in", "units": 50_000}}
    ),
    "a module of torch": _layer(
        "TorchModuleWrapper",
        module={"module": "torch.nn", "class_name": "Linear", "config": {"in_features": 10**5, "out_features": 10**5}},
    ),
    "kernels of windows": _layer("LocallyConnected1D", (30_000, 3000), filters=4, kernel_size=3),
}


@pytest.mark.parametrize("kind", LARGE)
def test_weights_that_the_file_does_not_have(kind, tmp_path):
    path = _archive(tmp_path / "bad.keras", _config(LARGE[kind]))
    with pytest.raises(ValueError, match=r"(?s)bad\.keras.*may have weights of 1048628 numbers together"):
        load_model(path)
    with pytest.raises(ValueError, match=r"(?s)bad\.json.*may have weights of 268435456 numbers together"):
        load_model(_text(tmp_path / "bad.json", json.dumps(_config(LARGE[kind]))))
    with pytest.raises(ValueError, match="may have weights of 268435456 numbers together"):
        model_from_json(json.dumps(_config(LARGE[kind])))


def test_a_large_model_from_a_text_is_made_without_memory():
    with torch.device("meta"):
        assert model_from_json(json.dumps(_config(LARGE["units"]))).count_params() == 4 * 10**9


def test_a_module_of_torch_with_layers_without_number(tmp_path):
    module = {"module": "torch.nn", "class_name": "GRU", "config": dict.fromkeys(("input_size", "hidden_size"), 1)}
    module["config"]["num_layers"] = 10**9
    path = _text(tmp_path / "bad.json", json.dumps(_config(_layer("TorchModuleWrapper", (2, 1), module=module))))
    with pytest.raises(ValueError, match=r"bad\.json.*GRU in a file may have at most 1000 layers"):
        load_model(path)


def test_weights_whose_values_the_file_has_are_not_drawn(tmp_path):
    path = _archive(tmp_path / "good.keras")
    state = torch.random.get_rng_state()
    assert load_model(path).get_weights()[0].tolist() == np.full((3, 4), 0.5).tolist()
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_parameter_in_a_config(tmp_path):
    parameter = {
        "class_name": "__parameter__",
        "config": {"name": "w", "shape": [10**12], "dtype": "float32", "trainable": True},
    }
    tensor = {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 3], "dtype": "float32", "keras_history": ["x", 0, 0]},
    }
    call = {"args": [tensor, parameter], "kwargs": {}}
    layers = [
        {"class_name": "InputLayer", "name": "x", "config": {"batch_shape": [None, 3], "name": "x"}},
        {"class_name": "Add", "name": "add", "config": {"name": "add"}, "inbound_nodes": [call]},
    ]
    graph = {"layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["add", 0, 0]]}
    path = _text(tmp_path / "bad.json", json.dumps({"class_name": "Functional", "config": graph}))
    with pytest.raises(ValueError, match=r"(?s)bad\.json.*may have weights of"):
        load_model(path)


@pytest.mark.parametrize(
    "layers",
    [
        [{"class_name": "Flatten", "config": {}}] * 1001,
        [{"class_name": "Sequential", "config": {"layers": [{"class_name": "Flatten", "config": {}}] * 900}}] * 6,
        [{"class_name": "Flatten", "config": {}, "inbound_nodes": [[["x", 0, 0, {}]]] * 5001}],
        [{"class_name": "RNN", "config": {"cell": {"class_name": "StackedRNNCells", "config": {
            "cells": [{"class_name": "LSTMCell", "config": {"units": 1}}] * 5001}}}}],
    ],
)  # fmt: skip
def test_layers_without_number(layers, tmp_path):
    with pytest.raises(ValueError, match=r"bad\.json: a model in a file may have at most 5000 layers"):
        load_model(_text(tmp_path / "bad.json", json.dumps(_config(layers))))


def test_texts(tmp_path):
    many = f'{{"class_name": "Sequential", "config": [{"[]," * 600_000}[]]}}'
    for path in (_archive(tmp_path / "bad.keras", many), _text(tmp_path / "bad.json", many)):
        with pytest.raises(ModelFileError, match=r"bad.*expected JSON of at most 1000000 values"):
            load_model(path)
        with pytest.raises(ModelFileError, match="expected JSON of at most 1000000 values"):
            read_contents(path)
    with pytest.raises(ValueError, match="expected JSON of at most 1000000 values"):
        model_from_json(many)
    with pytest.raises(ModelFileError, match=r"expected at most 33554432 bytes of JSON"):
        load_model(_text(tmp_path / "long.json", "{" + " " * 2**25 + "}"))
    with pytest.raises(ModelFileError, match=r"expected JSON"):
        load_model(_text(tmp_path / "digits.json", f'{{"class_name": {"9" * 5000}}}'))


def test_archives_with_long_lists_of_members(tmp_path):
    path = _archive(tmp_path / "many.keras", more=[(f"{'x' * 200}{number}", b"") for number in range(5000)])
    with pytest.raises(ModelFileError, match=r"many\.keras.*list of its members must have at most 1048576 bytes"):
        load_model(path)


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_archives_with_other_compression(kind, tmp_path):
    with pytest.raises(ModelFileError, match=r"bad\.keras: the member 'config.json' must be stored or deflated"):
        load_model(_archive(tmp_path / "bad.keras", compression=kind))


def test_archives_that_lie_about_their_members(tmp_path):
    good = _archive(tmp_path / "good.keras").read_bytes()
    directory = good.index(b"PK\x01\x02")
    entry = good.index(b"PK\x01\x02", good.index(b"PK\x01\x02", directory + 4) + 4)
    changes = {
        "encrypted": (entry + 8, struct.pack("<H", 1)), "size": (entry + 24, struct.pack("<I", 2**31)),
        "stored size": (entry + 20, struct.pack("<I", 2**31)), "place": (entry + 42, struct.pack("<I", 2**31)),
        "another place": (entry + 42, struct.pack("<I", 0)), "checksum": (entry + 16, b"\0" * 4),
    }  # fmt: skip
    for name, (place, content) in changes.items():
        changed = good[:place] + content + good[place + len(content) :]
        with pytest.raises(ModelFileError, match=f"{name}.keras"):
            load_model(_text(tmp_path / f"{name}.keras", changed))
    assert load_model(_archive(tmp_path / "deflated.keras", compression=zipfile.ZIP_DEFLATED)).count_params() == 26


def test_arrays_that_overlap_or_are_packed_too_well():
    file = io.BytesIO()
    with h5py.File(file, "w") as saved:
        saved["layers/dense/vars/0"] = np.ones((300, 300), "float32")
        place = saved["layers/dense/vars/0"].id.get_offset()
        for number in range(4):
            saved.create_dataset(f"layers/dense_{number + 1}/vars/0", (300, 300), "float32")
    size = struct.pack("<Q", 360_000)
    content = file.getvalue().replace(b"\xff" * 8 + size, struct.pack("<Q", place) + size)
    with pytest.raises(ModelFileError, match="expected arrays that do not overlap"), _opened(content) as root:
        root.walk()
    file = io.BytesIO()
    with h5py.File(file, "w") as saved:
        saved.create_dataset("zeros", data=np.zeros((3000, 6000), "float32"), chunks=(100, 6000), compression="gzip")
    with pytest.raises(ModelFileError, match="at most 20 times the size of the file"), _opened(file.getvalue()) as root:
        root.walk()


def test_lists_of_names_that_repeat_one_long_text(tmp_path):
    def change(file):
        file["model_weights"].attrs["layer_names"] = ["x" * 2**20] + ["y"] * 200

    content = bytearray(_h5(tmp_path / "good.h5", change).read_bytes())
    heaps = [place for place in range(0, len(content), 8) if content.startswith(b"GCOL", place)]
    first = max(content.find(struct.pack("<IQ", 2**20, heap)) for heap in heaps)
    for number in range(1, 201):
        content[first + 16 * number : first + 16 * number + 16] = content[first : first + 16]
    with pytest.raises(ModelFileError, match=r"bad\.h5.*'layer_names' must have at most 67108864 bytes"):
        load_model(_text(tmp_path / "bad.h5", bytes(content)))


def _opened(content):
    return open_hdf5(io.BytesIO(content), "file")


def test_a_tree_of_groups_that_shares_branches():
    """Each of 40 groups has two members, which are the same next one: 2**40 paths."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        group = file
        for _ in range(40):
            below = group.create_group("a")
            group["b"] = below
            group = below
    with pytest.raises(ModelFileError, match="stands in two places"), _opened(content.getvalue()) as root:
        root.walk()


def test_weights_are_valid():
    with _opened(_weights()) as root:
        assert len(root.walk()) == 4
