"""Is each file that a stranger could make for harm refused, with nothing run, read elsewhere or half loaded?"""

from __future__ import annotations

import base64
import io
import json
import pickle
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from torchkeras_layer.saving import ModelFileError, load_model

_SEQUENTIAL = [
    {"class_name": "InputLayer", "config": {"batch_shape": [None, 3], "name": "x"}},
    {"class_name": "Dense", "config": {"name": "first", "units": 4}},
    {"class_name": "LSTM", "config": {"name": "second", "units": 2}},
]
_KERNEL = "layers/dense/vars/0"


def _config(layers=None):
    layers = layers or [_SEQUENTIAL[0], _SEQUENTIAL[1], {"class_name": "Dense", "config": {"name": "last", "units": 2}}]
    return {"class_name": "Sequential", "config": {"name": "model", "layers": layers}}


def _weights(change=None):
    """Return the bytes of a file of weights, changed by a function of the open file."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for number, (rows, columns) in enumerate(((3, 4), (4, 2))):
            group = file.create_group(f"layers/dense{f'_{number}' if number else ''}/vars")
            group["0"], group["1"] = np.full((rows, columns), 0.5, "float32"), np.zeros(columns, "float32")
        if change is not None:
            change(file)
    return content.getvalue()


def _archive(path, config=None, weights=None, compression=zipfile.ZIP_STORED, more=()):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", json.dumps(config or _config()) if not isinstance(config, str) else config)
        archive.writestr("model.weights.h5", _weights() if weights is None else weights)
        for name, content in more:
            archive.writestr(name, content)
    return path


def _h5(path, change=None):
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(_config())
        file.attrs["keras_version"] = "2.15.0"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"first", b"last"]
        for name, (rows, columns) in {"first": (3, 4), "last": (4, 2)}.items():
            layer = group.create_group(name)
            layer.attrs["weight_names"] = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
            layer[f"{name}/kernel:0"] = np.full((rows, columns), 0.5, "float32")
            layer[f"{name}/bias:0"] = np.zeros(columns, "float32")
        if change is not None:
            change(file)
    return path


def _replace(make, place=_KERNEL):
    def change(file):
        del file[place]
        make(file, place)

    return change


def _external_storage(file, place):
    file.create_dataset(place, (3, 4), "float32", external=[("/etc/passwd", 0, 48)])


def _virtual(file, place):
    layout = h5py.VirtualLayout((3, 4), "float32")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "data", (3, 4))
    file.create_virtual_dataset(place, layout)


def _gigantic(file, place):
    file.create_dataset(place, (2**40,), "float32", chunks=(2**20,))


def _texts(file, place):
    file.create_dataset(place, data=np.array([b"text"] * 12, dtype="S4").reshape(3, 4))


def _cycle(file):
    file["layers/dense/again"] = file["layers"]


def _set_link(file, place, link):
    file[place] = link


IN_WEIGHTS = {
    "soft link": _replace(lambda file, place: _set_link(file, place, h5py.SoftLink("/layers/dense_1/vars/0"))),
    "external link": _replace(lambda file, place: _set_link(file, place, h5py.ExternalLink("/etc/x.h5", "/a"))),
    "external link to a group": _replace(
        lambda file, place: _set_link(file, place, h5py.ExternalLink("/etc/x.h5", "/a")), "layers/dense"
    ),
    "external storage": _replace(_external_storage),
    "virtual dataset": _replace(_virtual),
    "gigantic shape": _replace(_gigantic),
    "texts": _replace(_texts),
    "cycle": _cycle,
    "other shape": _replace(lambda file, place: file.create_dataset(place, data=np.zeros((4, 3), "float32"))),
    "a group for a dataset": _replace(lambda file, place: file.create_group(place)),
    "missing layer": lambda file: file.pop("layers/dense_1"),
    "one more layer": lambda file: file.create_dataset("layers/dense_2/vars/0", data=np.zeros(3)),
}


def _assert_refused(path, error=ValueError):
    with pytest.raises(error) as caught:
        load_model(path)
    assert isinstance(caught.value, ValueError)
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def _valid_files_load(tmp_path):
    """A refusal counts only where the valid file loads."""
    for path in (_archive(tmp_path / "valid.keras"), _h5(tmp_path / "valid.h5")):
        torch.testing.assert_close(load_model(path)(torch.ones(1, 3)).detach(), torch.full((1, 2), 3.0))
    assert load_model(_text(tmp_path / "valid.json", json.dumps(_config()))).count_params() == 26


def _text(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("kind", IN_WEIGHTS)
def test_weights_of_an_archive(kind, tmp_path):
    _assert_refused(_archive(tmp_path / "bad.keras", weights=_weights(IN_WEIGHTS[kind])), ModelFileError)


@pytest.mark.parametrize(
    "make",
    [
        lambda file, place: _set_link(file, place, h5py.SoftLink("/model_weights/last/last/kernel:0")),
        lambda file, place: _set_link(file, place, h5py.ExternalLink("/etc/x.h5", "/a")),
        _external_storage,
        _virtual,
        _gigantic,
        _texts,
    ],
)
def test_weights_of_an_h5_file(make, tmp_path):
    _assert_refused(_h5(tmp_path / "bad.h5", _replace(make, "model_weights/first/first/kernel:0")), ModelFileError)


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file["model_weights"].attrs.__setitem__("layer_names", [b"first", b"nowhere"]),
        lambda file: file["model_weights"].attrs.__setitem__("layer_names", [b"first"]),
        lambda file: file["model_weights/first"].attrs.__setitem__("weight_names", [b"../../etc", b"first/bias:0"]),
        lambda file: file["model_weights"].attrs.__setitem__("layer_names", 3),
        lambda file: file.attrs.__setitem__("model_config", "{"),
        lambda file: file.attrs.__setitem__("model_config", np.zeros(3)),
        lambda file: file.attrs.__delitem__("model_config"),
        lambda file: file.__delitem__("model_weights"),
    ],
)
def test_lists_of_an_h5_file(change, tmp_path):
    _assert_refused(_h5(tmp_path / "bad.h5", change), ModelFileError)


def test_members_of_an_archive(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = _archive(tmp_path / "twice.keras", more=[("config.json", "{}")])
    assert "twice" in _assert_refused(twice, ModelFileError)
    large = json.dumps({"class_name": "Sequential", "config": " " * (65 * 2**20)})
    _assert_refused(_archive(tmp_path / "bomb.keras", config=large, compression=zipfile.ZIP_DEFLATED), ModelFileError)
    _assert_refused(_archive(tmp_path / "deep.keras", config="[" * 100_000 + "]" * 100_000), ModelFileError)
    _assert_refused(_archive(tmp_path / "list.keras", config="[1, 2]"), ModelFileError)
    _assert_refused(_archive(tmp_path / "weights.keras", weights=b"no HDF5"), ModelFileError)
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as archive:
        archive.writestr("../../escape.txt", "x")
    assert "escape" in _assert_refused(tmp_path / "empty.keras", ModelFileError)
    assert not (tmp_path.parent / "escape.txt").exists()


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "assets/layers/dense/rules.txt"])
def test_a_symbolic_link_in_an_archive_is_no_file_elsewhere(name, tmp_path):
    outside = _text(tmp_path / "outside", json.dumps(_config()))
    valid = _archive(tmp_path / "valid.keras")
    with zipfile.ZipFile(valid) as archive, zipfile.ZipFile(tmp_path / "bad.keras", "w") as bad:
        for member in archive.infolist():
            if member.filename != name:
                bad.writestr(member, archive.read(member))
        link = zipfile.ZipInfo(name)
        link.external_attr = (0o120777 << 16) | 0x20
        bad.writestr(link, str(outside))
    _assert_refused(tmp_path / "bad.keras", ModelFileError)


def _with_size(path, name, size):
    """Write another size of a member into the list of members, in the form of large archives (APPNOTE 4.5.3)."""
    with zipfile.ZipFile(path, "a") as archive:
        member = archive.getinfo(name)
        member.file_size = member.compress_size = size
        archive._didModify = True
    return path


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
@pytest.mark.parametrize("size", [2**20, 2**33, 2**62])
def test_a_member_that_says_a_size_that_it_has_not(name, size, tmp_path):
    _assert_refused(_with_size(_archive(tmp_path / "bad.keras"), name, size), ModelFileError)


def test_an_archive_in_an_archive_is_not_opened(tmp_path):
    inner = _archive(tmp_path / "inner.keras").read_bytes()
    _assert_refused(_archive(tmp_path / "weights.keras", weights=inner), ModelFileError)
    with zipfile.ZipFile(tmp_path / "outer.keras", "w") as archive:
        archive.writestr("inner.keras", inner)
    assert "inner.keras" in _assert_refused(tmp_path / "outer.keras", ModelFileError)


def test_other_kinds_of_files(tmp_path):
    class Runs:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    contents = {
        "pickle": pickle.dumps(Runs()), "empty": b"", "text": b"hello", "numpy": b"\x93NUMPY\x01\x00",
        "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n", "short": b"\x89HDF\r\n\x1a\n",
    }  # fmt: skip
    for name, content in contents.items():
        _assert_refused(_text(tmp_path / f"{name}.keras", content), ModelFileError)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(ModelFileError, match="a folder"):
        load_model(tmp_path)
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nowhere.keras")


@pytest.mark.parametrize(
    "layer",
    [
        {"class_name": "Lambda", "config": {"name": "code", "function": ["4wEA"], "function_type": "lambda"}},
        {"class_name": "Lambda", "config": {"name": "code", "function": {"class_name": "__lambda__", "config": {}}}},
        {"module": "os", "class_name": "system", "config": {"command": "true"}},
        {"module": "keras.utils", "class_name": "get_file", "config": {"origin": "http://localhost"}},
        {"class_name": "TFSMLayer", "config": {"filepath": "/etc"}},
        {"class_name": "Activation", "config": {"activation": {"class_name": "function", "config": "eval"}}},
        {"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
    ],
)  # fmt: skip
def test_layers(layer, tmp_path):
    layers = [_SEQUENTIAL[0], layer, _SEQUENTIAL[1]]
    _assert_refused(_archive(tmp_path / "bad.keras", config=_config(layers)))
    _assert_refused(_text(tmp_path / "bad.json", json.dumps(_config(layers))))


class _Runs:
    def __reduce__(self):
        return (exec, ("raise SystemExit",))


_PICKLE = base64.b64encode(pickle.dumps(_Runs())).decode()
_TORCH = "TorchModuleWrapper"
_UNSAFE = "enable_unsafe_deserialization"
NAMES_OF_CODE = [
    {"module": "keras.config", "class_name": _UNSAFE, "config": {}},
    {"module": "keras.src.saving.serialization_lib", "class_name": _UNSAFE, "config": {}},
    {"module": "builtins", "class_name": "eval", "config": {"source": "1"}},
    {"module": "builtins", "class_name": "function", "config": "exec", "registered_name": "function"},
    {"class_name": "Dense", "registered_name": "os>system", "config": {"units": 2}},
    {"module": "keras.layers", "class_name": "Dense", "registered_name": "evil>Dense", "config": {"units": 2}},
    {"class_name": "Layer.__subclasses__", "config": {}},
    {"class_name": "Dense", "config": {"units": 2, "__class__": "x"}},
    {"class_name": "Dense", "config": {"units": 2}, "build_config": {"input_shape": [None, 10**12]}},
    {"class_name": "Lambda", "config": {"function": "eval", "function_type": "function"}},
    {"class_name": "Lambda", "config": {"function": {"class_name": "function", "config": "exec"}, "safe_mode": False}},
    {"class_name": _TORCH, "config": {"module": _PICKLE}},
    {"class_name": _TORCH, "config": {"module": {"class_name": "__torch__", "config": {"value": _PICKLE}}}},
    {"class_name": _TORCH, "config": {"module": {"module": "torch.hub", "class_name": "load", "config": {}}}},
    {"class_name": "TorchFunction", "config": {"function": "torch.load"}},
    {"class_name": "TorchFunction", "config": {"function": "os.system", "supplied_as": "os.system"}},
    {"class_name": "Activation", "config": {"activation": "torch.hub.load"}},
    {"class_name": "Dense", "config": {"units": 2, "kernel_initializer": {"module": "os", "class_name": "system"}}},
    {"class_name": "Dense", "config": {"units": 2, "kernel_regularizer": {"module": "subprocess", "class_name": "Popen",
     "config": {"args": "true"}}}},
    {"class_name": "Dense", "config": {"units": 2, "dtype": {"module": "os", "class_name": "system", "config": {}}}},
    {"class_name": "Dense", "config": {"units": 2, "weights": "/etc/passwd"}},
    {"class_name": "Bidirectional", "config": {"layer": {"class_name": "__import__", "config": {}}}},
    {"class_name": "RNN", "config": {"cell": {"module": "os", "class_name": "fork", "config": {}}}},
    {"class_name": "TFSMLayer", "module": "keras.layers", "config": {"filepath": "http://localhost:1/x"}},
    {"class_name": "TextVectorization", "config": {"vocabulary": "/etc/passwd"}},
    {"class_name": "IntegerLookup", "config": {"vocabulary": "http://localhost:1/x"}},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(NAMES_OF_CODE)))
def test_names_of_code_and_of_files(number, tmp_path, monkeypatch):
    layers = [_SEQUENTIAL[0], NAMES_OF_CODE[number]]
    paths = [
        _archive(tmp_path / "bad.keras", config=_config(layers)),
        _text(tmp_path / "bad.json", json.dumps(_config(layers))),
        _h5(tmp_path / "bad.h5", lambda file: file.attrs.__setitem__("model_config", json.dumps(_config(layers)))),
    ]
    happened: list[object] = []

    def opened(file, *args, _open=open, **kwargs):
        if tmp_path not in Path(file).parents and Path(file).suffix not in (".py", ".pyc"):
            happened.append(file)
        return _open(file, *args, **kwargs)

    monkeypatch.setattr("builtins.open", opened)
    monkeypatch.setattr("io.open", opened)
    for name in (
        "os.system",
        "subprocess.Popen",
        "socket.socket.connect",
        "pickle.loads",
        "torch.load",
        "builtins.eval",
    ):
        monkeypatch.setattr(name, lambda *args, _name=name, **kwargs: happened.append(_name))
    for path in paths:
        _assert_refused(path)
    assert happened == []


@pytest.mark.parametrize(
    "end", ['")); {} #', "')); {} #", '"]; {}; x["', "\n    {}\n", '", {}, "', "a + {}", "): {}", "{{{}}}"]
)
def test_names_in_a_graph_are_not_code(end, tmp_path):
    """The graph of a model is compiled to Python."""
    name = "a" + end.format(f"open({str(tmp_path / 'ran')!r}, 'w')")
    spec = {"shape": [None, 3], "dtype": "float32", "keras_history": [f"{name}i", 0, 0]}
    tensor = {"class_name": "__keras_tensor__", "config": spec}
    start = {"class_name": "InputLayer", "config": {"batch_shape": [None, 3], "name": f"{name}i"}, "name": f"{name}i"}
    for kind, arguments in (("Dense", {"units": 3}), ("TorchFunction", {"function": "torch.abs"})):
        call = {"args": [tensor], "kwargs": {}}
        layer = {"class_name": kind, "name": name, "config": {"name": name, **arguments}, "inbound_nodes": [call]}
        ends = {"input_layers": {name: [f"{name}i", 0, 0]}, "output_layers": {name: [name, 0, 0]}}
        graph = {"class_name": "Functional", "config": {"name": name, "layers": [start, layer], **ends}}
        model = load_model(_text(tmp_path / "model.json", json.dumps(graph)))
        assert list(model({name: torch.ones(1, 3)})) == [name]
        assert not (tmp_path / "ran").exists()


def test_a_failed_load_of_weights_changes_nothing(tmp_path):
    model = load_model(_archive(tmp_path / "good.keras"))
    before = model.get_weights()
    for kind, change in IN_WEIGHTS.items():
        path = _text(tmp_path / f"{kind}.weights.h5", _weights(change))
        with pytest.raises(ModelFileError):
            model.load_weights(path)
    assert all(map(np.array_equal, before, model.get_weights()))


@pytest.mark.parametrize("make", [_archive, _h5])
def test_files_that_end_too_early(make, tmp_path):
    whole = make(tmp_path / "file").read_bytes()
    for size in range(0, len(whole) - 1, len(whole) // 20):
        _assert_refused(_text(tmp_path / "short", whole[:size]), ModelFileError)
