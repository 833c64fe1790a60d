"""Which inputs of a model may be missing, which are ignored, and what is an input although no `Input` made it?"""

from __future__ import annotations

import warnings

import pytest
import torch

import torchkeras_layer as keras
from tests.oracle import keras as oracle

ONES = torch.ones(2, 4)


def adds(lib):
    """Return a layer that adds what it is given, of this library or of Keras."""

    class Adds(lib.layers.Layer):
        def call(self, x, y=None):
            return x if y is None else x + y

        def compute_output_shape(self, x_shape, y_shape=None):
            return x_shape

    return Adds()


def two_inputs(lib, structure):
    a, b = lib.Input((4,), name="a"), lib.Input((4,), name="b", optional=True)
    return lib.Model([a, b] if structure is list else {"a": a, "b": b}, adds(lib)(a, b))


@pytest.mark.parametrize(
    ("structure", "inputs", "total"),
    [
        (list, [ONES, None], 8.0),
        (list, [ONES, ONES], 16.0),
        (dict, {"a": ONES, "b": None}, 8.0),
        (dict, {"a": ONES, "b": ONES}, 16.0),
        (list, {"a": ONES, "b": None}, 8.0),
    ],
)
def test_an_optional_input(structure, inputs, total):
    assert two_inputs(keras, structure)(inputs).sum() == two_inputs(oracle, structure)(inputs).sum() == total


@pytest.mark.parametrize("structure", [list, dict])
def test_an_optional_input_may_be_missing_in_a_dict(structure):
    assert two_inputs(keras, structure)({"a": ONES}).sum() == 8.0


def test_an_optional_input_stays_so():
    model = two_inputs(keras, list)
    assert [layer.optional for layer in model.layers[:2]] == [False, True]
    config = model.layers[1].get_config()
    assert (config["optional"], "optional" in model.layers[0].get_config()) == (True, False)
    assert oracle.layers.InputLayer.from_config(config).optional
    twin = keras.models.clone_model(model)
    assert twin([ONES, None]).sum() == 8.0
    with keras.saving.custom_object_scope({"Adds": type(model.layers[2])}):
        read = keras.models.model_from_json(model.to_json())
    assert read([ONES, None]).sum() == 8.0
    x = keras.Input((4,))
    outer = keras.Model(x, model([x, None]))
    assert outer(ONES).sum() == 8.0


def test_a_single_optional_input():
    b = keras.Input((4,), optional=True)

    class Default(keras.layers.Layer):
        def call(self, y=None):
            return torch.zeros(1) if y is None else y

        def compute_output_shape(self, y_shape=None):
            return (None, 4)

    model = keras.Model(b, Default()(b))
    assert model(None).tolist() == [0.0]
    assert model(ONES).tolist() == ONES.tolist()


def test_other_inputs_must_be_given():
    model = two_inputs(keras, list)
    with pytest.raises(TypeError, match=r"input 'a' must be a tensor. Received: None. .*optional=True"):
        model([None, ONES])
    with pytest.raises(ValueError, match="input 'a' is missing"):
        model({"b": ONES})
    with pytest.raises(TypeError, match="optional must be True or False. Received: optional=1"):
        keras.Input((4,), optional=1)


@pytest.mark.parametrize("structure", ["one", "list", "dict", "nested"])
def test_further_keys_are_ignored_with_a_warning(structure):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    inputs = {"one": a, "list": [a, b], "dict": {"a": a, "b": b}, "nested": [a, {"b": b}]}[structure]
    model = keras.Model(inputs, a * 2)
    given = {"a": ONES, "b": ONES, "c": ONES}
    given = [ONES, {"b": ONES, "c": ONES}] if structure == "nested" else given
    ignored = "'b'" if structure == "one" else "'c'"
    with pytest.warns(UserWarning, match=f"model.*: there is no input {ignored}, which is ignored") as seen:
        assert model(given).tolist() == (2 * ONES).tolist()
    assert len(seen) == 1
    symbolic = {name: keras.Input((4,)) for name in "abc"}
    symbolic = [symbolic["a"], {"b": symbolic["b"], "c": symbolic["c"]}] if structure == "nested" else symbolic
    with pytest.warns(UserWarning, match="is ignored") as seen:
        assert model(symbolic).shape == (None, 4)
    assert len(seen) == 1


def test_further_keys_do_not_keep_a_model_from_being_compiled():
    a = keras.Input((4,), name="a")
    compiled = torch.compile(keras.Model(a, a * 2), backend="eager", fullgraph=True)
    assert compiled({"a": ONES, "c": ONES}).tolist() == (2 * ONES).tolist()


def test_a_masked_call_with_further_keys_warns_once():
    a = keras.Input((4,), name="a")
    model = keras.Model({"a": a}, a * 2)
    mask = torch.ones(2, dtype=torch.bool)
    with pytest.warns(UserWarning, match="is ignored") as seen:
        model({"a": ONES, "c": ONES}, mask={"a": mask, "c": mask})
    assert len(seen) == 1


def by_hand(shape=(None, 4), dtype="float32", name=None):
    return keras.KerasTensor(shape, dtype, name)


def test_a_symbolic_tensor_made_by_hand_is_an_input():
    x = by_hand(name="x")
    dense = keras.layers.Dense(3)
    y = dense(x)
    assert (y.shape, dense.built, dense.input is x, len(dense.inbound_nodes)) == ((None, 3), True, True, 1)
    theirs = oracle.layers.Dense(3)
    tensor = oracle.KerasTensor((None, 4), "float32")
    assert (theirs(tensor).shape, theirs.input is tensor) == ((None, 3), True)
    model = keras.Model(x, y)
    assert [layer.name for layer in model.layers] == ["x", dense.name]
    assert model(ONES).shape == (2, 3)
    assert keras.Model.from_config(model.get_config())(ONES).shape == (2, 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: torch.relu(x),
        lambda x: x + 1,
        lambda x: keras.layers.Add()([x, keras.Input((4,))]),
        lambda x: keras.Sequential([keras.layers.Dense(4)])(x),
        lambda x: keras.Model(a := keras.Input((4,)), a * 2)(x),
        lambda x: x[:, :4],
        lambda x: keras.Sequential([x, keras.layers.Dense(4)]).output,
    ],
    ids=["function", "operator", "with an Input", "Sequential", "model", "index", "in a Sequential"],
)
def test_every_call_takes_it(call):
    assert call(by_hand()).shape == (None, 4)


def test_other_dtypes_and_fixed_shapes():
    assert keras.layers.Embedding(5, 2)(by_hand((2, 4), "int64")).shape == (2, 4, 2)
    text = by_hand((None,), "string")
    model = keras.Model(text, keras.layers.StringLookup(vocabulary=["a"])(text))
    assert model(["a", "b"]).tolist() == [1, 0]


def test_an_input_made_of_it():
    tensor = by_hand()
    assert keras.Input(tensor=tensor) is tensor
    assert keras.Input(tensor=tensor) is not tensor
    with pytest.raises(ValueError, match="the graph is disconnected: <KerasTensor keras_tensor"):
        keras.Model(keras.Input((4,)), keras.layers.Dense(2)(by_hand()))


def test_nothing_warns_without_further_keys():
    model = two_inputs(keras, dict)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model({"a": ONES, "b": ONES})
