"""Do the files of layers in a `.keras` archive, such as vocabularies, get in and out, and do bad ones do no harm?

Keras runs lookups on TensorFlow alone, which is not here. Elsewhere, 24 files of it and of TF-Keras, with learned
vocabularies in four output modes, gave the same outputs here, and Keras opened ours. These archives have their form.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer import layers

TEXTS = [["the tide rises"], ["the tide falls the night"]]
PLACE = "assets/layers/string_lookup/vocabulary.txt"


def _lookup(**given):
    return keras.Sequential([keras.Input((1,), dtype="string"), layers.StringLookup(name="words", **given)])


def _learned(**given):
    model = _lookup(**given)
    model.layers[0].adapt([["b"], ["a"], ["b"]])
    return model


def _edited(source, target, change):
    """Write an archive again, with its members changed: a dict of names and contents."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


@pytest.fixture
def saved(tmp_path):
    _learned().save(tmp_path / "saved.keras")
    return tmp_path / "saved.keras"


@pytest.mark.parametrize("mode", ["int", "count", "multi_hot", "tf_idf"])
def test_learned_vocabularies_are_in_the_archive(mode, tmp_path):
    text, words = layers.TextVectorization(output_mode=mode), layers.StringLookup(output_mode=mode, mask_token="")
    text.adapt(TEXTS)
    words.adapt([["b"], ["a"], ["b"]])
    numbers = layers.IntegerLookup(output_mode=mode, num_oov_indices=2)
    numbers.adapt([7, 9, 9])
    a, b, c = keras.Input((1,), dtype="string"), keras.Input((1,), dtype="string"), keras.Input((2,), dtype="int64")
    model = keras.Model([a, b, c], [text(a), words(b), numbers(c)])
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    data = [[["night tide"], ["x"]], [["a"], ["zz"]], torch.tensor([[7, 1], [9, 2]])]
    for got, expected in zip(again(data), model(data), strict=True):
        torch.testing.assert_close(got, expected)
    names = zipfile.ZipFile(tmp_path / "m.keras").namelist()
    # As Keras does, twice for the lookup in a TextVectorization.
    assert sorted(name for name in names if name.startswith("assets/")) == [
        "assets/layers/integer_lookup/vocabulary.txt",
        "assets/layers/string_lookup/vocabulary.txt",
        "assets/layers/text_vectorization/_lookup_layer/vocabulary.txt",
        "assets/layers/text_vectorization/vocabulary.txt",
    ]


def test_the_file_is_that_of_keras(saved):
    assert zipfile.ZipFile(saved).read(PLACE) == b"[UNK]\nb\na"


def test_a_given_vocabulary_stays_in_the_config(tmp_path):
    _lookup(vocabulary=["a", "b"]).save(tmp_path / "m.keras")
    assert PLACE not in zipfile.ZipFile(tmp_path / "m.keras").namelist()
    assert keras.saving.load_model(tmp_path / "m.keras").layers[0].get_vocabulary() == ["[UNK]", "a", "b"]


def test_load_weights_takes_the_vocabulary_too(saved):
    model = _lookup()
    report = model.load_weights(saved)
    assert model.layers[0].get_vocabulary() == ["[UNK]", "b", "a"]
    assert list(report.loaded) == ["words/vocabulary.txt"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[UNK]\nb\nb", "each token must be in the vocabulary only once"),
        (b"", "a vocabulary needs at least one token"),
        (b"[UNK]\n\xff", "must be in UTF-8"),
    ],
)
def test_a_damaged_vocabulary_changes_nothing(content, message, saved, tmp_path):
    bad = _edited(saved, tmp_path / "bad.keras", lambda members: members.update({PLACE: content}))
    with pytest.raises(ValueError, match=rf"bad\.keras: .*{message}"):
        keras.saving.load_model(bad)
    model = _learned()
    model.layers[0].set_vocabulary(["x"])
    with pytest.raises(ValueError, match=rf"bad\.keras: .*{message}.*Nothing was loaded"):
        model.load_weights(bad)
    assert model.layers[0].get_vocabulary() == ["[UNK]", "x"]


@pytest.mark.parametrize(
    "name",
    [
        "assets/../evil.txt",
        "assets//vocabulary.txt",
        "assets/./a",
        "assets/a\\b",
        "assets/layers/C:x",
        "assets/a\x01/../b",
    ],
)
def test_names_that_lead_outside_are_refused(name, saved, tmp_path):
    before = set(tmp_path.rglob("*"))
    bad = _edited(saved, tmp_path / "bad.keras", lambda members: members.update({name: b"x"}))
    with pytest.raises(ValueError, match="the name of a member must be that of a file inside"):
        keras.saving.load_model(bad)
    assert set(tmp_path.rglob("*")) - before == {bad}
    assert keras.saving.load_model(saved).layers[0].vocabulary_size() == 3


