"""What does Concatenate do beyond the conformance suite: free sizes, refused axes and shapes?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import layers


@st.composite
def _axis_and_shapes(draw: Any) -> tuple[int, list[tuple[int | None, ...]]]:
    rank = draw(st.integers(1, 4))
    axis = draw(st.integers(-rank, rank - 1))
    base = draw(st.lists(st.integers(1, 3), min_size=rank, max_size=rank))
    shapes = []
    for _ in range(draw(st.integers(1, 3))):
        shape: list[int | None] = list(base)
        shape[axis] = draw(st.integers(1, 4))
        shapes.append(tuple(None if draw(st.booleans()) else size for size in shape))
    return axis, shapes


@given(_axis_and_shapes())
def test_free_sizes_are_keras_s_or_the_known_ones_beside_them(axis_and_shapes):
    axis, shapes = axis_and_shapes
    mine, theirs = layers.Concatenate(axis), keras.layers.Concatenate(axis)
    pairs = zip(mine.compute_output_shape(shapes), theirs.compute_output_shape(shapes), strict=True)
    for place, (size, keras_size) in enumerate(pairs):
        assert size == keras_size or (keras_size is None and size in [shape[place] for shape in shapes])
    sizes = [tuple(2 if size is None else size for size in shape) for shape in shapes]
    known = [tuple(own if i == axis % len(shape) else sizes[0][i] for i, own in enumerate(shape)) for shape in sizes]
    inputs = [torch.randn(shape) for shape in known]
    assert_close(mine(inputs), theirs(inputs))


@pytest.mark.parametrize("axis", ["1", 1.0, None, True, [1]])
def test_the_axis_is_an_int(axis):
    with pytest.raises(TypeError, match=r"^Concatenate: axis must be an int\. Received: axis="):
        layers.Concatenate(axis)


def test_any_kind_of_int():
    assert type(layers.Concatenate(np.int64(1)).axis) is int


@pytest.mark.parametrize("shapes", [[(2, 3), (2, 4)], [(2, 3), (2, 3, 1)], [(2, 3, 4), (2, 3)]])
def test_shapes_that_differ_elsewhere(shapes):
    layer = layers.Concatenate(0, name="join")
    with pytest.raises(
        ValueError, match=r"^join: the inputs must have the same shape except for axis 0\. Received: .*3"
    ):
        layer([torch.ones(shape) for shape in shapes])
    assert not layer.built


def test_an_axis_that_is_not_there():
    with pytest.raises(ValueError, match=r"^join: inputs of shape \(2, 3\) have axes from -2 to 1\. Received: axis=2"):
        layers.Concatenate(2, name="join")([torch.ones(2, 3)] * 2)


@pytest.mark.parametrize("inputs", [torch.ones(2, 3), [], None])
def test_what_is_no_list(inputs):
    layer = layers.Concatenate(name="join")
    with pytest.raises(ValueError, match="^join: expects a list of one tensor or more"):
        layer(inputs)
    layer([torch.ones(2, 3)])
    with pytest.raises(ValueError, match="^join: expects a list of one tensor or more"):
        layer(inputs)


def test_the_functional_form():
    inputs = [torch.randn(2, 3), torch.randn(2, 3)]
    assert torch.equal(layers.concatenate(inputs, axis=0), torch.cat(inputs))
    assert torch.equal(layers.concatenate(inputs), torch.cat(inputs, 1))


def test_dtypes_are_promoted():
    assert layers.Concatenate()([torch.ones(1, 2, dtype=torch.int64), torch.ones(1, 2)]).dtype is torch.float32
