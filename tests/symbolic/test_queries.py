"""What do `keras.backend.is_keras_tensor` and `int_shape` say?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from torchkeras_layer import TensorSpec
from torchkeras_layer.backend import int_shape, is_keras_tensor


@pytest.mark.parametrize("value", [torch.ones(2), np.ones(2), torch.nn.Parameter(torch.ones(2))])
def test_real_tensors_are_not_symbolic(value):
    assert is_keras_tensor(value) is False


@pytest.mark.parametrize("value", [3, None, "text", [torch.ones(2)]])
def test_what_is_no_tensor_at_all(value):
    with pytest.raises(ValueError, match="is_keras_tensor: expected a tensor, symbolic or not. Received"):
        is_keras_tensor(value)


SHAPES = [
    (torch.ones(2, 3), (2, 3)),
    (np.ones(()), ()),
    (TensorSpec((None, 3)), (None, 3)),
    (3, None),
    ("text", None),
]


@pytest.mark.parametrize(("value", "shape"), SHAPES, ids=[str(shape) for _, shape in SHAPES])
def test_int_shape(value, shape):
    found = int_shape(value)
    assert found == shape
    assert found is None or type(found) is tuple
