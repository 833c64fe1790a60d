"""What does Hashing take, and what does it refuse? `test_goldens.py` has its numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours


def test_strings_come_in_every_form():
    layer = ours.layers.Hashing(100)
    expected = layer(["a", "é"]).tolist()
    forms = [("a", "é"), np.array(["a", "é"]), np.array(["a", "é"], dtype=object), [b"a", "é".encode()]]
    assert [layer(form).tolist() for form in forms] == [expected] * 4
    assert layer("a").shape == ()
    assert int(layer("a")) == expected[0]
    assert layer([["a"], ["é"]]).tolist() == [[expected[0]], [expected[1]]]
    assert layer([]).shape == (0,)


def test_ints_are_hashed_as_their_digits():
    layer = ours.layers.Hashing(100)
    expected = layer(["12", "-3"]).tolist()
    forms = [torch.tensor([12, -3]), np.array([12, -3], dtype="int16"), [12, -3], torch.tensor([12.0, -3.5])]
    assert [layer(form).tolist() for form in forms] == [expected] * 4


def test_only_masked_values_fall_into_bin_0():
    words = [f"word {number}" for number in range(200)]
    bins = ours.layers.Hashing(4, mask_value="word 7")(words)
    assert [int(place) for place in (bins == 0).nonzero()] == [7]
    assert set(bins.tolist()) == {0, 1, 2, 3}
    assert ours.layers.Hashing(1, mask_value="")(["a", ""]).tolist() == [0, 0]


@pytest.mark.parametrize(("arguments", "dtype"), [({}, torch.int64), ({"dtype": "int32"}, torch.int32)])
def test_the_dtype_of_bins(arguments, dtype):
    assert ours.layers.Hashing(4, **arguments)(["a"]).dtype is dtype
    assert ours.layers.Hashing(4, output_mode="count")(["a"]).dtype is torch.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_bins": 0}, r"Hashing: num_bins must be a positive int. Received: num_bins=0."),
        ({"num_bins": None}, r"num_bins must be a positive int. Received: num_bins=None."),
        (
            {"num_bins": 3, "salt": "x"},
            r"salt must be an int of at least 0, or two of them. Received: salt='x'",
        ),
        ({"num_bins": 3, "salt": [1, 2, 3]}, r"salt must be an int of at least 0, or two of them"),
        ({"num_bins": 3, "salt": -1}, r"salt must be an int of at least 0"),
        (
            {"num_bins": 3, "output_mode": "tf_idf"},
            r"output_mode must be one of 'int', 'one_hot', 'multi_hot'",
        ),
        (
            {"num_bins": 3, "dtype": "float32"},
            r"dtype must be int64 or int32 for output_mode='int'. Received: dtype='float32'",
        ),
        ({"num_bins": 3, "output_mode": "count", "sparse": True}, r"sparse is not supported"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ours.layers.Hashing(**arguments)


def test_bad_inputs():
    layer = ours.layers.Hashing(3, output_mode="count", name="bins")
    with pytest.raises(ValueError, match=r"bins: the rows of a list of strings must have equal lengths"):
        layer([["a"], ["b", "c"]])
    with pytest.raises(TypeError, match=r"bins: expects strings. Received: None of type NoneType"):
        layer(["a", None])
    with pytest.raises(ValueError, match=r"bins: strings must be encodable in UTF-8"):
        layer(["\ud800"])
    with pytest.raises(ValueError, match=r"bins: strings must be encodable in UTF-8"):
        layer([b"bytes", "\ud800"])
