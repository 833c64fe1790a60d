"""What does BatchNormalization do beyond the conformance suite: axes, statistics, layouts, transforms?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from torchkeras_layer import layers


def _images(*shape: int) -> torch.Tensor:
    return torch.as_tensor(np.random.default_rng(2).normal(3, 2, size=shape), dtype=torch.float32)


@pytest.mark.parametrize("axis", [1.0, "last", None, [1, "2"], True])
def test_an_axis_must_be_an_int(axis):
    with pytest.raises(TypeError, match="^BatchNormalization: axis must be an int, or a list or tuple of ints. Rec"):
        layers.BatchNormalization(axis=axis)


@pytest.mark.parametrize("axis", [[], [1, 1]])
def test_axes_must_be_there_and_different(axis):
    with pytest.raises(ValueError, match="^BatchNormalization: axis must name at least one axis, and each once. Rec"):
        layers.BatchNormalization(axis=axis)


@pytest.mark.parametrize(
    ("axis", "shape", "message"),
    [
        (3, (2, 3), r"inputs of shape \(2, 3\) have axes from -2 to 1. Received: axis=3"),
        ([1, -1], (2, 3), r"axis names one axis twice in shape \(2, 3\). Received: axis=\[1, -1\]"),
        (-1, (2, None), r"Received: input_shape=\(2, None\). Give a size in place of None"),
    ],
)
def test_axes_that_do_not_fit_the_inputs(axis, shape, message):
    layer = layers.BatchNormalization(axis=axis, name="norm")
    with pytest.raises(ValueError, match=f"^norm: .*{message}"):
        layer.build(shape)
    assert not layer.built


@pytest.mark.parametrize("argument", ["momentum", "epsilon"])
@pytest.mark.parametrize("value", [-0.1, "0.9", float("nan"), True])
def test_numbers_are_checked(argument, value):
    with pytest.raises(ValueError, match=f"^BatchNormalization: {argument} must be a number .* Received: {argument}="):
        layers.BatchNormalization(**{argument: value})


def test_momentum_is_at_most_1():
    with pytest.raises(ValueError, match=r"momentum must be a number from 0 to 1. Received: momentum=1.5"):
        layers.BatchNormalization(momentum=1.5)


@pytest.mark.parametrize("argument", ["renorm", "virtual_batch_size", "adjustment"])
def test_what_is_not_built_is_refused(argument):
    with pytest.raises(ValueError, match=f"^BatchNormalization: {argument} is not supported. Received: {argument}=2"):
        layers.BatchNormalization(**{argument: 2})


@pytest.mark.parametrize("argument", ["fused", "renorm_momentum", "renorm_clipping"])
def test_what_changes_no_numbers_is_taken(argument):
    assert layers.BatchNormalization(**{argument: None}).get_config() == {
        **layers.BatchNormalization().get_config(),
        "name": "batch_normalization",
    }


@pytest.mark.parametrize("value", ["x", 1, [], np.array([True])])
def test_fused_is_a_bool(value):
    with pytest.raises(ValueError, match="^BatchNormalization: fused must be True, False or None. Received: fused="):
        layers.BatchNormalization(fused=value)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "shape",
    [(1, 6, 4, 8), (1, 3, 1, 5), (1, 6, 4, 1), (1, 2, 3, 4, 5), (1, 6, 4), (2, 6, 4, 8), (2, 3, 5, 1), (4, 3, 1, 6)],
)
def test_any_order_in_memory_gives_the_same_gradients(shape, training):
    """Of a batch or side of 1 in some orders, those of torch 2.13's own layer are wrong."""
    layer = layers.BatchNormalization(axis=1)
    layer.build(shape)
    results = []
    for order in itertools.permutations(range(len(shape))):
        inputs = _in_order(_images(*shape), order).requires_grad_()
        outputs = layer(inputs, training=training)
        direction = torch.linspace(-1, 1, outputs.numel()).reshape(shape)
        for way in (direction, _in_order(direction, (0, *range(2, len(shape)), 1))):
            wanted = [inputs, layer.gamma, layer.beta]
            results.append([outputs, *torch.autograd.grad(outputs, wanted, way, retain_graph=True)])
    for result in results[1:]:
        layer_results = zip(result, results[0], strict=True)
        assert all(torch.allclose(one, first, atol=1e-4) for one, first in layer_results)


def _in_order(tensor: torch.Tensor, order: tuple[int, ...]) -> torch.Tensor:
    """Return the same with its axes in another order in memory."""
    return tensor.permute(order).contiguous().permute([order.index(axis) for axis in range(tensor.dim())])


def test_one_axis_in_a_list_is_that_axis():
    assert layers.BatchNormalization(axis=[3]).get_config()["axis"] == 3
    assert layers.BatchNormalization(axis=(1, 2)).get_config()["axis"] == [1, 2]


def test_several_axes_have_weights_that_broadcast():
    layer = layers.BatchNormalization(axis=[1, -1], momentum=0.0)
    inputs = _images(4, 3, 2, 5)
    outputs = layer(inputs)
    assert tuple(layer.gamma.shape) == (1, 3, 1, 5)
    mean, variance = inputs.mean((0, 2), keepdim=True), inputs.var((0, 2), correction=0, keepdim=True)
    torch.testing.assert_close(layer.moving_mean, mean)
    torch.testing.assert_close(layer.moving_variance, variance)
    torch.testing.assert_close(outputs, (inputs - mean) / torch.sqrt(variance + 1e-3))
    torch.testing.assert_close(layer.eval()(inputs), outputs)


