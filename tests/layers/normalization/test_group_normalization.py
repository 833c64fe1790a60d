"""What does GroupNormalization do beyond the conformance suite: any groups and axis, large means, refusals?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer import layers


def _inputs(*shape: int, mean: float = 1.0) -> torch.Tensor:
    return torch.as_tensor(np.random.default_rng(2).normal(mean, 2, size=shape), dtype=torch.float32)


@st.composite
def _layers(draw):
    """Draw arguments and a shape that they fit."""
    groups = draw(st.sampled_from([1, 2, 3, -1]))
    # Groups of one value have nothing but a rounding error for a variance, in Keras.
    shape = [2, *draw(st.lists(st.integers(2, 4), max_size=3)), 2]
    axis = draw(st.integers(1, len(shape) - 1)) if len(shape) > 2 or groups != -1 else 1
    shape[axis] = abs(groups) * draw(st.integers(2, 3))
    arguments = {"groups": groups, "axis": axis - len(shape) * draw(st.integers(0, 1)), "epsilon": 0.1}
    return {**arguments, "center": draw(st.booleans()), "scale": draw(st.booleans())}, tuple(shape)


@given(_layers())
def test_any_configuration(drawn):
    arguments, shape = drawn
    results = []
    for library in (ours, keras):
        layer = library.layers.GroupNormalization(**arguments)
        layer.build((None, *shape[1:]) if library is ours else shape)
        random = np.random.default_rng(3)
        layer.set_weights([random.normal(size=weight.shape) for weight in layer.weights])
        inputs = _inputs(*shape).requires_grad_()
        outputs = layer(inputs)
        weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
        direction = torch.linspace(-1, 1, outputs.numel()).reshape(outputs.shape)
        results.append((outputs, *torch.autograd.grad((outputs * direction).sum(), (inputs, *weights))))
        assert tuple(layer.compute_output_shape((None, *shape[1:]))) == (None, *shape[1:])
    assert_close(*results, f"{arguments} {shape}", atol=1e-5)


@pytest.mark.parametrize("groups", [0, -2, 1.5, "2", None, True])
def test_groups_are_checked(groups):
    with pytest.raises(
        ValueError, match="^GroupNormalization: groups must be a positive int, or -1 .* Received: groups"
    ):
        layers.GroupNormalization(groups)


@pytest.mark.parametrize(("groups", "channels"), [(32, 16), (4, 6)])
def test_groups_that_do_not_divide_the_channels(groups, channels):
    layer = layers.GroupNormalization(groups, name="norm")
    with pytest.raises(ValueError, match=rf"^norm: groups must divide the channels, {channels} at axis -1 .*={groups}"):
        layer.build((None, channels))
    assert not layer.built


@pytest.mark.parametrize("axis", [1.5, "last", None, True, [1]])
def test_an_axis_must_be_one_int(axis):
    with pytest.raises(TypeError, match="^GroupNormalization: axis must be .* Received: axis="):
        layers.GroupNormalization(1, axis=axis)


@pytest.mark.parametrize(
    ("axis", "shape", "message"),
    [
        (2, (2, 3), r"inputs of shape \(2, 3\) have axes from -2 to 1. Received: axis=2"),
        (0, (2, 3), r"axis must not be that of the batch. Received: axis=0 for inputs of shape \(2, 3\)"),
        (-2, (2, 3), r"axis must not be that of the batch. Received: axis=-2 for inputs of shape \(2, 3\)"),
        (-1, (2, None), r"Received: input_shape=\(2, None\). Give a size in place of None"),
    ],
)
def test_axes_that_do_not_fit_the_inputs(axis, shape, message):
    with pytest.raises(ValueError, match=f"^norm: .*{message}"):
        layers.GroupNormalization(1, axis=axis, name="norm").build(shape)


@pytest.mark.parametrize("epsilon", [-1, "small", None])
def test_epsilon_is_checked(epsilon):
    with pytest.raises(ValueError, match="^GroupNormalization: epsilon must be a number of at least 0. Received"):
        layers.GroupNormalization(epsilon=epsilon)


def test_other_inputs_than_those_of_the_build():
    layer = layers.GroupNormalization(2, name="norm")
    layer.build((None, 3, 4))
    with pytest.raises(ValueError, match="norm.*ndim=3"):
        layer(torch.ones(2, 4))
    with pytest.raises(ValueError, match="norm.*axis"):
        layer(torch.ones(2, 3, 6))


@pytest.mark.parametrize("shape", [(2, 12, 8), (2, 6, 6, 8), (2, 3, 4, 3, 8)])
def test_a_large_mean_costs_no_digits(shape):
    inputs = _inputs(*shape, mean=100.0)
    outputs = layers.GroupNormalization(4)(inputs)
    grouped = inputs.double().reshape(2, -1, 4, 2)
    variance, mean = torch.var_mean(grouped, (1, 3), correction=0, keepdim=True)
    expected = ((grouped - mean) / torch.sqrt(variance + 1e-3)).reshape(shape)
    torch.testing.assert_close(outputs.double(), expected, rtol=1e-5, atol=2e-5)


def test_one_value_in_a_group():
    layer = layers.GroupNormalization(-1, beta_initializer="ones")
    torch.testing.assert_close(layer(torch.tensor([[5.0, 7.0]])), torch.ones(1, 2), rtol=0, atol=1e-5)
    assert layer.get_config()["groups"] == -1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_halves_are_computed_in_float32(dtype):
    inputs = _inputs(2, 64, 4, mean=50.0).to(dtype)
    layer = layers.GroupNormalization(2, dtype="mixed_" + str(dtype).removeprefix("torch."))
    outputs = layer(inputs)
    assert outputs.dtype is dtype
    torch.testing.assert_close(outputs, layers.GroupNormalization(2)(inputs.float()).to(dtype))


def test_ints_are_cast():
    layer = layers.GroupNormalization(1)
    inputs = torch.tensor([[1, 3]])
    torch.testing.assert_close(layer(inputs), layer(inputs.float()))


def test_the_mask_passes():
    inputs = torch.ones(2, 3, 4)
    inputs._keras_mask = torch.ones(2, 3, dtype=torch.bool)
    assert layers.GroupNormalization(2)(inputs)._keras_mask is inputs._keras_mask
