"""Is every mistake with graphs told, by the names of layer and tensor, and is nothing left of it? (contract §6.3)"""

from __future__ import annotations

import gc

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.models.samples import Mixes, Scale
from torchkeras_layer._structures import leaves, map_leaves

pytestmark = pytest.mark.usefixtures("small_heap")


class World:
    """Two inputs, a layer called on each, and what a failure must leave as it is."""

    def __init__(self):
        self.x, self.z = keras.Input((3,), name="x"), keras.Input((3,), name="z")
        self.dense = keras.layers.Dense(3, name="dense")
        self.y = self.dense(self.x)
        self.model = keras.Model([self.x, self.z], keras.layers.Add(name="sum")([self.y, self.z]), name="model")

    def nodes(self):
        layers = [*self.model.layers, self.model]
        return [(len(layer.inbound_nodes), len(layer.outbound_nodes)) for layer in layers]


@pytest.fixture
def world():
    return World()


def assert_fails(world, act, error, message):
    before = world.nodes()
    with pytest.raises(error, match=message):
        act(world)
    # What only the failed attempt had made is held by its traceback until then.
    gc.collect()
    assert world.nodes() == before


def named(name, **arguments):
    return keras.layers.Dense(3, name=name, **arguments)


CONSTRUCTIONS = {
    "disconnected": (lambda w: keras.Model(w.z, w.y, name="m"), ValueError, r"m: .*'?x'?"),
    "disconnected by one of two": (lambda w: keras.Model(w.z, [w.z, w.y]), ValueError, "(?s)model.*x"),
    "disconnected by a function": (lambda w: keras.Model(w.z, torch.relu(w.x) + w.z), ValueError, "(?s)x"),
    "input below the output": (lambda w: keras.Model(w.y, w.x), ValueError, "(?s)x"),
    "same input twice": (lambda w: keras.Model([w.x, w.x], w.y), ValueError, "(?s)x.*twice|more than once|same"),
    "same input twice in a dict": (lambda w: keras.Model({"a": w.x, "b": w.x}, w.y), ValueError, "(?s)x"),
    "real input": (lambda w: keras.Model(torch.ones(2, 3), w.y), ValueError, "(?s)input.*symbolic"),
    "text as input": (lambda w: keras.Model("x", w.y), ValueError, "(?s)input.*'x'"),
    "None among the inputs": (lambda w: keras.Model([w.x, None], w.y), ValueError, "(?s)input.*None"),
    "real output": (lambda w: keras.Model(w.x, torch.ones(2, 3)), ValueError, "(?s)output.*symbolic"),
    "None as output": (lambda w: keras.Model(w.x, None), (ValueError, TypeError), "output"),
    "None among the outputs": (lambda w: keras.Model(w.x, [w.y, None]), ValueError, "(?s)output.*None"),
    "a layer as output": (lambda w: keras.Model(w.x, w.dense), ValueError, "(?s)output.*dense"),
    "no outputs": (lambda w: keras.Model(w.x), (ValueError, TypeError), "outputs"),
    "no inputs": (lambda w: keras.Model(outputs=w.y), (ValueError, TypeError), "inputs"),
    "nothing in": (lambda w: keras.Model([], w.y), ValueError, "input"),
    "a tensor made by hand": (
        lambda w: keras.Model(w.x, keras.KerasTensor((3,))),
        ValueError,
        "the graph is disconnected: <KerasTensor keras_tensor ",
    ),
    "name": (lambda w: keras.Model(w.x, w.y, name=3), TypeError, "name.*3"),
}


@pytest.mark.parametrize(("act", "error", "message"), CONSTRUCTIONS.values(), ids=CONSTRUCTIONS)
def test_construction(world, act, error, message):
    """[47]"""
    assert_fails(world, act, error, message)


def test_two_layers_of_one_name(world):
    """[47]"""
    y = named("same")(named("same")(world.x))
    assert_fails(world, lambda w: keras.Model(w.x, y), ValueError, "(?s)'same'")
    other = keras.Input((3,), name="x")
    assert_fails(world, lambda w: keras.Model([w.x, other], w.x + other), ValueError, "(?s)'x'")


def test_the_message_of_a_disconnected_graph_says_what_is_missing(world):
    """[47] The tensor, the layer that wants it, and what was given."""
    with pytest.raises(ValueError, match="(?s)dense") as caught:
        keras.Model(world.z, world.y)
    assert all(f"{name}" in str(caught.value) for name in ("x", "dense", "z"))


