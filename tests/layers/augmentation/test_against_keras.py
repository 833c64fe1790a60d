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
WITH_SEED = [
    ("RandomBrightness", {"factor": 0.3}),
    ("RandomBrightness", {"factor": [0.1, 0.5], "value_range": (0, 100)}),
    ("RandomContrast", {"factor": 0.5}),
    ("RandomContrast", {"factor": (0.1, 0.9), "value_range": [0, 100]}),
    ("RandomColorDegeneration", {"factor": 0.5}),
    ("RandomColorJitter", {"brightness_factor": 0.2, "contrast_factor": 0.5, "hue_factor": 0.3}),
    ("RandomColorJitter", {"saturation_factor": 0.4, "value_range": (0, 1)}),
    ("RandomCrop", {"height": 3, "width": 4}),
    ("RandomErasing", {}),
    ("RandomErasing", {"factor": 0.5, "scale": (0.3, 0.9), "fill_value": 7}),
    ("RandomErasing", {"factor": 0.9, "scale": 0.5, "fill_value": (1, 2, 3), "value_range": (0, 2)}),
    ("RandomFlip", {}),
    ("RandomFlip", {"mode": "horizontal"}),
    ("RandomFlip", {"mode": "vertical"}),
    ("RandomGaussianBlur", {}),
    ("RandomGaussianBlur", {"factor": 0.7, "kernel_size": 5, "sigma": (0.5, 0.9), "value_range": (20, 90)}),
    ("RandomGrayscale", {}),
    ("RandomHue", {"factor": 0.7}),
    ("RandomHue", {"factor": (0.2, 0.4), "value_range": (-100, 300)}),
    ("RandomInvert", {"factor": (0.2, 0.9)}),
    ("RandomInvert", {"value_range": (0, 100)}),
    ("RandomPerspective", {"scale": 0.6}),
    ("RandomPerspective", {"factor": (0.2, 0.7), "interpolation": "nearest", "fill_value": 20.0}),
    ("RandomRotation", {"factor": 0.3}),
    ("RandomRotation", {"factor": (-0.1, 0.4), "fill_mode": "constant", "fill_value": 9.0}),
    ("RandomRotation", {"factor": -0.5, "fill_mode": "wrap"}),
    ("RandomRotation", {"factor": 0.5, "fill_mode": "nearest", "interpolation": "nearest"}),
    ("RandomSaturation", {"factor": 0.8, "value_range": (0, 1)}),
    ("RandomSaturation", {"factor": (0.4, 0.6)}),
    ("RandomSharpness", {"factor": 0.9}),
    ("RandomSharpness", {"factor": (0.7, 1.0), "value_range": (0, 200)}),
    ("RandomShear", {"x_factor": 0.5, "y_factor": (0.1, 0.3)}),
    ("RandomShear", {"x_factor": 0.9, "fill_mode": "constant", "interpolation": "nearest"}),
    ("RandomTranslation", {"height_factor": 0.9, "width_factor": (-0.2, 0.7)}),
    ("RandomTranslation", {"height_factor": -0.5, "width_factor": 0, "fill_mode": "wrap"}),
    ("RandomTranslation", {"height_factor": 0.4, "width_factor": 0.4, "fill_mode": "constant", "fill_value": 3.0}),
    ("RandomZoom", {"height_factor": 0.4}),
    ("RandomZoom", {"height_factor": (-0.5, 0.2), "width_factor": (0.3, 0.9), "fill_mode": "nearest"}),
    ("RandomZoom", {"height_factor": 0.8, "width_factor": 0.1, "fill_mode": "wrap", "interpolation": "nearest"}),
    ("Solarization", {"addition_factor": 0.3, "threshold_factor": (0.2, 0.6)}),
    ("Solarization", {"threshold_factor": 0.9, "value_range": (0, 100)}),
]
# Those that draw nothing, or draw other numbers than Keras from a seed.
WITHOUT_SEED = [
    ("AugMix", {"alpha": 0.5, "factor": 0.4}),
    ("AugMix", {"num_chains": 2, "chain_depth": 5, "all_ops": False, "interpolation": "nearest"}),
    ("AutoContrast", {}),
    ("AutoContrast", {"value_range": (-20, 300)}),
    # With limits of a whole number of pixels: Keras on torch rounds others.
    ("ContrastLimitedAdaptiveHistogramEqualization", {"clip_limit": 256}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"clip_limit": 32, "tile_grid_size": (2, 3)}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"clip_limit": 64, "tile_grid_size": (2, 3)}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"clip_limit": 0, "value_range": (-9, 260)}),
    ("CutMix", {}),
    ("CutMix", {"factor": (0.2, 0.5)}),
    ("Equalization", {}),
    ("Equalization", {"bins": 20, "value_range": (0, 300)}),
    ("MixUp", {}),
    ("MixUp", {"alpha": 2.0}),
    ("RandAugment", {}),
    ("RandAugment", {"num_ops": 6, "factor": 0.9}),
    ("RandomElasticTransform", {"factor": 0.5, "scale": (0.2, 0.9)}),
    ("RandomPosterization", {"factor": 5}),
    ("RandomPosterization", {"factor": (3, 3), "value_range": (0, 256)}),
]
CASES = WITH_SEED + WITHOUT_SEED
BY_LAYER = {name: [arguments for other, arguments in WITH_SEED if other == name] for name, _ in WITH_SEED}


