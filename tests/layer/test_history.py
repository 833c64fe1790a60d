"""What does `record_history()` know of a call, and what does it keep alive?"""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import torchkeras_layer as keras
from tests.layer.history_samples import Net, dense


class Mark:
    """Lives as long as the graph of gradients that it was put into."""


def mark(tensor):
    tensor.grad_fn.metadata["mark"] = Mark()
    return weakref.ref(tensor.grad_fn.metadata["mark"])


def test_a_node_knows_the_call():
    layer, plain, x = dense(name="a"), nn.ReLU(), torch.ones(2, 3)
    with keras.record_history() as history:
        y = layer(x)
        z = plain(y)
    first, second = history.nodes
    assert (first.outbound_layer, first.layer, second.layer) == (layer, layer, plain)
    assert (first.input_tensors, first.output_tensors, first.outputs) == (x, y, y)
    assert first.call_args[0] is x
    assert first.call_kwargs == {}
    assert (first.input_shapes, first.output_shapes) == ((2, 3), (2, 4))
    assert (first.input_dtypes, first.output_dtypes) == (torch.float32, torch.float32)
    assert (first.number, second.number, first.depth, first.outer) == (0, 1, 0, None)
    assert (first.parent_nodes, second.parent_nodes, second.inbound_layers) == ([], [first], layer)
    assert (first.is_input, first.keras_inputs, first.error, first.training) == (False, [], None, True)
    assert second.output_tensors is z
    assert repr(first) == "<EagerNode of a: (2, 3) -> (2, 4)>"


def test_a_layer_answers_after_the_block():
    layer, x = dense(), torch.ones(2, 3)
    with keras.record_history():
        y = layer(x)
        layer(torch.ones(5, 3))
    assert len(layer.inbound_nodes) == 2
    assert (layer.get_input_shape_at(0), layer.get_output_shape_at(-1)) == ((2, 3), (5, 4))
    assert layer.input is x
    assert layer.get_output_at(0) is y
    assert layer.input_mask is None
    with pytest.raises(AttributeError, match=r"dense: has no single input_shape.*get_input_shape_at\(node_index\)"):
        layer.input_shape  # noqa: B018
    with pytest.raises(ValueError, match="dense: there is no output shape of call 2, because the layer has 2 calls"):
        layer.get_output_shape_at(2)


def test_several_and_nested_inputs():
    add, x = keras.layers.Add(), torch.ones(2, 3)
    with keras.record_history():
        add([x, 2 * x])
    assert (add.input_shape, add.output_shape) == ([(2, 3), (2, 3)], (2, 3))


@pytest.mark.parametrize("name", ["input", "output"])
def test_a_tensor_that_is_gone_is_an_attribute_error_that_says_so(name):
    layer = dense()
    with keras.record_history():
        layer(torch.ones(2, 3))
    message = rf"dense: the {name} tensor of shape \(2, .\) no longer exists, because record_history\(\) keeps no"
    with pytest.raises(AttributeError, match=message):
        getattr(layer, name)
    with pytest.raises(AttributeError, match=message):
        getattr(layer, f"get_{name}_at")(0)
    assert not hasattr(layer, name)
    assert layer.input_shape == (2, 3)


def test_nothing_is_kept_alive():
    layer, x = dense(), torch.ones(2, 3, requires_grad=True)
    with keras.record_history() as history:
        module = nn.Sequential(layer, nn.ReLU(), nn.Tanh())
        y = module(x)
    watched = [weakref.ref(module), weakref.ref(x), weakref.ref(y), mark(y)]
    del module, x, y
    gc.collect()
    assert [reference() for reference in watched] == [None] * 4
    assert len(history.nodes) == 4
    with pytest.raises(
        AttributeError, match=r"Tanh: the module that was called no longer exists, because record_history\(\) keeps no"
    ):
        history.nodes[-1].outbound_layer  # noqa: B018
    assert history.nodes[-1].output_shapes == (2, 4)
    assert "2: Tanh" in repr(history)


def test_nothing_is_kept_alive_while_the_block_is_open():
    layer = dense()
    with keras.record_history():
        y = layer(torch.ones(2, 3))
        watched = [weakref.ref(y), mark(y)]
        del y
        gc.collect()
        assert [reference() for reference in watched] == [None, None]


