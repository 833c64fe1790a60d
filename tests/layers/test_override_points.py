"""Are the methods honoured that Keras documents for subclasses of its layers?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours
from tests.layers.pairs import pair
from tests.oracle import assert_close, keras

L = ours.layers


def _standardized(rank):
    def make(library):
        class Standardized(getattr(library.layers, f"Conv{rank}D")):
            def convolution_op(self, inputs, kernel):
                axes = list(range(rank + 1))
                variance, mean = torch.var_mean(kernel, dim=axes, keepdim=True)
                return super().convolution_op(inputs, (kernel - mean) / (variance + 1e-5).sqrt())

        return Standardized

    return make


CONVOLUTIONS = [
    (1, {}),
    (1, {"padding": "causal", "dilation_rate": 2}),
    (1, {"use_bias": False, "activation": "relu"}),
    (2, {"strides": 2, "padding": "same", "activation": "relu"}),
    (2, {"groups": 2}),
    (2, {"data_format": "channels_first"}),
    (3, {"padding": "same"}),
]


@pytest.mark.parametrize(("rank", "arguments"), CONVOLUTIONS)
def test_convolution_op(rank, arguments):
    is_last = arguments.get("data_format") != "channels_first"
    shape = (2, *[6] * rank, 4) if is_last else (2, 4, *[6] * rank)
    mine, theirs = pair(_standardized(rank), shape, filters=4, kernel_size=3, **arguments)
    x = torch.linspace(-1, 1, 2 * 4 * 6**rank).reshape(shape)
    # Keras 3.15.1 ignores the one of a Conv1D.
    if rank > 1:
        assert_close(mine(x), theirs(x), atol=1e-4)
    plain = getattr(L, f"Conv{rank}D")(4, 3, **arguments)
    plain.build(shape)
    plain.set_weights(mine.get_weights())
    assert not torch.allclose(mine(x), plain(x), atol=1e-3)
    variance, mean = torch.var_mean(plain.kernel, keepdim=True, dim=list(range(rank + 1)))
    with torch.no_grad():
        plain.kernel.copy_((plain.kernel - mean) / (variance + 1e-5).sqrt())
    assert_close(mine(x), plain(x), atol=1e-4)
    assert mine(ours.Input(shape[1:])).shape[1:] == mine(x).shape[1:]


def test_convolution_op_under_a_mixed_policy_has_gradients():
    layer = _standardized(2)(ours)(3, 3, dtype="mixed_bfloat16")
    outputs = layer(torch.ones(1, 5, 5, 2))
    outputs.float().sum().backward()
    assert outputs.dtype is torch.bfloat16
    assert layer.kernel.grad is not None
    assert layer.kernel.grad.dtype is torch.float32


def test_the_shape_of_a_convolution_op_is_that_which_it_gives():
    class Twice(L.Conv2D):
        def convolution_op(self, inputs, kernel):
            self.add_loss(kernel.abs().mean())
            return super().convolution_op(inputs, kernel)

    layer = Twice(3, 2)
    x = ours.Input((5, 5, 1))
    model = ours.Model(x, layer(x))
    assert len(model.losses) == 1


def test_noise_shape_of_a_dropout():
    class Rows(L.Dropout):
        def _get_noise_shape(self, inputs):
            return (inputs.shape[0], 1)

    for seed in (None, 3):
        outputs = Rows(0.5, seed=seed)(torch.ones(50, 4))
        assert set(outputs.sum(1).tolist()) == {0.0, 8.0}


def test_merge_function():
    class Larger(L.Add):
        def _merge_function(self, inputs):
            self.add_loss(inputs[0].mean())
            return torch.maximum(*inputs)

    layer = Larger()
    assert layer([torch.ones(1, 2), torch.zeros(1, 2)]).tolist() == [[1.0, 1.0]]
    x = ours.Input((2,))
    assert len(ours.Model(x, Larger()([x, x])).losses) == 1


def _of_keras_3(library):
    class Own(library.layers.BatchNormalization):
        def _moments(self, inputs, mask):
            mean, variance = super()._moments(inputs, mask)
            return mean * 0.5, variance + 1

    return Own


class OfTFKeras(L.BatchNormalization):
    def _moments(self, inputs, reduction_axes, keep_dims, mask=None):
        mean, variance = super()._moments(inputs, reduction_axes, keep_dims, mask=mask)
        return mean * 0.5, variance + 1


class OfTFKerasToo(L.BatchNormalization):
    def _calculate_mean_and_var(self, inputs, reduction_axes, keep_dims, mask=None):
        mean, variance = super()._calculate_mean_and_var(inputs, reduction_axes, keep_dims, mask)
        return mean * 0.5, variance + 1


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("is_masked", [False, True])
@pytest.mark.parametrize("own", [OfTFKeras, OfTFKerasToo])
def test_moments_of_a_batch_normalization(axis, is_masked, own):
    shape = (6, 5, 4)
    mine, theirs = (_of_keras_3(library)(axis=axis) for library in (ours, keras))
    third = own(axis=axis)
    x = torch.linspace(-2, 3, 120).reshape(shape) ** 2
    # With a mask, Keras 3 normalizes the last axis only.
    mask = (torch.arange(30).reshape(6, 5) % 3 > 0) if is_masked and axis == -1 else None
    for layer in (mine, theirs, third):
        layer.build(shape)
    for training in (True, False):
        expected = theirs(x, training=training, mask=mask)
        for layer in (mine, third):
            assert_close(layer(x, training=training, mask=mask), expected, atol=1e-5)
            assert_close(layer.moving_variance, theirs.moving_variance.value, atol=1e-5)


def test_a_pooling_function_as_in_keras_2():
    class OfSquares(L.MaxPooling2D):
        def _pooling_function(self, inputs, pool_size, strides, padding, data_format):
            return super()._pooling_function(inputs**2, pool_size, strides, padding, data_format).sqrt()

    x = torch.linspace(-2, 1, 48).reshape(1, 4, 4, 3)
    layer = OfSquares(padding="same")
    assert_close(layer(x), L.MaxPooling2D()(x**2).sqrt())
    assert layer(ours.Input((4, 4, 3))).shape == (None, 2, 2, 3)


@pytest.mark.parametrize("name", ["SpatialDropout1D", "AlphaDropout"])
def test_noise_shape_of_other_dropouts(name):
    class Rows(getattr(L, name)):
        def _get_noise_shape(self, inputs):
            return (inputs.shape[0], 1, 1)

    outputs = Rows(0.5)(torch.ones(50, 2, 4))
    assert (outputs == outputs[:, :1, :1]).all()
    assert len(set(outputs[:, 0, 0].tolist())) == 2


def _halved(library):
    class Halved(library.layers.SpectralNormalization):
        def normalized_weights(self):
            vector, kernel = super().normalized_weights()
            return vector, kernel / 2

    return Halved


def test_the_weights_of_a_spectral_normalization():
    class OfTFKeras(L.SpectralNormalization):
        def normalize_weights(self):
            kernel, vector = super().normalize_weights()
            return kernel / 2, vector

    x = torch.linspace(-1, 1, 12).reshape(3, 4)
    mine, theirs = pair(lambda library: lambda: _halved(library)(library.layers.Dense(2)), (3, 4))
    third = OfTFKeras(L.Dense(2))
    third.build((3, 4))
    third.set_weights(mine.get_weights())
    for _ in range(2):
        expected = theirs(x, training=True)
        for layer in (mine, third):
            assert_close(layer(x, training=True), expected, atol=1e-5)
            assert_close(layer.vector_u, theirs.vector_u.value, atol=1e-5)
