"""Which configs of a wrapped module are refused?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch import nn

from tests.layers.core.torch_modules import Plain, through_json
from tests.oracle import keras
from torchkeras_layer import layers
from torchkeras_layer.layers.core.torch_module_config import is_of_torch
from torchkeras_layer.registry import DeserializationError


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
        ("gAJjbm4u", "as a pickle, as Keras writes it. It is never loaded"),
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
        ({"module": "keras.regularizers", "class_name": "L2", "config": {}}, "expected the config of a module"),
        ({"class_name": "__lambda__", "config": {}}, "never run"),
        (None, "expected the config of a module"),
        (3, "expected the config of a module"),
        ([_config("ReLU")], "expected the config of a module"),
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
    with pytest.raises(TypeError, match="config must be a dict"):
        layers.TorchModuleWrapper.from_config("ReLU")
    with pytest.raises(TypeError, match="the argument 'module' is missing"):
        layers.TorchModuleWrapper.from_config({})


def test_numbers_of_numpy_are_plain():
    layer = layers.TorchModuleWrapper(nn.Dropout(np.float64(0.5)))
    assert through_json(layer).module.p == 0.5


def test_a_class_that_only_has_the_name_of_one_in_the_table():
    class Linear(Plain):
        pass

    assert not is_of_torch(Linear())
    with pytest.raises(NotImplementedError, match="is not in the table"):
        layers.TorchModuleWrapper(Linear()).get_config()
