"""When may a vocabulary be read from a file? When the caller names it, and never because a config does."""

from __future__ import annotations

import json

import pytest

import torchkeras_layer as ours

LAYERS = {
    "StringLookup": ["a", "é"],
    "IntegerLookup": [5, -7],
    "TextVectorization": ["a", "é"],
}
every_layer = pytest.mark.parametrize("name", LAYERS)


@pytest.fixture
def files(tmp_path):
    """A text file with the vocabulary of each layer."""
    for name, tokens in LAYERS.items():
        (tmp_path / name).write_text("\n".join(map(str, tokens)) + "\n\n", encoding="utf-8")
    return tmp_path


@every_layer
def test_the_caller_may_name_a_file(name, files):
    for path in (files / name, str(files / name)):
        layer = getattr(ours.layers, name)(vocabulary=path)
        assert layer.get_vocabulary(include_special_tokens=False) == LAYERS[name]
        later = getattr(ours.layers, name)()
        later.set_vocabulary(path)
        assert later.get_vocabulary(include_special_tokens=False) == LAYERS[name]


# What Keras 3.15 and TF-Keras 2.21 give on TensorFlow 2.21.
@pytest.mark.parametrize(
    ("content", "arguments", "expected"),
    [
        ("[UNK]\na\nb\n", {}, [2, 3, 1, 0]),
        ("[UNK]\na\nb\n", {"mask_token": ""}, [3, 4, 2, 1]),
        ("a\r\nb\r\n", {}, [1, 2, 0, 0]),
        ("a\rb\nb\n", {}, [0, 2, 0, 0]),
    ],
)
def test_lines_are_those_of_tensorflow(content, arguments, expected, tmp_path):
    (tmp_path / "words").write_bytes(content.encode())
    layer = ours.layers.StringLookup(vocabulary=tmp_path / "words", **arguments)
    assert layer(["a", "b", "[UNK]", "x"]).tolist() == expected
    again = ours.layers.StringLookup(vocabulary=layer.get_vocabulary(), **arguments)
    loaded = ours.layers.StringLookup(**arguments)
    loaded.load_state_dict(layer.state_dict())
    for twin in (again, loaded):
        assert twin(["a", "b", "[UNK]", "x"]).tolist() == expected
    inverted = ours.layers.StringLookup(vocabulary=tmp_path / "words", invert=True, **arguments)
    assert inverted([expected[1]]).tolist() == ["b"]


@every_layer
def test_the_path_is_not_in_the_config(name, files):
    layer = getattr(ours.layers, name)(vocabulary=str(files / name))
    assert layer.get_config()["vocabulary"] is None
    assert str(files) not in json.dumps(ours.layers.serialize(layer))


@every_layer
@pytest.mark.parametrize(
    "path", ["{}", "file://{}", "https://example.org/vocabulary.txt", "/etc/passwd", "relative.txt"]
)
def test_a_config_never_names_a_file(name, path, files, monkeypatch):
    monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("a file was opened"))
    for name_of_method in ("read_text", "read_bytes", "open"):
        monkeypatch.setattr(f"pathlib.Path.{name_of_method}", lambda *_, **__: pytest.fail("a file was read"))
    config = {"vocabulary": path.format(files / name)}
    for make in (
        lambda: getattr(ours.layers, name).from_config(config),
        lambda: ours.layers.deserialize({"class_name": name, "config": config}),
        lambda: ours.layers.get({"class_name": name, "config": config}),
        lambda: ours.saving.deserialize_keras_object({"class_name": name, "module": "keras.layers", "config": config}),
        lambda: ours.Sequential.from_config({"name": "s", "layers": [{"class_name": name, "config": config}]}),
    ):
        with pytest.raises((TypeError, ValueError), match="files that a config names are not read"):
            make()


@every_layer
def test_a_file_that_is_not_there(name, files):
    with pytest.raises(FileNotFoundError, match=r"the vocabulary file does not exist. Received: .*nowhere.txt"):
        getattr(ours.layers, name)(vocabulary=str(files / "nowhere.txt"))
    with pytest.raises(FileNotFoundError, match=r"the vocabulary file does not exist"):
        getattr(ours.layers, name)(vocabulary="https://example.org/vocabulary.txt")


@every_layer
def test_a_file_that_is_no_vocabulary(name, files):
    (files / "empty").write_text("\n")
    with pytest.raises(ValueError, match=r"must contain at least one token. Received: vocabulary='.*empty'"):
        getattr(ours.layers, name)(vocabulary=files / "empty")
    (files / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"a vocabulary file must be in UTF-8. Received: vocabulary='.*binary'"):
        getattr(ours.layers, name)(vocabulary=files / "binary")


def test_lines_of_words_are_no_ints(files):
    with pytest.raises(TypeError, match=r"IntegerLookup: tokens must be 64-bit ints. Received: 'a'"):
        ours.layers.IntegerLookup(vocabulary=files / "StringLookup")
