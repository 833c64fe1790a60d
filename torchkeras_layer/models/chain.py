"""How does a chain of layers become a graph, at once, after its first call, or anew when a layer is replaced?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layer.building import build_lock
from torchkeras_layer.layer.record import derive_route
from torchkeras_layer.layer.weight_creation import creating_weights
from torchkeras_layer.layers.core.input_layer import Input
from torchkeras_layer.models.graphs import GraphState, connect
from torchkeras_layer.models.network.inputs import adapter_for
from torchkeras_layer.models.network.wiring import Wiring
from torchkeras_layer.symbolic import KerasTensor, TensorSpec, is_symbolic
from torchkeras_layer.symbolic.node import history_of


class ChainState(GraphState):
    """What a `Sequential` stores of its graph.

    `start`, `end`: the graph's input and outputs; `chained`: the layers between them; `seen`: shape and dtype of the
    inputs that the graph was made for, if they came from `build` or the first call on real tensors; `pending`: those of
    a first call for which the graph is yet to be made; `sinks`: the outputs of symbolic losses and metrics.
    """

    __slots__ = ("chained", "end", "pending", "seen", "sinks", "start")

    def __init__(self) -> None:
        super().__init__()
        self.start: KerasTensor | None = None
        self.end: Any = None
        self.chained: tuple[Any, ...] = ()
        self.seen: TensorSpec | None = None
        self.pending: TensorSpec | None = None
        self.sinks: tuple[KerasTensor, ...] = ()

    @property
    def is_functional(self) -> bool:
        """Whether the model was made of a graph: a `Sequential` is made of layers."""
        return False

    @property
    def lists_layers(self) -> bool:
        """Whether the layers of the model are those of a graph or a chain: always."""
        return True

    @property
    def adapts_inputs(self) -> bool:
        """Whether inputs are adapted to an `Input`: a shape from `build` or the first call does not bind later ones."""
        return self.start is not None and self.seen is None

    def current_wiring(self, model: Any) -> Wiring | None:
        """Return the graph of the chain as it is now, made on demand."""
        with build_lock:
            steps = steps_of(model)
            if self.start is None or not steps:
                return None
            if [id(step) for step in steps] != [id(layer) for layer in self.chained]:
                # A layer was replaced.
                begin_at(model, self.start, chain(self.start, steps))
            if self.wiring is None:
                connect(model, self.start, self.end, list(self.sinks))
        return self.wiring

    def take_wiring(self, wiring: Wiring) -> None:
        """Store a graph that was made from calls."""
        super().take_wiring(wiring)
        self.sinks = tuple(wiring.sinks)

    def take_restored(self, model: Any) -> None:
        """Complete a copy, whose chain consists of the copy's own layers."""
        wiring: Any = self.wiring
        self.start, self.end, self.chained = wiring.inputs, wiring.outputs, tuple(steps_of(model))

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "seen": self.seen, "pending": self.pending}


def chain_of(model: Any) -> ChainState:
    """Return the graph state of a `Sequential`."""
    return model._torchkeras.graph


def steps_of(model: Any) -> list[Any]:
    """Return the layers of a chain in their order."""
    return [layer for key, layer in model._modules.items() if key.isdigit()]


def begin_at(model: Any, start: KerasTensor | None, end: Any) -> None:
    """Prepare for calls that begin at an input; network and code are made on demand."""
    state = chain_of(model)
    state.start, state.end, state.wiring, state.chained = start, end, None, tuple(steps_of(model))
    if start is not None:
        state.adapter = adapter_for(model._torchkeras.name, start, [start.spec], [history_of(start).layer])
        state.creation_dtype = model._torchkeras.compute_dtype
        derive_route(model)
    if end is not None:
        model.built = True


def make_graph(model: Any, spec: TensorSpec) -> None:
    """Make the graph for inputs of the given shape and dtype."""
    start = Input(batch_shape=spec.shape, dtype=spec.dtype)
    begin_at(model, start, chain(start, steps_of(model)))


def chain(start: KerasTensor, steps: list[Any]) -> Any:
    """Return the outputs of layers called one after the other; nodes that exist already are reused."""
    outputs: Any = start
    for layer in steps:
        outputs = _follow(layer, outputs)
    return outputs


def _follow(layer: Any, inputs: Any) -> Any:
    same = map_leaves(id, inputs)
    for node in layer._torchkeras.inbound_nodes:
        if len(node.call_args) == 1 and not node.call_kwargs and map_leaves(id, node.call_args[0]) == same:
            return node.outputs
    return layer(inputs)


def forget_first_inputs(model: Any) -> None:
    """Begin anew when the last layer was removed; an `Input` stays."""
    state = chain_of(model)
    if state.seen is not None:
        state.start = state.seen = state.adapter = None
    model.built = False


def no_layers(model: Any, done: str) -> str:
    """Return the message for a chain without layers."""
    name = model._torchkeras.name
    return f"{name}: a Sequential that has no layers cannot be {done}. Write {name}.add(layer) first."


def build_chain(model: Any, inputs: Any) -> None:
    """Build for the inputs of a call; on real tensors each layer builds itself, and the graph is made later.

    Raises:
        ValueError: if there are no layers.
    """
    with build_lock:
        if model._torchkeras.built:
            return
        if not steps_of(model) and chain_of(model).start is None:
            raise ValueError(no_layers(model, "called"))
        if is_symbolic(inputs) and steps_of(model):
            make_graph(model, inputs.spec)
            return
        # Each layer builds itself, in order, on the output of the one before; after that, a graph can be made.
        if isinstance(inputs, torch.Tensor) and steps_of(model):
            shape = [None, *map(_plain, inputs.shape[1:])] if inputs.dim() else []
            chain_of(model).pending = TensorSpec(shape, inputs.dtype)
        model.built = True


def make_pending_graph(model: Any) -> None:
    """Make the graph for the inputs of the first call, unless a layer cannot run without data."""
    state = chain_of(model)
    with build_lock, creating_weights(None):
        spec = state.pending
        if spec is None:
            return
        state.pending = None
        nodes = [layer._torchkeras.inbound_nodes for layer in steps_of(model)]
        counts = [len(known) for known in nodes]
        try:
            make_graph(model, spec)
        except Exception:
            for known, count in zip(nodes, counts, strict=True):
                del known[count:]
            return
        state.seen = spec


def _plain(size: Any) -> int | None:
    return None if isinstance(size, torch.SymInt) else size
