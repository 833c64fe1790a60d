"""Do models of `keras.applications`, made small, load from Keras's files and give Keras's outputs?

`python -m benchmarks.applications` loads all forty in their usual sizes.
"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours
from benchmarks.applications import images, predict, relative_difference, settle
from tests.oracle import keras

_SIZES = {"weights": None, "classifier_activation": None, "classes": 10}


def _convnext():
    convnext = keras.src.applications.convnext.ConvNeXt
    sizes = {"depths": [1, 1, 1, 1], "projection_dims": [8, 8, 16, 16]}
    return convnext(**sizes, drop_path_rate=0.1, input_shape=(32, 32, 3), **_SIZES)


MODELS = {
    "MobileNet": lambda: keras.applications.MobileNet((32, 32, 3), alpha=0.25, **_SIZES),
    "ConvNeXt": _convnext,
}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras with torch
@pytest.mark.parametrize("name", MODELS)
def test_a_file_gives_keras_s_outputs(name, tmp_path):
    model = MODELS[name]()
    settle(keras, model)
    model.save(tmp_path / "model.keras")
    loaded = ours.models.load_model(tmp_path / "model.keras").eval()
    inputs = images((2, 32, 32, 3), seed=1)
    with torch.no_grad():
        outputs = loaded(torch.as_tensor(inputs)).numpy()
    assert relative_difference(outputs, predict(keras, model, inputs)) < 1e-4
