"""Do ReLU, LeakyReLU, ELU and ThresholdedReLU give Keras's numbers, and refuse bad input?"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import layers

SLOPES = st.floats(0, 3)
# The values where a rectifier may bend are among them.
PLACES = [-7.0, -1.0, -0.5, -0.0, 0.0, 0.25, 0.5, 1.0, 2.0, 2.5, 6.0, 9.0]


def _inputs(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.tensor([PLACES, PLACES[::-1]], dtype=dtype, requires_grad=True)


def _numbers(layer) -> tuple[torch.Tensor, torch.Tensor]:
    inputs = _inputs()
    outputs = layer(inputs)
    weights = torch.arange(1.0, outputs.numel() + 1).reshape(outputs.shape)
    return outputs.detach(), torch.autograd.grad(outputs, inputs, weights)[0]


def _assert_agree(name: str, *args, **kwargs) -> None:
    mine, theirs = getattr(layers, name)(*args, **kwargs), getattr(keras.layers, name)(*args, **kwargs)
    assert_close(_numbers(mine), _numbers(theirs), f"{name}{args}{kwargs}", rtol=1e-6)
    assert mine.compute_output_shape((None, 3, None)) == (None, 3, None)


@given(
    max_value=st.none() | st.sampled_from([0, 1.0, 6, 6.0, math.inf]) | st.floats(0, 9),
    negative_slope=st.sampled_from([0, 0.5]) | SLOPES,
    threshold=st.sampled_from([0, 0.5, 2.0]) | st.floats(0, 5),
)
def test_relu_and_its_gradient_are_keras_s(max_value, negative_slope, threshold):
    _assert_agree("ReLU", max_value=max_value, negative_slope=negative_slope, threshold=threshold)


@given(slope=SLOPES)
def test_leaky_relu_and_its_gradient_are_keras_s(slope):
    _assert_agree("LeakyReLU", slope)


@given(alpha=st.floats(-3, 3) | st.integers(-2, 2))
def test_elu_and_its_gradient_are_keras_s(alpha):
    _assert_agree("ELU", alpha)


@given(theta=st.sampled_from([0, 0.5, 1.0]) | st.floats(0, 5))
def test_thresholded_relu_is_a_relu_with_a_threshold(theta):
    mine, theirs = _numbers(layers.ThresholdedReLU(theta)), _numbers(keras.layers.ReLU(threshold=theta))
    assert_close(mine, theirs, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize(
    "layer",
    [layers.ReLU(6.0, 0.5, 1.0, dtype=None), layers.LeakyReLU(), layers.ELU(2.0), layers.ThresholdedReLU(0.5)],
    ids=lambda layer: type(layer).__name__,
)
def test_a_dtype_stays(layer, dtype):
    twin = type(layer).from_config(layer.get_config() | {"dtype": str(dtype).removeprefix("torch.")})
    outputs = twin(_inputs(dtype))
    assert outputs.dtype is dtype
    exact = type(layer).from_config(layer.get_config() | {"dtype": "float64"})(_inputs(torch.float64))
    torch.testing.assert_close(outputs.double(), exact, rtol=1e-2 if dtype.itemsize == 2 else 1e-12, atol=1e-2)


def test_the_gradient_in_float64_is_that_of_differences():
    inputs = torch.tensor([-2.3, -0.4, 0.3, 1.7, 7.7], dtype=torch.float64, requires_grad=True)
    for layer in (
        layers.ReLU(6.0, 0.5, 1.0, dtype="float64"),
        layers.LeakyReLU(dtype="float64"),
        layers.ELU(0.7, dtype="float64"),
        layers.ThresholdedReLU(dtype="float64"),
    ):
        assert torch.autograd.gradcheck(layer, inputs)


@pytest.mark.parametrize("value", [-0.1, "0.5", float("nan"), float("inf"), True, np.array([1.0])])
@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("ReLU", "negative_slope"),
        ("ReLU", "threshold"),
        ("LeakyReLU", "negative_slope"),
        ("ThresholdedReLU", "theta"),
    ],
)
def test_slopes_and_thresholds_are_finite_numbers_of_at_least_0(name, argument, value):
    message = rf"^{name}: {argument} must be a finite number of at least 0\. Received: {argument}="
    with pytest.raises(ValueError, match=message):
        getattr(layers, name)(**{argument: value})


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("ReLU", "threshold"),
        ("ThresholdedReLU", "theta"),
        ("ELU", "alpha"),
        ("LeakyReLU", "negative_slope"),
        ("LeakyReLU", "alpha"),
    ],
)
def test_none_is_no_number(name, argument):
    with pytest.raises(ValueError, match=rf"^{name}: {argument} must be a finite number.* Received: {argument}=None\."):
        getattr(layers, name)(**{argument: None})


@pytest.mark.parametrize("value", [-1, "6", float("nan"), False])
def test_a_bound_is_a_number_of_at_least_0(value):
    with pytest.raises(ValueError, match=r"^ReLU: max_value must be a number of at least 0\. Received: max_value="):
        layers.ReLU(value)


@pytest.mark.parametrize("value", ["1", float("nan"), float("-inf"), True, 1j])
def test_elu_takes_any_finite_number(value):
    with pytest.raises(ValueError, match=r"^ELU: alpha must be a finite number\. Received: alpha="):
        layers.ELU(value)


def test_numbers_of_numpy_are_written_as_numbers():
    config = layers.ELU(np.float32(0.5)).get_config()
    assert (config["alpha"], type(config["alpha"])) == (0.5, float)


def test_leaky_relu_takes_keras_2_s_name():
    assert layers.LeakyReLU(alpha=0.1).get_config() == layers.LeakyReLU(0.1, name="leaky_re_lu").get_config()
    assert layers.LeakyReLU().negative_slope == layers.LeakyReLU(0.3, alpha=0.3).negative_slope == 0.3
    assert layers.LeakyReLU.from_config({"name": "a", "trainable": True, "alpha": 0.25}).negative_slope == 0.25


@pytest.mark.parametrize(("slope", "alpha"), [(0.3, 0.1), (0.1, 0.3), (0, 0.3)])
def test_two_different_slopes_are_refused(slope, alpha):
    message = rf"^LeakyReLU: alpha is another name .* negative_slope={slope}, alpha={alpha}\. Give one of them\.$"
    with pytest.raises(ValueError, match=message):
        layers.LeakyReLU(slope, alpha=alpha)


def test_what_alpha_must_be_is_said_under_its_name():
    with pytest.raises(ValueError, match=r"^LeakyReLU: alpha must be a finite number\. Received: alpha="):
        layers.LeakyReLU(alpha="a")


@pytest.mark.parametrize("name", ["ReLU", "LeakyReLU", "ELU", "ThresholdedReLU"])
def test_masks_are_passed_on(name):
    masked = layers.Masking()(torch.tensor([[[-2.0], [0.0]]]))
    assert torch.equal(getattr(layers, name)()(masked)._keras_mask, torch.tensor([[True, False]]))


@pytest.mark.parametrize("name", ["ReLU", "ThresholdedReLU"])
def test_ints_stay_ints(name):
    assert torch.equal(getattr(layers, name)()(torch.tensor([-2, 3])), torch.tensor([0, 3]))
