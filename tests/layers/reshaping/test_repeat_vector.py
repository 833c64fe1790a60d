"""What does RepeatVector do beyond the conformance suite?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from torchkeras_layer import layers


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", None, True])
def test_n_must_be_a_positive_int(n):
    with pytest.raises(ValueError, match=r"^RepeatVector: n must be a positive int\. Received: n="):
        layers.RepeatVector(n)


def test_inputs_of_another_rank():
    with pytest.raises(ValueError, match="^repeat_vector: .*expected ndim=2, found ndim=3"):
        layers.RepeatVector(2)(torch.ones(2, 3, 4))


def test_a_view_that_gathers_gradients():
    inputs = torch.tensor([[1.0, 2.0]], requires_grad=True)
    outputs = layers.RepeatVector(np.int64(3))(inputs)
    outputs.sum().backward()
    assert outputs.data_ptr() == inputs.data_ptr()
    assert inputs.grad.tolist() == [[3.0, 3.0]]


def test_free_sizes():
    assert layers.RepeatVector(3).compute_output_shape((None, None)) == (None, 3, None)
