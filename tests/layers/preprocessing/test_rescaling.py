"""Does Rescaling compute what Keras computes, on numbers in any form?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras


@pytest.mark.parametrize("scale", [2, 0.5, np.float32(3.0), [1.0, 2.0, 3.0], np.array([[1.0], [2.0]])])
@pytest.mark.parametrize("offset", [0.0, -1, (1.0, 2.0, 3.0)])
@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8", "float64"])
def test_numbers_are_those_of_keras(scale, offset, dtype):
    inputs = (np.random.default_rng(2).random((4, 2, 3)) * 9).astype(dtype)
    mine, theirs = (library.layers.Rescaling(scale, offset) for library in (ours, keras))
    outputs = mine(inputs)
    assert_close(outputs, theirs(inputs))
    assert outputs.dtype is torch.float32


@pytest.mark.parametrize("scale", [2.0, [1.0, 2.0], [[[1.0]], [[2.0]]]])
def test_with_channels_first_a_scale_for_each_channel_is_for_the_first_axis_of_an_image(scale):
    inputs = np.random.default_rng(2).random((3, 2, 4, 4)).astype("float32")
    before = keras.config.image_data_format()
    try:
        for library in (ours, keras):
            library.backend.set_image_data_format("channels_first")
        mine, theirs = (library.layers.Rescaling(scale, 0.5) for library in (ours, keras))
        assert_close(mine(inputs), theirs(inputs))
    finally:
        keras.backend.set_image_data_format(before)


def test_lists_of_numbers_are_one_tensor():
    assert ours.layers.Rescaling(2.0)([[1, 2], [3, 4]]).tolist() == [[2.0, 4.0], [6.0, 8.0]]
    with pytest.raises(ValueError, match=r"scaled: the rows of a list must have equal lengths"):
        ours.layers.Rescaling(2.0, name="scaled")([[1, 2], [3]])


def test_the_gradient_is_the_scale():
    inputs = torch.ones(3, requires_grad=True)
    ours.layers.Rescaling(0.25, 1.0)(inputs).sum().backward()
    assert np.asarray(inputs.grad).tolist() == [0.25] * 3


@pytest.mark.parametrize(
    "scale", [3, 10**30, torch.tensor(2.5, dtype=torch.bfloat16), np.int8(3), [np.float32(1.5)], [[10**30, 1]]]
)
def test_all_kinds_of_numbers_are_numbers(scale):
    layer = ours.layers.Rescaling(scale)
    assert np.array_equal(layer([[2.0]]), np.asarray(layer.scale, dtype="float32").reshape(-1, 1).T * 2)


@pytest.mark.parametrize(
    ("scale", "offset", "name"),
    [
        ("x", 0.0, "scale"),
        ("1", 0.0, "scale"),
        (None, 0.0, "scale"),
        (1.0, None, "offset"),
        (1.0, (None,), "offset"),
        (1.0, [[1.0], [1.0, 2.0]], "offset"),
        (True, 0.0, "scale"),
        (1j, 0.0, "scale"),
        pytest.param(10**400, 0.0, "scale", id="too large"),
    ],
)
def test_bad_arguments(scale, offset, name):
    with pytest.raises(
        TypeError, match=rf"Rescaling: {name} must be a number or an array of numbers. Received: {name}="
    ):
        ours.layers.Rescaling(scale, offset)


@pytest.mark.parametrize(("scale", "offset", "name"), [([1.0, 2.0], 0.0, "scale"), (1.0, [], "offset")])
def test_bad_shapes(scale, offset, name):
    layer = ours.layers.Rescaling(scale, offset, name="scaled")
    wanted = (
        rf"scaled: {name}, an array of shape \(.*\), must broadcast over the inputs. Received: inputs of shape \(2, 3\)"
    )
    with pytest.raises(ValueError, match=wanted):
        layer(torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"must broadcast over the inputs. Received: inputs of shape \(None, 3\)"):
        layer(ours.Input((3,)))
    assert ours.layers.Rescaling([1.0, 2.0])(ours.Input((None,))).shape == (None, None)