def test_files_that_no_layer_takes_are_reported(saved, tmp_path):
    bad = _edited(saved, tmp_path / "bad.keras", lambda members: members.update({"assets/layers/more/x.bin": b"x"}))
    with pytest.raises(ValueError, match=r"1 unexpected: assets/layers/more/x\.bin"):
        keras.saving.load_model(bad)


def test_files_that_are_too_large_are_refused(saved, tmp_path, monkeypatch):
    monkeypatch.setattr("torchkeras_layer.weight_files.archive.LONGEST_TEXT", 2000)
    assert keras.saving.load_model(saved).layers[0].vocabulary_size() == 3
    bad = _edited(saved, tmp_path / "bad.keras", lambda members: members.update({PLACE: b"a\n" * 1001}))
    with pytest.raises(ValueError, match="the files in 'assets' must have at most 2000 bytes. Received: 2002"):
        keras.saving.load_model(bad)


def test_a_compressed_bomb_is_refused(saved, tmp_path):
    with zipfile.ZipFile(saved) as archive, zipfile.ZipFile(tmp_path / "bad.keras", "w", zipfile.ZIP_DEFLATED) as bad:
        for name in archive.namelist():
            bad.writestr(name, b"\n" * 2**26 if name == PLACE else archive.read(name))
    with pytest.raises(ValueError, match="at most 20 times larger than in the archive"):
        keras.saving.load_model(tmp_path / "bad.keras")


def test_what_a_line_cannot_hold_is_refused_when_saving(tmp_path):
    model = _lookup()
    model.layers[0].set_vocabulary(["a", "two\nlines"])
    with pytest.raises(ValueError, match=r"one token per line. Received: the token 'two\\nlines'"):
        model.save(tmp_path / "m.keras")
    assert list(tmp_path.iterdir()) == []
    model = _lookup(vocabulary=["a", "two\nlines"])
    model.save(tmp_path / "m.keras")
    assert keras.saving.load_model(tmp_path / "m.keras").layers[0].vocabulary_size() == 3


@pytest.mark.parametrize("name", ["m.h5", "m.weights.h5"])
def test_other_files_have_no_room(name, tmp_path):
    model = _learned()
    save = model.save_weights if name.endswith("weights.h5") else model.save
    with pytest.raises(ValueError, match="'words' .* has a vocabulary that it was not made with, which only .keras"):
        save(tmp_path / name)


class Rules(layers.Layer):
    """A layer of a user, with a file of its own."""

    rules: tuple[str, ...] = ()

    def call(self, inputs):
        return inputs * len(self.rules)

    def save_assets(self, dir_path):
        (Path(dir_path) / "rules.json").write_text(json.dumps(self.rules))

    def load_assets(self, dir_path):
        self.rules = tuple(json.loads((Path(dir_path) / "rules.json").read_text()))


def test_layers_of_users_have_files_too(tmp_path):
    model = keras.Sequential([keras.Input((1,)), Rules(name="rules")])
    model.layers[0].rules = ("a", "b")
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", custom_objects={"Rules": Rules})
    assert again.layers[0].rules == ("a", "b")
    np.testing.assert_allclose(again(torch.ones(1, 1)), [[2.0]])


def test_folders_of_layers_are_refused(tmp_path):
    class Folder(layers.Layer):
        def call(self, inputs):
            return inputs

        def save_assets(self, dir_path):
            (Path(dir_path) / "inner").mkdir()

    model = keras.Sequential([keras.Input((1,)), Folder(name="deep")])
    with pytest.raises(
        ValueError, match=re.escape("deep: save_assets must write files into the folder. Received: 'inner'")
    ):
        model.save(tmp_path / "m.keras")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_that_no_layer_takes_is_reported_too(tmp_path):
    class Empty(layers.Layer):
        def call(self, inputs):
            return inputs

        def save_assets(self, dir_path):
            (Path(dir_path) / "none.txt").touch()

        def load_assets(self, dir_path):
            assert (Path(dir_path) / "none.txt").exists()

    keras.Sequential([keras.Input((1,)), Empty()]).save(tmp_path / "m.keras")
    path = _edited(tmp_path / "m.keras", tmp_path / "more.keras", lambda members: members.update({"assets/x.txt": b""}))
    keras.models.load_model(tmp_path / "m.keras", custom_objects={"Empty": Empty})
    with pytest.raises(ValueError, match=r"1 unexpected: assets/x\.txt"):
        keras.models.load_model(path, custom_objects={"Empty": Empty})


def test_files_whose_names_are_refused_when_read_are_not_written(tmp_path):
    class Odd(layers.Layer):
        def call(self, inputs):
            return inputs

        def save_assets(self, dir_path):
            (Path(dir_path) / "a:b.txt").touch()

    with pytest.raises(ValueError, match=r"odd: save_assets: .*a:b\.txt"):
        keras.Sequential([keras.Input((1,)), Odd()]).save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())
