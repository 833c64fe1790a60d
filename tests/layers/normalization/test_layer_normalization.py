"""What does LayerNormalization do beyond the conformance suite: axes that Keras stumbles over, dtypes, refusals?"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from tests.oracle import assert_close, keras, keras_keeps_float64
from torchkeras_layer import layers


def _inputs(*shape: int) -> torch.Tensor:
    return torch.as_tensor(np.random.default_rng(2).normal(3, 2, size=shape), dtype=torch.float32)


@pytest.mark.parametrize("axis", [1.0, "last", None, [1, "2"]])
def test_an_axis_must_be_an_int(axis):
    with pytest.raises(TypeError, match="^LayerNormalization: axis must be an int, or a list or tuple of ints. Rec"):
        layers.LayerNormalization(axis=axis)


@pytest.mark.parametrize("epsilon", [-1, "small", None, float("nan")])
def test_epsilon_is_checked(epsilon):
    with pytest.raises(ValueError, match="^LayerNormalization: epsilon must be a number of at least 0. Received"):
        layers.LayerNormalization(epsilon=epsilon)


@pytest.mark.parametrize("argument", ["beta_initializer", "gamma_regularizer", "gamma_constraint"])
def test_an_unknown_identifier_is_told_with_layer_and_argument(argument):
    with pytest.raises(ValueError, match=f"^LayerNormalization: {argument}: Could not interpret .* 'nothing'"):
        layers.LayerNormalization(**{argument: "nothing"})


@pytest.mark.parametrize("axis", [2, [0, 2]])
def test_an_axis_that_does_not_exist(axis):
    layer = layers.LayerNormalization(axis=axis, name="norm")
    for use in (layer.build, layer.compute_output_shape):
        with pytest.raises(
            ValueError, match=r"^norm: inputs of shape \(2, 3\) have axes from -2 to 1. Received: axis="
        ):
            use((2, 3))


@pytest.mark.parametrize("axis", [1, -2, [1], [2, 0], (0, -1), [0, 1, 2]])
def test_any_axes(axis):
    """Keras 3 on torch fails on one axis that is not the last."""
    inputs = _inputs(2, 3, 4)
    axes = [a % 3 for a in ([axis] if isinstance(axis, int) else axis)]
    layer = layers.LayerNormalization(axis=axis, gamma_initializer="he_normal")
    outputs = layer(inputs)
    given = [axis] if isinstance(axis, int) else axis
    assert tuple(layer.gamma.shape) == tuple(inputs.shape[a] for a in sorted(given))
    mean, variance = inputs.mean(axes, keepdim=True), inputs.var(axes, correction=0, keepdim=True)
    gamma = layer.gamma.reshape([size if a in axes else 1 for a, size in enumerate(inputs.shape)])
    torch.testing.assert_close(outputs, (inputs - mean) / torch.sqrt(variance + 1e-3) * gamma)


@pytest.mark.parametrize(("axis", "shape"), [([-1, 1], (4, 3)), ([1, -1], (4, 3)), ([-1, 1, -2], (2, 4, 3))])
def test_weights_are_in_keras_3_s_order_of_axes(axis, shape):
    """Which is -1 before 1; what Keras computes with them then is in the order of the axes."""
    inputs = torch.randn(5, 3, 2, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mine, theirs = (library.LayerNormalization(axis=list(axis), dtype="float64") for library in (layers, keras.layers))
    theirs.build(inputs.shape)
    weights = [np.random.default_rng(seed).normal(size=shape) for seed in range(2)]
    theirs.set_weights(weights)
    with keras_keeps_float64():
        expected = theirs(inputs)
    mine.build(inputs.shape)
    mine.set_weights(weights)
    assert tuple(mine.gamma.shape) == tuple(mine.beta.shape) == shape
    assert_close(mine(inputs), expected, rtol=1e-10, atol=1e-10)


def test_an_axis_counted_from_the_end_suits_other_ranks():
    layer = layers.LayerNormalization()
    inputs = _inputs(2, 3, 4)
    outputs = layer(inputs)
    torch.testing.assert_close(layer(inputs[0]), outputs[0])
    assert layer.compute_output_shape((None, 4)) == (None, 4)


@pytest.mark.parametrize(("axis", "shape"), [(-1, (2, 5)), (1, (2, 4, 3)), (1, (2, 3))])
def test_inputs_that_do_not_fit(axis, shape):
    layer = layers.LayerNormalization(axis=axis, name="norm")
    layer.build((2, 3, 4))
    with pytest.raises(ValueError, match="norm"):
        layer(torch.ones(shape))


def test_scaling_alone_is_keras_s():
    inputs = _inputs(2, 3, 4)
    mine = layers.LayerNormalization(axis=[1, 2], rms_scaling=True, scale=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*rms_scaling.*deprecated")
        theirs = keras.layers.LayerNormalization(axis=[1, 2], rms_scaling=True, scale=False)
        expected = theirs(inputs)
    assert_close(mine(inputs), expected)
    assert [tuple(weight.shape) for weight in mine.weights] == [(3, 4)]
    twin = layers.LayerNormalization.from_config(theirs.get_config())
    assert_close(twin(inputs), expected)


@pytest.mark.parametrize("policy", ["float16", "mixed_float16", "mixed_bfloat16"])
def test_halves_are_computed_in_float32(policy):
    """Values that fit into no half: Keras 3 does not cast the inputs before they are normalized."""
    inputs = _inputs(4, 8) * 1e5
    layer = layers.LayerNormalization(dtype=policy)
    theirs = keras.layers.LayerNormalization(dtype=policy)
    outputs = layer(inputs)
    assert torch.isfinite(outputs).all()
    assert outputs.dtype is theirs(inputs).dtype
    assert_close(outputs, theirs(inputs), rtol=0.01, atol=0.01)


def test_ints_are_cast():
    layer = layers.LayerNormalization(center=False, scale=False)
    inputs = torch.tensor([[1, 3]])
    torch.testing.assert_close(layer(inputs), layer(inputs.float()))


def test_within_torch_s_autocast_nothing_is_cast():
    layer = layers.LayerNormalization()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(_inputs(2, 3)).dtype is torch.nn.LayerNorm(3)(_inputs(2, 3)).dtype
        assert layer(_inputs(2, 3).bfloat16()).dtype is torch.nn.LayerNorm(3)(_inputs(2, 3).bfloat16()).dtype
