"""Do models that TF-Keras saved compute here what they computed there?

`tf_keras/make_files.py` wrote the files: .h5 and the newer layout of .keras with TF-Keras 2.21, the older layout with
TF-Keras 2.14 (of TensorFlow 2.14.1). Their weights are random, and each file has the outputs for three samples.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from torchkeras_layer.saving import load_model

FOLDER = Path(__file__).parent / "tf_keras"
FILES = sorted(path for path in FOLDER.glob("*/*") if path.suffix in {".h5", ".keras"})


def _arrays(file, word):
    with np.load(file.parent / "expected.npz") as saved:
        count = sum(name.startswith(f"{file.stem}/{word}_") for name in saved.files)
        return [saved[f"{file.stem}/{word}_{index}"] for index in range(count)]


def test_there_are_forty_files_of_three_formats():
    formats = {(path.parent.name, path.suffix) for path in FILES}
    assert formats == {("2_14", ".keras"), ("2_21", ".h5"), ("2_21", ".keras")}
    assert len(FILES) >= 42
    versions = set()
    for path in FILES:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                versions.add(json.loads(archive.read("metadata.json"))["keras_version"])
    assert versions == {"2.14.0", "2.21.0"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.name}")
def test_a_model_computes_what_tf_keras_did(file):
    model = load_model(file).eval()
    inputs, expected = ([torch.from_numpy(array) for array in _arrays(file, word)] for word in ("input", "output"))
    with torch.inference_mode():
        outputs = model(inputs if len(inputs) > 1 else inputs[0])
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    assert len(outputs) == len(expected) > 0
    for output, wanted in zip(outputs, expected, strict=True):
        torch.testing.assert_close(output, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("file", [path for path in FILES if path.stem == "chain"], ids=lambda file: file.parent.name)
def test_what_was_frozen_there_is_frozen_here(file):
    model = load_model(file)
    frozen = [name for name, weight in model.named_parameters() if not weight.requires_grad]
    assert frozen == ["1.kernel", "1.bias"]
