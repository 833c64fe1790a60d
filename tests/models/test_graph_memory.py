"""Are symbolic graphs freed with their last model, and what does a layer keep alive?"""

from __future__ import annotations

import copy
import gc
import linecache
import logging
import pickle
import sys
import weakref
from collections import Counter

import pytest
import torch
from torch import nn
from torch.nn import functional

import torchkeras_layer as keras
from tests.models.samples import GRAPHS, batch_for, chain
from tests.models.test_compiling import dicts, losses, sequential_inside, wrapped
from torchkeras_layer._structures import leaves
from torchkeras_layer.symbolic import KerasTensor, Node

pytestmark = pytest.mark.usefixtures("small_heap")

KINDS = {**GRAPHS} | {make.__name__: make for make in (dicts, losses, sequential_inside, wrapped)}
every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


@pytest.fixture(autouse=True)
def _no_log(monkeypatch):
    # Pytest keeps what torch logs of each trace.
    monkeypatch.setattr(logging.getLogger("torch.__trace"), "disabled", True)


def counted():
    """Count all objects that are alive, by type."""
    gc.collect()
    return Counter(type(thing).__name__ for thing in gc.get_objects())


def alive(kind):
    gc.collect()
    return sum(issubclass(type(thing), kind) for thing in gc.get_objects())


@every_kind
def test_models_that_come_and_go_leave_nothing(make):
    for _ in range(3):
        make()
    before, lines = counted(), len(linecache.cache)
    for _ in range(5):
        model = make()
        model(batch_for(model))
    del model
    growth = counted() - before
    assert sum(growth.values()) < 20, growth
    assert not {"Node", "KerasTensor", "Functional", "Dense", "Parameter"} & set(growth)
    assert len(linecache.cache) == lines


def test_three_hundred_models():
    def make():
        x = keras.Input((3,))
        keras.Model(x, keras.layers.Dense(2)(keras.layers.Dense(2)(x)))

    make()
    before = counted()
    gc.disable()
    try:
        for _ in range(3):
            for _ in range(100):
                make()
            gc.collect()
    finally:
        gc.enable()
    growth = counted() - before
    assert sum(growth.values()) < 20, growth


@every_kind
def test_all_of_a_model_goes_with_it(make):
    model = make()
    things = [*model.layers, *model.parameters(), *model.inputs, *model.outputs, model._torchkeras.graph.wiring.run]
    references = [weakref.ref(thing) for thing in things]
    del model, things
    gc.collect()
    assert [reference() for reference in references if reference() is not None] == []


def test_configs_clones_and_copies_go_too():
    model = KINDS["several"]()
    makers = [
        lambda: keras.models.clone_model(model),
        lambda: copy.deepcopy(model),
        lambda: pickle.loads(pickle.dumps(model)),
        lambda: model.graph,
        lambda: model.code,
    ]
    for make in makers:
        make()
    before = counted()
    for _ in range(5):
        for make in makers:
            make()
    growth = counted() - before
    assert sum(growth.values()) < 20, growth


def test_heads_on_a_shared_backbone_go_one_by_one():
    """A layer knows what was built on it only as long as that lives."""
    x, backbone = keras.Input((3,), name="x"), keras.layers.Dense(4, name="backbone")
    features = backbone(x)
    keras.Model(x, features)
    before = alive(Node)
    for _ in range(5):
        head = keras.Model(x, functional.softmax(keras.layers.Dense(2)(torch.relu(features)), -1))
        assert len(backbone.outbound_nodes) == 1
        reference = weakref.ref(head)
        del head
        assert alive(Node) == before
        assert reference() is None
    assert backbone.outbound_nodes == []
    assert x._keras_history.layer.outbound_nodes == backbone.inbound_nodes


def test_what_a_layer_keeps():
    """What led to its calls, but not the models, nor what followed."""
    x = keras.Input((3,), name="x")
    first, second, third = (keras.layers.Dense(3, name=name) for name in ("first", "second", "third"))
    model = keras.Model(x, third(second(first(x))))
    references = {"model": weakref.ref(model), "third": weakref.ref(third), "first": weakref.ref(first)}
    references["x"] = weakref.ref(x)
    del model, third, first, x
    gc.collect()
    assert [name for name, reference in references.items() if reference() is not None] == ["first", "x"]
    assert second.inbound_nodes[0].inbound_layers.name == "first"
    del second
    gc.collect()
    assert [name for name, reference in references.items() if reference() is not None] == []


