"""What does UnitNormalization do beyond the conformance suite: any axes, zeros, halves, refusals?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer import layers


@st.composite
def _axes_and_shapes(draw):
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    axes = draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
    axes = [axis - len(shape) * draw(st.integers(0, 1)) for axis in axes]
    return (axes[0] if len(axes) == 1 else axes), tuple(shape)


@given(_axes_and_shapes())
def test_any_axes(drawn):
    axis, shape = drawn
    values = np.random.default_rng(1).normal(size=shape).astype("float32")
    results = []
    for library in (ours, keras):
        layer = library.layers.UnitNormalization(axis=axis)
        inputs = torch.tensor(values, requires_grad=True)
        outputs = layer(inputs)
        direction = torch.linspace(-1, 1, outputs.numel()).reshape(shape)
        results.append(
            (outputs, torch.autograd.grad((outputs * direction).sum(), inputs)[0], layer.get_config()["axis"])
        )
    # The gradient at a vector of one small value is 0, in Keras a rounding error.
    assert_close(*results, "UnitNormalization", atol=3e-5)
    assert layers.UnitNormalization(axis).compute_output_shape((None, *shape[1:])) == (None, *shape[1:])


@pytest.mark.parametrize("axis", [1.0, "last", None, [1, "2"], True])
def test_an_axis_must_be_an_int(axis):
    with pytest.raises(TypeError, match="^UnitNormalization: axis must be an int, or a list or tuple of ints. Rec"):
        layers.UnitNormalization(axis)


@pytest.mark.parametrize("axis", [2, [0, -3]])
def test_an_axis_that_does_not_exist(axis):
    layer = layers.UnitNormalization(axis, name="unit")
    message = r"^unit: inputs of shape \(2, 3\) have axes from -2 to 1. Received: axis="
    with pytest.raises(ValueError, match=message):
        layer.compute_output_shape((2, 3))
    with pytest.raises(ValueError, match=message):
        layer(torch.ones(2, 3))


def test_zeros_stay_zeros_and_have_a_gradient():
    inputs = torch.zeros(1, 3, requires_grad=True)
    outputs = layers.UnitNormalization()(inputs)
    assert outputs.tolist() == [[0, 0, 0]]
    outputs.sum().backward()
    assert torch.isfinite(inputs.grad).all()


def test_half_precision_does_not_overflow():
    outputs = layers.UnitNormalization(dtype="float16")(torch.tensor([[300.0, 400.0]], dtype=torch.float16))
    assert outputs.dtype is torch.float16
    torch.testing.assert_close(outputs.float(), torch.tensor([[0.6, 0.8]]), rtol=1e-3, atol=0)


def test_ints_give_floats():
    torch.testing.assert_close(layers.UnitNormalization()(torch.tensor([[3, 4]])), torch.tensor([[0.6, 0.8]]))


def test_the_mask_passes():
    inputs = torch.ones(2, 3, 4)
    inputs._keras_mask = torch.ones(2, 3, dtype=torch.bool)
    assert layers.UnitNormalization()(inputs)._keras_mask is inputs._keras_mask
