"""Does a call that reaches an operation in one step do what the slower one does?"""

from __future__ import annotations

import inspect
import pickle

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer import backend, ops, tf
from torchkeras_layer.ops.direct_calls import direct, direct_as_spelled
from torchkeras_layer.ops.table import FILE_OF

X = torch.arange(6.0).reshape(2, 3)


def test_the_operation_is_called_with_tensors_and_the_other_function_with_all_else():
    calls = []

    def rest(*args, **kwargs):
        calls.append((args, kwargs))

    total = direct(lambda x, axis=0, keepdims=False: x.sum(axis, keepdims), rest)
    assert total(X, keepdims=True).shape == (1, 3)
    assert total(x=X, axis=1).shape == (2,)
    assert calls == []
    total([1.0], 2)
    total(x="text", keepdims=True)
    assert calls == [(([1.0],), {"axis": 2}), (("text",), {"keepdims": True})]


def test_a_list_of_tensors_is_called_at_once():
    joined = direct(lambda xs, axis=0: torch.cat(xs, axis), lambda xs, **kwargs: "rest")
    assert joined([X, X], axis=1).shape == (2, 6)
    assert joined([]) == joined([1.0]) == joined((X, X)) == "rest"


def test_an_argument_that_is_none_is_not_given():
    given = []

    def rest(**kwargs):
        given.append(kwargs)

    words = {"a": "x", "along": "axis", "name": None, "dim": "axis"}
    total = direct_as_spelled(lambda x, axis, scale=1: (x * scale).sum(axis), rest, words, {"scale": 2})
    assert total(X, 1).tolist() == [6.0, 24.0]
    total(X, dim=1)
    total(X, None)
    total(X, 1, unknown=3)
    assert [sorted(kwargs) for kwargs in given] == [["a", "dim"], ["a"], ["a", "along", "unknown"]]


@pytest.mark.parametrize("name", ["type", "list", "name", "isinstance", "function"])
def test_an_argument_may_have_the_name_of_a_function_of_python(name):
    made: dict = {}
    exec(f"def scaled(x, {name}=2): return x * {name}", made)
    assert direct(made["scaled"], print)(X, **{name: 3})[1, 2] == 15


def test_functions_without_names_of_arguments_stay_as_they_are():
    assert direct(lambda *xs: xs, len) is len
    assert direct(lambda x, *, axis: x, len) is len
    assert direct(lambda: 0, len) is len


@pytest.mark.parametrize("name", sorted(FILE_OF))
def test_operations_keep_their_names_arguments_and_places(name):
    function = getattr(ops, name, None) or getattr(ops.image, name)
    assert function.__name__ == name
    assert inspect.signature(function) == inspect.signature(inspect.unwrap(function))
    assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize("call", [ops.add, ops.matmul, ops.maximum, ops.dot, tf.matmul, backend.dot])
def test_a_symbolic_tensor_behind_a_real_one_makes_a_node(call):
    symbolic = keras.Input((3,), batch_size=3)
    result = call(torch.ones(3, 3), symbolic)
    assert result.shape == (3, 3)
    model = keras.Model(symbolic, result)
    assert torch.equal(model(torch.eye(3)), call(torch.ones(3, 3), torch.eye(3)))


def test_an_argument_that_is_unknown_or_missing_is_named():
    with pytest.raises(TypeError, match="unexpected keyword argument 'along'"):
        ops.sum(X, along=1)
    with pytest.raises(TypeError, match=r"tf\.reduce_sum: there is no argument 'along'"):
        tf.reduce_sum(X, along=1)
    with pytest.raises(TypeError, match=r"tf\.reshape: missing a required argument: 'shape'"):
        tf.reshape(X)
