"""Does CategoryEncoding give Keras's vectors?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras


@given(
    mode=st.sampled_from(["multi_hot", "count", "one_hot"]),
    shape=st.lists(st.integers(1, 4), min_size=0, max_size=2).map(tuple),
    depth=st.integers(1, 6),
    dtype=st.sampled_from(["int64", "int32", "uint8", "float32"]),
)
def test_vectors_are_those_of_keras(mode, shape, depth, dtype):
    inputs = np.random.default_rng(3).integers(depth, size=shape).astype(dtype)
    mine, theirs = (library.layers.CategoryEncoding(depth, output_mode=mode) for library in (ours, keras))
    outputs = mine(torch.as_tensor(inputs))
    expected = theirs(torch.as_tensor(inputs))
    # For a scalar, Keras 3 says (depth,) and gives (1, depth); Keras 2 gives what it says.
    assert_close(outputs, expected[0] if mode == "one_hot" and shape == () else expected)
    assert outputs.dtype is torch.float32
    assert mine.compute_output_shape(shape) == tuple(outputs.shape)


def test_counts_may_be_weighted():
    ids, weights = [[0, 1], [2, 2]], [[0.5, 1.0], [2.0, 3.0]]
    mine, theirs = (library.layers.CategoryEncoding(4, output_mode="count") for library in (ours, keras))
    assert_close(mine(ids, count_weights=weights), theirs(np.array(ids), count_weights=np.array(weights)))


def test_one_hot_takes_any_number_of_axes():
    layer = ours.layers.CategoryEncoding(4, output_mode="one_hot")
    assert layer(torch.zeros(2, 3, 5, dtype=torch.int64)).shape == (2, 3, 5, 4)
    assert layer.compute_output_shape((None, 3, 1)) == (None, 3, 4)


def test_the_old_name_of_multi_hot():
    assert ours.layers.CategoryEncoding(4, output_mode="binary").output_mode == "multi_hot"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"CategoryEncoding: num_tokens must be a positive int. Received: num_tokens=None."),
        ({"num_tokens": 0}, r"num_tokens must be a positive int. Received: num_tokens=0."),
        ({"num_tokens": 3, "output_mode": "int"}, r"output_mode must be one of 'multi_hot', 'count', 'one_hot'"),
        ({"num_tokens": 3, "sparse": True}, r"CategoryEncoding: sparse is not supported. Received: sparse=True."),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ours.layers.CategoryEncoding(**arguments)


@pytest.mark.parametrize("mode", ["multi_hot", "count", "one_hot"])
@pytest.mark.parametrize("value", [-1, 4])
def test_a_category_that_is_not_there(mode, value):
    layer = ours.layers.CategoryEncoding(4, output_mode=mode, name="vectors")
    with pytest.raises(
        ValueError, match=rf"vectors: the inputs must be ints from 0 to 3 \(num_tokens=4\). Received: .*{value}"
    ):
        layer([[1, value]])


def test_bad_inputs():
    layer = ours.layers.CategoryEncoding(4, output_mode="count", name="counts")
    with pytest.raises(ValueError, match=r"counts: count_weights must have the shape of the inputs, \(1, 2\)"):
        layer([[1, 2]], count_weights=[1.0])
    with pytest.raises(ValueError, match=r"count_weights are for output_mode='count'. Received: output_mode='multi_"):
        ours.layers.CategoryEncoding(4)([[1, 2]], count_weights=[[1.0, 1.0]])