def test_one_sample_has_no_variance():
    layer = layers.BatchNormalization(beta_initializer="ones")
    assert layer(torch.tensor([[5.0]])).item() == pytest.approx(1.0, abs=1e-5)
    assert layer.moving_variance.item() == pytest.approx(0.99)


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 3, 5), (2, 3, 4, 5), (2, 3, 2, 4, 5), (2, 1, 3, 2, 4, 5)])
@pytest.mark.parametrize("axis", [0, "middle", -1])
def test_any_rank_and_axis(shape, axis):
    axis = len(shape) // 2 if axis == "middle" else axis
    layer = layers.BatchNormalization(axis=axis)
    inputs = _images(*shape)
    others = [a for a in range(len(shape)) if a != axis % len(shape)]
    mean = inputs.mean(others, keepdim=True) if others else inputs
    variance = (inputs - mean).square().mean(others, keepdim=True) if others else torch.zeros_like(inputs)
    torch.testing.assert_close(layer(inputs), (inputs - mean) / torch.sqrt(variance + 1e-3))


@pytest.mark.parametrize("training", [True, False])
def test_the_layout_in_memory_does_not_matter(training):
    layer = layers.BatchNormalization()
    inputs = _images(2, 5, 4, 3)
    plain = layer(inputs, training=training)
    permuted = inputs.permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1)
    assert not permuted.is_contiguous()
    torch.testing.assert_close(layer(permuted, training=training), plain)
    torch.testing.assert_close(layer(inputs[:, ::2], training=False), layer(inputs, training=False)[:, ::2])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("weights", [{}, {"center": False}, {"center": False, "scale": False}])
def test_statistics_of_halves_are_computed_in_float32(dtype, weights):
    inputs = (_images(4096, 2) + 100).to(dtype)
    exact = inputs.double()
    mixed = layers.BatchNormalization(momentum=0.0, dtype="mixed_" + str(dtype).removeprefix("torch."), **weights)
    mixed(inputs)
    torch.testing.assert_close(mixed.moving_mean.double(), exact.mean(0), rtol=1e-5, atol=0)
    torch.testing.assert_close(mixed.moving_variance.double(), exact.var(0, correction=0), rtol=1e-3, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_layer_that_was_moved_to_halves(dtype):
    layer = layers.BatchNormalization(momentum=0.0).to(dtype)
    inputs = _images(4096, 2) + 100
    outputs = layer(inputs)
    assert {weight.dtype for weight in layer.weights} == {outputs.dtype} == {dtype}
    rounded = inputs.to(dtype).double()
    expected = (rounded - rounded.mean(0)) / torch.sqrt(rounded.var(0, correction=0) + 1e-3)
    torch.testing.assert_close(outputs.double(), expected, rtol=1e-2, atol=1e-2)
    assert torch.equal(layer.moving_mean, rounded.mean(0).to(dtype))
    assert torch.isfinite(layer.eval()(inputs)).all()


def test_within_torch_s_autocast_the_dtype_stays():
    layer = layers.BatchNormalization()
    inputs = _images(8, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(inputs.bfloat16()).dtype is torch.bfloat16
        assert layer(inputs).dtype is torch.float32
    assert layer.moving_mean.dtype is torch.float32


@pytest.mark.parametrize("shape", [(2,), (2, 3, 4, 5), (2, 3, 4)])
def test_a_mask_has_one_axis_less(shape):
    layer = layers.BatchNormalization(name="norm")
    mask = torch.ones(shape, dtype=torch.bool)
    with pytest.raises(
        ValueError, match=r"^norm: the mask must have one axis less .* \(2, 3, 4\). Received: a mask of"
    ):
        layer(_images(2, 3, 4), mask=mask)


def test_what_is_masked_does_not_count():
    layer, plain = layers.BatchNormalization(momentum=0.0), layers.BatchNormalization(momentum=0.0)
    inputs = _images(2, 3, 4)
    mask = torch.tensor([[True, True, False], [True, False, False]])
    changed = torch.where(mask.unsqueeze(-1), inputs, 1e3)
    outputs = layer(changed, mask=mask.numpy())
    torch.testing.assert_close(outputs[mask], plain(inputs[mask]))
    torch.testing.assert_close(layer.moving_variance, plain.moving_variance)


def test_a_mask_of_nothing():
    layer = layers.BatchNormalization()
    outputs = layer(_images(2, 3, 4), mask=torch.zeros(2, 3, dtype=torch.bool))
    assert torch.isfinite(outputs).all()
    assert torch.isfinite(layer.moving_variance).all()


def test_freezing_a_model_means_inference_and_thawing_training():
    layer = layers.BatchNormalization()
    inputs = _images(4, 2)
    in_training = layer(inputs)
    layer.trainable = False
    torch.testing.assert_close(layer(inputs, training=True), layer(inputs, training=False))
    layer.trainable = True
    torch.testing.assert_close(layer(inputs), in_training)


def test_float64_inputs_of_a_float32_layer_without_autocast():
    layer = layers.BatchNormalization(autocast=False)
    inputs = _images(4, 2).double()
    assert layer(inputs).dtype is layer(inputs, training=False).dtype is torch.float32
    assert layer.moving_mean.dtype is torch.float32


def test_ints_are_cast():
    layer = layers.BatchNormalization(center=False, scale=False)
    inputs = torch.tensor([[1], [3]])
    torch.testing.assert_close(layer(inputs), layer(inputs.float()))
    torch.testing.assert_close(layer(inputs, training=False), layer(inputs.float(), training=False))
