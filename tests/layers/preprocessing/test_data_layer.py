"""What do the layers that take raw numbers take, and what do they refuse?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours

LAYERS = [
    ours.layers.Rescaling(2.0, name="data"),
    ours.layers.Normalization(mean=0.0, variance=1.0, name="data"),
    ours.layers.Discretization([1.0], name="data"),
    ours.layers.CategoryEncoding(4, name="data"),
    ours.layers.IntegerLookup(vocabulary=[1], name="data"),
    ours.layers.StringLookup(vocabulary=["a"], invert=True, name="data"),
]
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)


@every_layer
def test_numbers_come_in_every_form(layer):
    rows = [[1, 2], [3, 0]]
    forms = [rows, tuple(map(tuple, rows)), np.array(rows), np.array(rows, dtype="uint8"), torch.tensor(rows)]
    results = [layer(form).tolist() for form in forms]
    assert results == [results[0]] * 5


@every_layer
@pytest.mark.parametrize("inputs", [None, "word", ["word"], [1, None], np.array(["word"]), object()])
def test_what_is_no_number(layer, inputs):
    with pytest.raises(TypeError, match=r"data: expects a tensor, an array or a \(nested\) list of numbers. Received"):
        layer(inputs)


@every_layer
def test_rows_of_different_lengths(layer):
    with pytest.raises(
        ValueError, match=r"data: the rows of a list must have equal lengths. Received: \[\[1, 2\], \[3\]\]"
    ):
        layer([[1, 2], [3]])


@every_layer
def test_several_tensors(layer):
    with pytest.raises(ValueError, match=r"data.*expects 1 input.* received 2"):
        layer([torch.ones(2), torch.ones(2)])
    with pytest.raises(ValueError, match=r"data.*expects 1 input.* received 2"):
        layer((np.ones(2), np.ones(2)))


def test_no_numbers_are_an_empty_tensor():
    assert ours.layers.Rescaling(2.0)([]).shape == (0,)
