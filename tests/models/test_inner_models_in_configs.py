"""Do configs of models within models mean the same calls here and in both Kerases?

Keras counts the making of a functional model as its first call: TF-Keras everywhere, Keras 3 among the outputs.
"""

from __future__ import annotations

import json

import pytest
import torch

import torchkeras_layer as keras
from tests.oracle import keras as oracle

ONE = torch.ones(1, 1)


def functional(kit):
    i = kit.Input((1,), name="i")
    return kit.Model(i, kit.layers.Dense(1, name="d")(i), name="inner")


def sequential(kit):
    return kit.Sequential([kit.Input((1,), name="i"), kit.layers.Dense(1, name="d")], name="inner")


def outer(kit, make_inner):
    inner, x = make_inner(kit), kit.Input((1,), name="x")
    once = inner(x)
    return kit.Model(x, [inner(once), kit.layers.Activation("linear", name="same")(once), once])


def assert_doubles(model):
    """Each call multiplies by 2."""
    model.set_weights([torch.tensor([[2.0]]).numpy(), torch.tensor([0.0]).numpy()])
    assert [float(part.detach()) for part in model(ONE)] == [4.0, 2.0, 2.0]


@pytest.mark.parametrize("make_inner", [functional, sequential])
def test_those_of_keras_3(make_inner):
    assert_doubles(keras.models.model_from_json(outer(oracle, make_inner).to_json()))


@pytest.mark.parametrize("make_inner", [functional, sequential])
def test_ours_here_and_in_keras_3(make_inner):
    written = outer(keras, make_inner).to_json()
    assert_doubles(keras.models.model_from_json(written))
    assert_doubles(oracle.models.model_from_json(written))


def entry(class_name, name, nodes, module="keras.layers", **config):
    return {
        "module": module, "class_name": class_name, "registered_name": None, "name": name, "inbound_nodes": nodes,
        "config": {"name": name, **config},
    }  # fmt: skip


def graph(layers, inputs, outputs):
    return {"layers": layers, "input_layers": inputs, "output_layers": outputs}


# How TF-Keras 2.21 writes `outer`.
INNER = [entry("InputLayer", "i", [], batch_input_shape=[None, 1]), entry("Dense", "d", [[["i", 0, 0, {}]]], units=1)]
NODES = [[["x", 0, 0, {}]], [["inner", 1, 0, {}]]]
OF_TF_KERAS = {
    "Functional": entry(
        "Functional", "inner", NODES, "tf_keras.src.engine.functional", **graph(INNER, [["i", 0, 0]], [["d", 0, 0]])
    ),
    "Sequential": entry("Sequential", "inner", NODES, "keras", layers=INNER),
}


@pytest.mark.parametrize("kind", OF_TF_KERAS)
def test_those_of_tf_keras(kind):
    x, same = INNER[0] | {"name": "x"}, entry("Activation", "same", [[["inner", 1, 0, {}]]], activation="linear")
    x["config"] = {**x["config"], "name": "x"}
    config = graph([x, OF_TF_KERAS[kind], same], [["x", 0, 0]], [["inner", 2, 0], ["same", 0, 0], ["inner", 1, 0]])
    assert_doubles(keras.models.model_from_json(json.dumps({"class_name": "Functional", "config": config})))


def test_a_dict_of_inputs_as_tf_keras_writes_it():
    """The call of a model on `{"price": x, "age": y}`, and of what it gives under `q` (1) and `c` (0)."""
    price, age = (entry("InputLayer", name, [], batch_input_shape=[None, 1]) for name in ("price", "age"))
    q = entry("Subtract", "q", [[["price", 0, 0, {}], ["age", 0, 0, {}]]])
    c = entry("Add", "c", [[["price", 0, 0, {}], ["age", 0, 0, {}]]])
    ends = {"price": ["price", 0, 0], "age": ["age", 0, 0]}, {"q": ["q", 0, 0], "c": ["c", 0, 0]}
    node = {"price": ["x", 0, 0, {}], "age": ["y", 0, 0, {}]}
    inner = entry("Functional", "inner", [node], "tf_keras.src.engine.functional", **graph([price, age, q, c], *ends))
    last = entry("Activation", "last", [[["inner", 1, 1, {}]]], activation="linear")
    x, y = (entry("InputLayer", name, [], batch_input_shape=[None, 1]) for name in ("x", "y"))
    config = graph([x, y, inner, last], [["x", 0, 0], ["y", 0, 0]], [["last", 0, 0]])
    assert float(keras.Model.from_config(config)([5 * ONE, ONE])) == 4.0


def test_a_call_that_is_not_there():
    config = outer(keras, functional).get_config()
    config["output_layers"] = ["inner", 0, 0]
    with pytest.raises(ValueError, match=r"there is no tensor \['inner', 0, 0\]"):
        keras.Model.from_config(config)
    config["layers"][1]["inbound_nodes"] = [{}]
    with pytest.raises(ValueError, match="a call must be a dict or a list"):
        keras.Model.from_config(config)
