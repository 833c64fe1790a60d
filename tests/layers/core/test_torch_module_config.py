"""Which modules of torch go through a config, and does any config reach what it should not?"""

from __future__ import annotations

import collections
import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

import torchkeras_layer as ours
from tests.oracle import keras
from torchkeras_layer import layers
from torchkeras_layer.layers.core.torch_module_table import TORCH_CLASSES, is_of_torch
from torchkeras_layer.registry import DeserializationError

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


def _through_json(layer: Any) -> Any:
    return layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))


def _shapes(module: nn.Module) -> dict[str, Any]:
    return {name: (tuple(weight.shape), weight.dtype) for name, weight in module.state_dict().items()}


@pytest.mark.parametrize("name", TORCH_CLASSES)
def test_every_class_of_the_table(name):
    module = _make(name)
    twin = _through_json(layers.TorchModuleWrapper(module)).module
    assert type(twin) is type(module)
    assert repr(twin) == repr(module)
    assert _shapes(twin) == _shapes(module)
    own = {key: value for key, value in vars(module).items() if isinstance(value, (bool, int, float, str))}
    assert {key: vars(twin)[key] for key in own} == own


def test_a_network_computes_the_same_with_the_same_weights():
    names = collections.OrderedDict(first=nn.Conv2d(1, 2, (3, 3), padding="same"), act=nn.ReLU(), flat=nn.Flatten())
    module = nn.Sequential(nn.Sequential(names), nn.Linear(32, 3), nn.LayerNorm(3), nn.Softmax(-1))
    layer = layers.TorchModuleWrapper(module, name="net", output_shape=(None, 3))
    twin = _through_json(layer)
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
    assert _through_json(layer).module.p == 0.25


def test_writing_a_config_leaves_no_trace():
    layer = layers.TorchModuleWrapper(nn.Sequential(nn.Linear(3, 3), layers.Dense(2)))
    before = torch.get_rng_state()
    layer.get_config()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_module_that_stands_twice_without_weights():
    act = nn.ReLU()
    twin = _through_json(layers.TorchModuleWrapper(nn.Sequential(act, nn.Linear(2, 2), act))).module
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


class Plain(nn.Module):
    def forward(self, x):
        return x


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
    twin = _through_json(layer)
    assert type(twin.module[0]) is Block
    assert list(twin.state_dict()) == list(layer.state_dict())
    twin.load_state_dict(layer.state_dict())
    assert torch.equal(twin(torch.ones(1, 3)), layer(torch.ones(1, 3)))


def test_a_class_that_a_scope_knows():
    with ours.saving.custom_object_scope({"Unregistered": Unregistered}):
        assert type(_through_json(layers.TorchModuleWrapper(Unregistered(3))).module) is Unregistered


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
        (Plain, r"test_torch_module_config\.Plain is not in the table"),
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


def _config(class_name: Any, **arguments: Any) -> dict[str, Any]:
    return {"module": "torch.nn", "class_name": class_name, "config": arguments}


def _nested(depth: int) -> dict[str, Any]:
    config = _config("ReLU")
    for _ in range(depth):
        config = _config("Sequential", children=[["0", config]])
    return config


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ("gAJjbm4u", "as a pickle, as Keras writes it, which is never loaded"),
        (_config("Module"), "'Module' is not in the table"),
        (_config("LazyLinear", out_features=2), "'LazyLinear' is not in the table"),
        (_config("modules.linear.Linear"), "is not in the table"),
        (_config("__class__"), "is not in the table"),
        (_config("ReLU.__init__"), "is not in the table"),
        (_config(None), "None is not in the table"),
        (_config(["ReLU"]), "is not in the table"),
        (_config("Linear", in_features=2), "Linear could not be made from its config. TypeError"),
        (_config("Linear", in_features=-2, out_features=2), "Linear could not be made from its config"),
        (_config("Linear", in_features=2, out_features=2, device="meta"), "takes no argument 'device'"),
        (_config("Embedding", num_embeddings=2, embedding_dim=2, _weight=[]), "takes no argument '_weight'"),
        (_config("ReLU", __class__="x"), "takes no argument '__class__'"),
        (_config("Dropout", p={"class_name": "__tensor__", "config": {}}), "is neither a number nor a string"),
        (_config("Linear", in_features=2, out_features=2, dtype="object"), "Linear could not be made"),
        (_config("Sequential", children={"0": 1}), "pairs of a name and a config"),
        (_config("Sequential", children=[[0, _config("ReLU")]]), "pairs of a name and a config"),
        (_config("Sequential", children=[['a")or(1', _config("ReLU")]]), "pairs of a name and a config"),
        (_config("Sequential", children=[["a\n", _config("ReLU")]]), "pairs of a name and a config"),
        (_config("Sequential", children=[["a.b", _config("ReLU")]]), "pairs of a name and a config"),
        (_config("Sequential", children=[["0"]]), "pairs of a name and a config"),
        (_config("Sequential", children=[], more=1), "pairs of a name and a config"),
        (_config("Sequential"), "pairs of a name and a config"),
        (_config("Sequential", children=[["forward", _config("ReLU")]]), "Sequential could not be made"),
        (
            _config("ModuleDict", children=[["forward", _config("ReLU")], ["keys", _config("ReLU")]]),
            "could not be made",
        ),
        ({"module": "torch.nn", "class_name": "ReLU"}, "the config of ReLU must be a dict"),
        ({"module": "torch.nn", "class_name": "ReLU", "config": []}, "the config of ReLU must be a dict"),
        ({"module": "os", "class_name": "system", "config": {}}, "there is no class 'system' in 'os'"),
        ({"module": "torch.nn.modules.linear", "class_name": "Linear", "config": {}}, "there is no class 'Linear'"),
        ({"module": "builtins", "class_name": "function", "config": "eval"}, "there is no function 'eval'"),
        ({"module": "keras.regularizers", "class_name": "L2", "config": {}}, "no config of a module"),
        ({"class_name": "__lambda__", "config": {}}, "never run"),
        (None, "no config of a module"),
        (3, "no config of a module"),
        ([_config("ReLU")], "no config of a module"),
        (_nested(5000), "nested too deep"),
    ],
)
def test_configs_that_mean_no_module(config, fault):
    with pytest.raises(DeserializationError, match=fault):
        layers.TorchModuleWrapper.from_config({"module": config})


def test_a_layer_in_place_of_a_module_is_refused():
    written = layers.serialize(layers.Dense(2))
    with pytest.raises(TypeError, match="Use it as it is: it is a layer"):
        layers.TorchModuleWrapper.from_config({"module": written})


def test_what_keras_writes_is_a_pickle_that_is_not_loaded():
    config = keras.layers.TorchModuleWrapper(nn.Linear(2, 3)).get_config()
    with pytest.raises(DeserializationError, match="as a pickle"):
        layers.TorchModuleWrapper.from_config(config)


def test_a_config_that_is_none_or_has_no_module():
    with pytest.raises(TypeError, match="a config is a dict"):
        layers.TorchModuleWrapper.from_config("ReLU")
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'module'"):
        layers.TorchModuleWrapper.from_config({})


def test_numbers_of_numpy_are_plain():
    layer = layers.TorchModuleWrapper(nn.Dropout(np.float64(0.5)))
    assert _through_json(layer).module.p == 0.5


def test_a_class_that_only_has_the_name_of_one_in_the_table():
    class Linear(Plain):
        pass

    assert not is_of_torch(Linear())
    with pytest.raises(NotImplementedError, match="is not in the table"):
        layers.TorchModuleWrapper(Linear()).get_config()
