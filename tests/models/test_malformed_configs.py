"""Is a config of a model that is broken told so, and can one do more than describe? (contract §5)"""

from __future__ import annotations

import json

import pytest
import torch

import torchkeras_layer as keras
from tests.models.samples import Scale, chain
from torchkeras_layer.registry import DeserializationError


@pytest.mark.parametrize("text", ["", "3", "[]", "nonsense", "{}", '{"class_name": "Functional"}', '"Dense"', "null"])
def test_what_is_no_json_of_a_model(text):
    with pytest.raises((ValueError, TypeError), match="(?i)model|identifier"):
        keras.models.model_from_json(text)


def test_an_unknown_layer():
    x = keras.Input((3,), name="x")
    config = keras.Model(x, Scale(name="scale")(x)).get_config()
    with pytest.raises(DeserializationError, match="(?s)Scale"):
        keras.Model.from_config(config)


def change(path, value):
    """Return a function that sets, or with `None` for a value deletes, what stands at a path of a config."""

    def apply(config):
        for key in path[:-1]:
            config = config[key]
        if value is None:
            del config[path[-1]]
        else:
            config[path[-1]] = value

    return apply


NODES = ("layers", 1, "inbound_nodes")
MALFORMED = {
    "no layers": change(["layers"], None),
    "layers are text": change(["layers"], "text"),
    "layers are a dict": change(["layers"], {"x": 1}),
    "a layer is a number": change(["layers", 1], 3),
    "a layer without a class": change(["layers", 1, "class_name"], None),
    "an unknown class": change(["layers", 1, "class_name"], "Nope"),
    "a class that is no layer": change(["layers", 1, "class_name"], "L2"),
    "a layer without a config": change(["layers", 1, "config"], None),
    "an unknown argument": change(["layers", 1, "config", "nonsense"], 1),
    "no nodes": change(NODES, None),
    "nodes are text": change(NODES, "text"),
    "a node is a number": change([*NODES, 0], 3),
    "no arguments": change([*NODES, 0, "args"], None),
    "arguments are a number": change([*NODES, 0, "args"], 3),
    "keywords are a list": change([*NODES, 0, "kwargs"], [1]),
    "history is text": change([*NODES, 0, "args", 0, "config", "keras_history"], "text"),
    "history is too short": change([*NODES, 0, "args", 0, "config", "keras_history"], ["x", 0]),
    "history of an unknown layer": change([*NODES, 0, "args", 0, "config", "keras_history"], ["zz", 0, 0]),
    "history of an unknown node": change([*NODES, 0, "args", 0, "config", "keras_history"], ["x", 7, 0]),
    "history of an unknown tensor": change([*NODES, 0, "args", 0, "config", "keras_history"], ["x", 0, 7]),
    "a negative node": change([*NODES, 0, "args", 0, "config", "keras_history"], ["x", -1, 0]),
    "a layer after itself": change([*NODES, 0, "args", 0, "config", "keras_history"], ["hidden", 0, 0]),
    "a circle": change([*NODES, 0, "args", 0, "config", "keras_history"], ["head", 0, 0]),
    "no inputs": change(["input_layers"], None),
    "inputs are text": change(["input_layers"], "text"),
    "an unknown input": change(["input_layers"], [["zz", 0, 0]]),
    "an input is a number": change(["input_layers"], [3]),
    "no outputs": change(["output_layers"], None),
    "an unknown output": change(["output_layers"], [["zz", 0, 0]]),
    "an unknown output tensor": change(["output_layers"], [["head", 0, 7]]),
    "two layers of one name": lambda config: config["layers"].append(config["layers"][1]),
    "a layer is missing": lambda config: config["layers"].pop(1),
    "name": change(["name"], 3),
}


@pytest.mark.parametrize("spoil", MALFORMED.values(), ids=MALFORMED)
def test_malformed_configs(spoil):
    config = json.loads(json.dumps(chain().get_config()))
    spoil(config)
    with pytest.raises((DeserializationError, TypeError, ValueError), match=r"\w+.*\w+") as caught:
        keras.Model.from_config(config)
    assert not isinstance(caught.value, (UnicodeError, json.JSONDecodeError))
    assert "not subscriptable" not in str(caught.value)
    assert "object is not iterable" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["os.system", "eval", "torch.load", "torch.hub.load", "torch.ops.load_library", "exec"]
)
def test_only_functions_of_a_closed_table_are_loaded(name):
    x = keras.Input((3,), name="x")
    text = json.dumps(keras.Model(x, torch.relu(x)).get_config())
    assert "torch.relu" in text or '"relu"' in text
    for public in ("torch.relu", "relu"):
        config = json.loads(text.replace(f'"{public}"', json.dumps(name)))
        config["layers"][1]["name"] = config["layers"][1]["config"]["name"] = "relu"
        if config == json.loads(text):
            continue
        with pytest.raises((DeserializationError, ValueError, TypeError), match="(?s)" + name):
            keras.Model.from_config(config)


@pytest.mark.parametrize("config", [None, 3, "text", [], {"layers": []}])
def test_what_is_no_config_at_all(config):
    with pytest.raises((TypeError, ValueError), match="(?s)config"):
        keras.Model.from_config(config)


@pytest.mark.parametrize(("function", "args"), [("operator.pow", [9, 9]), ("operator.mul", ["a", 3])])
def test_a_config_runs_no_function_on_values(function, args):
    x = keras.Input((3,))
    config = keras.Model(x, x + 1).get_config()
    entry = {"module": "keras.layers", "class_name": "TorchFunction", "config": {"name": "f", "function": function}}
    config["layers"].append({**entry, "name": "f", "inbound_nodes": [{"args": args, "kwargs": {}}]})
    with pytest.raises(DeserializationError, match="a call of layer 'f' has no tensor of the graph"):
        keras.Model.from_config(config)


@pytest.mark.parametrize("text", ["{}", '{"config": {}}', "[]", '{"class_name": 3}'])
def test_json_of_no_model(text):
    with pytest.raises(DeserializationError):
        keras.models.model_from_json(text)
