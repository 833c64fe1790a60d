"""Which modules of torch go through a config, and does any config reach what it should not?"""

from __future__ import annotations

import collections
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

import torchkeras_layer as ours
from tests.layers.core.torch_modules import Plain, through_json
from torchkeras_layer import layers
from torchkeras_layer.layers.core.torch_module_config import TORCH_CLASSES

# What a class is made with, where its arguments are not those of its family.
ARGUMENTS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "Linear": ((3, 2), {"bias": False}),
    "Bilinear": ((3, 2, 4), {}),
    "Embedding": ((5, 3), {"padding_idx": 1, "max_norm": 1.0, "sparse": True}),
    "EmbeddingBag": ((5, 3), {"mode": "sum", "include_last_offset": True}),
    "Unflatten": ((1, (2, 3)), {}),
    "Fold": (((4, 5), (2, 2)), {"stride": 2}),
    "Unfold": (((2, 3),), {}),
    "ChannelShuffle": ((2,), {}),
    "PixelShuffle": ((2,), {}),
    "PixelUnshuffle": ((2,), {}),
    "Upsample": ((), {"scale_factor": 2, "mode": "bilinear", "align_corners": True}),
    "UpsamplingBilinear2d": (((3, 4),), {}),
    "UpsamplingNearest2d": ((), {"scale_factor": 2.0}),
    "PairwiseDistance": ((1.0,), {"keepdim": True}),
    "FractionalMaxPool2d": ((3,), {"output_ratio": 0.5}),
    "FractionalMaxPool3d": ((3,), {"output_size": 4}),
    "GroupNorm": ((2, 4), {"affine": False}),
    "LayerNorm": (((3, 4),), {"bias": False}),
    "RMSNorm": (((3, 4),), {"eps": 1e-3}),
    "LocalResponseNorm": ((2,), {"k": 2.0}),
    "BatchNorm2d": ((3,), {"affine": False, "momentum": None}),
    "InstanceNorm1d": ((3,), {"affine": True, "track_running_stats": True}),
    "MultiheadAttention": (
        (8, 2),
        {"bias": False, "add_bias_kv": True, "kdim": 3, "batch_first": True, "dropout": 0.5},
    ),
    "RNN": ((3, 4), {"nonlinearity": "relu", "num_layers": 2, "dropout": 0.1}),
    "LSTM": ((3, 4), {"proj_size": 2, "bidirectional": True, "bias": False}),
    "GRU": ((3, 4), {"batch_first": True}),
    "RNNCell": ((3, 4), {"nonlinearity": "relu"}),
    "LSTMCell": ((3, 4), {}),
    "GRUCell": ((3, 4), {"bias": False}),
    "Threshold": ((0.1, 20.0), {}),
    "PReLU": ((3, 0.5), {}),
    "Hardtanh": ((-2.0, 3.0), {}),
    "Dropout": ((0.25,), {"inplace": True}),
    "Sequential": ((nn.Linear(2, 3), nn.Sequential(), nn.ReLU()), {}),
    "ModuleList": (([nn.Linear(2, 3)],), {}),
    "ModuleDict": (({"one": nn.Linear(2, 3)},), {}),
}


# By a part of the name, the first that fits.
OF_FAMILY = {
    "Conv": ((2, 4, 3), {"stride": 2, "bias": False, "padding": 1}),
    "Norm": ((3,), {"eps": 0.5}),
    "Adaptive": ((3,), {}),
    "LPPool": ((2.0, 3), {}),
    "MaxPool": ((3,), {"stride": 2, "ceil_mode": True}),
    "Pool": ((3,), {}),
    "Unpool": ((3,), {}),
    "ConstantPad": ((2, 1.5), {}),
    "Pad": ((2,), {}),
}


def _make(name: str) -> nn.Module:
    family = next((given for part, given in OF_FAMILY.items() if part.lower() in name.lower()), ((), {}))
    args, kwargs = ARGUMENTS.get(name, family)
    return TORCH_CLASSES[name](*args, **kwargs)


def _shapes(module: nn.Module) -> dict[str, Any]:
    return {name: (tuple(weight.shape), weight.dtype) for name, weight in module.state_dict().items()}


@pytest.mark.parametrize("name", TORCH_CLASSES)
def test_every_class_of_the_table(name):
    module = _make(name)
    twin = through_json(layers.TorchModuleWrapper(module)).module
    assert type(twin) is type(module)
    assert repr(twin) == repr(module)
    assert _shapes(twin) == _shapes(module)
    own = {key: value for key, value in vars(module).items() if isinstance(value, (bool, int, float, str))}
    assert {key: vars(twin)[key] for key in own} == own


def test_a_network_computes_the_same_with_the_same_weights():
    names = collections.OrderedDict(first=nn.Conv2d(1, 2, (3, 3), padding="same"), act=nn.ReLU(), flat=nn.Flatten())
    module = nn.Sequential(nn.Sequential(names), nn.Linear(32, 3), nn.LayerNorm(3), nn.Softmax(-1))
    layer = layers.TorchModuleWrapper(module, name="net", output_shape=(None, 3))
    twin = through_json(layer)
    twin.load_state_dict(layer.state_dict())
    inputs = torch.randn(2, 1, 4, 4)
    assert torch.equal(twin(inputs), layer(inputs))
    assert twin.compute_output_shape((None, 1, 4, 4)) == (None, 3)
    assert twin.get_config() == layer.get_config()


