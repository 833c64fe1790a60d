"""Does every layer come back from its config, and do Keras and we take each other's?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.conformance.case import Case, assert_same
from tests.conformance.cases import CASES
from tests.oracle import assert_close, keras
from torchkeras_layer._structures import map_leaves

CASES_WITH_CONFIG = [case for case in CASES if case.has_config]
with_config = pytest.mark.parametrize("case", CASES_WITH_CONFIG, ids=str)
with_keras_s_config = pytest.mark.parametrize("case", [c for c in CASES_WITH_CONFIG if not c.wraps_torch], ids=str)
# Written by TF-Keras 2.21, through write_tf_keras.py: for each layer, what `serialize` gave, its weights, and what came
# out for what went in.
TF_KERAS = [
    pytest.param(golden, id=f"{file.stem}-{golden['config']['class_name']}")
    for file in sorted((Path(__file__).parent / "tf_keras").glob("*.json"))
    for golden in json.loads(file.read_text())
]


def _plain(config: Any) -> Any:
    """Return a config as it comes out of JSON: lists for tuples."""
    return json.loads(json.dumps(config))


def _twin(layer: Any, config: dict[str, Any]) -> Any:
    return type(layer).from_config(config)


@with_config
def test_a_config_makes_the_layer_again(case):
    layer = case.make(name="some_name")
    config = layer.get_config()
    assert _twin(layer, config).get_config() == config
    assert _plain(_twin(layer, _plain(config)).get_config()) == _plain(config)
    assert layer.get_config() == config


@with_config
def test_a_layer_made_from_a_config_computes_the_same(case):
    layer = case.ready()
    twin = _twin(layer, layer.get_config())
    case.build(twin)
    twin.set_weights(layer.get_weights())
    assert_same(case.run(twin, case.inputs()), case.run(layer, case.inputs()))


@with_keras_s_config
def test_keras_takes_our_config(case):
    config = case.make().get_config()
    theirs = getattr(keras.layers, case.layer).from_config(dict(config))
    assert _read_dtype(theirs.get_config()) == _read_dtype(case.make(keras, name=config["name"]).get_config())


@with_keras_s_config
def test_we_take_keras_s_config(case):
    theirs = case.make(keras)
    mine = getattr(ours.layers, case.layer).from_config(theirs.get_config())
    assert mine.get_config() == case.make(name=theirs.name).get_config()


@with_keras_s_config
def test_a_built_layer_goes_through_serialize_in_both_libraries(case):
    mine, theirs = case.pair()
    for read, written in (
        (ours.layers.deserialize, ours.layers.serialize(mine)),
        (ours.layers.deserialize, keras.layers.serialize(theirs)),
        (keras.layers.deserialize, ours.layers.serialize(mine)),
    ):
        twin = read(_plain(written))
        assert [tuple(weight.shape) for weight in twin.weights] == [tuple(weight.shape) for weight in mine.weights]
        twin.set_weights([np.asarray(weight) for weight in mine.get_weights()])
        assert_close(case.run(twin, case.inputs()), case.run(case.ready(), case.inputs()), str(case), atol=1e-5)


def _read_dtype(config: dict[str, Any]) -> dict[str, Any]:
    """Return a config of Keras's with the policy by its name, as we and Keras 2 write it."""
    return config | {"dtype": ours.precision.as_policy(config["dtype"]).name}


@pytest.mark.parametrize("case", [case for case in CASES if not case.has_config], ids=str)
def test_what_has_no_config_says_so(case: Case):
    with pytest.raises(TypeError, match="register_keras_serializable"):
        case.make().get_config()


@pytest.mark.parametrize("golden", TF_KERAS)
def test_what_tf_keras_wrote_gives_its_numbers(golden):
    layer = ours.layers.deserialize(golden["config"])
    is_list = isinstance(golden["config"]["build_config"]["input_shape"][0], list)
    inputs = [torch.tensor(one) for one in golden["inputs"]] if is_list else torch.tensor(golden["inputs"])
    layer.build(map_leaves(lambda tensor: tuple(tensor.shape), inputs))
    layer.set_weights([np.array(weight, dtype="float32") for weight in golden["weights"]])
    mask = {} if golden.get("mask") is None else {"mask": torch.tensor(golden["mask"])}
    outputs = layer(inputs, training=golden["training"], **mask)
    assert_close(outputs, np.array(golden["outputs"]), atol=1e-5)
    assert_close(layer.get_weights(), [np.array(weight) for weight in golden["weights_after"]], atol=1e-5)
