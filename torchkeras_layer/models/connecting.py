"""How is a model made of the calls that lead from symbolic inputs to outputs?"""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import nn

from torchkeras_layer._positions import in_order
from torchkeras_layer._structures import copy_structure, leaves
from torchkeras_layer.layer.weight_lists import layers_in
from torchkeras_layer.layers.core.graph_additions import AddLoss, AddMetric
from torchkeras_layer.models.graph_state import GraphState, layer_under, operand_under, state_of, wiring_of
from torchkeras_layer.models.network.checks import check_connected, check_ends
from torchkeras_layer.models.network.inputs import adapter_for
from torchkeras_layer.models.network.network import read_network
from torchkeras_layer.models.network.rebasing import rebase
from torchkeras_layer.models.network.wiring import Wiring, record_again
from torchkeras_layer.symbolic import KerasTensor, is_symbolic

_SINKS = {"AddLoss": AddLoss, "AddMetric": AddMetric}


def connect(model: Any, inputs: Any, outputs: Any, sinks: list[KerasTensor]) -> None:
    """Make a model of the calls that lead from inputs to outputs, and to `sinks`, which nobody takes.

    Raises:
        ValueError: if they are no symbolic tensors, or make no graph.
    """
    name = model._torchkeras.name
    check_ends(name, inputs, outputs)
    check_connected(name, inputs, [*leaves(outputs), *sinks])
    inputs, outputs, sinks = rebase(inputs, outputs, sinks)
    parts = read_network(inputs, outputs, sinks, _held_by_key(model), set(dir(model)))
    wiring = Wiring(parts.network)
    wiring.inputs, wiring.outputs, wiring.sinks = copy_structure(inputs), copy_structure(outputs), sinks
    for key, layer in parts.children.items():
        setattr(model, key, layer)
    for key, operand in parts.operands.items():
        _hold(model, key, operand)
    state_of(model).creation_dtype = model._torchkeras.compute_dtype
    _take(model, wiring)


def connect_again(model: Any) -> None:
    """Make the graph of a copied or unpickled model anew, on its own layers."""
    state = state_of(model)
    if state is not None and state.wiring is not None:
        record_again(state.wiring, lambda key: layer_under(model, key), lambda key: operand_under(model, key))
        _take(model, state.wiring)
        state.take_restored(model)


def _take(model: Any, wiring: Wiring) -> None:
    """Get ready for calls."""
    state: GraphState = state_of(model)
    network = wiring.network
    refs = in_order(network.inputs)
    specs = [network.spec(ref) for ref in refs]
    names = [network.without_state[network.calls[ref.call].key].name for ref in refs]
    state.take_wiring(wiring)
    state.adapter = adapter_for(model._torchkeras.name, network.inputs, specs, names)
    wiring.generate(model._torchkeras.name, lambda key: layer_under(model, key))
    model.built = True
    for layer in layers_in(model):
        layer._torchkeras.model = weakref.ref(model)


def _held_by_key(model: Any) -> dict[int, str]:
    """Return where in a model its modules and tensors are, by their ids."""
    found = {id(module): path for path, module in model.named_modules() if path}
    found |= {id(tensor): path for path, tensor in model.named_parameters()}
    return found | {id(tensor): path for path, tensor in model.named_buffers()}


def _hold(model: Any, key: str, operand: Any) -> None:
    if isinstance(operand, nn.Parameter):
        model.register_parameter(key, operand)
    elif isinstance(operand, torch.Tensor):
        model.register_buffer(key, operand, persistent=False)
    else:
        model.__dict__[key] = operand


def sort_out_symbolic(values: Any) -> tuple[list[KerasTensor], list[Any]]:
    """Return the symbolic tensors among values, and the others.

    >>> sort_out_symbolic([3, None])
    ([], [3, None])
    """
    flat = leaves(values)
    return [leaf for leaf in flat if is_symbolic(leaf)], [leaf for leaf in flat if not is_symbolic(leaf)]


def add_sink(model: Any, kind: str, tensor: KerasTensor, arguments: dict[str, Any]) -> None:
    """Put a layer that gives nothing to others behind a tensor of a model's graph.

    Raises:
        ValueError: if the model has no graph, or the tensor is not computed from its inputs.
    """
    wiring, name = wiring_of(model), model._torchkeras.name
    if wiring is None:
        raise ValueError(
            f"{name}: a symbolic tensor is added to a model that is made of a graph. Received: {tensor!r}."
        )
    check_connected(name, wiring.inputs, [tensor])
    sink = _SINKS[kind](**arguments)(tensor)
    connect(model, wiring.inputs, wiring.outputs, [*wiring.sinks, sink])


def take_sinks(model: Any, sinks: list[KerasTensor]) -> None:
    """Add layers that nobody takes anything from, which stand in the graph already."""
    wiring = state_of(model).wiring
    if sinks and wiring is not None:
        connect(model, wiring.inputs, wiring.outputs, [*wiring.sinks, *sinks])
