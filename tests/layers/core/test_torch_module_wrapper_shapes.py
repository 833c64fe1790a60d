"""Which shapes does a wrapped module give, and which modules can be wrapped?"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import torchkeras_layer as ours
from tests.layers.core.torch_modules import Scaled, make_network
from torchkeras_layer import layers


def test_output_shapes():
    assert layers.TorchModuleWrapper(nn.Linear(3, 2)).compute_output_shape((None, 3)) == (None, 2)
    given = layers.TorchModuleWrapper(nn.Embedding(4, 2), output_shape=[None, 5, 2])
    assert given.compute_output_shape((None, 5)) == (None, 5, 2)
    assert given.compute_output_signature(ours.TensorSpec((None, 5), "int64")).dtype == "float32"
    with pytest.raises(NotImplementedError, match="For a TorchModuleWrapper: pass output_shape="):
        layers.TorchModuleWrapper(nn.Embedding(4, 2)).compute_output_shape((None, 5))
    signature = ours.TensorSpec((None, 5), "int64")
    assert layers.TorchModuleWrapper(nn.Embedding(4, 2)).compute_output_signature(signature).shape == (None, 5, 2)
    nested = layers.TorchModuleWrapper(nn.LSTM(4, 3, batch_first=True)).compute_output_shape((None, 7, 4))
    assert nested == ((None, 7, 3), ((1, None, 3), (1, None, 3)))


def test_finding_a_shape_leaves_no_trace():
    layer = layers.TorchModuleWrapper(make_network()).train()
    before = copy.deepcopy(layer.module.state_dict())
    layer.compute_output_shape((None, 3))
    assert all(torch.equal(value, before[key]) for key, value in layer.module.state_dict().items())
    assert all(inner.training for inner in layer.module.modules())


def test_lazy_modules_get_their_weights_in_the_first_call():
    layer = layers.TorchModuleWrapper(nn.Sequential(nn.LazyLinear(2), nn.LazyLinear(4)))
    assert not layer.built
    with pytest.raises(NotImplementedError, match="lazy weights, whose shapes come from real inputs"):
        layer.compute_output_shape((None, 3))
    with pytest.raises(RuntimeError, match="lazy"):
        ours.build(layer, torch.ones(2, 3))
    layer(torch.ones(2, 3))
    assert layer.built
    assert tuple(layer.module[0].weight.shape) == (2, 3)
    assert layer.compute_output_shape((None, 3)) == (None, 4)
    twin = layers.TorchModuleWrapper(nn.Sequential(nn.LazyLinear(2), nn.LazyLinear(4)))
    twin.load_state_dict(layer.state_dict())
    assert torch.equal(twin.module[0].weight, layer.module[0].weight)
    assert twin.compute_output_shape((None, 3)) == (None, 4)


def test_a_forward_that_does_not_tell_its_arguments():
    module = nn.Module()
    module.forward = torch.relu
    assert layers.TorchModuleWrapper(module)(torch.tensor([-1.0, 2.0])).tolist() == [0, 2]


def test_forward_without_inputs_given():
    with pytest.raises(ValueError, match="the first argument of a call, 'a', is missing"):
        layers.TorchModuleWrapper(Scaled())()


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (layers.Dense(2), "Received: Dense. Use it as it is: it is a layer."),
        (nn.Linear, r"Received: the class Linear\. Pass one, such as nn.Linear\(3, 2\)\."),
        (torch.relu, "Received: builtin_function_or_method. Pass one"),
        (None, "Received: NoneType. Pass one"),
        ("Linear", "Received: str. Pass one"),
    ],
)
def test_what_is_no_plain_module(module, message):
    with pytest.raises(TypeError, match=f"^TorchModuleWrapper: module must be a plain nn.Module. {message}"):
        layers.TorchModuleWrapper(module)


def test_an_output_shape_that_is_none():
    with pytest.raises(TypeError, match="Expected a shape or a nested structure of shapes. Received: 'wide'"):
        layers.TorchModuleWrapper(nn.ReLU(), output_shape="wide")
