"""Does `decode_predictions` name the classes as Keras does, and does it say where the names are to be had?"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras

INDEX = {str(number): [f"n{number:08}", f"class_{number}"] for number in range(1000)}
SCORES = np.random.default_rng(0).dirichlet(np.ones(1000), 3).astype("float32")
resnet50 = ours.applications.resnet50


@pytest.mark.parametrize("top", [1, 5, 2000])
def test_the_names_are_keras_s(top, monkeypatch):
    monkeypatch.setattr(keras.src.applications.imagenet_utils, "CLASS_INDEX", INDEX)
    expected = keras.applications.resnet50.decode_predictions(SCORES, top)
    assert resnet50.decode_predictions(SCORES, top, class_index=INDEX) == expected
    assert resnet50.decode_predictions(torch.tensor(SCORES), top, class_index=INDEX) == expected


def test_the_file_that_keras_downloaded_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"imagenet_class_index\.json, and nothing is downloaded\. Get https:"):
        resnet50.decode_predictions(SCORES)
    path = tmp_path / "models" / "imagenet_class_index.json"
    path.parent.mkdir()
    path.write_text(json.dumps(INDEX))
    for class_index in (None, path, str(path)):
        (first, *_), *_ = resnet50.decode_predictions(SCORES, class_index=class_index)
        assert first == (*INDEX[str(SCORES[0].argmax())], SCORES[0].max())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((SCORES[0],), r"shape \(batch, 1000\)\. Received: shape \(1000,\)"),
        ((SCORES[:, :10],), r"Received: shape \(3, 10\)"),
        (("cat",), "Received: str"),
        ((SCORES, 0), "top must be a positive int. Received: top=0"),
        ((SCORES, 5, {"0": ["n0", "tench"]}), "class_index must have a pair .* for each of '0' to '999'"),
        ((SCORES, 5, {**INDEX, "3": "cat"}), "class_index must have a pair"),
    ],
    ids=["one sample", "ten classes", "text", "none", "one name", "no pair"],
)
def test_nonsense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        resnet50.decode_predictions(*arguments)
