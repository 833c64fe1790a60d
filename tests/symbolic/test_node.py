"""What does a node remember of a symbolic call, and what does it keep alive? (contract §6.2)"""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

import torchkeras_layer as keras
from tests.models.samples import Mixes, Report, Scale
from torchkeras_layer.symbolic import Node


def symbolic(*shape, **arguments):
    return keras.Input(shape or (3,), **arguments)


def test_the_node_of_an_input():
    x = symbolic(name="x")
    layer = x._keras_history.layer
    (node,) = layer.inbound_nodes
    assert isinstance(node, Node)
    assert node.is_input
    assert node.outbound_layer is node.layer is layer
    assert node.outputs is x
    assert node.keras_inputs == node.parent_nodes == list(node.iterate_inbound()) == []
    assert node.inbound_layers == []
    assert node.input_tensors[0] is node.output_tensors[0] is x
    assert node.input_shapes == node.output_shapes == [(None, 3)]


def test_the_node_of_a_layer():
    x, dense = symbolic(name="x"), keras.layers.Dense(4, name="dense")
    y = dense(x)
    (node,) = dense.inbound_nodes
    source = x._keras_history.layer
    assert not node.is_input
    assert node.outbound_layer is node.layer is dense
    assert node.inbound_layers is source
    assert node.input_tensors is x
    assert node.output_tensors is node.outputs is y
    assert node.keras_inputs[0] is x
    assert (node.input_shapes, node.output_shapes) == ((None, 3), (None, 4))
    assert node.input_masks is node.output_masks is None
    assert node.call_args[0] is x
    assert (len(node.call_args), node.call_kwargs) == (1, {})
    assert node.parent_nodes == source.inbound_nodes == [source.inbound_nodes[0]]
    assert source.outbound_nodes == [node]
    assert dense.outbound_nodes == []
    ((layer, node_index, tensor_index, tensor),) = node.iterate_inbound()
    assert (layer, node_index, tensor_index) == (source, 0, 0)
    assert tensor is x


def test_each_call_makes_a_node():
    x, z, dense = symbolic(), symbolic(), keras.layers.Dense(3)
    y = dense(dense(x))
    dense(z)
    assert len(dense.inbound_nodes) == 3
    assert [node.outputs._keras_history.node_index for node in dense.inbound_nodes] == [0, 1, 2]
    assert dense.outbound_nodes == [dense.inbound_nodes[1]]
    assert y._keras_history == (dense, 1, 0)
    assert dense.inbound_nodes[1].parent_nodes == [dense.inbound_nodes[0]]


def test_several_inputs():
    x, dense, add = symbolic(), keras.layers.Dense(3), keras.layers.Add()
    first, second = dense(x), dense(x)
    add([first, second])
    (node,) = add.inbound_nodes
    assert node.inbound_layers == [dense, dense]
    assert node.input_shapes == [(None, 3), (None, 3)]
    assert node.input_tensors[1] is second
    assert node.parent_nodes == dense.inbound_nodes
    assert [part[:3] for part in node.iterate_inbound()] == [(dense, 0, 0), (dense, 1, 0)]
    assert dense.outbound_nodes == [node, node]


def test_a_tensor_that_goes_in_twice():
    dense, add = keras.layers.Dense(3), keras.layers.Add()
    y = dense(symbolic())
    add([y, y])
    assert add.inbound_nodes[0].inbound_layers == [dense, dense]
    assert [part[:3] for part in add.inbound_nodes[0].iterate_inbound()] == [(dense, 0, 0), (dense, 0, 0)]


def test_tensors_in_keyword_arguments():
    x, z, dense, mixes = symbolic(), symbolic(), keras.layers.Dense(3), Mixes()
    y = dense(x)
    mixes(x, other=z, scale=2.0, more=[y, 3])
    (node,) = mixes.inbound_nodes
    assert [tensor is wanted for tensor, wanted in zip(node.keras_inputs, [x, z, y], strict=True)] == [True] * 3
    assert node.inbound_layers == [t._keras_history.layer for t in (x, z, y)]
    assert node.call_kwargs["other"] is z
    assert node.call_kwargs["scale"] == 2.0
    assert node.call_kwargs["more"][0] is y
    assert node.call_kwargs["more"][1] == 3
    assert node.input_tensors is x


def test_nested_outputs_are_numbered_in_their_order():
    report = Report()
    outputs = report(symbolic())
    assert outputs["total"]._keras_history == (report, 0, 0)
    assert outputs["parts"][0]._keras_history == (report, 0, 1)
    assert outputs["parts"][1][0]._keras_history == (report, 0, 2)
    (node,) = report.inbound_nodes
    assert node.output_shapes == {"total": (None,), "parts": [(None, 3), ((None,),)]}
    assert node.outputs["parts"][0] is outputs["parts"][0]
    assert report.output["total"] is outputs["total"]