ONES = torch.ones(2, 3)
CALLS = {
    "one input too few": ([ONES], ValueError, "(?s)model.*2 input.*1"),
    "a single tensor": (ONES, ValueError, "(?s)model.*2 input.*1"),
    "one too many": ([ONES] * 3, ValueError, "(?s)model.*2 input.*3"),
    "a missing key": ({"x": ONES}, ValueError, "(?s)model.*'z'"),
    "a wrong key": ({"x": ONES, "zz": ONES}, ValueError, "(?s)model.*'z'"),
    "a wrong last axis": ([torch.ones(2, 4), ONES], ValueError, r"(?s)model.*x.*\(None, 3\).*\(2, 4\)"),
    "a wrong last axis of the second": ([ONES, torch.ones(2, 4)], ValueError, r"(?s)model.*z.*\(None, 3\).*\(2, 4\)"),
    "a rank too low": ([torch.ones(3), ONES], ValueError, r"(?s)model.*x.*\(3,\)"),
    "a rank too high": ([torch.ones(2, 3, 1, 1), ONES], ValueError, r"(?s)model.*x.*\(2, 3, 1, 1\)"),
    "another rank": ([torch.ones(2, 3, 3), ONES], ValueError, r"(?s)model.*x.*\(2, 3, 3\)"),
    "text": (["text", ONES], (TypeError, ValueError), "(?s)model.*text"),
    "None": ([None, ONES], (TypeError, ValueError), "(?s)model.*None"),
    "nothing": ([], ValueError, "(?s)model.*2 input.*0"),
}


@pytest.mark.parametrize(("inputs", "error", "message"), CALLS.values(), ids=CALLS)
def test_calls(world, inputs, error, message):
    assert_fails(world, lambda w: w.model(inputs), error, message)


def test_calls_without_arguments(world):
    assert_fails(world, lambda w: w.model(), ValueError, "model")


SYMBOLIC = {name: case for name, case in CALLS.items() if name not in ("text", "None", "nothing")}


@pytest.mark.parametrize(("inputs", "error", "message"), SYMBOLIC.values(), ids=SYMBOLIC)
def test_symbolic_calls(world, inputs, error, message):
    symbolic = map_leaves(lambda t: keras.Input(batch_shape=tuple(t.shape)), inputs)
    assert_fails(world, lambda w: w.model(symbolic), error, message)
    assert all(t._keras_history.layer.outbound_nodes == [] for t in leaves(symbolic))


class Raises(keras.Layer):
    def call(self, inputs):
        raise LookupError("not today")


class Looks(keras.Layer):
    def call(self, inputs):
        return inputs if inputs.sum() > 0 else -inputs


class Gives(keras.Layer):
    def __init__(self, output, **kwargs):
        super().__init__(**kwargs)
        self.output_value = output

    def call(self, inputs):
        return self.output_value


LAYERS = {
    "input_spec": (lambda w: w.dense(keras.Input((4,), name="bad")), ValueError, "(?s)dense.*axis -1.*3.*4"),
    "rank": (lambda w: w.dense(keras.Input((), name="bad")), ValueError, "(?s)dense"),
    "call raises": (lambda w: Raises(name="raises")(w.x), (LookupError, NotImplementedError), "not today"),
    "call looks at values": (
        lambda w: Looks(name="looks")(w.x),
        NotImplementedError,
        r"(?s)looks.*compute_output_shape",
    ),
    "a number comes out": (lambda w: Gives(5, name="gives")(w.x), TypeError, "(?s)gives.*5"),
    "text comes out": (lambda w: Gives("text", name="gives")(w.x), TypeError, "(?s)gives.*text"),
    "an unknown keyword": (lambda w: w.dense(w.x, nonsense=1), TypeError, "nonsense"),
    "no input": (lambda w: Mixes(name="mixes")(other=w.x), ValueError, "mixes"),
    "dynamic without a shape": (
        lambda w: keras.Layer(dynamic=True, name="tree")(w.x),
        NotImplementedError,
        "(?s)tree.*compute_output_shape",
    ),
    "shapes that do not fit": (
        lambda w: Mixes(name="mixes")(w.x, keras.Input((4,))),
        Exception,
        "mixes",
    ),
    "a mask where none is taken": (lambda w: Scale(name="scale")(w.x, mask=w.x), TypeError, "mask"),
}


@pytest.mark.parametrize(("act", "error", "message"), LAYERS.values(), ids=LAYERS)
def test_symbolic_calls_of_layers(world, act, error, message):
    assert_fails(world, act, error, message)


@pytest.mark.parametrize("make", [lambda: Raises(name="l"), lambda: Looks(name="l"), lambda: Gives(5, name="l")])
def test_a_failed_call_is_told_by_layer_and_tensor_and_leaves_no_node(world, make):
    layer = make()
    with pytest.raises(Exception) as caught:  # noqa: PT011
        layer(world.x)
    text = str(caught.value) + "".join(getattr(caught.value, "__notes__", []))
    assert "l (" in text or "l:" in text
    assert "(None, 3)" in text
    assert layer.inbound_nodes == []
    with pytest.raises(AttributeError):
        layer.input  # noqa: B018


