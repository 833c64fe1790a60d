"""Do operations return views and their own argument where torch does, without a copy?"""

from __future__ import annotations

import pytest
import torch

from torchkeras_layer import ops

X = torch.rand(4, 6)
VIEWS = {
    "reshape": lambda: ops.reshape(X, (2, -1)),
    "transpose": lambda: ops.transpose(X),
    "moveaxis": lambda: ops.moveaxis(X, 0, 1),
    "swapaxes": lambda: ops.swapaxes(X, 0, 1),
    "expand_dims": lambda: ops.expand_dims(X, (0, -1)),
    "squeeze": lambda: ops.squeeze(X[:1], 0),
    "ravel": lambda: ops.ravel(X),
    "broadcast_to": lambda: ops.broadcast_to(X, (3, 4, 6)),
    "diagonal": lambda: ops.diagonal(X),
    "split": lambda: ops.split(X, 2)[0],
    "array_split": lambda: ops.array_split(X, 3)[0],
    "unstack": lambda: ops.unstack(X)[0],
    "slice": lambda: ops.slice(X, (0, 0), (2, 2)),
    "get_item": lambda: ops.get_item(X, (slice(0, 2), 0)),
    "rearrange": lambda: ops.rearrange(X, "a (b c) -> b a c", b=2),
    "view": lambda: ops.view(X, "int32"),
    "view_as_complex": lambda: ops.view_as_complex(X.view(4, 3, 2)),
    "stop_gradient": lambda: ops.stop_gradient(X),
    "real": lambda: ops.real(X),
}
UNCHANGED = {
    "convert_to_tensor": lambda: ops.convert_to_tensor(X),
    "cast": lambda: ops.cast(X, "float32"),
    "array": lambda: ops.array(X),
    "conj": lambda: ops.conj(X),
}


@pytest.mark.parametrize("name", VIEWS)
def test_it_is_a_view(name):
    found = VIEWS[name]()
    assert found.untyped_storage().data_ptr() == X.untyped_storage().data_ptr()


@pytest.mark.parametrize("name", UNCHANGED)
def test_what_is_right_is_not_copied(name):
    assert UNCHANGED[name]() is X


def test_a_copy_is_one():
    assert ops.copy(X).data_ptr() != X.data_ptr()
    assert torch.equal(ops.copy(X), X)
    updated = ops.slice_update(X, (0, 0), torch.zeros(1, 1))
    assert updated[0, 0] == 0
    assert X[0, 0] != 0
