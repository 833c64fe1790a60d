"""Do the rules hold for any structure, dtype, shape and sequence of steps? (hypothesis)"""

from __future__ import annotations

import json

import numpy as np
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import torchkeras_layer as keras
from tests.layer.samples import Linear, Stack, Statistics, built

FLOATS = ["float16", "bfloat16", "float32", "float64"]
OTHERS = ["int8", "int32", "int64", "uint8", "bool", "complex64"]
MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
dtypes = st.sampled_from(FLOATS + OTHERS)
policies = st.sampled_from([*FLOATS, *MIXED, "int32"])
shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)
tensors = st.builds(lambda shape, dtype: torch.zeros(shape, dtype=getattr(torch, dtype)), shapes, dtypes)
arrays = tensors.filter(lambda tensor: tensor.dtype != torch.bfloat16).map(lambda tensor: tensor.numpy())
leaf = st.one_of(tensors, arrays, st.none(), st.text(max_size=3))
structures = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=6,
)


def outline(structure, of_leaf):
    """Return the structure with each leaf replaced by what `of_leaf` says of it."""
    if isinstance(structure, dict):
        return [type(structure), [(key, outline(value, of_leaf)) for key, value in structure.items()]]
    if isinstance(structure, (list, tuple)):
        return [type(structure), [outline(value, of_leaf) for value in structure]]
    return of_leaf(structure)


class Echo(keras.Layer):
    """Returns its inputs, whatever they are, in a list."""

    def build(self, input_shape):
        self.shapes = input_shape

    def call(self, inputs):
        return [inputs]


def describe(policy):
    compute = MIXED.get(policy, policy)

    def of_leaf(value):
        if isinstance(value, (torch.Tensor, np.ndarray)):
            dtype = str(value.dtype).removeprefix("torch.")
            return tuple(value.shape), compute if dtype in FLOATS and compute in FLOATS else dtype
        return value

    return of_leaf


@given(structures, policies)
def test_inputs_keep_their_structure_and_only_floats_are_cast(structure, policy):
    """[3] [5] For build, the same structure of shapes."""
    layer = Echo(dtype=policy)
    (output,) = layer(structure)
    assert outline(output, describe("int32")) == outline(structure, describe(policy))
    assert layer.shapes == shapes_in(structure)


def shapes_in(structure):
    if isinstance(structure, dict):
        return {key: shapes_in(value) for key, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(shapes_in(value) for value in structure)
    return tuple(structure.shape) if hasattr(structure, "shape") else None


@given(shapes, st.sampled_from(FLOATS + ["int32", "bool"]), st.booleans(), policies)
def test_a_weight_is_what_was_asked_for(shape, dtype, given_dtype, policy):
    layer = keras.Layer(dtype=policy)
    layer.w = layer.add_weight("w", shape, dtype if given_dtype else None, initializer="zeros")
    expected = dtype if given_dtype else layer.variable_dtype
    assert (tuple(layer.w.shape), str(layer.w.dtype)) == (shape, f"torch.{expected}")
    assert layer.w.requires_grad == (expected in FLOATS)
    values = np.ones(shape)
    layer.set_weights([values])
    assert (layer.get_weights()[0] == values).all()
    assert layer.w.numel() == values.size


@given(st.lists(shapes, max_size=4), st.data())
def test_weights_go_out_and_in(all_shapes, data):
    layer = keras.Layer()
    for index, shape in enumerate(all_shapes):
        trains = data.draw(st.booleans())
        setattr(layer, f"w{index}", layer.add_weight(f"w{index}", shape, trainable=trains))
    values = [np.random.standard_normal(array.shape).astype("float32") for array in layer.get_weights()]
    layer.set_weights(values)
    assert all((one == other).all() for one, other in zip(values, layer.get_weights(), strict=True))
    twin = keras.Layer()
    for index, shape in enumerate(all_shapes):
        trains = layer.weight_specs[f"w{index}"].trainable
        setattr(twin, f"w{index}", twin.add_weight(f"w{index}", shape, trainable=trains))
    twin.load_state_dict(layer.state_dict())
    assert all((one == other).all() for one, other in zip(values, twin.get_weights(), strict=True))


class Model:
    """What a tree of layers should say of itself: a flag a layer, set from above, and weights that asked to train."""

    def __init__(self):
        self.flags = dict.fromkeys(("root", "a", "inner", "b", "c"), True)
        self.parent = {"root": None, "a": "root", "inner": "root", "b": "inner", "c": "inner"}

    def set(self, name, value):
        self.flags[name] = value
        for child, parent in self.parent.items():
            if parent == name:
                self.set(child, value)

    def trainable(self, name):
        """Return what `trainable` says: the flag, unless all weights inside say otherwise."""
        found = {self.flags[inner] for inner in ([name] if name in "abc" else _below(name))}
        return True in found if self.flags[name] else found == {True}


def _tree():
    a, b, c = Linear(2, name="a"), Statistics(name="b"), Linear(3, name="c")
    inner = Stack(b, c, name="inner")
    return {"root": Stack(a, inner, name="root"), "a": a, "inner": inner, "b": b, "c": c}


steps = st.lists(st.tuples(st.sampled_from(["root", "a", "inner", "b", "c", "build"]), st.booleans()), max_size=8)


@given(steps)
@example([("root", False), ("a", True)])
def test_any_sequence_of_freezing(sequence):
    """[33] [34] Flags, lists, `requires_grad` and what an optimizer step changes agree with a simple model."""
    layers, model = _tree(), Model()
    for name, value in [*sequence, ("build", True)]:
        if name == "build":
            built(layers["root"])
            continue
        layers[name].trainable = value
        model.set(name, value)
    assert {name: layer.trainable for name, layer in layers.items()} == {n: model.trainable(n) for n in model.flags}
    own = {name: list(layers[name].parameters(recurse=False)) for name in "abc"}
    for top in ("root", "inner"):
        expected = [id(w) for name in _below(top) if model.flags[name] for w in own[name]]
        assert [id(w) for w in layers[top].trainable_weights] == expected
    assert len(layers["root"].weights) == 8
    for name, weights in own.items():
        assert all(weight.requires_grad == model.flags[name] for weight in weights)
    _check_step(layers["root"], own, model)


def _below(top):
    return "abc" if top == "root" else "bc"


def _check_step(root, own, model):
    before = {name: [w.detach().clone() for w in weights] for name, weights in own.items()}
    optimizer = torch.optim.SGD(root.parameters(), lr=0.1)
    for parameter in root.parameters():
        parameter.grad = torch.ones_like(parameter) if parameter.requires_grad else None
    optimizer.step()
    for name, weights in own.items():
        changed = [not torch.equal(one, other) for one, other in zip(before[name], weights, strict=True)]
        assert all(change == model.flags[name] for change in changed)


scalars = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(-9, 9), st.text(max_size=4))
plain = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)