def test_a_history_is_freed_with_its_layers():
    with keras.record_history() as history:
        dense()(torch.ones(2, 3))
    node = weakref.ref(history.nodes[0])
    del history
    gc.collect()
    assert node() is None


def test_parents_are_calls_at_the_same_level_or_around():
    """A tensor that an inner call gives, and the outer one too, comes from the outer one for those outside."""
    net, after = Net(), nn.ReLU()
    with keras.record_history() as history:
        after(net(torch.ones(2, 3)))
    by_name = {node.path or node.class_name: node for node in history.nodes}
    assert by_name["ReLU"].parent_nodes == [by_name["Net"]]
    assert by_name["inner"].parent_nodes == [by_name["blocks.1"]]
    assert by_name["inner"].outer is by_name["head"]
    assert by_name["inner"].depth == 2


def test_parents_stay_known_when_the_tensors_are_gone():
    with keras.record_history() as history:
        nn.ReLU()(dense()(torch.ones(2, 3)))
    assert history.nodes[1].parent_nodes == [history.nodes[0]]


def test_what_a_torch_function_gives_comes_from_no_call():
    layer, plain = dense(), nn.ReLU()
    with keras.record_history() as history:
        plain(F.pad(layer(torch.ones(2, 3)), (0, 1)))
    assert (history.nodes[1].parent_nodes, history.nodes[1].inbound_layers, layer.outbound_nodes) == ([], [], [])


def test_outbound_nodes_are_those_of_calls_on_what_a_layer_gave():
    first, add = dense(name="first"), keras.layers.Add()
    with keras.record_history():
        one, other = first(torch.ones(2, 3)), first(torch.ones(2, 3))
        add([one, other, one])
    del one, other
    (node,) = set(first.outbound_nodes)
    assert node is add.inbound_nodes[0]
    assert node.parent_nodes == first.inbound_nodes
    assert node.inbound_layers == [first, first]


def test_work_in_place_gives_no_call_itself_as_parent():
    first, second = nn.Linear(3, 3), nn.Sequential(nn.ReLU(inplace=True))
    with keras.record_history() as history:
        second(input=first(torch.ones(2, 3)))
    linear, sequential, relu = history.nodes
    assert relu.parent_nodes == [linear]
    assert sequential.parent_nodes == []
    assert sequential.input_shapes == (2, 3)


def test_the_mode_of_a_call_is_the_one_that_it_had():
    class Outer(keras.Layer):
        def __init__(self):
            super().__init__()
            self.dropout = keras.layers.Dropout(0.5)

        def call(self, inputs, training=None):
            return self.dropout(inputs)

    outer = Outer()
    with keras.record_history() as history:
        outer(torch.ones(2))
        outer(torch.ones(2), training=False)
        outer(torch.ones(2), False)
        outer.eval()(torch.ones(2))
        outer(torch.ones(2), training=True)
    assert [node.training for node in history.nodes] == [True] * 2 + [False] * 6 + [True] * 2


def test_masks_are_noted_and_there_as_long_as_their_tensors():
    embedding = keras.layers.Embedding(5, 2, mask_zero=True)
    with keras.record_history() as history:
        embedded = embedding(torch.tensor([[1, 0]]))
    assert embedding.output_mask.tolist() == [[True, False]]
    assert embedding.get_output_mask_at(0) is embedded._keras_mask
    assert history.nodes[0].seen_outputs.has_mask
    assert embedding.input_mask is None
    del embedded
    with pytest.raises(AttributeError, match="embedding: the output tensor of shape .* no longer exists"):
        embedding.output_mask  # noqa: B018


def test_building_inside_the_block_is_part_of_the_call():
    layer = keras.layers.Dense(2)
    with keras.record_history():
        layer(torch.ones(2, 3))
    assert (layer.input_shape, layer.output_shape) == ((2, 3), (2, 2))


def test_packed_sequences_and_nested_tensors_go_through():
    packed = nn.utils.rnn.pack_sequence([torch.ones(3, 2), torch.ones(1, 2)])
    ragged = torch.nested.nested_tensor([torch.ones(3, 2), torch.ones(1, 2)], layout=torch.jagged)
    with keras.record_history() as history:
        nn.LSTM(2, 3)(packed)
        nn.ReLU()(ragged)
    assert history.nodes[0].input_shapes[0] == (4, 2)
    assert history.nodes[1].output_shapes is None
    assert "nested" in repr(history).splitlines()[2]
