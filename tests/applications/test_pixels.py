"""Does `preprocess_input` of every module give Keras's numbers for every type of inputs, and not write on them?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras

# Those of TF-Keras alone leave pixels as they are.
OF_KERAS_2 = {"regnet", "resnet_rs"}
NAMES = sorted(ours.applications.__all__)
IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 4, 5, 3)).astype("float32")


def pair(name):
    return getattr(ours.applications, name), getattr(keras.applications, name)


def test_every_module_of_keras_is_here():
    modules = {name for name, value in vars(keras.applications).items() if hasattr(value, "preprocess_input")}
    assert modules == set(NAMES) - OF_KERAS_2


@pytest.mark.parametrize("name", sorted(set(NAMES) - OF_KERAS_2))
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_numbers_are_keras_s(name, layout):
    mine, theirs = pair(name)
    images = IMAGES if layout == "channels_last" else IMAGES.transpose(0, 3, 1, 2).copy()
    for value in (images, images[0], images.astype("float64"), images.astype("uint8")):
        expected = theirs.preprocess_input(value.copy(), data_format=layout)
        found = mine.preprocess_input(value, data_format=layout)
        assert found.dtype == expected.dtype
        assert_close(found, expected, name, atol=1e-4)
        as_tensor = mine.preprocess_input(torch.tensor(value), data_format=layout)
        assert isinstance(as_tensor, torch.Tensor)
        assert_close(as_tensor, expected, name, atol=1e-4)


@pytest.mark.parametrize("mode", ["tf", "torch", "caffe"])
def test_a_mode_may_be_told_and_the_inputs_stay(mode):
    before = IMAGES.copy()
    tensor = torch.tensor(IMAGES)
    expected = keras.applications.imagenet_utils.preprocess_input(IMAGES.copy(), mode=mode)
    assert_close(ours.applications.imagenet_utils.preprocess_input(IMAGES, mode=mode), expected, atol=1e-4)
    assert_close(ours.applications.imagenet_utils.preprocess_input(tensor, mode=mode), expected, atol=1e-4)
    np.testing.assert_array_equal(IMAGES, before)
    np.testing.assert_array_equal(tensor.numpy(), before)


@pytest.mark.parametrize("name", ["densenet", "resnet50", "mobilenet", "efficientnet"])
def test_symbolic_tensors_become_part_of_a_model(name):
    inputs = ours.Input((4, 5, 3), dtype="uint8")
    model = ours.Model(inputs, getattr(ours.applications, name).preprocess_input(inputs) * 1)
    twin = ours.Model.from_config(model.get_config())
    images = torch.tensor(IMAGES.astype("uint8"))
    expected = pair(name)[1].preprocess_input(IMAGES.astype("uint8"))
    assert_close(model(images), expected, name, atol=1e-4)
    assert_close(twin(images), expected, name, atol=1e-4)


def test_gradients_reach_the_pixels():
    images = torch.tensor(IMAGES, requires_grad=True)
    (gradient,) = torch.autograd.grad(ours.applications.densenet.preprocess_input(images).sum(), images)
    assert_close(gradient[0, 0, 0], 1 / (255 * np.array([0.229, 0.224, 0.225])))


def test_other_inputs_are_refused():
    resnet50, utils = ours.applications.resnet50, ours.applications.imagenet_utils
    with pytest.raises(
        ValueError, match=r"^resnet50\.preprocess_input: expects images with 3 channels.*\(2, 4, 5, 1\)"
    ):
        resnet50.preprocess_input(IMAGES[..., :1])
    with pytest.raises(ValueError, match=r"3 channels, the first axis"):
        resnet50.preprocess_input(IMAGES, data_format="channels_first")
    with pytest.raises(ValueError, match=r"data_format must be one of .* Received: data_format='last'"):
        resnet50.preprocess_input(IMAGES, data_format="last")
    with pytest.raises(ValueError, match=r"mode must be one of .* Received: mode='onnx'"):
        utils.preprocess_input(IMAGES, mode="onnx")
    with pytest.raises(TypeError, match=r"expects an array, a tensor or a symbolic tensor\. Received: list"):
        resnet50.preprocess_input(IMAGES.tolist())
