"""Does RNN take cells with another policy than its own, as Keras does?"""

from __future__ import annotations

from typing import Any

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras, to_numpy
from torchkeras_layer._structures import leaves

INPUTS = torch.linspace(-1, 1, 30).reshape(2, 5, 3)
MASK = torch.tensor([[True, True, True, False, False], [True, False, True, True, True]])
PAIRS = [
    ("mixed_bfloat16", "float32"),
    ("mixed_bfloat16", "float64"),
    ("float64", "float32"),
    ("float32", "float64"),
    ("float32", "mixed_bfloat16"),
]
CELLS = ("SimpleRNNCell", "GRUCell", "LSTMCell", "a stack")


def _layer(library: Any, cell: str, policy: str, of_cell: str) -> Any:
    make = library.layers
    stack = [make.GRUCell(3, dtype=of_cell), make.LSTMCell(2, dtype=of_cell)]
    cells = stack if cell == "a stack" else getattr(make, cell)(3, dtype=of_cell)
    layer = make.RNN(cells, dtype=policy, return_sequences=True, return_state=True)
    layer(INPUTS)
    return layer


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("policy", "of_cell"), PAIRS)
def test_the_cell_computes_in_its_own_dtype(cell, policy, of_cell):
    mine, theirs = (_layer(library, cell, policy, of_cell) for library in (ours, keras))
    mine.set_weights([to_numpy(weight.value) for weight in theirs.weights])
    results = [leaves(layer(INPUTS, mask=MASK)) for layer in (mine, theirs)]
    tolerance = 1e-2 if of_cell == "mixed_bfloat16" else 1e-6
    for one, other in zip(*results, strict=True):
        assert one.dtype is other.dtype
        torch.testing.assert_close(one, other, atol=tolerance, rtol=tolerance)
    sum(one.sum() for one in results[0]).backward()
    assert all(parameter.grad is not None for parameter in mine.parameters())


class Product(ours.layers.Layer):
    """A cell of a user's, which fails if its state has another dtype than its weights."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.state_size = 3

    def build(self, input_shape):
        self.recurrent_kernel = self.add_weight(shape=(3, 3), initializer="ones")

    def call(self, inputs, states):
        output = inputs + states[0] @ self.recurrent_kernel
        return output, [output]


@pytest.mark.parametrize(("policy", "of_cell"), PAIRS)
@pytest.mark.parametrize("is_stateful", [False, True])
def test_a_cell_of_a_users_too(policy, of_cell, is_stateful):
    expected = ours.precision.Policy(policy).compute_dtype
    for cells in (Product(dtype=of_cell), [Product(dtype=of_cell), Product(dtype=policy)]):
        layer = ours.layers.RNN(cells, dtype=policy, return_state=True, stateful=is_stateful)
        outputs, *states = layer(INPUTS, mask=MASK)
        assert {str(part.dtype) for part in leaves((outputs, states))} == {f"torch.{expected}"}
        given = ours.layers.RNN(cells, dtype=policy)(INPUTS, initial_state=states)
        assert str(given.dtype) == f"torch.{expected}"
        assert ours.layers.RNN(cells, dtype=policy)(ours.Input((5, 3))).dtype is given.dtype
