"""Does a model keep the meaning of the version that wrote it: its `hard_sigmoid` and its defaults?"""

from __future__ import annotations

import json

import pytest
import torch

import torchkeras_layer as keras

ONE = torch.ones(1, 1)
OLD, NEW = torch.tensor(0.7), torch.tensor(2 / 3)


def _activation(**config):
    return {"class_name": "Activation", "config": {"name": "gate", "activation": "hard_sigmoid", **config}}


def _sequential(*layers):
    first = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 1], "dtype": "float32", "name": "x"}}
    return {"class_name": "Sequential", "config": {"name": "s", "layers": [first, *layers]}}


def _graph(node):
    first = {"class_name": "InputLayer", "name": "x", "config": {"batch_shape": [None, 1], "name": "x"}}
    layers = [{**first, "inbound_nodes": []}, {**_activation(), "name": "gate", "inbound_nodes": [node]}]
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["gate", 0, 0]]}
    return {"class_name": "Functional", "config": {"name": "g", "layers": layers, **ends}}


KERAS_2_NODE = [["x", 0, 0, {}]]
TENSOR = {"class_name": "__keras_tensor__", "config": {"shape": [None, 1], "dtype": "float32"}}
TENSOR["config"]["keras_history"] = ["x", 0, 0]
KERAS_3_NODE = {"args": [TENSOR], "kwargs": {}}


@pytest.mark.parametrize(
    ("version", "expected"), [("1.2.2", OLD), ("2.1.2", OLD), ("2.21.0", OLD), ("3.15.1", NEW), (None, OLD), (2, OLD)]
)
def test_the_version_of_the_file_decides(version, expected):
    config = {**_sequential(_activation()), "keras_version": version}
    for model in (
        keras.models.model_from_json(json.dumps(config)),
        keras.models.model_from_config(config),
    ):
        assert torch.allclose(model(ONE), expected)
    assert config["config"]["layers"][1]["config"]["activation"] == "hard_sigmoid"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"class_name": "Sequential", "config": [_activation(batch_input_shape=[None, 1])]}, OLD),
        ({"class_name": "Sequential", "config": {"layers": [_activation(batch_input_shape=[None, 1])]}}, OLD),
        ({"class_name": "Sequential", "config": {"layers": [_activation()], "build_input_shape": [None, 1]}}, NEW),
    ],
)
def test_so_does_the_form_of_a_chain(config, expected):
    assert torch.allclose(keras.models.model_from_config(config)(ONE), expected)
    assert torch.allclose(keras.Sequential.from_config(config["config"])(ONE), expected)


def test_a_written_model_keeps_the_function_of_today():
    model = keras.Sequential([keras.layers.Activation("hard_sigmoid", batch_input_shape=(None, 1))])
    for twin in (
        keras.models.model_from_json(model.to_json()),
        keras.Sequential.from_config(model.get_config()),
    ):
        assert torch.allclose(twin(ONE), NEW)


@pytest.mark.parametrize(
    ("version", "gate"), [("2.2.4", "hard_sigmoid_keras2"), ("2.3.0", "sigmoid"), (None, "sigmoid")]
)
@pytest.mark.parametrize("name", ["LSTM", "GRU", "GRUCell"])
def test_gates_that_the_file_does_not_name(name, version, gate):
    layer = {"class_name": name, "config": {"name": "r", "units": 2}}
    layer = {"class_name": "RNN", "config": {"cell": layer}} if name == "GRUCell" else layer
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}, "keras_version": version}
    found = keras.models.model_from_config(config).layers[0]
    assert getattr(found, "cell", found).recurrent_activation.__name__ == gate
    assert not getattr(getattr(found, "cell", found), "reset_after", False)


@pytest.mark.parametrize(("node", "expected"), [(KERAS_2_NODE, OLD), (KERAS_3_NODE, NEW)])
def test_so_does_the_form_of_a_graph(node, expected):
    config = _graph(node)
    assert torch.allclose(keras.Model.from_config(config["config"])(ONE), expected)
    assert torch.allclose(keras.models.model_from_config(config)(ONE), expected)


