"""What does a functional model compute, and what does it know of itself? (contract §6.3)"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.models.samples import GRAPHS, Halves, Report, Scale, batch_for, batch_of, chain, names_of
from tests.oracle import assert_close
from torchkeras_layer._structures import in_order, map_leaves


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize("size", [1, 6])
def test_shapes_and_dtypes_are_those_foretold(make, size):
    model = make()
    for symbolic, real in zip(model.outputs, in_order(model(batch_for(model, size))), strict=True):
        assert keras.TensorSpec(symbolic.shape, symbolic.dtype).is_compatible_with(real)
    shapes = map_leaves(lambda t: tuple(size if n is None else n for n in t.shape), model.input)
    found = model.compute_output_shape(shapes)
    assert found == map_leaves(lambda t: tuple(t.shape), model(batch_for(model, size)))


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_it_is_a_model_a_layer_and_a_module(make):
    model = make()
    assert isinstance(model, keras.models.Functional)
    assert isinstance(model, keras.Model)
    assert isinstance(model, keras.Layer)
    assert isinstance(model, nn.Module)
    assert model.built
    assert len(list(model.parameters())) + len(list(model.buffers())) >= len(model.weights)
    assert model.count_params() == sum(weight.numel() for weight in model.weights)


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_the_same_architecture_has_the_same_keys(make):
    one, other = make(), make()
    other.load_state_dict(one.state_dict())
    batch = batch_for(one)
    assert_close(other.eval()(batch), one.eval()(batch))


def test_the_same_as_the_calls_made_at_once():
    dense, halves, scale = keras.layers.Dense(4), Halves(), Scale()

    def calls(x, y):
        left, right = halves(dense(x))
        return {"a": scale(left + y, factor=3.0), "b": [torch.relu(right), dense(x).sum(-1)]}

    x, y = keras.Input((3,)), keras.Input((2,))
    data = batch_of(x), batch_of(y)
    assert_close(keras.Model([x, y], calls(x, y))(list(data)), calls(*data))


def test_generated_names_are_counted_anew_in_the_keys():
    def build():
        x = keras.Input((3,))
        first, second = keras.layers.Dense(4), keras.layers.Dense(2)
        return keras.Model(x, keras.layers.Dense(1, name="head")(second(first(x))))

    build()
    model = build()
    assert names_of(model)[1:] == ["dense_2", "dense_3", "head"]
    assert list(model.state_dict()) == [f"{k}.{w}" for k in ("dense", "dense_1", "head") for w in ("kernel", "bias")]
    model.load_state_dict(build().state_dict())


def test_names_of_models():
    x = keras.Input((3,))
    assert [keras.Model(x, x + 1).name for _ in range(2)] == ["model", "model_1"]
    assert keras.Model(x, x + 1, name="mine").name == "mine"


def test_members():
    x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
    dense = keras.layers.Dense(2, name="dense")
    out = {"sum": keras.layers.Add(name="add")([dense(x), dense(y)]), "x": [dense(x)]}
    model = keras.Model({"first": x, "second": y}, out)
    assert names_of(model) == ["x", "y", "dense", "add"]
    assert model.input["first"] is model.inputs[0] is x
    assert model.output["sum"] is model.outputs[0] is out["sum"]
    assert model.output["x"][0] is model.outputs[1]
    assert model.input_names == ["x", "y"]
    assert model.output_names == ["add", "dense"]
    assert model.input_shape == {"first": (None, 3), "second": (None, 3)}
    assert model.output_shape == {"sum": (None, 2), "x": [(None, 2)]}
    assert {depth: [layer.name for layer in layers] for depth, layers in model.layers_by_depth.items()} == {
        0: ["add"],
        1: ["dense"],
        2: ["x", "y"],
    }
    assert model.get_layer("dense") is model.get_layer(index=2) is model.get_layer(name="dense") is dense
    assert model.get_layer(index=-1).name == "add"
    assert isinstance(model.input, dict)


def test_output_names_are_unique():
    x, y, dense = keras.Input((3,)), keras.Input((3,)), keras.layers.Dense(4, name="d")
    assert keras.Model([x, y], [dense(x), dense(y)]).output_names == ["d", "d_1"]


def test_code_and_graph():
    model = chain()
    assert isinstance(model.graph, torch.fx.Graph)
    assert isinstance(model.layers[1].graph, torch.fx.Graph)
    assert "def forward" in model.code
    compile(model.code, "model", "exec")


CALLS = {
    "list": (["x", "y"], lambda a, b: [a, b]),
    "tuple for a list": (["x", "y"], lambda a, b: (a, b)),
    "dict by name for a list": (["x", "y"], lambda a, b: {"y": b, "x": a}),
    "numpy": (["x", "y"], lambda a, b: [a.numpy(), b.numpy()]),
    "dict": ({"p": "x", "q": "y"}, lambda a, b: {"q": b, "p": a}),
    "list for a dict": ({"p": "x", "q": "y"}, lambda a, b: [a, b]),
    "nested": ({"p": ["x"], "q": ("y",)}, lambda a, b: {"p": [a], "q": (b,)}),
}


@pytest.mark.parametrize(("structure", "arrange"), CALLS.values(), ids=CALLS)
def test_ways_to_hand_inputs_over(structure, arrange):
    by_name = {name: keras.Input((3,), name=name) for name in "xy"}
    model = keras.Model(map_leaves(by_name.__getitem__, structure), 2 * by_name["x"] + by_name["y"])
    assert model(arrange(torch.ones(1, 3), torch.zeros(1, 3))).tolist() == [[2.0] * 3]


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {"x": x}, lambda x: (x,)])
def test_ways_to_hand_one_input_over(wrap):
    x = keras.Input((3,), name="x")
    assert keras.Model(x, x + 1)(wrap(torch.ones(1, 3))).tolist() == [[2.0] * 3]


def test_outputs_keep_their_structure():
    x = keras.Input((3,))
    data = torch.ones(1, 3)
    assert isinstance(keras.Model(x, x + 1)(data), torch.Tensor)
    assert isinstance(keras.Model([x], [x + 1])(data), torch.Tensor), "a list of one is that one, as in both Kerases"
    assert isinstance(keras.Model(x, (x + 1,))(data), tuple)
    assert isinstance(keras.Model(x, [[x + 1]])(data), list)
    assert isinstance(keras.Model(x, (x + 1, x))(data), tuple)
    assert list(keras.Model(x, {"b": x, "a": x + 1})(data)) == ["b", "a"]
    report = keras.Model(x, Report()(x))(data)
    assert isinstance(report["parts"][1], tuple)


def test_inputs_are_cast_to_the_dtype_of_the_input():
    x, i = keras.Input((3,)), keras.Input((3,), dtype="int64")
    model = keras.Model([x, i], [x + 0, i + 0])
    found = model([np.ones((2, 3)), torch.ones(2, 3, dtype=torch.int32)])
    assert [tensor.dtype for tensor in found] == [torch.float32, torch.int64]
    assert keras.Model(x, x * 1)(torch.ones(2, 3, dtype=torch.int64)).dtype is torch.float32


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1)])
def test_a_last_axis_of_one_may_be_missing_or_surplus(shape):
    x = keras.Input((3,))
    assert keras.Model(x, x + 1)(torch.ones(*shape)).shape == (2, 3)
    y = keras.Input((3, 1))
    assert keras.Model(y, y + 1)(torch.ones(*shape)).shape == (2, 3, 1)


def test_an_output_that_is_an_input():
    x = keras.Input((3,))
    model = keras.Model(x, [x, x])
    assert [t.tolist() for t in model(torch.ones(1, 3))] == [[[1.0] * 3]] * 2


def test_an_input_that_is_not_used():
    """[47] It is listed, and must be given."""
    x, unused = keras.Input((3,), name="x"), keras.Input((5,), name="unused")
    model = keras.Model([x, unused], x + 1)
    assert names_of(model) == ["x", "unused", "add"]
    assert model([torch.ones(1, 3), torch.ones(1, 5)]).tolist() == [[2.0] * 3]


def test_only_the_second_output_is_used():
    x, halves = keras.Input((4,)), Halves()
    model = keras.Model(x, halves(x)[1])
    assert model(torch.arange(4.0)[None]).tolist() == [[2.0, 3.0]]
    assert halves.output_shape == ((None, 2), (None, 2))


def test_a_model_on_new_inputs_is_one_layer_with_one_node():
    model, x = chain(), keras.Input((3,), name="new")
    before = [len(layer.inbound_nodes) for layer in model.layers]
    y = model(x)
    assert y._keras_history.layer is model
    assert len(model.inbound_nodes) == 1
    assert [len(layer.inbound_nodes) for layer in model.layers] == before
    outer = keras.Model(x, y + 1)
    assert outer.layers[1] is model
    data = torch.randn(2, 3)
    assert_close(outer(data), model(data) + 1)
    assert outer.get_weights()[0] is not None
    assert len(outer.weights) == 4


def test_the_name_of_a_nested_model_may_be_that_of_one_of_its_layers():
    x = keras.Input((3,))
    inner = keras.Model(x, keras.layers.Dense(3, name="dense")(x), name="dense")
    y = keras.Input((3,))
    outer = keras.Model(y, keras.layers.Dense(2, name="last")(inner(y)))
    assert list(outer.state_dict()) == ["dense.dense.kernel", "dense.dense.bias", "last.kernel", "last.bias"]


def test_feature_extraction_shares_the_layers():
    model = chain()
    features = keras.Model(model.input, [model.get_layer("hidden").output, model.output])
    assert features.layers[1] is model.get_layer("hidden")
    data = torch.randn(2, 3)
    hidden, output = features(data)
    assert_close(output, model(data))
    assert_close(hidden, model.get_layer("hidden")(data))
    assert len(model.get_layer("hidden").inbound_nodes) == 1


def test_an_intermediate_tensor_as_input():
    model = chain()
    tail = keras.Model(model.get_layer("hidden").output, model.output)
    assert tail.layers[-1] is model.get_layer("head")
    assert len(tail.layers) == 2
    assert isinstance(tail.layers[0], keras.layers.InputLayer)
    assert tail.input_shape == (None, 4)
    data = torch.randn(2, 4)
    assert_close(tail(data), model.get_layer("head")(data))


def test_a_replaced_child_counts():
    model = chain()
    with torch.no_grad():
        model.get_layer("head").kernel.zero_()
    assert (model(torch.ones(2, 3)) == 0).all()


def test_a_subclass_of_a_functional_model():
    class Twice(keras.Model):
        def __init__(self, units, **kwargs):
            x = keras.Input((3,), name="x")
            super().__init__(x, keras.layers.Dense(units, name="dense")(x), **kwargs)
            self.units = units

    model = Twice(4, name="mine")
    assert "def forward" in model.code
    assert (model.name, model.units, names_of(model)) == ("mine", 4, ["x", "dense"])
    assert model(torch.ones(2, 3)).shape == (2, 4)


def test_building_it_again_changes_nothing():
    model = chain()
    before = model.get_build_config(), model.get_config()
    model.build((None, 7))
    assert (model.get_build_config(), model.get_config()) == before
    assert model(torch.ones(2, 3)).shape == (2, 2)


def test_several_tensors_by_position():
    x, y = keras.Input((3,)), keras.Input((3,))
    with pytest.raises(ValueError, match=r"(?s)model: expects 2 input.*\["):
        keras.Model([x, y], x + y)(torch.ones(2, 3), torch.ones(2, 3))


def test_positional_and_keyword_arguments():
    x = keras.Input((3,))
    y = x + 1
    for model in (
        keras.Model(x, y, "n"),
        keras.Model(inputs=x, outputs=y, name="n"),
        keras.models.Model(x, y, name="n"),
    ):
        assert model.name == "n"


def test_a_slice_of_a_free_axis_may_be_shorter():
    x = keras.Input((None, 4))
    assert x[:, :5].shape == (None, None, 4)
    assert x[:, 1:].shape == (None, None, 4)


def test_an_input_in_the_midst_of_a_call_of_several_outputs():
    x = keras.Input((4,))
    a, b = torch.chunk(x, 2, 1)
    model = keras.Model([a, x], a + b)
    assert model([torch.full((1, 2), 10.0), torch.full((1, 4), 20.0)]).tolist() == [[30.0, 30.0]]
