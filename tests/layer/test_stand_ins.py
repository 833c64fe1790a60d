"""May a `call` assign a tensor to the name of a weight? The weight is still the one that trains. (contract §3.2)"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import built
from tests.oracle import keras as oracle

L = keras.layers
X = torch.tensor([[1.0, 2.0]])


class Shifts(keras.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", (2,), initializer="ones", regularizer="l2")

    def call(self, inputs):
        self.kernel = self.kernel * 2.0
        return inputs * self.kernel


def check(layer, x=X):
    kernel = layer.kernel
    assert isinstance(kernel, nn.Parameter)
    assert list(layer.state_dict()) == ["kernel"]
    assert [id(weight) for weight in layer.trainable_weights] == [id(kernel)]


def test_the_parameter_trains():
    layer = built(Shifts(), 1, 2)
    optimizer = torch.optim.SGD(layer.parameters(), 0.5)
    for step in range(3):
        output = layer(X)
        check(layer)
        assert torch.equal(output, X * layer.kernel * 2)
        optimizer.zero_grad()
        output.sum().backward()
        assert layer.kernel.grad.tolist() == [2.0, 4.0], step
        optimizer.step()
        assert len(layer.losses) == 1
    twin = copy.deepcopy(layer)
    assert torch.equal(twin(X), layer(X))


def test_as_keras():
    class Theirs(oracle.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight(name="kernel", shape=(2,), initializer="ones")

        def call(self, inputs):
            self.kernel = self.kernel + 0.0
            return inputs * self.kernel

    theirs = Theirs()
    assert theirs(X).tolist() == [[1.0, 2.0]]
    assert len(theirs.trainable_weights) == 1


def test_a_built_in_layer_computes_with_the_tensor():
    """As layers do that constrain the kernel of a Dense to be monotonic."""

    class Mono(L.Dense):
        def call(self, inputs):
            kept = self.kernel
            self.kernel = self.kernel.abs()
            try:
                return super().call(inputs)
            finally:
                self.kernel = kept

    layer = Mono(3, kernel_initializer=keras.initializers.Constant(-1.0))
    assert layer(X).tolist() == [[3.0] * 3]
    assert isinstance(layer.kernel, nn.Parameter)
    assert layer.kernel.unique().tolist() == [-1.0]
    layer(X).sum().backward()
    gradient = layer.kernel.grad
    assert gradient is not None
    assert gradient[0].tolist() == [-1.0] * 3
    assert list(layer.state_dict()) == ["kernel", "bias"]


def test_inside_other_layers_and_after_an_error():
    class Fails(Shifts):
        def call(self, inputs):
            super().call(inputs)
            raise ValueError("mine")

    model = keras.Sequential([Shifts(), Shifts()])
    assert model(X).tolist() == [[4.0, 8.0]]
    for layer in model.layers:
        check(layer)
    layer = Fails()
    with pytest.raises(ValueError, match="mine"):
        layer(X)
    check(layer)


def test_symbolic_calls():
    x = keras.Input((2,))
    layer = Shifts()
    model = keras.Model(x, layer(x))
    check(layer)
    assert not layer.kernel.is_meta
    assert model(X).tolist() == [[2.0, 4.0]]
    check(layer)
    assert Shifts().compute_output_shape((None, 2)) == (None, 2)


def test_in_mixed_precision_and_by_torch_functions():
    layer = built(Shifts(dtype="mixed_bfloat16"), 1, 2)
    assert layer(X).dtype is torch.bfloat16
    assert layer.kernel.dtype is torch.float32
    layer = built(Shifts(), 1, 2)
    given = {"kernel": torch.full((2,), 3.0)}
    assert torch.func.functional_call(layer, given, (X,)).tolist() == [[6.0, 12.0]]
    check(layer)
    compiled = torch.compile(layer, backend="eager")
    for _ in range(2):
        assert compiled(X).tolist() == [[2.0, 4.0]]
        check(layer)


def test_outside_of_a_call_torch_refuses():
    layer = built(Shifts(), 1, 2)
    with pytest.raises(TypeError, match="cannot assign"):
        layer.kernel = torch.ones(2)


@pytest.mark.parametrize("key", [0, "a"])
def test_a_tensor_for_a_weight_in_a_container_is_refused(key):
    class Holds(keras.Layer):
        def build(self, input_shape):
            weight = self.add_weight("w", (2,))
            self.held = [weight] if key == 0 else {key: weight}

        def call(self, inputs):
            self.held[key] = self.held[key] * 2
            return inputs * self.held[key]

    layer = Holds(name="mine")
    for _ in range(2):
        with pytest.raises(TypeError, match=r"mine: in a call, a tensor took the place of a weight in a list or dict"):
            layer(torch.ones(1, 2))
    assert [isinstance(weight, torch.nn.Parameter) for weight in layer.weights] == [True]
    assert len(layer.state_dict()) == 1
