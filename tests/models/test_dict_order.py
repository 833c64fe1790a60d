"""In which order do inputs and outputs count that are given as dicts? By sorted keys, as in both Kerases."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict

import pytest
import torch
from torch import fx

import torchkeras_layer as keras
from tests.oracle import keras as oracle

ONE, NOUGHT, FIVE = torch.ones(2, 1), torch.zeros(2, 1), torch.full((2, 1), 5.0)
# Wherever a list of inputs is taken: this is what TF-Keras 2.21 gives for it, too (Keras 3 takes no list there).
AGE_PRICE = [ONE, NOUGHT]


def flat(kit, kind=dict):
    """Make a model whose keys are in neither of their orders; `q` is price - age, `c` twice the age."""
    price, age = kit.Input((1,), name="price"), kit.Input((1,), name="age")
    q, c = kit.layers.subtract([price, age]), kit.layers.concatenate([age, age])
    return kit.Model(kind([("price", price), ("age", age)]), kind([("q", q), ("c", c)]))


def deep(kit):
    price, age, e = (kit.Input((1,), name=name) for name in ("price", "age", "e"))
    outputs = [kit.layers.subtract([price, age]), {"t": kit.layers.concatenate([age, age]), "s": e * 1.0}]
    return kit.Model({"z": {"price": price, "age": age}, "e": e}, {"q": outputs, "c": kit.layers.subtract([e, price])})


def values(structure):
    if isinstance(structure, dict):
        return {key: values(part) for key, part in structure.items()}
    return [values(part) for part in structure] if isinstance(structure, list) else float(structure.flatten()[0])


def test_ends_are_listed_as_in_keras():
    ours, theirs = flat(keras), flat(oracle)
    assert [tensor.name for tensor in ours.inputs] == [tensor.name for tensor in theirs.inputs] == ["age", "price"]
    assert [tensor.shape for tensor in ours.outputs] == [tensor.shape for tensor in theirs.outputs]
    assert ours.input_names == ["age", "price"]
    assert [name.rstrip("_0123456789") for name in ours.output_names] == ["concatenate", "subtract"]
    assert list(ours.input) == list(theirs.input) == ["price", "age"]
    assert list(ours.get_config()["output_layers"]) == list(theirs.get_config()["output_layers"]) == ["q", "c"]


def test_ends_at_any_depth_are_listed_as_in_tf_keras():
    model = deep(keras)
    assert model.input_names == ["e", "age", "price"]
    assert [tensor.shape for tensor in model.outputs] == [(None, 1), (None, 1), (None, 1), (None, 2)]
    assert values(model([FIVE, NOUGHT, ONE])) == {"q": [1.0, {"t": 0.0, "s": 5.0}], "c": 4.0}


@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_a_list_gives_the_inputs_in_that_order(kind):
    found = flat(keras, kind)(AGE_PRICE)
    assert values(found) == {"q": -1.0, "c": 1.0}
    assert list(found) == ["q", "c"]


def test_keys_of_ints_are_sorted_and_those_of_several_kinds_stay():
    price, age = keras.Input((1,), name="price"), keras.Input((1,), name="age")
    assert keras.Model({2: price, 1: age}, price - age).input_names == ["age", "price"]
    assert keras.Model({2: price, "x": age}, price - age).input_names == ["price", "age"]


def test_the_usual_feature_extraction():
    price, age = keras.Input((1,), name="price"), keras.Input((1,), name="age")
    model = keras.Model({"price": price, "age": age}, {"q": price - age, "c": age - price})
    assert values(keras.Model([price, age], model.outputs)([ONE, NOUGHT])) == [-1.0, 1.0]
    assert values(keras.Model(model.inputs, model.outputs[1])(AGE_PRICE)) == -1.0


@pytest.mark.parametrize(
    "again",
    [
        lambda model: keras.models.model_from_json(model.to_json()),
        keras.models.clone_model,
        copy.deepcopy,
        lambda model: pickle.loads(pickle.dumps(model)),
        lambda model: fx.GraphModule(model, model.graph),
        lambda model: torch.compile(model, backend="eager", fullgraph=True),
    ],
    ids=["json", "clone", "deepcopy", "pickle", "fx", "compile"],
)
def test_every_way_keeps_the_order(again):
    other = again(flat(keras))
    found = other(*AGE_PRICE) if isinstance(other, fx.GraphModule) else other(AGE_PRICE)
    assert values(found) == {"q": -1.0, "c": 1.0}
    assert list(found) == ["q", "c"]


def test_export():
    program = torch.export.export(flat(keras), ({"price": ONE, "age": NOUGHT},))
    assert values(program.module()({"price": ONE, "age": NOUGHT})) == {"q": 1.0, "c": 0.0}


def test_the_code_takes_the_inputs_in_that_order():
    assert "def forward(self, age, price):" in flat(keras).code


def test_dicts_are_read_by_their_keys_at_any_depth():
    model, given = deep(keras), {"e": FIVE, "z": {"age": NOUGHT, "price": ONE}}
    wanted = {"q": [1.0, {"t": 0.0, "s": 5.0}], "c": 4.0}
    assert values(model(given)) == values(model({"z": {"price": ONE, "age": NOUGHT}, "e": FIVE})) == wanted
    with pytest.raises(
        ValueError, match="'price' is missing. Received keys: ..age', 'cost'.. Expected: ..price', 'age'"
    ):
        model({"e": FIVE, "z": {"age": NOUGHT, "cost": ONE}})
    price, age = keras.Input((1,), name="price"), keras.Input((1,), name="age")
    in_list = keras.Model([{"price": price, "age": age}], price - age)
    assert values(in_list([{"age": NOUGHT, "price": ONE}])) == 1.0


def test_masks_follow_their_inputs():
    x, y = keras.Input((2,), name="x"), keras.Input((2,), name="y")
    model = keras.Model({"y": y, "x": x}, {"y": keras.layers.Activation("relu")(y), "x": x * 2})
    mask = torch.tensor([True, False])
    found = model([torch.ones(1, 2)] * 2, mask=[None, mask])
    assert found["y"]._keras_mask is mask
    found = model([torch.ones(1, 2)] * 2, mask={"x": None, "y": mask})
    assert found["y"]._keras_mask is mask


def test_clones_on_other_tensors():
    starts = [keras.Input((1,), name=name) for name in ("first", "second")]
    clone = keras.models.clone_model(flat(keras), input_tensors=starts)
    assert clone.input_names == ["first", "second"]
    assert values(clone(AGE_PRICE)) == {"q": -1.0, "c": 1.0}


def test_an_inner_model_takes_a_list_in_that_order():
    x, y = keras.Input((1,), name="x"), keras.Input((1,), name="y")
    inner = flat(keras)
    assert values(keras.Model([x, y], inner([x, y]))(AGE_PRICE)) == {"q": -1.0, "c": 1.0}
    assert values(keras.Model([x, y], inner({"price": x, "age": y}))(AGE_PRICE)) == {"q": 1.0, "c": 0.0}


def over_a_part(kit):
    """Make a model of which only one part of what an inner one gives is used; both parts have the same shape."""
    i = kit.Input((1,), name="i")
    q, c = kit.layers.Dense(1, name="dq")(i), kit.layers.Dense(1, name="dc")(i)
    inner = kit.Model(i, {"q": q, "c": c}, name="inner")
    x = kit.Input((1,), name="x")
    return kit.Model(x, kit.layers.Activation("linear", name="last")(inner(x)["q"]))


def test_configs_count_the_parts_of_a_dict_as_keras_does():
    ours, theirs = over_a_part(keras), over_a_part(oracle)
    read = keras.models.model_from_json(theirs.to_json())
    back = oracle.models.model_from_json(ours.to_json())
    arrays = [[[1.0]], [2.0], [[3.0]], [4.0]]
    for model in (ours, read, back):
        model.set_weights([torch.tensor(array).numpy() for array in arrays])
        # The weights of `dc` come first, by the sorted keys.
        assert float(model(ONE)[0, 0].detach()) == 7.0


def test_configs_of_keras_with_inner_models_of_dicts():
    def outer(kit):
        x, y = kit.Input((1,), name="x"), kit.Input((1,), name="y")
        return kit.Model([x, y], kit.layers.Activation("linear")(flat(kit)({"price": x, "age": y})["q"]))

    read = keras.models.model_from_json(outer(oracle).to_json())
    assert values(read(AGE_PRICE)) == 1.0


def test_layers_behind_a_dict_of_outputs_have_keras_order():
    def names(library):
        x = library.Input((3,), name="x")
        outputs = {key: library.layers.Dense(3, name=name)(x) for key, name in (("o", "first"), ("d", "second"))}
        return [layer.name for layer in library.Model(x, outputs).layers]

    assert names(keras) == names(oracle) == ["x", "second", "first"]
