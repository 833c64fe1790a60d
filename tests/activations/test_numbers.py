"""Do the activation functions give Keras's numbers and gradients, bounds and extremes included?"""

from __future__ import annotations

import math

import pytest
import torch

from tests.activations.cases import ALONG_AN_AXIS, ELEMENTWISE, numbers
from tests.oracle import assert_close, keras
from torchkeras_layer import activations

TOLERANCES = {torch.float32: 1e-6, torch.float64: 1e-12, torch.bfloat16: 2**-7, torch.float16: 2**-8}
# Where Keras's gradient comes out of 0 * inf or of a comparison with NaN, ours is defined below.
SPECIAL_GRADIENTS = {"sparse_plus", "sparse_sigmoid"}


def both(name, x, arguments):
    """Return value and gradient of our function and of Keras's."""
    answers = []
    for library in (activations, keras.activations):
        leaf = x.clone().requires_grad_()
        value = getattr(library, name)(leaf, **arguments)
        weights = torch.linspace(-1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
        value.backward(weights)
        answers.append((value, leaf.grad))
    return answers


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize(("name", "arguments"), ELEMENTWISE)
def test_value_and_gradient_are_those_of_keras(name, arguments, dtype):
    x = numbers(dtype)
    (value, gradient), (expected, expected_gradient) = both(name, x, arguments)
    tolerance = TOLERANCES[dtype]
    assert value.dtype is dtype
    assert_close(value, expected, "value", rtol=tolerance, atol=tolerance)
    usual = x.isfinite() if name in SPECIAL_GRADIENTS else slice(None)
    assert_close(gradient[usual], expected_gradient[usual], "gradient", rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize(("name", "arguments"), ALONG_AN_AXIS)
def test_value_and_gradient_along_an_axis_are_those_of_keras(name, arguments, dtype):
    x = (4 * torch.randn(6, 4, 2)).to(dtype)
    (value, gradient), (expected, expected_gradient) = both(name, x, arguments)
    tolerance = TOLERANCES[dtype]
    assert value.dtype is dtype
    assert_close(value, expected, "value", rtol=tolerance, atol=tolerance)
    assert_close(gradient, expected_gradient, "gradient", rtol=2 * tolerance, atol=2 * tolerance)


@pytest.mark.parametrize("axis", [None, (1, 2), (0, 2), (2, 0), (0, 1, 2), (1,), ()])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_several_axes_together_are_those_of_keras(name, axis):
    x = 5 * torch.randn(2, 3, 4, dtype=torch.float64)
    (value, gradient), (expected, expected_gradient) = both(name, x, {"axis": axis})
    assert_close(value, expected, rtol=1e-12, atol=1e-12)
    assert_close(gradient, expected_gradient, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_axes_count_from_the_end_and_come_in_lists(name):
    function, x = getattr(activations, name), torch.randn(2, 3, 4)
    assert torch.equal(function(x, axis=(-2, -1)), function(x, axis=(1, 2)))
    assert torch.equal(function(x, axis=[0, 1]), function(x, axis=(0, 1)))


@pytest.mark.parametrize("shape", [(), (1,), (5,), (0,), (2, 0)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_small_shapes(name, shape):
    x = torch.randn(shape)
    expected = getattr(torch, name)(x, -1)
    assert torch.equal(getattr(activations, name)(x), expected)


def test_softmax_with_infinities_is_that_of_keras():
    rows = [
        [-math.inf, 0.0, 1.0],
        [-math.inf] * 3,
        [math.inf, 0.0, 1.0],
        [math.nan, 0.0, 1.0],
        [1e30, 0.0, -1e30],
    ]
    x = torch.tensor(rows)
    for name in ("softmax", "log_softmax", "sparsemax"):
        assert_close(getattr(activations, name)(x), getattr(keras.activations, name)(x), name)


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64, torch.uint8, torch.bool], ids=str)
@pytest.mark.parametrize("name", ["exponential", "sigmoid", "squareplus", "tanh", "linear"])
def test_any_integers_where_keras_takes_them(name, dtype):
    x = torch.tensor([0, 1, 2, 6]).to(dtype)
    value, expected = getattr(activations, name)(x), getattr(keras.activations, name)(x)
    assert value.dtype is expected.dtype
    assert_close(value, expected)


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64], ids=str)
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("relu", {}),
        ("relu", {"max_value": 2, "threshold": 1}),
        ("relu6", {}),
        ("hard_tanh", {}),
        ("softsign", {}),
        ("sparse_plus", {}),
        ("sparse_sigmoid", {}),
        ("sparsemax", {}),
        ("tanh_shrink", {}),
        ("threshold", {"threshold": 1, "default_value": 5}),
    ],
)
def test_signed_integers_where_keras_takes_them(name, arguments, dtype):
    x = torch.tensor([-3, -1, 0, 1, 2, 7], dtype=dtype)
    value, expected = (
        getattr(activations, name)(x, **arguments),
        getattr(keras.activations, name)(x, **arguments),
    )
    assert value.dtype is expected.dtype
    assert_close(value, expected)


def test_gradients_stay_finite_where_those_of_keras_do_not():
    x = torch.tensor([-math.inf, math.inf], requires_grad=True)
    activations.sparse_plus(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 1.0]


def test_linear_returns_its_argument():
    x = torch.randn(3)
    assert activations.linear(x) is x


def test_an_odd_length_cannot_be_split():
    with pytest.raises(RuntimeError, match="must be even"):
        activations.glu(torch.zeros(2, 3))


@pytest.mark.parametrize("axis", ["last", 1.0])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_an_axis_must_be_whole_numbers(name, axis):
    with pytest.raises(TypeError, match=rf"{name}: axis must be an int, a tuple of ints or None. Received: axis="):
        getattr(activations, name)(torch.zeros(2, 3), axis=axis)
