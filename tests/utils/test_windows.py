"""Are arguments of convolutions checked as Keras checks them, and lengths computed as the layers do?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.oracle import keras as theirs
from torchkeras_layer import utils

LENGTHS = list(itertools.product((5, 8), (1, 2, 3), ("valid", "same"), (1, 2), (1, 2)))


@pytest.mark.parametrize(("length", "size", "padding", "stride", "dilation"), LENGTHS)
def test_lengths_are_those_of_the_layers(length, size, padding, stride, dilation):
    if stride == 1 or dilation == 1:
        conv = theirs.layers.Conv1D(1, size, stride, padding, dilation_rate=dilation)
        assert conv.compute_output_shape((1, length, 1))[1] == utils.conv_output_length(
            length, size, padding, stride, dilation
        )
    transposed = theirs.layers.Conv1DTranspose(1, size, stride, padding)
    assert transposed.compute_output_shape((1, length, 1))[1] == utils.deconv_output_length(
        length, size, padding, stride=stride
    )
    assert utils.deconv_length(length, stride, size, padding) == utils.deconv_output_length(
        length, size, padding, stride=stride
    )


def test_other_lengths():
    # Those of TF-Keras 2.21.
    assert utils.conv_output_length(8, 3, "causal", 2) == 4
    assert utils.conv_output_length(8, 3, "full", 1, 2) == 12
    assert [utils.conv_input_length(4, 3, padding, 2) for padding in ("valid", "same", "full")] == [9, 7, 5]
    assert [utils.deconv_output_length(4, 3, p, 1, 2) for p in ("valid", "same", "full")] == [10, 8, 6]
    assert utils.deconv_output_length(4, 3, "full", None, 2) == 5
    for function in (utils.conv_output_length, utils.conv_input_length, utils.deconv_output_length):
        assert function(None, 3, "valid", 1) is None
        with pytest.raises(ValueError, match="padding must be one of"):
            function(4, 3, "reflect", 1)


def test_arguments():
    check = theirs.src.utils.argument_validation
    for value in (3, [1, 2], (2, 2)):
        assert utils.normalize_tuple(value, 2, "x") == check.standardize_tuple(value, 2, "x")
    for value in ((1, 2, 3), (0, 1), "ab", None, -1):
        with pytest.raises(ValueError, match="x must be an int of at least 1, or 2 of them. Received: x="):
            utils.normalize_tuple(value, 2, "x")
    assert utils.normalize_tuple(0, 2, "x", allow_zero=True) == (0, 0)
    assert utils.normalize_padding("Causal") == "causal"
    assert utils.normalize_padding((1, 2)) == (1, 2)
    assert utils.normalize_data_format(None) == keras.backend.image_data_format()
    for wrong in (
        lambda: utils.standardize_padding("causal"),
        lambda: utils.normalize_padding("full"),
        lambda: utils.normalize_data_format("NHWC"),
        lambda: utils.convert_data_format("channels_last", 2),
        lambda: utils.convert_kernel(np.ones(2)),
    ):
        with pytest.raises(ValueError, match="Received: "):
            wrong()
    assert [utils.convert_data_format("channels_first", rank) for rank in (3, 4, 5)] == ["NCW", "NCHW", "NCDHW"]
    kernel = torch.arange(12.0).reshape(2, 3, 2, 1)
    np.testing.assert_array_equal(utils.convert_kernel(kernel), kernel.flip(0, 1))
