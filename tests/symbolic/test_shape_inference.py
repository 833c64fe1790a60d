"""Are the shapes and dtypes that a trace finds those that come out?"""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from torchkeras_layer.symbolic.input_spec import TensorSpec
from torchkeras_layer.symbolic.shape_inference import infer_output

FREE = TensorSpec((None, 4, 6))
FUNCTIONS = [
    (lambda x: x, (None, 4, 6)),
    (lambda x: x.sum(), ()),
    (lambda x: x.mean(1), (None, 6)),
    (lambda x: x.transpose(0, 1), (4, None, 6)),
    (lambda x: x.reshape(x.shape[0], 24), (None, 24)),
    (lambda x: x.reshape(-1, 6), (None, 6)),
    (lambda x: x[1:], (None, 4, 6)),
    (lambda x: x[0], (4, 6)),
    (lambda x: x[:, ::2], (None, 2, 6)),
    (lambda x: torch.cat([x, x], 0), (None, 4, 6)),
    (lambda x: torch.stack([x, x], 1), (None, 2, 4, 6)),
    (lambda x: x.unsqueeze(0), (1, None, 4, 6)),
    (lambda x: x @ torch.ones(6, 2), (None, 4, 2)),
    (lambda x: x + torch.ones(x.shape[0], 1, 1), (None, 4, 6)),
    (lambda x: torch.nn.functional.max_pool1d(x, 2), (None, 4, 3)),
    (lambda x: torch.zeros(x.shape[0] * 2), (None,)),
    (lambda x: torch.zeros(len(x)), (None,)),
    (lambda x: torch.zeros(int(x.shape[0])), (None,)),
    (lambda x: torch.zeros(3), (3,)),
    (lambda x: x if x.shape[0] > 1 else x[0], (None, 4, 6)),
]


@pytest.mark.parametrize(("function", "shape"), FUNCTIONS, ids=[str(shape) for _, shape in FUNCTIONS])
def test_free_dimensions(function, shape):
    assert infer_output(function, FREE) == TensorSpec(shape)
    batch = torch.ones(5, 4, 6)
    assert TensorSpec(shape).is_compatible_with(function(batch))


def test_dtypes():
    found = infer_output(lambda x: (x.double(), x.argmax(0), x > 0, x.half() + 1), TensorSpec((2,)))
    assert [spec.dtype for spec in found] == ["float64", "int64", "bool", "float16"]


def test_structures():
    inputs = {"b": TensorSpec((None, 2)), "a": [TensorSpec((None, 3), "int64")]}
    found = infer_output(lambda x: {"sum": x["b"].sum(1) + x["a"][0].sum(1), "a": (x["a"][0],)}, inputs)
    assert found == {"sum": TensorSpec((None,)), "a": (TensorSpec((None, 3), "int64"),)}


def test_two_free_batches_meet():
    found = infer_output(lambda xy: xy[0] @ xy[1].mT, [TensorSpec((None, 3, 4)), TensorSpec((None, 5, 4))])
    assert found == TensorSpec((None, 3, 5))


def test_two_free_axes_do_not():
    with pytest.raises(RuntimeError):
        infer_output(lambda x: x.reshape(-1, 7).view(3, 11), TensorSpec((None, None)))


@pytest.mark.parametrize("output", [5, "text", [torch.ones(1), 3]], ids=str)
def test_outputs_that_are_no_tensors(output):
    with pytest.raises(TypeError, match="expected tensors"):
        infer_output(lambda x: output, TensorSpec((2,)))


def test_nothing_is_computed():
    large = TensorSpec((None, 100_000, 100_000))
    assert infer_output(lambda x: x @ x, large) == large


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.data())
def test_what_is_known_is_what_comes_out(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    free = data.draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))
    spec = TensorSpec([None if is_free else size for size, is_free in zip(shape, free, strict=True)])

    def function(x):
        return torch.cat([x, x], axis).transpose(0, axis).unsqueeze(-1)

    assert infer_output(function, spec).is_compatible_with(function(torch.ones(shape)))
