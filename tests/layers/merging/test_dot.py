"""What does Dot do beyond the conformance suite: any axes, zero vectors, ints, refused axes and shapes?"""

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
def _axes_and_shapes(draw: Any) -> tuple[tuple[int, int], list[tuple[int, ...]]]:
    batch, common = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    axes, shapes = [], []
    for _ in range(2):
        shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
        axis = draw(st.integers(1, len(shape)))
        shape[axis - 1] = common
        axes.append(axis - (len(shape) + 1) * draw(st.booleans()))
        shapes.append((batch, *shape))
    return (axes[0], axes[1]), shapes


@given(_axes_and_shapes(), st.booleans())
def test_random_axes(axes_and_shapes, normalize):
    axes, shapes = axes_and_shapes
    mine, theirs = layers.Dot(axes, normalize), keras.layers.Dot(axes, normalize)
    random = np.random.default_rng(4)
    inputs = [torch.tensor(random.normal(size=s), dtype=torch.float32, requires_grad=True) for s in shapes]
    results = []
    for layer in (mine, theirs):
        outputs = layer(inputs)
        direction = torch.linspace(-1, 2, outputs.numel()).reshape(outputs.shape)
        results.append([outputs, *torch.autograd.grad((outputs * direction).sum(), inputs)])
    # Keras's gradients of short vectors' directions have fewer digits.
    assert_close(*results, f"{axes} {shapes}", atol=1e-4)
    assert mine.compute_output_shape(shapes) == tuple(results[0][0].shape)
    letters = ["".join("abcd"[: len(shape)]) for shape in shapes]
    second = list(letters[1].upper())
    second[0], second[axes[1]] = "a", letters[0][axes[0]]
    if not normalize:
        expected = torch.einsum(f"{letters[0]},{''.join(second)}->{_output(letters[0], second, axes)}", *inputs)
        assert_close(results[0][0].reshape(expected.shape), expected, atol=1e-5)


def _output(first: str, second: list[str], axes: tuple[int, int]) -> str:
    summed = first[axes[0]]
    return "".join(letter for letter in [*first, *second[1:]] if letter != summed)


@pytest.mark.parametrize(
    ("axes", "shapes"),
    [(1, [(None, 3), (None, 3)]), (-1, [(None, None, 3), (None, 4, 3)]), ((1, 2), [(2, None, 5), (None, 4, None)])],
)
def test_free_sizes_are_keras_s(axes, shapes):
    mine, theirs = layers.Dot(axes), keras.layers.Dot(axes)
    assert mine.compute_output_shape(shapes) == theirs.compute_output_shape(shapes)
    mine.build(shapes)


def test_zero_vectors_have_no_direction():
    inputs = [torch.zeros(1, 2, requires_grad=True), torch.ones(1, 2)]
    outputs = layers.Dot(1, normalize=True)(inputs)
    outputs.sum().backward()
    assert outputs.tolist() == [[0]]
    assert inputs[0].grad.isfinite().all()


def test_dtypes():
    ints = torch.tensor([[1, 2]])
    assert layers.Dot(1)([ints, ints]).tolist() == [[5]]
    assert layers.Dot(1)([ints, ints]).dtype is torch.int64
    assert layers.Dot(1)([ints, ints.float()]).dtype is torch.float32
    assert layers.Dot(1)([ints, ints.int()]).dtype is torch.int64
    cosine = layers.Dot(1, normalize=True)([ints, ints.float()])
    torch.testing.assert_close(cosine, torch.ones(1, 1))


@pytest.mark.parametrize("axes", ["1", 1.0, None, {1, 2}, True])
def test_axes_of_another_type(axes):
    with pytest.raises(TypeError, match="^Dot: axes must be an int"):
        layers.Dot(axes)


@pytest.mark.parametrize("axes", [(1,), [1, 2, 3], (1, "2"), (1, None), (1, True), ()])
def test_axes_that_are_not_two_ints(axes):
    with pytest.raises(ValueError, match="^Dot: axes must be an int, or two, one for each input. Received: axes="):
        layers.Dot(axes)


@pytest.mark.parametrize(
    ("axes", "shapes", "fault"),
    [
        (0, [(2, 3), (2, 3)], "axis 0 is the batch"),
        ((1, -2), [(2, 3), (2, 3)], "axis 0 is the batch"),
        (1, [(2, 3), (2, 4)], "the inputs must have the same size on axes 1"),
        (1, [(2, 3), (1, 3)], "the inputs must have the same batch size"),
        (2, [(2, 3), (2, 3, 3)], r"inputs of shape \(2, 3\) have axes from -2 to 1"),
        (1, [(2, 3)], "expects a list of 2 tensors"),
        (1, [(2, 3)] * 3, "expects a list of 2 tensors"),
        (1, [(2,), (2,)], r"inputs of shape \(2,\) have axes from -1 to 0"),
    ],
)
def test_shapes_that_do_not_fit(axes, shapes, fault):
    layer = layers.Dot(axes, name="product")
    with pytest.raises(ValueError, match=f"^product: {fault}"):
        layer([torch.ones(shape) for shape in shapes])
    assert not layer.built


def test_axes_come_back_as_they_were_given():
    assert layers.Dot([1, np.int64(2)]).get_config()["axes"] == [1, 2]
    assert layers.Dot((1, 2)).get_config()["axes"] == (1, 2)
    assert layers.Dot(-1, normalize=True).get_config()["normalize"] is True


def test_the_functional_form():
    inputs = [torch.randn(2, 3, 4), torch.randn(2, 5, 4)]
    assert_close(layers.dot(inputs, axes=2), keras.layers.dot(inputs, axes=2), atol=1e-5)
    assert_close(layers.dot(inputs, -1, True), keras.layers.dot(inputs, -1, normalize=True), atol=1e-5)
