"""What does a `TensorSpec` say of a tensor?"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from torchkeras_layer import TensorSpec


def test_defaults_and_normalisation():
    spec = TensorSpec([None, np.int64(3)])
    assert (spec.shape, spec.dtype, spec.name) == ((None, 3), "float32", None)
    assert TensorSpec((), torch.int64, "x").dtype == "int64"
    assert TensorSpec(torch.Size([2]), np.float16, name="x").name == "x"


@pytest.mark.parametrize("arguments", [(3,), ("ab",), ((1.5,),), ((2,), "bad"), (None,)])
def test_bad_arguments(arguments):
    with pytest.raises(TypeError, match="Received"):
        TensorSpec(*arguments)


def test_equality_is_by_shape_and_dtype():
    spec = TensorSpec((None, 3), name="a")
    assert spec == TensorSpec([None, 3], torch.float32, "b")
    assert hash(spec) == hash(TensorSpec([None, 3]))
    assert spec != TensorSpec((2, 3))
    assert spec != TensorSpec((None, 3), "float64")
    assert spec != (None, 3)


CANDIDATES = [
    (torch.ones(7, 3), True),
    (torch.ones(7, 4), False),
    (torch.ones(3), False),
    (torch.ones(7, 3, dtype=torch.float64), False),
    (TensorSpec((None, None)), True),
]


@pytest.mark.parametrize(("candidate", "fits"), CANDIDATES)
def test_compatibility(candidate, fits):
    assert TensorSpec((None, 3)).is_compatible_with(candidate) is fits


def test_it_is_a_value():
    spec = TensorSpec((None, 3), "int64", "x")
    for twin in (copy.deepcopy(spec), pickle.loads(pickle.dumps(spec))):
        assert twin == spec
        assert twin.name == "x"
    with pytest.raises(AttributeError):
        spec.other = 1
    assert repr(spec) == "TensorSpec(shape=(None, 3), dtype='int64')"
