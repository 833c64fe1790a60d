"""How is the graph of a model made from calls, and what does the model store of it?"""

from __future__ import annotations

import copy
import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from torchkeras_layer._structures import copy_structure, in_order, leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.weight_lists import layers_in
from torchkeras_layer.layers.core.graph_additions import AddLoss, AddMetric
from torchkeras_layer.models.network.checks import check_connected, check_ends, rebase
from torchkeras_layer.models.network.inputs import InputAdapter, adapter_for, dtype_at
from torchkeras_layer.models.network.network import Network, read_network
from torchkeras_layer.models.network.wiring import Wiring, record_again
from torchkeras_layer.symbolic import KerasTensor, Node, is_symbolic, node_of
from torchkeras_layer.symbolic.order import nodes_between
from torchkeras_layer.symbolic.size_nodes import as_value

if TYPE_CHECKING:
    from torchkeras_layer.layer.record import Record


_SINKS = {"AddLoss": AddLoss, "AddMetric": AddMetric}


def connect(model: Any, inputs: Any, outputs: Any, sinks: list[KerasTensor]) -> None:
    """Give a model the graph of the calls from inputs to outputs and to `sinks`, the outputs of losses and metrics.

    Raises:
        ValueError: if one of them is not a symbolic tensor, or they do not form a graph.
    """
    name = model._torchkeras.name
    check_ends(name, inputs, outputs)
    outputs = as_value(outputs)
    sinks = [*sinks, *_sinks_of_layers(inputs, outputs, sinks)]
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


def _sinks_of_layers(inputs: Any, outputs: Any, sinks: list[KerasTensor]) -> list[KerasTensor]:
    """Compute the losses that were added to the layers of a graph as symbolic tensors, if its inputs are enough."""
    nodes = nodes_between(leaves(inputs), [*leaves(outputs), *sinks])
    inside = {id(inner): inner for node in nodes for inner in layers_in(node.layer)}
    added = [loss.tensor for inner in inside.values() for loss in inner._torchkeras.symbolic_losses]
    return [AddLoss()(tensor) for tensor in _new_losses(inputs, sinks, added)] if added else []


def _new_losses(inputs: Any, sinks: list[KerasTensor], tensors: list[KerasTensor]) -> list[KerasTensor]:
    """Return the tensors that can be computed from the inputs, and of which no sink makes a loss yet."""
    known = {id(tensor) for sink in sinks for tensor in node_of(sink).keras_inputs}
    starts = {id(tensor) for tensor in leaves(inputs)}
    return [
        tensor
        for tensor in tensors
        if id(tensor) not in known
        and (id(tensor) in starts or not any(node.is_input for node in nodes_between(leaves(inputs), [tensor])))
    ]


def connect_again(model: Any) -> None:
    """Make the graph of a copied or unpickled model again, with its own layers."""
    state = state_of(model)
    if state is not None and state.wiring is not None:
        record_again(state.wiring, lambda key: layer_under(model, key), lambda key: operand_under(model, key))
        _take(model, state.wiring)
        state.take_restored(model)


def _take(model: Any, wiring: Wiring) -> None:
    """Store a graph, and prepare for calls."""
    state: GraphState = state_of(model)
    network = wiring.network
    refs = in_order(network.inputs)
    specs = [network.spec(ref) for ref in refs]
    starts = [network.without_state[network.calls[ref.call].key] for ref in refs]
    state.take_wiring(wiring)
    state.adapter = adapter_for(model._torchkeras.name, network.inputs, specs, starts)
    wiring.generate(model._torchkeras.name, lambda key: layer_under(model, key))
    model.built = True
    for layer in layers_in(model):
        layer._torchkeras.model = weakref.ref(model)


def _held_by_key(model: Any) -> dict[int, str]:
    """Return the paths of a model's modules and tensors, by their ids."""
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


def split_symbolic(values: Any) -> tuple[list[KerasTensor], list[Any]]:
    """Split values into the symbolic tensors and the others.

    >>> split_symbolic([3, None])
    ([], [3, None])
    """
    flat = leaves(values)
    return [leaf for leaf in flat if is_symbolic(leaf)], [leaf for leaf in flat if not is_symbolic(leaf)]


def add_sink(model: Any, kind: str, tensor: KerasTensor, arguments: dict[str, Any]) -> None:
    """Add a layer for a loss or metric of a symbolic tensor to a model's graph.

    Args:
        model: the model.
        kind: 'AddLoss' or 'AddMetric'.
        tensor: a symbolic tensor that is computed from the model's inputs.
        arguments: those of the layer's constructor.

    Raises:
        ValueError: if the model has no graph, or the tensor is not computed from its inputs.
    """
    wiring, name = wiring_of(model), model._torchkeras.name
    if wiring is None:
        raise ValueError(
            f"{name}: a symbolic tensor can only be added to a model with a graph, Model(inputs, outputs). "
            f"Received: {tensor!r}."
        )
    check_connected(name, wiring.inputs, [tensor])
    sink = _SINKS[kind](**arguments)(tensor)
    connect(model, wiring.inputs, wiring.outputs, [*wiring.sinks, sink])


