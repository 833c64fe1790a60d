"""Do eager nodes and the symbolic graph leave each other alone?"""

from __future__ import annotations

import contextlib
import copy
import pickle

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.history_samples import Head, Net, dense, names


def test_a_functional_model_keeps_its_symbolic_nodes_first():
    x = keras.Input((3,), name="x")
    shared = keras.layers.Dense(3, name="shared")
    model = keras.Model(x, torch.relu(shared(shared(x))), name="model")
    with keras.record_history() as history:
        model(torch.ones(2, 3))
    assert names(history) == ["model", "shared", "shared"]
    assert [node.depth for node in history.nodes] == [0, 1, 1]
    assert history.nodes[2].parent_nodes == [history.nodes[1]]
    assert [type(node).__name__ for node in shared.inbound_nodes] == ["Node", "Node", "EagerNode", "EagerNode"]
    assert (shared.input_shape, shared.output_shape) == ((None, 3), (None, 3))
    assert shared.input is x
    assert [shared.get_input_shape_at(index) for index in range(4)] == [(None, 3)] * 2 + [(2, 3)] * 2


def test_eager_nodes_change_nothing_in_a_graph_that_is_made_of_their_layers():
    """Indices of nodes, losses, updates, configs and copies all go by the symbolic calls."""

    def make(watching):
        hidden = keras.layers.Dense(3, name="hidden", activity_regularizer="l2")
        normalized = keras.layers.BatchNormalization(name="normalized")
        with watching():
            normalized(hidden(torch.ones(2, 3)))
        x = keras.Input((3,), name="x")
        y = hidden(x)
        with watching():
            normalized(hidden(torch.ones(4, 3)))
        model = keras.Model(x, keras.layers.Add(name="sum")([normalized(y), hidden(y)]), name="model")
        with watching():
            model(torch.ones(2, 3))
        return model, x

    (plain, start), (watched, watched_start) = make(contextlib.nullcontext), make(keras.record_history)
    hidden = watched.get_layer("hidden")
    assert len(hidden._torchkeras.eager_nodes) == 4
    assert hidden.output._keras_history.node_index == 0
    assert watched.get_config() == plain.get_config()
    assert watched.code == plain.code
    assert len(watched.get_losses_for(None)) == len(plain.get_losses_for(None))
    assert len(watched.get_losses_for(watched_start)) == len(plain.get_losses_for(start))
    assert len(watched.get_updates_for(watched_start)) == len(plain.get_updates_for(start)) > 0
    assert len(watched.updates) == len(plain.updates)
    restored = keras.Model.from_config(watched.get_config())
    for twin in (copy.deepcopy(watched), restored, keras.models.clone_model(watched)):
        assert twin.code == plain.code


def test_a_sequential_gets_its_graph_from_symbolic_calls_only():
    model = keras.Sequential([keras.layers.Dense(2, name="first"), keras.layers.Dense(1, name="last")], name="model")
    with keras.record_history() as history:
        model(torch.ones(4, 3))
    assert [node.path for node in history.nodes] == [None, "0", "1"]
    assert model.output_shape == (None, 1)
    assert model.layers[0].get_output_shape_at(-1) == (4, 2)
    assert model.code.count("self") == 3
    assert model(torch.ones(5, 3)).shape == (5, 1)


def test_a_wrapped_module_is_seen_with_the_module_inside():
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.TorchModuleWrapper(nn.Linear(3, 2), name="wrapped")(x))
    with keras.record_history() as history:
        model(torch.ones(2, 3))
    assert [(node.class_name, node.path, node.depth) for node in history.nodes] == [
        ("Functional", None, 0),
        ("TorchModuleWrapper", "wrapped", 1),
        ("Linear", "module", 2),
    ]


def test_a_subclassed_model_is_seen():
    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.last = keras.layers.Dense(2), keras.layers.Dense(1)

        def call(self, inputs):
            return self.last(self.first(inputs))

    model = Two()
    with keras.record_history() as history:
        model(torch.ones(4, 3))
    assert [node.path for node in history.nodes] == [None, "first", "last"]
    assert (model.input_shape, model.output_shape) == ((4, 3), (4, 1))


def test_runs_without_data_are_no_calls():
    """Building, shape inference and symbolic calls run `call` on tensors without data."""
    net, head = Net(), Head()
    with keras.record_history() as history:
        keras.build(net, torch.ones(2, 3))
        head(keras.Input((3,)))
        head(inputs=keras.Input((3,)))
        head.compute_output_shape((None, 3))
    assert history.nodes == []
    assert len(head.inbound_nodes) == 2


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies_of_a_layer_have_no_history(duplicate):
    layer = dense()
    with keras.record_history():
        layer(torch.ones(2, 3))
    assert duplicate(layer).inbound_nodes == []
    assert len(layer.inbound_nodes) == 1
