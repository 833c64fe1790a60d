"""Does CenterCrop cut out what Keras cuts out?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras


@given(
    shape=st.tuples(*[st.integers(1, 9)] * 2),
    size=st.tuples(*[st.integers(1, 9)] * 2),
    data_format=st.sampled_from(["channels_last", "channels_first"]),
    is_batch=st.booleans(),
    dtype=st.sampled_from(["float32", "uint8"]),
)
def test_images_are_those_of_keras(shape, size, data_format, is_batch, dtype):
    sizes = (2, *shape) if data_format == "channels_first" else (*shape, 2)
    images = (np.random.default_rng(1).random((3, *sizes) if is_batch else sizes) * 255).astype(dtype)
    mine, theirs = (library.layers.CenterCrop(*size, data_format=data_format) for library in (ours, keras))
    outputs = mine(torch.as_tensor(images))
    assert_close(outputs, theirs(images), atol=1e-3)
    assert outputs.dtype is torch.float32
    assert mine.compute_output_shape(images.shape) == tuple(outputs.shape)


def test_what_is_large_enough_is_a_view():
    images = torch.ones(2, 6, 6, 3)
    assert ours.layers.CenterCrop(3, 4)(images).data_ptr() == images[:, 1, 1].data_ptr()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"height": -1, "width": 3}, r"CenterCrop: height must be a positive int. Received: height=-1."),
        ({"height": 3, "width": None}, r"CenterCrop: width must be a positive int. Received: width=None."),
        ({"height": 3, "width": 3, "data_format": "last"}, r"data_format must be one of"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ours.layers.CenterCrop(**arguments)


def test_bad_shapes():
    with pytest.raises(ValueError, match=r"crop: expected an image, .* Received: inputs of shape \(3, 4\)"):
        ours.layers.CenterCrop(2, 2, name="crop")(torch.ones(3, 4))