def cases(which):
    return pytest.mark.parametrize(
        ("name", "arguments"), which, ids=[f"{name}-{number}" for number, (name, _) in enumerate(which)]
    )


every_case = cases(CASES)
# Keras's layers that need a batch in training.
NEED_A_BATCH = {
    "AugMix", "AutoContrast", "CutMix", "Equalization", "MixUp", "RandomColorDegeneration", "RandomErasing",
    "RandomGaussianBlur", "RandomGrayscale", "RandomHue", "RandomInvert", "RandomPosterization", "RandomSaturation",
    "RandomSharpness",
}  # fmt: skip
# Those that have no seed, change images in inference, or draw only while they change them.
WITHOUT_SEEDS = {"AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "Equalization"}
LASTING = {"AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization"}
DRAW_LATE = {"RandAugment", "RandomColorJitter", "RandomElasticTransform"}


def pixels(shape=SHAPE, layout="channels_last"):
    images = np.random.default_rng(5).uniform(0, 255, shape).astype("float32")
    return torch.tensor(images if layout == "channels_last" else np.moveaxis(images, -1, -3).copy())


def pair(layer, arguments, **more):
    return [getattr(library.layers, layer)(**arguments, **more) for library in (ours, keras)]


def seeded(name, arguments, seed):
    return arguments if name in WITHOUT_SEEDS else arguments | {"seed": seed}


@cases(WITH_SEED)
def test_a_seed_gives_keras_s_images(name, arguments):
    _assert_draws_alike(name, arguments, "channels_last")


# Keras does not tell the layers inside of RandomColorJitter where the channels are.
@cases([(name, alike[0]) for name, alike in BY_LAYER.items() if name != "RandomColorJitter"])
def test_a_seed_gives_keras_s_images_with_channels_first(name, arguments):
    _assert_draws_alike(name, arguments, "channels_first")


def _assert_draws_alike(name, arguments, layout):
    mine, theirs = pair(name, arguments, seed=4, data_format=layout)
    for _ in range(2):
        expected = theirs(pixels(layout=layout), training=True)
        assert_close(mine(pixels(layout=layout), training=True), expected, name, rtol=1e-4, atol=2e-3)


@pytest.mark.filterwarnings("ignore:Tensor.T is deprecated:UserWarning")  # of Keras
@cases([(name, arguments) for name, arguments in CASES if name not in DRAW_LATE])
def test_keras_s_transformation_gives_keras_s_images(name, arguments):
    mine, theirs = pair(name, seeded(name, arguments, 5))
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


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_labels_are_mixed_as_keras_mixes_them(name):
    mine, theirs = pair(name, {"seed": 3})
    labels = torch.eye(3)
    transformation = theirs.get_random_transformation(pixels(), training=True)
    expected = theirs.transform_labels(labels, transformation)
    assert_close(mine.transform_labels(labels, transformation), expected)
    outputs = mine({"images": pixels(), "labels": labels, "segmentation_masks": pixels()})
    assert_close(outputs["labels"].sum(1), torch.ones(3))
    if name == "MixUp":
        assert_close(outputs["segmentation_masks"], outputs["images"], rtol=1e-4)
    else:
        assert_close(outputs["segmentation_masks"], outputs["images"])


@pytest.mark.parametrize("index", range(11))
def test_each_layer_in_rand_augment_does_as_keras_s(index):
    mine, theirs = pair("RandAugment", {"num_ops": 1, "factor": 0.9, "seed": 3})
    transformation = theirs.get_random_transformation(pixels(), training=True)
    assert list(mine.get_random_transformation(pixels())["transforms"]) == list(transformation["transforms"])
    transformation["layer_idxes"] = torch.tensor([index])
    if index != list(transformation["transforms"]).index("random_brightness"):
        # Keras's layer writes on the images, also where another one is chosen.
        transformation["transforms"]["random_brightness"]["rgb_delta"] *= 0
    expected = theirs.transform_images(pixels(), copy.deepcopy(transformation), training=True)
    assert_close(mine.transform_images(pixels(), transformation), expected, rtol=1e-4, atol=2e-3)


def plain(layer):
    """Return a config as JSON gives it back, with the policy by its name."""
    return json.loads(json.dumps(layer.get_config())) | {"dtype": "float32"}


@every_case
def test_configs_are_keras_s(name, arguments):
    mine, theirs = pair(name, seeded(name, arguments, 4), name="one")
    written, expected = plain(mine), plain(theirs)
    if name == "RandomShear":
        # Keras cannot read what it writes for one number.
        written, expected = ({k: v for k, v in one.items() if "_factor" not in k} for one in (written, expected))
    assert written == expected | {key: written[key] for key in ("data_format", "seed") if key in written}
    if name not in ("RandomShear", "RandomGrayscale"):
        assert plain(type(mine).from_config(plain(theirs))) == plain(mine)
    assert plain(type(theirs).from_config(mine.get_config())) == plain(theirs)


@every_case
def test_in_inference_nothing_is_drawn_or_changed(name, arguments):
    layer = getattr(ours.layers, name)(**seeded(name, arguments, 4)).eval()
    images = pixels()
    if name not in LASTING and name != "RandomCrop":
        assert torch.equal(layer(images), images)
        assert torch.equal(layer(images[0].to(torch.uint8)), images[0].to(torch.uint8).float())
    assert int(layer.draws) == 0
