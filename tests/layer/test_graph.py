"""What do the graph accessors say of a layer that was never called on an `Input`? (contract §1b, §1c)"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Linear, Stack, built

PROPERTIES = ["input", "output", "input_shape", "output_shape", "input_mask", "output_mask"]
METHODS = [f"get_{name}_at" for name in PROPERTIES]
LAYERS = [
    ("uncalled", lambda: Linear(2, name="alone")),
    ("called", lambda: built(Linear(2, name="alone"))),
    ("inside another", lambda: built(Stack(Linear(2, name="alone"))).steps[0]),
]


@pytest.fixture(params=[make for _, make in LAYERS], ids=[name for name, _ in LAYERS])
def layer(request):
    return request.param()


@pytest.mark.parametrize("name", PROPERTIES)
def test_properties_raise_attribute_error_with_their_own_message(layer, name):
    """[43] Though torch replaces the message of an AttributeError in a property (trap 1)."""
    with pytest.raises(AttributeError, match=rf"alone: has no {name}.*never called on an `Input`.*record_history\(\)"):
        getattr(layer, name)
    assert not hasattr(layer, name)
    assert getattr(layer, name, "default") == "default"


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("index", [0, -1, 3])
def test_methods_raise_runtime_error(layer, name, index):
    """[43]"""
    with pytest.raises(RuntimeError, match=rf"alone: {name}\(\).*`Input`.*record_history\(\)"):
        getattr(layer, name)(index)


@pytest.mark.parametrize("name", ["get_losses_for", "get_updates_for"])
@pytest.mark.parametrize("inputs", [None, torch.ones(1)], ids=["None", "tensor"])
def test_what_depends_on_inputs_needs_a_graph(name, inputs):
    """[27] Of a layer that was called; without any call, nothing depends on inputs."""
    assert getattr(Linear(2), name)(None) == []
    layer = built(Linear(2, name="alone"))
    with pytest.raises(RuntimeError, match=rf"alone: {name}\(\)"):
        getattr(layer, name)(inputs)


def test_there_is_no_graph(layer):
    with pytest.raises(RuntimeError, match="alone .*: is in no graph"):
        layer.graph  # noqa: B018


def test_calls_on_real_tensors_leave_no_node(layer):
    """[43]"""
    layer(torch.ones(2, 3))
    assert layer.inbound_nodes == layer.outbound_nodes == []


def test_a_tensor_out_of_a_layer_is_no_symbolic_tensor():
    assert not keras.backend.is_keras_tensor(built(Linear(2))(torch.ones(2, 3)))


def test_nodes_recorded_by_hand():
    """[44] `_add_inbound_node` with its real signature, and what the accessors make of it."""
    x, other, layer = keras.Input((3,)), keras.Input((6,)), keras.Layer(name="l")
    source, y, z = x._keras_history.layer, keras.KerasTensor((None, 4)), keras.KerasTensor((None, 5))
    layer._add_inbound_node([x], [y], {"training": True})
    layer._add_inbound_node(other, z)
    assert y._keras_history == (layer, 0, 0)
    assert z._keras_history == (layer, 1, 0)
    assert keras.backend.is_keras_tensor(y)
    assert layer.input is x
    assert layer.output is y
    assert layer.get_input_at(1) is other
    assert layer.get_output_at(-1) is z
    assert (layer.get_input_shape_at(0), layer.get_output_shape_at(0)) == ((None, 3), (None, 4))
    assert layer.get_input_mask_at(0) is None
    for name in ("input_shape", "output_shape"):
        with pytest.raises(AttributeError, match=rf"l: has no single {name}.*get_{name}_at\(node_index\)"):
            getattr(layer, name)
    with pytest.raises(ValueError, match="l: there is no input of call 3, because .* 2 calls.* Received: node_index=3"):
        layer.get_input_at(3)
    with pytest.raises(TypeError):
        layer.get_input_at("0")
    assert source.outbound_nodes == [layer.inbound_nodes[0]]
    assert layer.inbound_nodes[0].call_kwargs == {"training": True}