def test_a_layer_inside_of_a_layer_keeps_it_too():
    inner = {"class_name": "LSTM", "config": {"units": 2, "recurrent_activation": "hard_sigmoid"}}
    both = {
        "class_name": "Bidirectional",
        "config": {"name": "both", "layer": inner, "batch_input_shape": [None, 3, 4]},
    }
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [both]}, "keras_version": "2.4.0"}
    model = keras.models.model_from_json(json.dumps(config))
    gate = keras.activations.hard_sigmoid_keras2
    assert model.layers[0].forward_layer.recurrent_activation is gate
    assert model.layers[0].backward_layer.recurrent_activation is gate


@pytest.mark.parametrize(
    "written", ["hard_sigmoid", {"class_name": "function", "config": "hard_sigmoid", "registered_name": "function"}]
)
def test_the_model_is_written_with_the_name_of_the_old_function(written):
    config = {**_sequential(_activation(activation=written)), "keras_version": "2.15.0"}
    model = keras.models.model_from_config(config)
    twin = keras.models.model_from_json(model.to_json())
    assert twin.layers[-1].activation is keras.activations.hard_sigmoid_keras2


def test_other_values_are_not_changed():
    config = {**_sequential(_activation(name="hard_sigmoid", activation="sigmoid")), "keras_version": "2.15.0"}
    model = keras.models.model_from_config(config)
    assert model.layers[-1].name == "hard_sigmoid"
    assert model.layers[-1].activation is keras.activations.sigmoid


def test_a_config_that_is_nested_too_deeply_is_refused():
    config = inner = {}
    for _ in range(5000):
        inner["layer"] = inner = {}
    with pytest.raises(ValueError, match="nested deeper"):
        keras.models.model_from_config({**_sequential({"class_name": "Dense", "config": config}), "keras_version": "2"})


def test_the_function_and_its_gradient():
    x = torch.tensor([-9.0, -2.4, 0.0, 1.0, 2.4, 9.0], requires_grad=True)
    values = keras.activations.get("hard_sigmoid_keras2")(x)
    (gradient,) = torch.autograd.grad(values.sum(), x)
    assert torch.allclose(values, torch.tensor([0, 0.02, 0.5, 0.7, 0.98, 1]))
    assert torch.allclose(gradient, torch.tensor([0, 0.2, 0.2, 0.2, 0.2, 0]))
    assert torch.allclose(keras.activations.hard_sigmoid(torch.ones(())), NEW)


@pytest.mark.parametrize("module", [None, "keras.layers"])
def test_what_tf_keras_writes_and_has_no_effect_there_has_none_here(module):
    # NASNet of keras.applications passes kernel_initializer="he_normal", which separable convolutions do not use;
    # EfficientNetV2 passes an initializer of TensorFlow.
    he = {"module": "keras.initializers", "class_name": "HeNormal", "config": {"seed": None}, "registered_name": None}
    constant = {
        "module": "tensorflow.python.ops.init_ops_v2",
        "class_name": "Constant",
        "config": {"value": 0.5},
        "registered_name": "Constant",
    }
    arguments = {
        "name": "c",
        "filters": 2,
        "kernel_size": [3, 3],
        "kernel_initializer": he,
        "bias_initializer": constant,
    }
    entry = {"class_name": "SeparableConv2D", "config": {**arguments, "batch_input_shape": [None, 5, 5, 1]}}
    config = {"class_name": "Sequential", "keras_version": "2.21.0", "config": {"name": "s", "layers": [entry]}}
    if module is not None:
        entry["module"] = module
    (layer,) = keras.models.model_from_config(config).layers
    assert layer.bias.tolist() == [0.5, 0.5]
    assert "kernel_initializer" not in layer.get_config()
