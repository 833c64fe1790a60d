"""What does Reshape do beyond the conformance suite: open sizes, empty and free axes, refused shapes?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import layers

_SIZES = st.lists(st.sampled_from([1, 2, 3, 4, None]), max_size=3).map(tuple)


@given(_SIZES, st.lists(st.sampled_from([-1, 1, 2, 3, 4]), max_size=3).filter(lambda sizes: sizes.count(-1) < 2))
def test_shapes_are_keras_s_or_refused_by_both(sizes, target):
    results = []
    for library in (layers, keras.layers):
        try:
            results.append(library.Reshape(target).compute_output_shape((None, *sizes)))
        except ValueError:
            results.append("refused")
    assert results[0] == results[1]
    if None not in sizes and results[0] != "refused":
        inputs = torch.arange(2.0 * np.prod(sizes, dtype=int)).reshape(2, *sizes)
        assert_close(layers.Reshape(target)(inputs), keras.layers.Reshape(target)(inputs))


@pytest.mark.parametrize(
    "target", [3, "34", None, (1.0, 2), (-2, 3), (-1, -1), (None, 2), [[1, 2]], torch.ones(2), (2, "a")]
)
def test_what_is_no_target_shape(target):
    with pytest.raises(ValueError, match=r"^Reshape: target_shape must be a tuple of ints .*Received: target_shape="):
        layers.Reshape(target)


def test_any_kind_of_ints():
    layer = layers.Reshape(np.array([2, -1]))
    assert layer.target_shape == (2, -1)
    assert layer.get_config()["target_shape"] == (2, -1)
    assert [type(size) for size in layer.target_shape] == [int, int]


@pytest.mark.parametrize(("target", "size"), [((2, 2), 6), ((-1, 4), 6), ((-1, 0), 6), ((), 2)])
def test_samples_that_do_not_fill_the_shape(target, size):
    layer = layers.Reshape(target, name="fold")
    with pytest.raises(ValueError, match=rf"^fold: a sample of shape \({size},\) has {size} values.*target_shape=\("):
        layer(torch.ones(3, size))
    with pytest.raises(ValueError, match="^fold: a sample of shape"):
        layer.compute_output_shape((None, size))


def test_one_number_is_no_batch():
    with pytest.raises(ValueError, match="reshape.*min_ndim=1"):
        layers.Reshape((1,))(torch.tensor(1.0))


@pytest.mark.parametrize(
    ("shape", "target", "expected"), [((0, 6), (-1, 2), (0, 3, 2)), ((3, 0), (-1, 2), (3, 0, 2)), ((3,), (1,), (3, 1))]
)
def test_empty_batches_and_samples(shape, target, expected):
    assert layers.Reshape(target)(torch.ones(shape)).shape == expected


def test_nothing_is_copied():
    inputs = torch.ones(2, 6)
    assert layers.Reshape((-1, 3))(inputs).data_ptr() == inputs.data_ptr()


def test_the_mask_ends_with_a_warning_as_in_keras():
    inputs = torch.ones(2, 4)
    inputs._keras_mask = torch.tensor([True, False])
    with pytest.warns(UserWarning, match="does not support masking"):
        outputs = layers.Reshape((2, 2))(inputs)
    assert not hasattr(outputs, "_keras_mask")
