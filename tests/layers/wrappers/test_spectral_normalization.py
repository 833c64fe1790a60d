"""Does SpectralNormalization move kernel and vector as Keras does, and leave gradients and frozen layers alone?"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.checkpoint import checkpoint

import torchkeras_layer as ours
from tests.oracle import assert_close, keras, to_numpy

L = ours.layers

_MADE = {
    "Dense": (lambda layers, size: layers.Dense(size), (3, 4)),
    "Conv1D": (lambda layers, size: layers.Conv1D(size, 2), (2, 5, 3)),
    "Conv2D": (lambda layers, size: layers.Conv2D(size, 3, padding="same"), (2, 4, 5, 2)),
    "EinsumDense": (lambda layers, size: layers.EinsumDense("ab,bc->ac", size, bias_axes="c"), (3, 4)),
}


def _pair(make: Any, shape: Any, **arguments: Any) -> tuple[Any, Any]:
    layers = [library.layers.SpectralNormalization(make(library.layers), **arguments) for library in (ours, keras)]
    for layer in layers:
        layer.build(shape)
    layers[0].set_weights([to_numpy(weight) for weight in layers[1].weights])
    return layers[0], layers[1]


def _gradients(layer: Any, inputs: torch.Tensor) -> tuple[Any, Any]:
    inputs = inputs.clone().requires_grad_()
    outputs = layer(inputs, training=True)
    weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
    return outputs, torch.autograd.grad((outputs**2).sum(), [inputs, *weights])


@given(name=st.sampled_from(sorted(_MADE)), size=st.integers(1, 4), iterations=st.integers(1, 3))
def test_three_steps_of_training_are_keras_s(name, size, iterations):
    make, shape = _MADE[name]
    mine, theirs = _pair(lambda layers: make(layers, size), shape, power_iterations=iterations)
    torch.manual_seed(0)
    for _ in range(3):
        inputs = torch.randn(shape)
        assert_close(_gradients(mine, inputs), _gradients(theirs, inputs), name, rtol=2e-5, atol=1e-5)
        assert_close(mine.weights, list(theirs.weights), name, rtol=2e-5, atol=1e-6)
    assert_close(mine(inputs, training=False), theirs(inputs, training=False), atol=1e-5)


def test_the_largest_singular_value_becomes_1():
    layer = L.SpectralNormalization(L.Conv2D(4, 3), power_iterations=50)
    layer(torch.randn(2, 5, 5, 3), training=True)
    largest = torch.linalg.matrix_norm(layer.layer.kernel.reshape(-1, 4), 2)
    torch.testing.assert_close(largest.detach(), torch.tensor(1.0))
    assert layer.kernel is layer.layer.kernel


def test_weights_are_in_keras_s_order():
    mine, theirs = _pair(lambda layers: layers.Dense(3), (None, 4))
    assert [tuple(weight.shape) for weight in mine.weights] == [tuple(weight.shape) for weight in theirs.weights]
    assert list(mine.state_dict()) == ["vector_u", "layer.kernel", "layer.bias"]
    assert not mine.vector_u.requires_grad
    own: dict[str, Any] = {}
    mine.save_own_variables(own)
    assert [value.shape for value in own.values()] == [(4, 3), (1, 3)]


def test_an_embedding():
    layer = L.SpectralNormalization(L.Embedding(5, 3, mask_zero=True), power_iterations=30)
    tokens = torch.tensor([[1, 0, 4]])
    outputs = layer(tokens, training=True)
    # Keras casts what comes out to the dtype of the inputs, which are ints here: all becomes 0.
    assert outputs.dtype is torch.float32
    torch.testing.assert_close(torch.linalg.matrix_norm(layer.layer.embeddings, 2).detach(), torch.tensor(1.0))
    assert torch.equal(outputs._keras_mask, tokens != 0)


def test_the_mask_is_that_of_the_layer():
    inputs = torch.randn(2, 3, 4)
    inputs._keras_mask = torch.tensor([[True, False, True]] * 2)
    assert torch.equal(L.SpectralNormalization(L.Dense(2))(inputs)._keras_mask, inputs._keras_mask)
    layer = L.SpectralNormalization(L.Conv1D(2, 2))
    assert not layer.supports_masking


def test_a_kernel_of_zeros_stays():
    layer = L.SpectralNormalization(L.Dense(3, kernel_initializer="zeros"))
    vector = _built(layer).vector_u.clone()
    outputs = layer(torch.ones(2, 4), training=True)
    assert torch.equal(outputs, torch.zeros(2, 3))
    assert torch.equal(layer.vector_u, vector)
    assert torch.equal(layer.layer.kernel, torch.zeros(4, 3))


def _built(layer: Any) -> Any:
    layer.build((None, 4))
    return layer


def test_two_calls_before_a_backward_pass():
    layer = _built(L.SpectralNormalization(L.Dense(3)))
    torch.manual_seed(0)
    real, fake = torch.randn(2, 4), torch.randn(2, 4, requires_grad=True)
    kernels, outputs = [], []
    for inputs in (real, fake):
        outputs.append(layer(inputs, training=True))
        kernels.append(layer.layer.kernel.detach().clone())
    of_fake, of_kernel = torch.autograd.grad(outputs[0].sum() + (outputs[1] ** 2).sum(), [fake, layer.layer.kernel])
    direction = 2 * outputs[1].detach()
    torch.testing.assert_close(of_fake, direction @ kernels[1].t())
    torch.testing.assert_close(of_kernel, real.t() @ torch.ones(2, 3) + fake.detach().t() @ direction)


def test_inference_and_frozen_layers_change_nothing():
    layer = _built(L.SpectralNormalization(L.Dense(3)))
    before = layer.get_weights()
    layer(torch.ones(2, 4), training=False)
    layer.eval()(torch.ones(2, 4))
    layer.trainable = False
    layer(torch.ones(2, 4), training=True)
    assert all(np.array_equal(weight, old) for weight, old in zip(layer.get_weights(), before, strict=True))


def test_a_checkpoint_computes_the_same_again():
    layer = _built(L.SpectralNormalization(L.Dense(3)))
    twin = copy.deepcopy(layer)
    torch.manual_seed(0)
    inputs = torch.randn(2, 4)
    (layer(inputs, training=True) ** 2).sum().backward()
    (checkpoint(twin, inputs, training=True, use_reentrant=False) ** 2).sum().backward()
    for weight, other in zip(layer.weights, twin.weights, strict=True):
        assert torch.equal(weight, other)
        assert weight.grad is None or torch.equal(weight.grad, other.grad)


def test_training_compiles_to_one_graph():
    layer = _built(L.SpectralNormalization(L.Dense(3), power_iterations=2))
    twin = copy.deepcopy(layer)
    torch._dynamo.reset()
    compiled = torch.compile(twin, fullgraph=True, backend="aot_eager")
    torch.manual_seed(0)
    for _ in range(2):
        inputs = torch.randn(2, 4)
        expected, outputs = layer(inputs, training=True), compiled(inputs, training=True)
        torch.testing.assert_close(outputs, expected)
        torch.testing.assert_close(twin.get_weights(), layer.get_weights())
        gradients = [
            torch.autograd.grad((out**2).sum(), one.layer.kernel)[0]
            for out, one in ((expected, layer), (outputs, twin))
        ]
        torch.testing.assert_close(*gradients)


def test_in_a_graph_and_after_building_nothing_has_moved():
    layer = L.SpectralNormalization(L.Dense(3))
    inputs = ours.Input((4,))
    model = ours.Model(inputs, layer(inputs)).train()
    before = layer.vector_u.clone()
    ours.build(model, torch.ones(2, 4))
    assert torch.equal(layer.vector_u, before)
    model(torch.ones(2, 4))
    assert not torch.equal(layer.vector_u, before)


@pytest.mark.parametrize("iterations", [0, -1, 1.5, True, None])
def test_power_iterations_are_a_positive_int(iterations):
    with pytest.raises(ValueError, match=f"power_iterations must be a positive int. .*={iterations!r}"):
        L.SpectralNormalization(L.Dense(2), power_iterations=iterations)


def test_a_layer_without_a_kernel_is_refused():
    layer = L.SpectralNormalization(L.ReLU(name="relu"), name="spectral")
    with pytest.raises(ValueError, match=r"spectral: the layer must have a kernel or embeddings .*: relu \(ReLU\)"):
        layer(torch.ones(2, 4))
    assert not layer.built
    assert layer.weights == []
