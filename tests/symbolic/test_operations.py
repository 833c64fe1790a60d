"""Does an operation on symbolic tensors foretell, and later compute, what it computes at once on real ones?"""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.symbolic.cases import ARRAY, FUNCTIONS, INDEXING, INPUTS, METHODS, NUMPY, OPERATORS
from torchkeras_layer._structures import leaves
from torchkeras_layer.symbolic.functions import mask_of


def real(name: str, size: int = 5) -> torch.Tensor:
    shape, dtype = INPUTS[name]
    numbers = torch.randn((size, *shape))
    if dtype.is_floating_point:
        return numbers + 0.01
    return {torch.int64: (numbers * 5).long(), torch.bool: numbers > 0}.get(dtype, torch.complex(numbers, -numbers))


def inputs_of(function):
    names = [name for name in inspect.signature(function).parameters if name in INPUTS]
    return names, [keras.Input(INPUTS[name][0], dtype=INPUTS[name][1], name=name) for name in names]


def assert_model_agrees(function, arguments=(), real_arguments=()):
    """Build a model of the function's results; compare shapes, dtypes and numbers with those of the function."""
    names, inputs = inputs_of(function)
    outputs = function(*inputs, *arguments)
    model = keras.Model(inputs, outputs)
    data = [real(name) for name in names]
    wanted = function(*[tensor.clone() for tensor in data], *real_arguments)
    found = model(data)
    for symbolic, one, other in zip(leaves(outputs), leaves(found), leaves(wanted), strict=True):
        assert isinstance(symbolic, keras.KerasTensor)
        assert symbolic.dtype == one.dtype == other.dtype
        assert keras.TensorSpec(symbolic.shape, symbolic.dtype).is_compatible_with(other)
        torch.testing.assert_close(one, other, equal_nan=True)


def parametrized(cases):
    return pytest.mark.parametrize("function", [f for _, f in cases], ids=[name for name, _ in cases])


@parametrized(OPERATORS)
def test_operators(function):
    assert_model_agrees(function)


@parametrized(INDEXING)
def test_indexing(function):
    assert_model_agrees(function)


@parametrized(METHODS)
def test_methods_and_properties(function):
    assert_model_agrees(function)


@parametrized(FUNCTIONS)
def test_torch_functions(function):
    assert_model_agrees(function)


@parametrized(NUMPY)
def test_numpy_operands(function):
    """On either side, though a real tensor takes none on its left."""
    assert_model_agrees(function, [ARRAY], [torch.from_numpy(ARRAY)])


SHAPES = [
    (lambda x: x.view(x.shape[0], -1), (None, 12)),
    (lambda x: x.reshape(-1, 12), (None, 12)),
    (lambda x: torch.cat([x, x]), (None, 3, 4)),
    (lambda x: torch.cat([x, keras.Input((5, 4))], 1), (None, 8, 4)),
    (lambda x: torch.cat([x, keras.Input((3, 4))], 0), (None, 3, 4)),
    (lambda x: x.mean((1, 2)), (None,)),
    (lambda x: x[0], (3, 4)),
    (lambda x: x[x > 0], (None,)),
    (lambda x: x.nonzero(), (None, 3)),
    (lambda x: x + keras.Input((1, 4)), (None, 3, 4)),
    (lambda x: x.sum(), ()),
    (lambda x: x.expand(2, -1, -1, -1), (2, None, 3, 4)),
]


@pytest.mark.parametrize(("function", "shape"), SHAPES, ids=[str(number) for number in range(len(SHAPES))])
def test_free_dimensions_are_followed(function, shape):
    found = function(keras.Input((3, 4))).shape
    assert found == shape
    assert isinstance(found, tuple)


def test_two_free_axes():
    x = keras.Input((None, None, 3))
    y = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), torch.ones(5, 3, 3, 3), stride=2)
    assert y.shape == (None, 5, None, None)
    assert keras.Model(x, y)(torch.ones(2, 11, 8, 3)).shape == (2, 5, 5, 3)


def test_named_results_keep_their_names():
    values, indices = keras.Input((3, 4)).max(-1)
    top = torch.topk(keras.Input((4,)), 2)
    assert (values.dtype, indices.dtype) == (torch.float32, torch.int64)
    assert top.values.shape == top.indices.shape == (None, 2)


def test_every_operation_is_a_layer_of_the_model():
    x = keras.Input((4,), name="x")
    model = keras.Model(x, torch.relu(x + 1)[:, :2] + 1)
    assert [layer.name for layer in model.layers] == ["x", "add", "relu", "getitem", "add_1"]
    assert all(isinstance(layer, keras.layers.TorchFunction) for layer in model.layers[1:])
    assert not dict(model.named_children())
    assert "torch.relu(" in model.code
    assert isinstance(model.graph, torch.fx.Graph)


def test_in_place_operators_leave_the_input_alone():
    x = keras.Input((4,))
    y = x
    y += 1
    assert y is not x
    model = keras.Model(x, [x, y])
    before, after = model(torch.zeros(1, 4))
    assert (before.sum(), after.sum()) == (0, 4)


def test_a_random_function_draws_in_every_call():
    x = keras.Input((4,))
    model = keras.Model(x, x + torch.rand_like(x))
    assert not torch.equal(model(torch.zeros(2, 4)), model(torch.zeros(2, 4)))


def test_a_function_of_ones_own_is_made_of_torch_functions():
    def swish(x, beta=1.0):
        return x * torch.sigmoid(beta * x)

    x = keras.Input((4,))
    data = torch.randn(3, 4)
    torch.testing.assert_close(keras.Model(x, swish(x, beta=2.0))(data), swish(data, beta=2.0))


def test_a_numpy_function_is_refused():
    with pytest.raises(TypeError, match="KerasTensor"):
        np.tanh(keras.Input((4,)))


def test_a_mask_that_is_missing_when_the_model_runs():
    with pytest.raises(ValueError, match=r"mask_of: the tensor must have a mask.* Received: .* shape \(2, 3\) without"):
        mask_of(torch.ones(2, 3))
