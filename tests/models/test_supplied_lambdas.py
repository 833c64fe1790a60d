"""Does a program supply the functions of Lambdas, whose bytecode in files is never run, wherever these stand?"""

from __future__ import annotations

import json

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer.registry import DeserializationError

FUNCTIONS = {"twice": lambda x: 2 * x, "less": lambda x: x - 1, "each": lambda x: x * x}
CODE = {"function": ["4wEAAAA", None, None], "function_type": "lambda", "module": "__main__", "arguments": {}}


def _lambda(name, source):
    config = {"name": name, **CODE}
    return {"class_name": "Lambda", "name": name, "config": config, "inbound_nodes": [[[source, 0, 0, {}]]]}


def _input(name):
    config = {"name": name, "batch_input_shape": [None, 3, 4]}
    return {"class_name": "InputLayer", "name": name, "config": config, "inbound_nodes": []}


def _of_keras_2():
    """Lambdas in the graph, in a model inside it, and in a TimeDistributed."""
    inner_config = {"name": "inner", "layers": [_input("y"), _lambda("less", "y")]}
    inner_config |= {"input_layers": [["y", 0, 0]], "output_layers": [["less", 0, 0]]}
    inner = {"class_name": "Model", "name": "inner", "config": inner_config, "inbound_nodes": [[["twice", 0, 0, {}]]]}
    each = {"class_name": "Lambda", "config": {"name": "each", **CODE}}
    steps = {"class_name": "TimeDistributed", "name": "steps", "config": {"name": "steps", "layer": each}}
    steps["inbound_nodes"] = [[["inner", 1, 0, {}]]]
    config = {"name": "m", "layers": [_input("x"), _lambda("twice", "x"), inner, steps]}
    config |= {"input_layers": [["x", 0, 0]], "output_layers": [["steps", 0, 0]]}
    return json.dumps({"class_name": "Model", "config": config, "keras_version": "2.2.4", "backend": "tensorflow"})


def _of_keras_3():
    y = keras.Input((3, 4), name="y")
    inner = keras.Model(y, keras.layers.Lambda(lambda x: x - 1, name="less")(y), name="inner")
    x = keras.Input((3, 4), name="x")
    z = inner(keras.layers.Lambda(lambda x: 2 * x, name="twice")(x))
    z = keras.layers.TimeDistributed(keras.layers.Lambda(lambda x: x * x, name="each"), name="steps")(z)
    return keras.Model(x, z).to_json()


FILES = {"Keras 2": _of_keras_2, "Keras 3": _of_keras_3}


def _saved(text, folder):
    path = folder / "model.json"
    path.write_text(text)
    return path


@pytest.mark.parametrize("made_by", FILES)
def test_functions_are_supplied_by_the_names_of_the_layers(made_by, tmp_path):
    path = _saved(FILES[made_by](), tmp_path)
    x = torch.randn(2, 3, 4)
    for model in (
        ours.models.load_model(path, custom_objects=FUNCTIONS),
        ours.models.model_from_json(path.read_text(), FUNCTIONS),
    ):
        assert_close(model(x), (2 * x - 1) ** 2)


@pytest.mark.parametrize("made_by", FILES)
def test_all_that_are_missing_are_named_at_once(made_by, tmp_path):
    path = _saved(FILES[made_by](), tmp_path)
    with pytest.raises(DeserializationError) as raised:
        ours.models.load_model(path, safe_mode=False)
    text = str(raised.value)
    for name in FUNCTIONS:
        assert f"Lambda {name!r} (its function is bytecode, which is never run)" in text
        assert f'"{name}": function' in text
    with pytest.raises(DeserializationError, match="Lambda 'less' "):
        ours.models.load_model(path, custom_objects={name: FUNCTIONS[name] for name in ("twice", "each")})


def test_without_a_safe_mode_bytecode_is_not_run_either_and_the_error_says_why(tmp_path):
    path = _saved(_of_keras_2(), tmp_path)
    with pytest.raises(DeserializationError, match="with safe_mode=False neither: bytecode can do anything"):
        ours.models.load_model(path, safe_mode=False)


def test_a_name_of_a_layer_that_is_supplied_stays_the_name_of_the_layer(tmp_path):
    model = ours.models.model_from_json(_of_keras_3(), FUNCTIONS)
    assert model.get_layer("twice").function is FUNCTIONS["twice"]
    assert [layer.name for layer in model.layers] == ["x", "twice", "inner", "steps"]
