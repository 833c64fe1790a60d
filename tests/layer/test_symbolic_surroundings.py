"""What does a symbolic call do to the world around it: weights, modes, random numbers, devices, threads?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Linear, Stack, built
from tests.models.samples import GRAPHS, batch_for


def symbolic(*shape, **arguments):
    return keras.Input(shape or (3,), **arguments)


class Counts(keras.Layer):
    calls = 0

    def call(self, inputs):
        self.calls += 1
        return inputs * 2


def test_call_runs_once_for_a_symbolic_call_and_never_for_the_model():
    x, layer = symbolic(), Counts()
    y = layer(x)
    assert layer.calls == 1
    model = keras.Model(x, y)
    assert layer.calls == 1
    model(torch.ones(1, 3))
    assert layer.calls == 2


def test_no_random_number_is_drawn():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    x = symbolic()
    keras.layers.Dropout(0.5)(x, training=True)
    nn.functional.dropout(torch.rand_like(x) + torch.bernoulli(x))
    assert torch.equal(torch.rand(1), expected)


def test_buffers_stay_as_they_are():
    x, module = symbolic(), nn.BatchNorm1d(3)
    y = keras.layers.TorchModuleWrapper(module)(x)
    normalization = keras.layers.BatchNormalization()
    normalization(y)
    assert module.num_batches_tracked == 0
    assert module.running_mean.tolist() == normalization.moving_mean.tolist() == [0.0] * 3


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_weights_made_without_gradients_train(context):
    with context():
        x = symbolic()
        model = keras.Model(x, keras.layers.Dense(2)(torch.relu(Linear(3)(x))))
    model(torch.ones(1, 3)).sum().backward()
    assert all(p.requires_grad and not p.is_inference() for p in model.parameters())
    assert all(p.grad is not None for p in model.get_layer(index=-1).parameters())


PARTS = {
    "layer": lambda x: Linear(2)(x),
    "built-in": lambda x: keras.layers.Dense(2)(x),
    "module": lambda x: keras.layers.TorchModuleWrapper(nn.Linear(3, 2))(x),
    "operand": lambda x: x @ nn.Parameter(torch.ones(3, 2)),
    "constant": lambda x: torch.cat([x[:, :2], torch.ones(1, 2)]),
    "several": lambda x: torch.relu(keras.layers.Dense(2)(x)) * torch.ones(2) + nn.Parameter(torch.ones(2)),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_default_device(part):
    with torch.device("meta"):
        x = symbolic()
        model = keras.Model(x, part(x))
    tensors = [*model.parameters(), *model.buffers()]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert model(torch.ones(4, 3, device="meta")).shape[1] == 2


def test_layers_on_another_device():
    layer = built(Stack(Linear(2))).to("meta")
    module = nn.Linear(3, 2, device="meta")
    x = symbolic()
    assert layer(x).shape == keras.layers.TorchModuleWrapper(module)(x).shape == (None, 2)
    assert (x @ nn.Parameter(torch.ones(3, 2, device="meta"))).shape == (None, 2)


def test_a_default_dtype():
    torch.set_default_dtype(torch.float64)
    x = symbolic()
    model = keras.Model(x, x * 2.5 + torch.ones(3, dtype=torch.float32))
    assert x.dtype is torch.float32
    assert model(torch.ones(1, 3)).dtype is torch.float32
    assert (symbolic(dtype="int64") / 2).dtype is torch.float64


def test_a_global_policy():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    x = symbolic()
    y = keras.layers.Dense(2)(x)
    model = keras.Model(x, y)
    assert (x.dtype, y.dtype) == (torch.float32, torch.bfloat16)
    assert model(torch.ones(1, 3)).dtype is torch.bfloat16
    assert [weight.dtype for weight in model.weights] == [torch.float32] * 2


def test_graphs_are_made_in_several_threads_at_once():
    def make(number):
        model = list(GRAPHS.values())[number % len(GRAPHS)]()
        model(batch_for(model))
        return [tensor.shape for tensor in model.outputs]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(make, range(3 * len(GRAPHS))))
    assert found == [make(number) for number in range(3 * len(GRAPHS))]


def test_one_layer_called_by_several_threads():
    layer = built(Linear(2))
    with ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(lambda _: layer(symbolic()), range(40)))
    assert len(layer.inbound_nodes) == 40
    for y in outputs:
        node = layer.inbound_nodes[y._keras_history.node_index]
        assert node.outputs is y


class BuildsGraph(keras.Layer):
    """Makes a functional model of its own in build."""

    def build(self, input_shape):
        x = keras.Input(input_shape[1:])
        self.inner = keras.Model(x, torch.relu(keras.layers.Dense(2, name="dense")(x)))

    def call(self, inputs):
        return self.inner(inputs)


@pytest.mark.parametrize("start", ["symbolic", "eager"])
def test_a_graph_made_inside_a_layer(start):
    layer, x = BuildsGraph(), symbolic()
    if start == "eager":
        layer(torch.ones(2, 3))
    model = keras.Model(x, layer(x), name="outer")
    assert model(torch.ones(2, 3)).shape == (2, 2)
    assert [key.partition(".")[2] for key in model.state_dict()] == ["inner.dense.kernel", "inner.dense.bias"]
    assert len(layer.inbound_nodes) == 1


def test_a_graph_made_inside_a_call():
    class Makes(keras.Layer):
        def call(self, inputs):
            x = keras.Input((3,))
            return keras.Model(x, torch.relu(x) + 1)(inputs)

    x = symbolic()
    assert keras.Model(x, Makes()(x))(-torch.ones(1, 3)).tolist() == [[1.0] * 3]


def test_a_symbolic_tensor_that_a_call_brings_along():
    class Brings(keras.Layer):
        def __init__(self, tensor):
            super().__init__(name="brings")
            self.tensor = tensor

        def call(self, inputs):
            return inputs + self.tensor

    x = symbolic(name="x")
    with pytest.raises((TypeError, NotImplementedError), match="brings"):
        Brings(x)(symbolic())


def test_weights_given_to_the_constructor():
    """[39]"""
    x = symbolic()
    dense = keras.layers.Dense(1, weights=[[[1.0], [2.0], [3.0]], [4.0]])
    assert keras.Model(x, dense(x))(torch.ones(1, 3)).item() == 10.0


def test_a_parametrized_layer():
    dense = keras.layers.Dense(2)
    dense.build((None, 3))
    nn.utils.parametrizations.weight_norm(dense, "kernel")
    x = symbolic()
    model = keras.Model(x, dense(x))
    torch.testing.assert_close(model(torch.ones(1, 3)), dense(torch.ones(1, 3)))
    model(torch.ones(1, 3)).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("axes", [(None, 3), (5, 3)])
def test_a_model_of_free_axes_on_known_ones(axes):
    x = symbolic(None, 3)
    model = keras.Model(x, x.sum(1))
    assert model(symbolic(*axes)).shape == (None, 3)
    assert model(keras.Input(batch_shape=(2, *axes))).shape == (2, 3)


def test_a_model_of_known_axes_on_free_ones():
    """Contract §7: a size that is not known passes, and stays unknown."""
    x = symbolic(5, 3)
    assert keras.Model(x, x.sum(2))(symbolic(None, 3)).shape == (None, None)