def test_a_model_called_on_new_inputs_again_and_again_keeps_its_calls_only():
    """Each call of a shared layer is a node of it, as in Keras; what is built on the calls is freed."""
    model = chain()
    before = alive(keras.layers.Dense)
    for _ in range(5):
        keras.Model(y := keras.Input((3,)), keras.layers.Dense(1)(model(y)))
    assert alive(keras.layers.Dense) == before
    assert len(model.inbound_nodes) == 5
    assert [len(layer.inbound_nodes) for layer in model.layers] == [1, 1, 1]


def test_calls_of_a_model_leave_no_nodes():
    model = KINDS["several"]()
    data = batch_for(model)
    for _ in range(3):
        model(data)
    before = counted()
    for _ in range(50):
        model(data)
    growth = counted() - before
    assert sum(growth.values()) < 20, growth
    assert all(len(layer.inbound_nodes) <= 2 for layer in model.layers)


@pytest.mark.parametrize("make", [chain, losses, sequential_inside])
def test_the_output_of_a_call_is_freed_at_once(make):
    model = make()
    x = batch_for(model)
    gc.disable()
    try:
        outputs = model(x)
        references = [weakref.ref(tensor) for tensor in leaves(outputs)]
        del outputs
        assert [reference() for reference in references] == [None] * len(references)
    finally:
        gc.enable()


def test_values_in_the_midst_of_a_graph_are_freed_before_its_end():
    """Memory of a deep model in inference: that of two activations, not of all."""
    seen: list[weakref.ref] = []
    lives: list[int] = []

    class Watch(keras.Layer):
        def call(self, inputs):
            lives.append(sum(reference() is not None for reference in seen))
            outputs = inputs + 1
            seen.append(weakref.ref(outputs))
            return outputs

    x = y = keras.Input((3,))
    for _ in range(6):
        y = Watch()(y)
    model = keras.Model(x, y)
    seen.clear()
    lives.clear()
    with torch.no_grad():
        model(torch.ones(1, 3))
    assert lives == [0, 1, 1, 1, 1, 1]


def test_copies_of_a_layer_stand_in_no_graph():
    x, dense = keras.Input((3,)), keras.layers.Dense(3)
    model = keras.Model(x, keras.layers.Dense(2)(dense(dense(x))))
    for twin in (copy.deepcopy(dense), pickle.loads(pickle.dumps(dense)), copy.copy(dense)):
        assert twin.inbound_nodes == []
        assert twin.outbound_nodes == []
        assert torch.equal(twin(torch.ones(1, 3)), dense(torch.ones(1, 3)))
    assert len(dense.inbound_nodes) == 2
    assert len(model.layers) == 3


def test_a_pickled_layer_is_as_large_as_one_that_was_never_in_a_graph():
    def size(layer):
        return len(pickle.dumps(layer))

    x, inside, outside = keras.Input((3,), name="x"), keras.layers.Dense(3, name="d"), keras.layers.Dense(3, name="d")
    outside.build((None, 3))
    y = inside(x)
    for _ in range(20):
        y = inside(y)
    keras.Model(x, y)
    assert abs(size(inside) - size(outside)) < 200


def test_a_failed_symbolic_call_leaves_nothing():
    class Fails(keras.Layer):
        def call(self, inputs):
            raise RuntimeError("no")

    x, layer, dense = keras.Input((3,)), Fails(), keras.layers.Dense(2)
    y = dense(x)
    for function in (layer, lambda t: t @ torch.ones(7, 7), lambda t: t.view(5, 5), lambda t: bool(t)):
        with pytest.raises((NotImplementedError, RuntimeError, ValueError, TypeError)):
            function(y)
    assert layer.inbound_nodes == []
    assert dense.outbound_nodes == []
    assert len(dense.inbound_nodes) == 1
    before = alive(KerasTensor)
    for _ in range(10):
        with pytest.raises(RuntimeError, match="no"):
            layer(y)
    assert alive(KerasTensor) == before


def test_a_deep_graph_is_freed_without_deep_recursion():
    x = y = keras.Input((1,))
    for _ in range(sys.getrecursionlimit() + 200):
        y = keras.layers.Identity()(y)
    reference = weakref.ref(y)
    del x, y
    gc.collect()
    assert reference() is None


def test_modules_in_wrappers_are_freed():
    x, module = keras.Input((3,)), nn.Linear(3, 2)
    keras.Model(x, keras.layers.TorchModuleWrapper(module)(x))
    reference = weakref.ref(module)
    del x, module
    gc.collect()
    assert reference() is None