def test_what_a_config_says():
    layer = layers.TorchModuleWrapper(nn.Linear(2, 3).double(), autocast=True, trainable=False)
    assert layer.get_config() == {
        "name": "torch_module_wrapper",
        "trainable": False,
        "dtype": "float64",
        "module": {
            "module": "torch.nn",
            "class_name": "Linear",
            "config": {"in_features": 2, "out_features": 3, "bias": True, "dtype": "float64"},
        },
        "output_shape": None,
        "autocast": True,
    }
    twin = layers.TorchModuleWrapper.from_config(layer.get_config())
    assert (twin.module.weight.dtype, twin.autocast, twin.trainable) == (torch.float64, True, False)


def test_the_config_tells_what_is_and_not_what_was():
    module = nn.Dropout(0.5)
    layer = layers.TorchModuleWrapper(module)
    module.p = 0.25
    assert through_json(layer).module.p == 0.25


def test_writing_a_config_leaves_no_trace():
    layer = layers.TorchModuleWrapper(nn.Sequential(nn.Linear(3, 3), layers.Dense(2)))
    before = torch.get_rng_state()
    layer.get_config()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_module_that_stands_twice_without_weights():
    act = nn.ReLU()
    twin = through_json(layers.TorchModuleWrapper(nn.Sequential(act, nn.Linear(2, 2), act))).module
    assert [type(inner) for inner in twin] == [nn.ReLU, nn.Linear, nn.ReLU]


@ours.saving.register_keras_serializable("wrapper_tests")
class Block(nn.Module):
    def __init__(self, width, bias=True):
        super().__init__()
        self.width, self.bias = width, bias
        self.inner = nn.Linear(width, width, bias=bias)

    def forward(self, x):
        return x + self.inner(x)

    def get_config(self):
        return {"width": self.width, "bias": self.bias}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class Unregistered(Block):
    pass


class Forgetful(Block):
    def get_config(self):
        return {"width": 5}


class Derived(nn.Linear):
    pass


@pytest.fixture
def _block():
    # Registrations do not outlive a test.
    ours.saving.register_keras_serializable("wrapper_tests")(Block)


@pytest.mark.usefixtures("_block")
def test_a_registered_class_also_among_torch_s():
    layer = layers.TorchModuleWrapper(nn.Sequential(Block(3, bias=False), layers.Dense(2)))
    layer(torch.ones(1, 3))
    twin = through_json(layer)
    assert type(twin.module[0]) is Block
    assert list(twin.state_dict()) == list(layer.state_dict())
    twin.load_state_dict(layer.state_dict())
    assert torch.equal(twin(torch.ones(1, 3)), layer(torch.ones(1, 3)))


def test_a_class_that_a_scope_knows():
    with ours.saving.custom_object_scope({"Unregistered": Unregistered}):
        assert type(through_json(layers.TorchModuleWrapper(Unregistered(3))).module) is Unregistered


def _with_extra_buffer() -> nn.Module:
    module = nn.Sequential(nn.ReLU())
    module.register_buffer("extra", torch.ones(1))
    return module


def _with_shared_weights() -> nn.Module:
    inner = nn.Linear(2, 2)
    return nn.Sequential(inner, inner)


def _with_mixed_dtypes() -> nn.Module:
    module = nn.BatchNorm1d(3)
    module.running_mean = module.running_mean.double()
    return module


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (Plain, r"torch_modules\.Plain is not in the table"),
        (lambda: Derived(2, 3), r"Derived is not in the table"),
        (lambda: nn.Sequential(nn.ReLU(), Plain()), r"Sequential into a config: the class .*Plain is not in the table"),
        (lambda: nn.TransformerEncoderLayer(4, 2), "TransformerEncoderLayer is not in the table"),
        (lambda: nn.LazyLinear(3), "LazyLinear is not in the table"),
        (lambda: parametrizations.weight_norm(nn.Linear(2, 2)), "ParametrizedLinear is not in the table"),
        (lambda: Unregistered(3), "there is no class 'Unregistered'"),
        (_with_extra_buffer, "another repr, or other parameters"),
        (_with_shared_weights, "another repr, or other parameters"),
        (lambda: prune.identity(nn.Linear(2, 2), "weight"), "another repr, or other parameters"),
        (_with_mixed_dtypes, "another repr, or other parameters"),
    ],
)
def test_what_cannot_be_written(make, fault):
    layer = layers.TorchModuleWrapper(make(), name="net")
    with pytest.raises(NotImplementedError, match=rf"(?s)^net: cannot write .*{fault}.*get_config\(\) and from_config"):
        layer.get_config()


def test_what_comes_back_otherwise_is_noticed():
    with (
        ours.saving.custom_object_scope({"Forgetful": Forgetful}),
        pytest.raises(NotImplementedError, match="another repr, or other parameters"),
    ):
        layers.TorchModuleWrapper(Forgetful(3)).get_config()


def test_an_argument_that_is_no_plain_value():
    layer = layers.TorchModuleWrapper(nn.Dropout(0.5))
    layer.module.p = torch.nn.Parameter(torch.ones(()))
    layer.module.inplace = object()
    with pytest.raises(NotImplementedError, match="<object object at .* is neither a number nor a string"):
        layer.get_config()


def test_a_module_within_itself():
    module = nn.Sequential(nn.ReLU())
    module.add_module("again", module)
    with pytest.raises(NotImplementedError, match="RecursionError|recursion"):
        layers.TorchModuleWrapper(module).get_config()