class Keeps(keras.Layer):
    def __init__(self, first, second=None, *, third=0, **kwargs):
        super().__init__(**kwargs)
        self.given = first, second, third


BASE = st.fixed_dictionaries(
    {},
    optional={
        "trainable": st.booleans(),
        "name": st.text(max_size=5).filter(lambda text: "/" not in text),
        "dtype": policies,
        "dynamic": st.booleans(),
        "activity_regularizer": st.sampled_from([None, "l1", "l2"]),
    },
)


@settings(max_examples=80)
@given(plain, st.fixed_dictionaries({}, optional={"second": plain, "third": plain}), BASE)
def test_configs_go_round(first, keywords, base):
    """[41] Through JSON, as a file would."""
    layer = Keeps(first, **keywords, **base)
    config = json.loads(json.dumps(layer.get_config()))
    twin = Keeps.from_config(config)
    assert twin.given == layer.given
    assert twin.get_config() == layer.get_config()
    attributes = ("name", "trainable", "dtype", "compute_dtype", "dynamic")
    assert [getattr(twin, name) for name in attributes] == [getattr(layer, name) for name in attributes]
    assert type(twin.activity_regularizer) is type(layer.activity_regularizer)


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["list", "dict", "tuple", "attribute"])), max_size=5))
def test_weights_parameters_and_state_agree_for_any_holding(held):
    """[52]"""
    layer = built(keras.Layer())
    for index, (units, kind) in enumerate(held):
        inner = built(Linear(units))
        value = {"list": [inner], "dict": {"x": inner}, "tuple": (inner, None), "attribute": inner}[kind]
        setattr(layer, f"held_{index}", value)
    assert len(layer.weights) == len(list(layer.parameters())) == len(layer.state_dict()) == 2 * len(held)
    assert [id(w) for w in layer.weights] == [id(w) for w in layer.parameters()]
    twin = built(keras.Layer())
    for index, (units, _) in enumerate(held):
        setattr(twin, f"held_{index}", [built(Linear(units))])
    twin.set_weights(layer.get_weights())
    assert layer.count_params() == twin.count_params() == sum(4 * units for units, _ in held)


class Link(keras.Layer):
    """Calls the next link, with `training` or without it."""

    def __init__(self, following, given):
        super().__init__()
        self.following, self.given = following, given

    def call(self, inputs, training=None):
        self.mode = training
        return inputs if self.following is None else self.following(inputs, **self.given)


links = st.tuples(st.booleans(), st.sampled_from([{}, {"training": None}, {"training": True}, {"training": False}]))


@given(st.lists(links, min_size=1, max_size=5))
def test_the_mode_of_nested_calls(chain):
    """[9] The nearest explicit value that is not None, else the layer's own flag."""
    layers, given_to_first = [], chain[0][1]
    for index in reversed(range(len(chain))):
        given_to_next = chain[index + 1][1] if layers else {}
        layers.insert(0, Link(layers[0] if layers else None, given_to_next))
    for layer, (flag, _) in zip(layers, chain, strict=True):
        layer.training = flag
    layers[0](torch.ones(1), **given_to_first)
    explicit = None
    for layer, (flag, arguments) in zip(layers, chain, strict=True):
        explicit = arguments.get("training") if arguments.get("training") is not None else explicit
        assert layer.mode is (flag if explicit is None else explicit)
