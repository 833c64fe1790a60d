"""Do the layers draw Keras's transformations, apply them as Keras does, and write its configs?"""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras

SHAPE = (3, 7, 6, 3)
# By layer: its arguments, each with a seed unless it draws nothing.
CASES = [
    ("RandomBrightness", {"factor": 0.3}),
    ("RandomBrightness", {"factor": [0.1, 0.5], "value_range": (0, 100)}),
    ("RandomContrast", {"factor": 0.5}),
    ("RandomContrast", {"factor": (0.1, 0.9), "value_range": [0, 100]}),
    ("RandomCrop", {"height": 3, "width": 4}),
    ("RandomFlip", {}),
    ("RandomFlip", {"mode": "horizontal"}),
    ("RandomFlip", {"mode": "vertical"}),
    ("RandomHue", {"factor": 0.7}),
    ("RandomHue", {"factor": (0.2, 0.4), "value_range": (-100, 300)}),
    ("RandomPerspective", {"scale": 0.6}),
    ("RandomPerspective", {"factor": (0.2, 0.7), "interpolation": "nearest", "fill_value": 20.0}),
    ("RandomRotation", {"factor": 0.3}),
    ("RandomRotation", {"factor": (-0.1, 0.4), "fill_mode": "constant", "fill_value": 9.0}),
    ("RandomRotation", {"factor": -0.5, "fill_mode": "wrap"}),
    ("RandomRotation", {"factor": 0.5, "fill_mode": "nearest", "interpolation": "nearest"}),
    ("RandomSaturation", {"factor": 0.8, "value_range": (0, 1)}),
    ("RandomSaturation", {"factor": (0.4, 0.6)}),
    ("RandomShear", {"x_factor": 0.5, "y_factor": (0.1, 0.3)}),
    ("RandomShear", {"x_factor": 0.9, "fill_mode": "constant", "interpolation": "nearest"}),
    ("RandomTranslation", {"height_factor": 0.9, "width_factor": (-0.2, 0.7)}),
    ("RandomTranslation", {"height_factor": -0.5, "width_factor": 0, "fill_mode": "wrap"}),
    ("RandomTranslation", {"height_factor": 0.4, "width_factor": 0.4, "fill_mode": "constant", "fill_value": 3.0}),
    ("RandomZoom", {"height_factor": 0.4}),
    ("RandomZoom", {"height_factor": (-0.5, 0.2), "width_factor": (0.3, 0.9), "fill_mode": "nearest"}),
    ("RandomZoom", {"height_factor": 0.8, "width_factor": 0.1, "fill_mode": "wrap", "interpolation": "nearest"}),
]
IDS = [f"{name}-{number}" for number, (name, _) in enumerate(CASES)]
every_case = pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
# Keras's layers that need a batch in training.
NEED_A_BATCH = {"RandomHue", "RandomSaturation"}


def pixels(shape=SHAPE, layout="channels_last"):
    images = np.random.default_rng(5).uniform(0, 255, shape).astype("float32")
    return torch.tensor(images if layout == "channels_last" else np.moveaxis(images, -1, -3).copy())


def pair(layer, arguments, **more):
    return [getattr(library.layers, layer)(**arguments, **more) for library in (ours, keras)]


@every_case
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_a_seed_gives_keras_s_images(name, arguments, layout):
    mine, theirs = pair(name, arguments, seed=4, data_format=layout)
    for _ in range(2):
        expected = theirs(pixels(layout=layout), training=True)
        assert_close(mine(pixels(layout=layout), training=True), expected, name, rtol=1e-4, atol=2e-3)


@every_case
def test_keras_s_transformation_gives_keras_s_images(name, arguments):
    mine, theirs = pair(name, arguments, seed=5)
    shapes = [SHAPE, *([SHAPE[1:]] if name not in NEED_A_BATCH else [])]
    for images in map(pixels, shapes):
        transformation = theirs.get_random_transformation(images, training=True)
        # Keras writes on what it is given.
        expected = theirs.transform_images(images.clone(), copy.deepcopy(transformation), training=True)
        assert_close(mine.transform_images(images, transformation), expected, name, rtol=1e-4, atol=2e-3)
        own = mine.get_random_transformation(images)
        assert mine.transform_images(images, own).shape == expected.shape
        if isinstance(transformation, dict):
            assert set(own) == set(transformation)


def plain(layer):
    """Return a config as JSON gives it back, with the policy by its name."""
    return json.loads(json.dumps(layer.get_config())) | {"dtype": "float32"}


@every_case
def test_configs_are_keras_s(name, arguments):
    mine, theirs = pair(name, arguments, seed=4, name="one")
    written, expected = plain(mine), plain(theirs)
    if name == "RandomShear":
        # Keras cannot read what it writes for one number.
        written, expected = ({k: v for k, v in one.items() if "_factor" not in k} for one in (written, expected))
    assert written == expected | {key: written[key] for key in ("data_format", "seed")}
    if name != "RandomShear":
        assert plain(type(mine).from_config(plain(theirs))) == plain(mine)
    assert plain(type(theirs).from_config(mine.get_config())) == plain(theirs)


@every_case
def test_in_inference_nothing_is_drawn_or_changed(name, arguments):
    layer = getattr(ours.layers, name)(**arguments, seed=4).eval()
    images = pixels()
    if name != "RandomCrop":
        assert torch.equal(layer(images), images)
        assert torch.equal(layer(images[0].to(torch.uint8)), images[0].to(torch.uint8).float())
    assert int(layer.draws) == 0