class Claims(keras.Layer):
    def call(self, inputs):
        return inputs

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 7)


def test_a_layer_that_gives_another_shape_than_it_declared(world):
    with pytest.warns(UserWarning, match=r"claims \(Claims\): .*7.*, but call\(\) gives .*3"):
        model = keras.Model(world.x, Claims(name="claims")(world.x))
    assert model.output_shape == (None, *model(ONES).shape[1:])


GET_LAYER = [
    ((), {}, "(?s)model.*name.*index"),
    (("dense", 1), {}, "(?s)model.*name.*index"),
    (("zz",), {}, r"(?s)model.*'zz'.*\['x', 'dense', 'z', 'sum'\]"),
    ((), {"index": 9}, "model: there are 4 layers. Received: index=9"),
    ((), {"index": -9}, "model: there are 4 layers. Received: index=-9"),
]


@pytest.mark.parametrize(("args", "kwargs", "message"), GET_LAYER, ids=[str(case[:2]) for case in GET_LAYER])
def test_get_layer(world, args, kwargs, message):
    assert_fails(world, lambda w: w.model.get_layer(*args, **kwargs), ValueError, message)


ADDED = {
    "a real tensor": (lambda w: w.model.add_loss(torch.ones(())), ValueError, "(?s)model.*symbolic|callable"),
    "a number": (lambda w: w.model.add_loss(3.0), ValueError, "model"),
    "of another graph": (lambda w: w.model.add_loss(keras.Input((3,), name="foreign").sum()), ValueError, "foreign"),
    "text": (lambda w: w.model.add_loss("text"), TypeError, "model"),
    "a metric of a real tensor": (lambda w: w.model.add_metric(torch.ones(()), name="m"), ValueError, "model"),
    "a metric without a name": (lambda w: w.model.add_metric(w.y.mean()), ValueError, "(?s)model.*name"),
    "a metric of another graph": (
        lambda w: w.model.add_metric(keras.Input((3,), name="foreign").sum(), name="m"),
        ValueError,
        "foreign",
    ),
    "a summed metric": (lambda w: w.model.add_metric(w.y.mean(), "sum", "m"), ValueError, "(?s)model.*sum"),
}


@pytest.mark.parametrize(("act", "error", "message"), ADDED.values(), ids=ADDED)
def test_additions(world, act, error, message):
    names = [layer.name for layer in world.model.layers]
    assert_fails(world, act, error, message)
    assert [layer.name for layer in world.model.layers] == names
    assert world.model.losses == world.model.metrics == []
    assert world.model([ONES, ONES]).shape == (2, 3)


def test_a_constant_that_cannot_be_written_down(world):
    class Takes(keras.Layer):
        def call(self, inputs, thing=None):
            return inputs

    model = keras.Model(world.x, Takes(name="takes")(world.x, thing=object()))
    assert model(ONES).shape == (2, 3)
    for write in (model.get_config, model.to_json):
        with pytest.raises(TypeError, match="(?s)takes.*object"):
            write()


def test_a_lambda_cannot_be_written_down(world):
    model = keras.Model(world.x, keras.layers.Lambda(lambda v: v + 1, name="plus")(world.x))
    with pytest.raises((TypeError, NotImplementedError, ValueError), match="(?s)plus|lambda"):
        model.to_json()


class Decides(keras.Layer):
    def call(self, inputs):
        return inputs if inputs.sum() > 0 else -inputs


def test_control_flow_is_told_in_words():
    with pytest.raises(NotImplementedError, match=r"d \(Decides\).*needs the value of a tensor, as `if`"):
        Decides(name="d")(keras.Input((2,)))


def test_a_wrong_size_is_told_with_the_layer_and_without_symbols():
    with pytest.raises(
        RuntimeError, match=r"w \(TorchModuleWrapper\): call\(\) fails on inputs of shape \(None, 5\)"
    ) as caught:
        keras.layers.TorchModuleWrapper(nn.Linear(4, 3), name="w")(keras.Input((5,)))
    assert "s26" not in str(caught.value)


def test_none_among_sizes_is_explained():
    x = keras.Input((3,))
    assert x.reshape((x.shape[0], 3, 1)).shape == (None, 3, 1)
    with pytest.raises((TypeError, ValueError), match="size of a free axis"):
        x.expand(x.shape[0], -1)
    assert (x == None, x != None) == (False, True)  # noqa: E711
