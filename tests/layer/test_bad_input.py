"""Does bad input give an error that names the layer and what was received, and change nothing? (issue, "Bad input")"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Fails, Linear, Stack, Statistics, built, snapshot

ON_READ = keras.VariableSynchronization.ON_READ

CONSTRUCTIONS = [
    ({"foo": 1}, TypeError, "'foo'"),
    ({"foo": 1, "name": "n"}, TypeError, "'foo'"),
    ({"trainable": 1}, TypeError, "trainable=1"),
    ({"trainable": None}, TypeError, "trainable=None"),
    ({"dynamic": "x"}, TypeError, "dynamic='x'"),
    ({"name": 3}, TypeError, "name=3"),
    ({"name": ["a"]}, TypeError, r"name=\['a'\]"),
    ({"dtype": "bad"}, TypeError, "'bad'"),
    ({"dtype": 3}, TypeError, "3"),
    ({"activity_regularizer": "no such"}, ValueError, "'no such'"),
    ({"activity_regularizer": 3}, ValueError, "3"),
    ({"input_shape": 3}, TypeError, "3"),
    ({"input_shape": "ab"}, TypeError, "'ab'|'a', 'b'"),
    ({"batch_input_shape": (2.5,)}, TypeError, "2.5"),
    ({"batch_size": "many", "input_shape": (3,)}, TypeError, "many"),
    ({"input_dim": "many"}, TypeError, "many"),
]


@pytest.mark.parametrize(("arguments", "error", "received"), CONSTRUCTIONS, ids=str)
def test_constructor(arguments, error, received):
    with pytest.raises(error, match=f"Linear.*({received})"):
        Linear(2, **arguments)
    assert Linear(2).name == "linear", "no number was used up"


def _gives_three(shape, dtype=None):
    return torch.ones(3)


WEIGHTS = [
    ({"shape": (None, 2)}, ValueError, r"\(None, 2\)"),
    ({"shape": (-1,)}, ValueError, r"\(-1,\)"),
    ({"shape": 3.0}, TypeError, "3"),
    ({"shape": "ab"}, TypeError, "'ab'"),
    ({"shape": (2.0,)}, TypeError, r"2.0"),
    ({"shape": (True,)}, TypeError, "True"),
    ({"shape": (2,), "dtype": "bad"}, TypeError, "'bad'"),
    ({"shape": (2,), "initializer": "no such"}, ValueError, "'no such'"),
    ({"shape": (2,), "initializer": 5.0}, ValueError, "5.0"),
    ({"shape": (2,), "initializer": np.ones(3)}, ValueError, r"\(3,\)"),
    ({"shape": (2,), "initializer": _gives_three}, ValueError, r"\(3,\)"),
    ({"shape": (2,), "dtype": "complex64"}, ValueError, "complex64"),
    ({"shape": (2,), "regularizer": "no such"}, ValueError, "'no such'"),
    ({"shape": (2,), "regularizer": 3}, ValueError, "3"),
    ({"shape": (2,), "constraint": "no such"}, ValueError, "'no such'"),
    ({"shape": (2,), "trainable": True, "synchronization": ON_READ}, ValueError, "trainable=True"),
    ({"shape": (2,), "synchronization": "often"}, (TypeError, ValueError), "often"),
    ({"shape": (2,), "aggregation": "often"}, (TypeError, ValueError), "often"),
    ({"shape": (2,), "trainable": True, "dtype": "int32"}, ValueError, "int32"),
    ({"shape": (2,), "foo": 1}, TypeError, "foo=1"),
    ({"shape": (2,), "partitioner": len, "regularizer": "l2"}, RuntimeError, "partitioned"),
]


@pytest.mark.parametrize(
    ("arguments", "error", "received"),
    WEIGHTS,
    ids=[f"{place}: {', '.join(case[0])}" for place, case in enumerate(WEIGHTS)],
)
def test_add_weight(arguments, error, received):
    layer = built(Linear(2, name="mine"))
    before = snapshot(layer)
    with pytest.raises(error, match=rf"(?s)mine: .*{received}"):
        layer.add_weight("w", **arguments)
    assert snapshot(layer) == before
    layer.w = layer.add_weight("w", (2,))
    assert list(layer.state_dict()) == ["kernel", "bias", "w"]


def test_none_for_a_shape_without_a_name_is_a_scalar_and_within_a_shape_an_error():
    layer = keras.Layer(name="mine")
    with pytest.raises(ValueError, match="mine"):
        layer.add_weight(shape=(3, None))
    assert layer.weights == []
    assert layer.add_weight(shape=None).shape == ()


ARRAYS = [
    ([np.ones((3, 2))], ValueError),
    ([np.ones((3, 2)), np.ones(2), np.ones(2)], ValueError),
    ([np.ones((3, 2)), np.ones(3)], ValueError),
    ([np.full((3, 2), 9.0), "text"], (TypeError, ValueError)),
    ([np.full((3, 2), 9.0), None], (TypeError, ValueError)),
    ([np.full((3, 2), 9.0), [1.0, "a"]], (TypeError, ValueError)),
    ([np.full((3, 2), 9.0), [1.0, [2.0]]], (TypeError, ValueError)),
]


@pytest.mark.parametrize(("arrays", "error"), ARRAYS, ids=[str(case[0]) for case in ARRAYS])
@pytest.mark.parametrize("how", ["set_weights", "load_own_variables"])
def test_weights_that_do_not_fit(arrays, error, how):
    layer = built(Linear(2, name="mine"))
    before = snapshot(layer)
    given = arrays if how == "set_weights" else {str(index): array for index, array in enumerate(arrays)}
    with pytest.raises(error, match="(?s)mine: .*Received"):
        getattr(layer, how)(given)
    assert snapshot(layer) == before


@pytest.mark.parametrize("arrays", [3, None, "text"])
def test_weights_that_are_no_list(arrays):
    layer = built(Linear(2, name="mine"))
    before = snapshot(layer)
    with pytest.raises((TypeError, ValueError), match=f"(?s)mine: .*Received: .*{arrays}"):
        layer.set_weights(arrays)
    assert snapshot(layer) == before


@pytest.mark.parametrize(("arrays", "error"), ARRAYS, ids=[str(case[0]) for case in ARRAYS])
def test_weights_of_the_constructor_that_do_not_fit(arrays, error):
    layer = Linear(2, name="mine", weights=arrays)
    before = snapshot(layer)
    with pytest.raises(error, match="(?s)mine: .*Received"):
        built(layer)
    assert snapshot(layer) == before
    assert not layer.built


STATES = [
    ("bias", torch.ones(3)),
    ("bias", None),
    ("extra", torch.ones(1)),
]


@pytest.mark.parametrize(("key", "value"), STATES)
@pytest.mark.parametrize("nested", [False, True], ids=["one", "nested"])
def test_a_state_dict_that_does_not_fit(key, value, nested):
    """Strict, as torch is; and nothing is written."""
    layer = built(Stack(Linear(2), Linear(2)) if nested else Linear(2))
    before = snapshot(layer)
    state = {name: torch.full_like(tensor, 9.0) for name, tensor in layer.state_dict().items()}
    prefix = "steps.1." if nested else ""
    if value is None:
        del state[prefix + key]
    else:
        state[prefix + key] = value
    with pytest.raises(RuntimeError, match=key):
        layer.load_state_dict(state)
    assert snapshot(layer) == before


@pytest.mark.parametrize("drop_metadata", [False, True])
def test_a_state_dict_that_does_not_fit_an_unbuilt_layer(drop_metadata):
    state = built(Linear(2)).state_dict()
    state["bias"] = torch.ones(3)
    if drop_metadata:
        state = dict(state)
    layer = Linear(2, name="mine")
    with pytest.raises(RuntimeError, match="bias|mine: is not built"):
        layer.load_state_dict(state)
    assert layer(torch.ones(1, 5)).shape == (1, 2), "it is unbuilt still, and learns its shape from the next call"


def test_an_input_that_does_not_fit_the_spec():
    layer = built(keras.layers.Dense(2, name="head"))
    before = snapshot(layer)
    for inputs in (torch.ones(2, 4), torch.ones(3), [torch.ones(2, 3)] * 2):
        with pytest.raises(ValueError, match=r"head: .*[Rr]eceived.*\("):
            layer(inputs)
        assert snapshot(layer) == before
    assert layer(torch.ones(2, 3)).shape == (2, 2)


def test_call_returns_none():
    class Nothing(Linear):
        def call(self, inputs):
            super().call(inputs)

    layer = built(Linear(2))
    layer.inner = Nothing(2, name="mine")
    with pytest.raises(ValueError, match="mine: .*Received: None"):
        layer.inner(torch.ones(2, 3))
    assert layer(torch.ones(2, 3)).shape == (2, 2)


@pytest.mark.parametrize("where", ["build", "call"])
@pytest.mark.parametrize("surrounded", [False, True])
def test_an_exception_in_build_or_call(where, surrounded):
    """State is as before; a second try works."""
    fails = Fails(where)
    model = Stack(Linear(3), fails) if surrounded else fails
    if where == "call":
        fails.build((2, 3))
    before = snapshot(fails)
    for _ in range(2):
        with pytest.raises(LookupError, match="not today"):
            model(torch.ones(2, 3))
        assert snapshot(fails) == before
    fails.where = "nowhere"
    assert model(torch.ones(2, 3)).shape == (2, 3)
    assert [loss.item() for loss in model.losses] == [8.0]
    assert len(fails.weights) == 4


def test_an_exception_in_the_build_of_a_child():
    """A parent that builds its child in its own build is unbuilt too."""

    class Parent(keras.Layer):
        def __init__(self):
            super().__init__()
            self.child = Fails("build")

        def build(self, input_shape):
            self.before = self.add_weight("before", ())
            self.child.build(input_shape)

        def call(self, inputs):
            return self.child(inputs) * self.before

    parent = Parent()
    with pytest.raises(LookupError):
        parent(torch.ones(2, 3))
    assert (parent.built, parent.child.built, parent.weights) == (False, False, [])
    parent.child.where = "nowhere"
    parent(torch.ones(2, 3))
    assert len(parent.weights) == 5


def test_a_build_for_other_shapes_than_the_call():
    class Misfit(Linear):
        def build(self, input_shape):
            super().build((*input_shape[:-1], input_shape[-1] + 1))

    with pytest.raises(RuntimeError, match=r"(?s)misfit .*\(2, 3\)|mat1 and mat2.*"):
        built(Misfit(2))
    layer = keras.layers.Dense(2, name="head")
    layer.build((None, 4))
    with pytest.raises(ValueError, match=r"head: .*axis -1 to have size 4, found size 3"):
        layer(torch.ones(2, 3))


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam])
def test_an_optimizer_over_unbuilt_layers(make):
    model = nn.Sequential(nn.Linear(3, 3), Linear(2, name="first"), Stack(Statistics(name="second")))
    with pytest.raises(RuntimeError, match=r"first, second: not built.*torchkeras_layer.build\(model, example_input\)"):
        make(model.parameters(), lr=0.1)
    keras.build(model, torch.ones(1, 3))
    assert len(make(model.parameters(), lr=0.1).param_groups[0]["params"]) == 6


def test_assigning_to_a_read_only_property():
    layer = built(Linear(2, name="mine"))
    before = snapshot(layer)
    for name, value in (("name", "other"), ("weights", []), ("losses", [torch.ones(1)]), ("input_shape", (2,))):
        with pytest.raises(AttributeError, match=f"mine: '{name}' is a read-only property"):
            setattr(layer, name, value)
        with pytest.raises(AttributeError):
            delattr(layer, name)
    assert snapshot(layer) == before
