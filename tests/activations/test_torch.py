"""Do the activation functions stay PyTorch's: one graph when compiled, open to stand-ins for tensors?"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounter

from tests.activations.cases import ALONG_AN_AXIS, ELEMENTWISE
from torchkeras_layer import activations

CASES = [*ELEMENTWISE, *ALONG_AN_AXIS, ("softmax", {"axis": (0, 2)}), ("log_softmax", {"axis": None})]


class Recorder:
    """Stands in for a tensor without being one, as a symbolic input does."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None) -> Any:
        def unwrapped(value: Any) -> Any:
            return value.tensor if isinstance(value, Recorder) else value

        result = function(*map(unwrapped, args), **{key: unwrapped(value) for key, value in (kwargs or {}).items()})
        return tuple(map(Recorder, result)) if isinstance(result, tuple) else Recorder(result)

    def __getattr__(self, name: str) -> Any:
        method = getattr(torch.Tensor, name)
        return lambda *args, **kwargs: Recorder.__torch_function__(method, (), (self, *args), kwargs)


def _add_operators(*names: str) -> None:
    for name in names:
        setattr(Recorder, name, lambda self, *args, _name=name: self.__getattr__(_name)(*args))


_add_operators("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__", "__pow__")
_add_operators("__lt__", "__gt__")


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_works_on_what_stands_in_for_a_tensor(name, arguments):
    function, x = getattr(activations, name), torch.randn(2, 4, 6)
    result = function(Recorder(x), **arguments)
    assert isinstance(result, Recorder)
    assert torch.equal(result.tensor, function(x, **arguments))


def test_all_of_them_compile_into_one_graph():
    def everything(x):
        return [getattr(activations, name)(x, **arguments) for name, arguments in CASES]

    counter = CompileCounter()
    compiled = torch.compile(everything, backend=counter, fullgraph=True)
    for _ in range(3):
        x = torch.randn(2, 4, 6)
        for result, expected in zip(compiled(x), everything(x), strict=True):
            torch.testing.assert_close(result, expected)
    assert counter.frame_count == 1


def test_plain_relu_is_one_operation():
    counter = CompileCounter()
    torch.compile(activations.relu, backend=counter, fullgraph=True)(torch.randn(3))
    assert counter.op_count == 1


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_never_writes_into_its_input(name, arguments):
    x = torch.randn(2, 4, 6)
    before = x.clone()
    getattr(activations, name)(x, **arguments)
    assert torch.equal(x, before)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_says_the_shape_on_the_meta_device(name, arguments):
    function = getattr(activations, name)
    result = function(torch.empty(2, 4, 6, device="meta"), **arguments)
    assert result.shape == function(torch.randn(2, 4, 6), **arguments).shape
