"""What does Flatten do beyond the conformance suite?"""

from __future__ import annotations

import pytest
import torch

from torchkeras_layer import backend, layers


@pytest.mark.parametrize("data_format", ["rows_first", 3, ""])
def test_an_unknown_data_format(data_format):
    with pytest.raises(ValueError, match="^Flatten: data_format must be one of 'channels_last', 'channels_first'. Rec"):
        layers.Flatten(data_format)


def test_the_data_format_is_the_backend_s_by_default():
    backend.set_image_data_format("channels_first")
    try:
        layer = layers.Flatten()
    finally:
        backend.set_image_data_format("channels_last")
    assert (layer.data_format, layers.Flatten().data_format) == ("channels_first", "channels_last")
    assert layers.Flatten("Channels_Last").data_format == "channels_last"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((None,), (None, 1)), ((None, None, 3), (None, None)), ((2, 0, 3), (2, 0)), ((None, 2, 3), (None, 6))],
)
def test_free_and_empty_axes(shape, expected):
    assert layers.Flatten().compute_output_shape(shape) == expected


def test_one_number_is_no_batch():
    with pytest.raises(ValueError, match="flatten.*min_ndim=1"):
        layers.Flatten()(torch.tensor(1.0))


def test_nothing_is_copied():
    inputs = torch.ones(2, 3, 4)
    assert layers.Flatten()(inputs).data_ptr() == inputs.data_ptr()
