"""Do hashing, the lookups and TextVectorization give the numbers that Keras gives under TensorFlow?

`goldens.json` was written by Keras 3.15.1 and TF-Keras 2.21 on TensorFlow 2.21: for each layer its config, what it was
adapted to, its inputs, its outputs and its vocabulary.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import torchkeras_layer as ours

GOLDENS = json.loads((Path(__file__).parent / "goldens.json").read_text(encoding="utf-8"))


def _name(golden: dict[str, Any]) -> str:
    mode = golden["config"].get("output_mode", "int")
    return f"{golden['by']}-{golden['layer']}-{mode}"


def _layer(golden: dict[str, Any]) -> Any:
    layer = getattr(ours.layers, golden["layer"]).from_config(golden["config"])
    if "adapt" in golden:
        layer.adapt(golden["adapt"])
    return layer


@pytest.mark.parametrize("golden", GOLDENS, ids=_name)
def test_the_numbers_are_those_of_tensorflow(golden):
    layer = _layer(golden)
    outputs, expected = layer(golden["inputs"]), golden["outputs"]
    if isinstance(outputs, np.ndarray):
        assert outputs.tolist() == expected
        return
    assert tuple(outputs.shape) == np.shape(expected)
    torch.testing.assert_close(outputs.double(), torch.tensor(expected, dtype=torch.float64), atol=1e-5, rtol=1e-5)
    is_int = layer.output_mode == "int"
    assert outputs.dtype is (torch.int64 if is_int else torch.float32)


@pytest.mark.parametrize("golden", [golden for golden in GOLDENS if "vocabulary" in golden], ids=_name)
def test_the_vocabulary_is_that_of_tensorflow(golden):
    layer = _layer(golden)
    assert layer.get_vocabulary() == golden["vocabulary"]
    assert layer.vocabulary_size() == len(golden["vocabulary"])


@pytest.mark.parametrize("golden", GOLDENS, ids=_name)
def test_the_shape_is_known_before(golden):
    shape, found = np.shape(golden["inputs"]), np.shape(golden["outputs"])
    said = _layer(golden).compute_output_shape(shape)
    assert len(said) == len(found)
    assert all(size in (None, real) for size, real in zip(said, found, strict=True))
