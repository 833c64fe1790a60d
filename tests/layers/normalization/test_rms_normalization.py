"""What does RMSNormalization do beyond the conformance suite: axes that Keras stumbles over, dtypes, refusals?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer import layers


def _inputs(*shape: int) -> torch.Tensor:
    return torch.as_tensor(np.random.default_rng(2).normal(3, 2, size=shape), dtype=torch.float32)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(1, 3), st.sampled_from([1e-6, 1e-3, 0.5]))
def test_the_last_axes_as_in_keras(shape, count, epsilon):
    axes = list(range(-min(count, len(shape)), 0))
    axis = -1 if len(axes) == 1 else axes
    weights = [np.random.default_rng(3).normal(size=[shape[axis] for axis in axes])]
    results = []
    for library in (ours, keras):
        layer = library.layers.RMSNormalization(axis=axis, epsilon=epsilon)
        layer.build(tuple(shape))
        layer.set_weights(weights)
        inputs = _inputs(*shape).requires_grad_()
        outputs = layer(inputs)
        scale = getattr(layer.scale, "value", layer.scale)
        direction = torch.linspace(-1, 1, outputs.numel()).reshape(outputs.shape)
        results.append((outputs, *torch.autograd.grad((outputs * direction).sum(), (inputs, scale))))
    assert_close(*results, "RMSNormalization", atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1, [0, 2], [2, 1], [-3, -1]])
def test_axes_in_front(axis):
    layer = layers.RMSNormalization(axis=axis)
    inputs = _inputs(4, 3, 2)
    layer.build(inputs.shape)
    layer.set_weights([np.random.default_rng(3).normal(size=layer.scale.shape)])
    axes = sorted(one % 3 for one in (axis if isinstance(axis, list) else [axis]))
    assert tuple(layer.scale.shape) == tuple(inputs.shape[one] for one in axes)
    scale = layer.scale.reshape([inputs.shape[one] if one in axes else 1 for one in range(3)])
    expected = inputs * scale / torch.sqrt(inputs.square().mean(axes, keepdim=True) + 1e-6)
    torch.testing.assert_close(layer(inputs), expected)
    assert layer.compute_output_shape((4, 3, 2)) == (4, 3, 2)


@pytest.mark.parametrize(("axis", "shape"), [([-1, 1], (4, 3)), ([1, -1], (4, 3)), ([-1, 1, -2], (2, 4, 3))])
def test_the_scale_is_in_keras_3_s_order_of_axes(axis, shape):
    """Which is -1 before 1. Keras's call fails then; here, as with LayerNormalization, numbers are row by row."""
    inputs = _inputs(5, 3, 2, 4)
    numbers = np.random.default_rng(4).normal(size=shape)
    layer, theirs = (library.layers.RMSNormalization(axis=list(axis)) for library in (ours, keras))
    for one in (layer, theirs):
        one.build(inputs.shape)
        one.set_weights([numbers])
    twin = layers.RMSNormalization(sorted(one % 4 for one in axis))
    twin.build(inputs.shape)
    twin.set_weights([numbers.reshape(twin.scale.shape)])
    assert torch.equal(layer(inputs), twin(inputs))


@pytest.mark.parametrize("axis", [1.0, "last", None, True])
def test_an_axis_must_be_an_int(axis):
    with pytest.raises(TypeError, match="^RMSNormalization: axis must be an int, or a list or tuple of ints. Rec"):
        layers.RMSNormalization(axis)


@pytest.mark.parametrize("epsilon", [-1, "small", None, float("nan")])
def test_epsilon_is_checked(epsilon):
    with pytest.raises(ValueError, match="^RMSNormalization: epsilon must be a number of at least 0. Received"):
        layers.RMSNormalization(epsilon=epsilon)


def test_an_axis_that_does_not_exist():
    layer = layers.RMSNormalization(2, name="rms")
    for use in (layer.build, layer.compute_output_shape):
        with pytest.raises(
            ValueError, match=r"^rms: inputs of shape \(2, 3\) have axes from -2 to 1. Received: axis=2"
        ):
            use((2, 3))


def test_a_size_must_be_known():
    with pytest.raises(ValueError, match=r"^rms: cannot make its weights.*Received: input_shape=\(2, None\)"):
        layers.RMSNormalization(name="rms").build((2, None))


def test_half_precision_does_not_overflow():
    layer = layers.RMSNormalization(dtype="mixed_float16")
    outputs = layer(torch.tensor([[3000.0, 21000.0]]))
    assert outputs.dtype is torch.float16
    torch.testing.assert_close(outputs.float(), torch.tensor([[0.2, 1.4]]), rtol=1e-3, atol=0)


def test_ints_give_floats():
    torch.testing.assert_close(layers.RMSNormalization()(torch.tensor([[1, 7]])), torch.tensor([[0.2, 1.4]]))
