"""Does Resizing give Keras's images, for every interpolation, aspect ratio and dtype?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras

# Written by `tf.image.resize` of TensorFlow 2.21.
RESIZED = json.loads((Path(__file__).parent / "resized.json").read_text())
ASPECTS = ({}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": 0.25})


@pytest.mark.parametrize("golden", RESIZED["resized"], ids=lambda golden: f"{golden['interpolation']}-{golden['size']}")
def test_every_interpolation_is_that_of_tensorflow(golden):
    layer = ours.layers.Resizing(*golden["size"], interpolation=golden["interpolation"], antialias=golden["antialias"])
    outputs = layer(torch.tensor(RESIZED["inputs"]).unsqueeze(-1))
    assert_close(outputs.squeeze(-1), np.array(golden["outputs"]), golden["interpolation"], atol=3e-6)


@given(
    shape=st.tuples(*[st.integers(1, 9)] * 2),
    size=st.tuples(*[st.integers(1, 9)] * 2),
    arguments=st.sampled_from(ASPECTS),
    interpolation=st.sampled_from(["bilinear", "nearest"]),
    antialias=st.booleans(),
    data_format=st.sampled_from(["channels_last", "channels_first"]),
    is_batch=st.booleans(),
    dtype=st.sampled_from(["float32", "uint8"]),
)
def test_images_are_those_of_keras(shape, size, arguments, interpolation, antialias, data_format, is_batch, dtype):
    arguments = {"interpolation": interpolation, "antialias": antialias, "data_format": data_format} | arguments
    if interpolation == "bilinear" and dtype == "uint8":
        # A half is rounded the one way or the other by the last digit.
        dtype = "float32"
    sizes = (2, *shape) if data_format == "channels_first" else (*shape, 2)
    images = (np.random.default_rng(1).random((3, *sizes) if is_batch else sizes) * 255).astype(dtype)
    mine, theirs = (library.layers.Resizing(*size, **arguments) for library in (ours, keras))
    outputs = mine(torch.as_tensor(images))
    assert_close(outputs, theirs(images), atol=1e-3)
    assert str(outputs.dtype) == f"torch.{dtype}"
    assert mine.compute_output_shape(images.shape) == tuple(outputs.shape)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int64, torch.bool])
def test_ints_are_rounded_and_do_not_overshoot(dtype):
    images = torch.tensor([[0, 1, 0, 1]]).mul(127).to(dtype).reshape(1, 4, 1)
    outputs = ours.layers.Resizing(1, 16, interpolation="bicubic")(images)
    assert outputs.dtype is dtype
    assert int(outputs.min()) >= 0 or dtype in (torch.int8, torch.int64)
    exact = ours.layers.Resizing(1, 16, interpolation="bicubic")(images.double())
    limits = (0, 1) if dtype is torch.bool else (torch.iinfo(dtype).min, torch.iinfo(dtype).max)
    assert torch.equal(outputs.double(), exact.round().clamp(*limits))


def test_large_ints_keep_all_their_digits():
    image = torch.full((2, 2, 1), 2**40 + 1)
    for interpolation in ("nearest", "bilinear"):
        assert ours.layers.Resizing(3, 3, interpolation=interpolation)(image).eq(2**40 + 1).all()


def test_gradients_go_through():
    image = torch.randn(1, 4, 5, 1, dtype=torch.float64, requires_grad=True)
    for interpolation in ("nearest", "bilinear", "bicubic", "area"):
        layer = ours.layers.Resizing(3, 7, interpolation=interpolation, dtype="float64")
        assert torch.autograd.gradcheck(layer, (image,))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"height": 0, "width": 3}, r"Resizing: height must be a positive int. Received: height=0."),
        ({"height": 3, "width": 2.5}, r"Resizing: width must be a positive int. Received: width=2.5."),
        ({"height": 3, "width": 3, "interpolation": "linear"}, r"interpolation must be one of 'bilinear', .*'linear'"),
        ({"height": 3, "width": 3, "fill_mode": "wrap"}, r"fill_mode must be one of 'constant'.*'wrap'"),
        ({"height": 3, "width": 3, "fill_value": "x"}, r"fill_value must be a number .*'x'"),
        ({"height": 3, "width": 3, "data_format": "last"}, r"data_format must be one of"),
        (
            {"height": 3, "width": 3, "crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True},
            r"crop_to_aspect_ratio and pad_to_aspect_ratio must not both",
        ),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ours.layers.Resizing(**arguments)


@pytest.mark.parametrize("shape", [(2, 0, 6, 3), (2, 6, 0, 3), (2, 6, 6, 0), (0, 6, 3)])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest", "bicubic"])
def test_images_without_pixels(shape, interpolation):
    layers = [ours.layers.Resizing(4, 5, interpolation=interpolation, name="small")]
    layers += [ours.layers.CenterCrop(*size, name="small") for size in ((1, 1), (4, 5))]
    for layer in layers:
        with pytest.raises(ValueError, match=r"small: an image must have at least one row, column and channel"):
            layer(torch.ones(shape))
        with pytest.raises(ValueError, match=r"small: an image must have at least one row, column and channel"):
            layer(ours.Input(shape[1:]) if len(shape) == 4 else ours.Input(batch_shape=shape))
        assert layer(torch.ones(0, 6, 7, 3)).shape[0] == 0


@pytest.mark.parametrize("shape", [(3, 4), (1, 2, 3, 4, 5)])
def test_bad_shapes(shape):
    layer = ours.layers.Resizing(2, 2, name="small")
    with pytest.raises(ValueError, match=r"small: expected an image, of rank 3, or a batch of images, of rank 4"):
        layer(torch.ones(shape))
    with pytest.raises(ValueError, match=r"small: expected an image"):
        layer.compute_output_shape(shape)
