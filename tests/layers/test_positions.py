"""Does an argument that is given by position mean what it means in Keras 3 and in TF-Keras?"""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from tests.oracle import keras
from torchkeras_layer import Layer, layers

_OF_TF_KERAS = json.loads((Path(__file__).parent / "tf_keras_positions.json").read_text())
_CLASSES = {name: getattr(layers, name) for name in layers.__all__ if isinstance(getattr(layers, name), type)}
_LAYERS = {name: one for name, one in _CLASSES.items() if issubclass(one, Layer)}


def _positional(layer: type) -> list[str]:
    _, *own = inspect.signature(layer.__init__).parameters.values()
    return [one.name for one in own if one.kind is one.POSITIONAL_OR_KEYWORD]


# What Keras 3 calls otherwise than TF-Keras, or another order in which the wrong kind of value is an error.
_OTHER_WORDS = {"alpha": "negative_slope", "input_shape": "shape"}
_TOLD_APART = {"Conv3DTranspose", "Convolution3DTranspose"}
_TOLD_APART_FROM_TF_KERAS = {"RandomContrast"}


def _are_the_same(name: str, theirs: list[str]) -> bool:
    """Whether as many positions as both have mean the same."""
    pairs = zip(_positional(_LAYERS[name]), theirs, strict=False)
    return all(mine == _OTHER_WORDS.get(other, other) or mine == other for mine, other in pairs)


@pytest.mark.parametrize("name", [name for name in _LAYERS if hasattr(keras.layers, name) and name not in _TOLD_APART])
def test_positions_are_those_of_keras_3(name):
    assert _are_the_same(name, _positional(getattr(keras.layers, name)))


@pytest.mark.parametrize(
    "name", [name for name in _LAYERS if name in _OF_TF_KERAS and name not in _TOLD_APART_FROM_TF_KERAS]
)
def test_positions_are_those_of_tf_keras(name):
    assert _are_the_same(name, _OF_TF_KERAS[name])


def test_a_layout_in_the_place_of_a_padding_is_an_error():
    with pytest.raises(ValueError, match="Conv3DTranspose: output_padding must be .* Received: .*'channels_last'"):
        layers.Conv3DTranspose(2, 3, 1, "valid", "channels_last")


def test_a_seed_in_the_place_of_a_value_range_is_an_error():
    with pytest.raises(ValueError, match="RandomContrast: value_range must be a pair .* Received: value_range=3"):
        layers.RandomContrast(0.1, 3)
