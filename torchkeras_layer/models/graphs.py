"""What does a model keep of the graph that it is made of, and how is it made of calls?"""

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
from torchkeras_layer.symbolic import KerasTensor, is_symbolic

if TYPE_CHECKING:
    from torchkeras_layer.layer.record import Record


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


class GraphState:
    """The part of a model's record that is about its graph; without one, nothing is set.

    `wiring`: the graph; `adapter`: makes the inputs of a call into what the graph takes; `creation_dtype`: the compute
    dtype that the model was made in; `input_dtypes`: those that its inputs are cast to.
    """

    __slots__ = ("adapter", "creation_dtype", "input_dtypes", "wiring")

    def __init__(self) -> None:
        self.wiring: Wiring | None = None
        self.adapter: InputAdapter | None = None
        self.creation_dtype = torch.float32
        self.input_dtypes: list[torch.dtype | str] = []

    @property
    def adapts_inputs(self) -> bool:
        """Whether inputs are cast to what the graph's own inputs say, each by itself."""
        return self.wiring is not None

    def take_inputs(self, record: Record) -> None:
        """Follow a change of the dtypes, and have the adapter look at the inputs of calls in the pipeline's stead."""
        if self.adapter is None:
            return
        now = record.policy.compute
        self.input_dtypes = [dtype_at(spec, self.creation_dtype, now) for spec in self.adapter.specs]
        record.casts, record.only_spec = False, None
        record.has_recorded = True

    def keeps_loss(self, loss: Any) -> bool:
        """Whether a symbolic loss of a layer inside belongs to this graph: its layers may stand in others too."""
        wiring = self.wiring
        return wiring is None or not loss.is_conditional or loss.follows_from(leaves(wiring.inputs))

    def current_wiring(self, model: Any) -> Wiring | None:
        """Return the graph of the model whose state this is, `None` for a model without one."""
        return self.wiring

    def take_wiring(self, wiring: Wiring) -> None:
        """Take a graph that was made of calls."""
        self.wiring = wiring

    def take_restored(self, model: Any) -> None:
        """Go on in a copy, whose calls have been recorded again."""

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
    """Return what a model keeps of its graph."""
    record = model._torchkeras
    if record.graph is None:
        # `Layer.__init__` ran in the place of the model's own.
        record.graph = GraphState()
    return record.graph


def wiring_of(model: Any) -> Wiring | None:
    """Return the graph of a model, `None` for one without."""
    return state_of(model).current_wiring(model)


def flatten_inputs(model: Any, inputs: Any) -> list[Any]:
    """Return what a model with a graph is called on, flat, in the order in which its inputs count.

    Raises:
        ValueError: if an input is missing, or there are too many.
    """
    adapter = state_of(model).adapter
    assert adapter is not None, "only models with a graph are asked"
    return adapter.flatten(inputs)


def network_of(model: Any) -> Network:
    """Return the calls that a model with a graph is made of."""
    wiring = wiring_of(model)
    assert wiring is not None, "only models with a graph are asked"
    return wiring.network


def operand_under(model: Any, key: str) -> Any:
    """Return an operand of a model's graph: a tensor on the model or a layer inside, or another object."""
    owner, _, name = key.rpartition(".")
    return getattr(model.get_submodule(owner), name)


def layer_under(model: Any, key: str) -> Any:
    """Return the layer that stands in a model's graph under a key."""
    wiring = state_of(model).wiring
    if wiring is not None and key in wiring.network.without_state:
        return wiring.network.without_state[key]
    module = model.get_submodule(key)
    return module if isinstance(module, Layer) or wiring is None else wiring.wrapper_for(key, module)
