"""Is a `TensorShape` what TensorFlow's is?"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer._tensor_shape import TensorShape


def test_what_it_is_made_of():
    assert TensorShape([None, np.int64(3)]) == (None, 3) == TensorShape((None, 3))
    assert TensorShape(5) == [5]
    assert TensorShape(torch.ones(2, 3).shape).as_list() == [2, 3]
    unknown = TensorShape(None)
    assert (unknown.rank, unknown.ndims, unknown.dims) == (None, None, None)
    assert TensorShape(unknown).rank is None
    assert unknown != TensorShape(())
    assert hash(TensorShape((2, 3))) == hash((2, 3))
    with pytest.raises(ValueError, match="needs a known rank"):
        unknown.as_list()
    with pytest.raises(TypeError, match="A dimension must be an int or None"):
        TensorShape(["a"])


def test_the_rest_follows():
    shape = TensorShape((None, 3, 4))
    assert isinstance(shape[1:], TensorShape)
    assert shape[1:].num_elements() == 12
    assert shape.num_elements() is None
    assert shape[:1] + [2] == [None, 2]
    assert [2] + shape[1:] == (2, 3, 4)
    assert shape.concatenate(None).rank is None
    assert shape.merge_with([2, None, 4]) == (2, 3, 4)
    assert shape.merge_with(None) is shape
    assert TensorShape(None).is_compatible_with(shape)
    assert not shape.is_compatible_with((3, 4))
    assert shape.with_rank(3) is shape.with_rank_at_least(2) is shape
    for wrong in (lambda: shape.with_rank(2), lambda: shape.with_rank_at_least(4), lambda: shape.merge_with((1, 2, 4))):
        with pytest.raises(ValueError, match=r"rank|incompatible"):
            wrong()


@pytest.mark.parametrize("change", [copy.deepcopy, copy.copy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies(change):
    assert change(TensorShape((None, 3))).as_list() == [None, 3]
    assert change(TensorShape(None)).rank is None


def test_symbolic_tensors_have_one():
    x = keras.Input((3, 4))
    assert x.shape.as_list() == x.get_shape().as_list() == [None, 3, 4]
    assert x.shape.rank == 3
    x.set_shape((2, 3, 4))
    with pytest.raises(ValueError, match="incompatible"):
        x.set_shape((2, 4, 4))


def test_sizes_stay_free_in_torch_compile():
    def flat(x):
        shape = TensorShape(x.shape)
        return x.reshape([-1, *shape.as_list()[1:]]) * shape.rank + shape[0] + shape[1:].num_elements()

    compiled = torch.compile(flat, fullgraph=True, backend="eager", dynamic=True)
    for size in (2, 5):
        torch.testing.assert_close(compiled(torch.ones(size, 3)), flat(torch.ones(size, 3)))


def test_a_tuple_of_sizes_is_a_shape_and_a_list_of_shapes_is_none():
    for shape in ((), (None, 3), torch.Size([2, 3]), TensorShape(None)):
        assert isinstance(shape, TensorShape)
    for other in ([None, 3], ((2, 3), (2, 4)), ("a",), (1.5,), 3, None):
        assert not isinstance(other, TensorShape)
    assert not issubclass(tuple, TensorShape)
