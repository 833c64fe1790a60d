"""Which masks come out of a merge, for any of the inputs masked, and what do masks do to its values?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import layers

NAMES = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply"]


def _masked(shapes: list[tuple[int, ...]], masked: list[bool], seed: int = 2) -> list[torch.Tensor]:
    random = np.random.default_rng(seed)
    inputs = [torch.tensor(random.normal(size=shape), dtype=torch.float32) for shape in shapes]
    for tensor, has_mask in zip(inputs, masked, strict=True):
        if has_mask:
            tensor._keras_mask = torch.tensor(random.random(tuple(tensor.shape[:-1])) < 0.5)
    return inputs


def _outputs_and_mask(layer: Any, inputs: list[torch.Tensor]) -> list[Any]:
    outputs = layer(inputs)
    mask = getattr(outputs, "_keras_mask", None)
    return [outputs, torch.ones(()) if mask is None else mask]


@given(
    name=st.sampled_from(NAMES),
    masked=st.lists(st.booleans(), min_size=1, max_size=4),
    rank=st.integers(2, 4),
    seed=st.integers(0, 9),
)
def test_values_and_masks_are_keras_s(name, masked, rank, seed):
    inputs = _masked([(3, 2, 4, 2)[:rank]] * len(masked), masked, seed)
    mine, theirs = getattr(layers, name)(), getattr(keras.layers, name)()
    assert_close(_outputs_and_mask(mine, inputs), _outputs_and_mask(theirs, inputs), f"{name} {masked}")


@given(axis=st.integers(-4, 3), masked=st.lists(st.booleans(), min_size=1, max_size=3), full=st.booleans())
def test_concatenated_masks_on_any_axis(axis, masked, full):
    inputs = _masked([(2, 3, 2, 3)] * len(masked), masked)
    if full:
        for tensor in inputs:
            tensor._keras_mask = tensor > 0
    mine, theirs = layers.Concatenate(axis), keras.layers.Concatenate(axis)
    assert_close(_outputs_and_mask(mine, inputs), _outputs_and_mask(theirs, inputs))


def test_a_mask_of_fewer_axes_lines_up_with_the_first_ones():
    inputs = _masked([(2, 3, 4), (2, 3, 4)], [False, False])
    inputs[0]._keras_mask = torch.tensor([True, False])
    assert layers.Concatenate(1)(inputs)._keras_mask.tolist() == [[True] * 6, [False] * 3 + [True] * 3]
    product = layers.Multiply()(inputs)
    assert torch.equal(product[0], inputs[0][0] * inputs[1][0])
    assert torch.equal(product[1], inputs[1][1])


@pytest.mark.parametrize("name", ["Add", "Maximum", "Multiply"])
def test_masks_of_different_ranks_line_up_as_their_inputs_do(name):
    sequence, vector = _masked([(2, 3, 4), (2, 4)], [True, True])
    vector._keras_mask = torch.tensor([True, False])
    outputs = getattr(layers, name)()([sequence, vector])
    expected = sequence._keras_mask | torch.tensor([[True], [False]])
    assert torch.equal(outputs._keras_mask, expected)


def test_the_mask_of_an_input_of_lower_rank_does_not_count_in_the_values():
    sequence, vector = _masked([(2, 3, 4), (2, 4)], [False, True])
    for name in ("Multiply", "Maximum", "Minimum"):
        mine, theirs = getattr(layers, name)(), getattr(keras.layers, name)()
        assert_close(mine([sequence, vector]), theirs([sequence, vector]), name)


def test_an_explicit_mask():
    inputs = [torch.tensor([[[2.0], [3.0]]]), torch.tensor([[[5.0], [7.0]]])]
    masks = [torch.tensor([[True, False]]), None]
    assert layers.Multiply()(inputs, mask=masks).tolist() == [[[10], [7]]]
    assert layers.Maximum()(inputs, mask=masks).tolist() == [[[5], [7]]]
    assert layers.Minimum()(inputs, mask=masks).tolist() == [[[2], [7]]]


def test_gradients_stop_at_masked_values():
    inputs = [torch.tensor([[2.0], [3.0]], requires_grad=True), torch.tensor([[5.0], [7.0]], requires_grad=True)]
    mask = [torch.tensor([True, False]), torch.tensor([True, True])]
    layers.Multiply()(inputs, mask=mask).sum().backward()
    assert inputs[0].grad.tolist() == [[5], [0]]
    assert inputs[1].grad.tolist() == [[2], [1]]


@pytest.mark.parametrize("name", [*NAMES, "Subtract"])
def test_compute_mask_wants_a_mask_or_none_for_each_input(name):
    layer, inputs = getattr(layers, name)(name="merge"), [torch.ones(2, 3), torch.ones(2, 3)]
    mask = torch.ones(2, dtype=torch.bool)
    assert layer.compute_mask(inputs) is None
    assert layer.compute_mask(inputs, [None, None]) is None
    for wrong, received in ((mask, "Tensor"), ([mask], "a list of 1")):
        with pytest.raises(ValueError, match=f"^merge: mask must be a list with a mask, .*Received: {received}"):
            layer.compute_mask(inputs, wrong)
    with pytest.raises(ValueError, match="^merge: expects a list of"):
        layer.compute_mask(inputs[0], [mask])


def test_a_dot_product_has_no_mask():
    inputs = _masked([(2, 3, 4), (2, 3, 4)], [True, True])
    assert not hasattr(layers.Dot(2)(inputs), "_keras_mask")
    assert layers.Dot(2).compute_mask(inputs, [tensor._keras_mask for tensor in inputs]) is None