def take_sinks(model: Any, sinks: list[KerasTensor]) -> None:
    """Add the outputs of losses and metrics that are recorded already to a model's graph."""
    wiring = state_of(model).wiring
    if sinks and wiring is not None:
        connect(model, wiring.inputs, wiring.outputs, [*wiring.sinks, *sinks])


class GraphState:
    """What a model stores of its graph; empty for a model without one.

    `wiring`: the graph; `adapter`: adapts the inputs of a call to the graph's; `creation_dtype`: the compute dtype of
    the model when the graph was made; `input_dtypes`: the dtypes that inputs are cast to; `is_left_unbuilt_inside`:
    whether a `build` that is running leaves the layers inside to their own calls.
    """

    __slots__ = ("adapter", "creation_dtype", "input_dtypes", "is_left_unbuilt_inside", "wiring")

    def __init__(self) -> None:
        self.wiring: Wiring | None = None
        self.adapter: InputAdapter | None = None
        self.creation_dtype = torch.float32
        self.input_dtypes: list[torch.dtype | str] = []
        self.is_left_unbuilt_inside = False

    @property
    def is_functional(self) -> bool:
        """Whether the model was made of a graph."""
        return self.wiring is not None

    @property
    def lists_layers(self) -> bool:
        """Whether the layers of the model are those of a graph or a chain, and not those on its attributes."""
        return self.wiring is not None

    @property
    def adapts_inputs(self) -> bool:
        """Whether each input is cast to the dtype of its own `Input`."""
        return self.wiring is not None

    @property
    def takes_several(self) -> bool:
        """Whether the model takes several inputs in one list."""
        return self.adapter is not None and not self.adapter.only

    def take_inputs(self, record: Record) -> None:
        """Update the input dtypes, and let the adapter instead of the layer's pipeline check and cast inputs."""
        if self.adapter is None:
            return
        now = record.policy.compute
        self.input_dtypes = [dtype_at(spec, self.creation_dtype, now) for spec in self.adapter.specs]
        record.casts, record.only_spec = False, None
        record.has_recorded = True

    def take_losses(self, model: Any, tensors: list[KerasTensor]) -> None:
        """Add those symbolic losses of layers inside that the graph can compute from its inputs."""
        wiring = self.current_wiring(model)
        for tensor in [] if wiring is None else _new_losses(wiring.inputs, wiring.sinks, tensors):
            add_sink(model, "AddLoss", tensor, {})

    def calls_of(self, model: Any) -> list[Node] | None:
        """Return the symbolic calls that the graph consists of, without its inputs; `None` for a model without one."""
        wiring = self.current_wiring(model)
        if wiring is None:
            return None
        return nodes_between(leaves(wiring.inputs), [*leaves(wiring.outputs), *wiring.sinks])

    def current_wiring(self, model: Any) -> Wiring | None:
        """Return the graph of the model, `None` for a model without one."""
        return self.wiring

    def take_wiring(self, wiring: Wiring) -> None:
        """Store a graph that was made from calls."""
        self.wiring = wiring

    def take_restored(self, model: Any) -> None:
        """Complete a copy, whose calls have been recorded again."""

    def __copy__(self) -> GraphState:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphState:
        twin = type(self)()
        twin.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return {"wiring": self.wiring, "creation_dtype": self.creation_dtype}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()
        for name, value in state.items():
            setattr(self, name, value)


def state_of(model: Any) -> GraphState:
    """Return the graph state of a model."""
    record = model._torchkeras
    if record.graph is None:
        # A class may call `Layer.__init__` instead of the model's.
        record.graph = GraphState()
    return record.graph


def wiring_of(model: Any) -> Wiring | None:
    """Return the graph of a model, `None` for one without."""
    return state_of(model).current_wiring(model)


def flatten_inputs(model: Any, inputs: Any) -> list[Any]:
    """Return the inputs of a call of a model with a graph, as a flat list in the order of `model.inputs`.

    Raises:
        ValueError: if an input is missing, or there are too many.
    """
    adapter = state_of(model).adapter
    assert adapter is not None, "called for models with a graph only"
    return adapter.flatten(inputs)


def network_of(model: Any) -> Network:
    """Return the network of a model with a graph."""
    wiring = wiring_of(model)
    assert wiring is not None, "called for models with a graph only"
    return wiring.network


def operand_under(model: Any, key: str) -> Any:
    """Return an operand of a model's graph by its key: a tensor of the model or of a layer inside, or an object."""
    owner, _, name = key.rpartition(".")
    return getattr(model.get_submodule(owner), name)


def layer_under(model: Any, key: str) -> Any:
    """Return the layer that has a key in a model's graph."""
    wiring = state_of(model).wiring
    if wiring is not None and key in wiring.network.without_state:
        return wiring.network.without_state[key]
    module = model.get_submodule(key)
    return module if isinstance(module, Layer) or wiring is None else wiring.wrapper_for(key, module)