def test_nested_inputs():
    class Joins(keras.Layer):
        def call(self, inputs):
            return inputs["a"] + inputs["b"][0]

    joins, x, z = Joins(), symbolic(), symbolic()
    joins({"a": x, "b": [z]})
    (node,) = joins.inbound_nodes
    assert node.input_shapes == {"a": (None, 3), "b": [(None, 3)]}
    assert node.input_tensors["b"][0] is z
    assert [tensor is wanted for tensor, wanted in zip(node.keras_inputs, [x, z], strict=True)] == [True, True]


def test_later_changes_of_the_arguments_do_not_reach_the_node():
    x, z, mixes, add = symbolic(), symbolic(), Mixes(), keras.layers.Add()
    inputs, more = [x, z], [1.0]
    y = mixes(add(inputs), more=more)
    inputs.append("nonsense")
    more[0] = 100.0
    assert len(add.inbound_nodes[0].keras_inputs) == 2
    assert mixes.inbound_nodes[0].call_kwargs["more"] == [1.0]
    assert keras.Model([x, z], y)([torch.zeros(1, 3)] * 2).tolist() == [[1.0, 1.0, 1.0]]


def test_later_changes_of_the_outputs_do_not_reach_the_node():
    report = Report()
    outputs = report(symbolic())
    outputs["parts"].clear()
    assert len(report.inbound_nodes[0].outputs["parts"]) == 2


def test_get_config():
    x, dense, add = symbolic(name="x"), keras.layers.Dense(3, name="dense"), keras.layers.Add(name="add")
    add([dense(x), dense(x), x])
    assert add.inbound_nodes[0].get_config() == {
        "outbound_layer": "add",
        "inbound_layers": ["dense", "dense", "x"],
        "node_indices": [0, 1, 0],
        "tensor_indices": [0, 0, 0],
    }


def test_repr():
    dense = keras.layers.Dense(4, name="dense")
    dense(symbolic())
    text = repr(dense.inbound_nodes[0])
    assert all(part in text for part in ("dense", "(None, 3)", "(None, 4)"))


def test_masks():
    x = keras.Input((5,), dtype="int64")
    embedding, scale = keras.layers.Embedding(7, 4, mask_zero=True), Scale()
    scale.supports_masking = True
    y = scale(embedding(x))
    (node,) = scale.inbound_nodes
    assert node.input_masks.shape == node.output_masks.shape == (None, 5)
    assert node.output_masks.dtype is torch.bool
    assert y._keras_mask is node.output_masks
    assert embedding.inbound_nodes[0].input_masks is None


def test_the_nodes_of_a_torch_function():
    x = symbolic(name="x")
    y = torch.relu(x)
    layer = y._keras_history.layer
    assert isinstance(layer, keras.layers.TorchFunction)
    assert layer.name == "relu"
    assert layer.inbound_nodes[0].keras_inputs[0] is x
    assert x._keras_history.layer.outbound_nodes == layer.inbound_nodes
    assert (torch.relu(x)._keras_history.layer.name, layer.input_shape) == ("relu_1", (None, 3))


@pytest.mark.parametrize("consume", [lambda x: keras.layers.Dense(2)(x), torch.relu, lambda x: x[:, 0]])
def test_what_follows_a_call_is_not_kept_alive(consume):
    source = keras.layers.Dense(3)
    x = source(symbolic())
    y = consume(x)
    follower, consumer = weakref.ref(y), weakref.ref(y._keras_history.layer)
    assert len(source.outbound_nodes) == 1
    del y
    gc.collect()
    assert follower() is consumer() is None
    assert source.outbound_nodes == []
    assert source.get_output_at(0) is x


def test_what_led_to_a_call_is_kept_alive():
    def chain():
        first, last = keras.layers.Dense(3, name="first"), keras.layers.Dense(4, name="last")
        last(torch.relu(first(symbolic(name="x"))))
        return last

    last = chain()
    gc.collect()
    model = keras.Model(last.input._keras_history.layer.input._keras_history.layer.input, last.output)
    assert model.layers[1].name == "first"
    assert model.layers[-1] is last


def test_a_dropped_graph_is_freed():
    def build():
        x = symbolic()
        dense = keras.layers.Dense(3)
        model = keras.Model(x, torch.relu(dense(x) + 1))
        return [weakref.ref(thing) for thing in (x, dense, model, model.output)]

    references = build()
    gc.collect()
    assert [reference() for reference in references] == [None] * 4


def test_a_node_made_by_hand():
    """`_add_inbound_node` with the real signature of TF 1.4."""
    x, y, layer = symbolic(), keras.KerasTensor((None, 4), "float32"), keras.Layer(name="l")
    layer._add_inbound_node([x], [y], {"training": True})
    (node,) = layer.inbound_nodes
    assert y._keras_history == (layer, 0, 0)
    assert node.call_kwargs == {"training": True}
    assert layer.input is x
    assert layer.output is y
    assert x._keras_history.layer.outbound_nodes == [node]
