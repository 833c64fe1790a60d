"""What does Permute do beyond the conformance suite: any order, refused orders?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import keras, to_numpy
from torchkeras_layer import layers


@given(st.integers(0, 4).flatmap(lambda rank: st.permutations(range(1, rank + 1))))
def test_any_order(dims):
    shape = (2, 3, 4, 5, 6)[: len(dims) + 1]
    inputs = torch.arange(float(np.prod(shape))).reshape(shape)
    mine, theirs = layers.Permute(dims), keras.layers.Permute(dims)
    assert np.array_equal(to_numpy(mine(inputs)), to_numpy(theirs(inputs)))
    free = (None, *shape[1:])
    assert mine.compute_output_shape(free) == theirs.compute_output_shape(free)


@pytest.mark.parametrize("dims", [(0, 1), (1, 3), (1, 1), (2,), 2, None, "12", (1.0, 2), (-1, 1)])
def test_what_is_no_order(dims):
    with pytest.raises(
        ValueError, match="^Permute: dims must contain each int from 1 to its length once.*Received: dims="
    ):
        layers.Permute(dims)


def test_inputs_of_another_rank():
    with pytest.raises(ValueError, match="^permute: .*expected ndim=3, found ndim=2"):
        layers.Permute((2, 1))(torch.ones(2, 3))


def test_nothing_is_copied_and_any_kind_of_int_will_do():
    inputs = torch.ones(2, 3, 4)
    layer = layers.Permute(np.array([2, 1]))
    assert layer(inputs).data_ptr() == inputs.data_ptr()
    assert layer.get_config()["dims"] == (2, 1)
