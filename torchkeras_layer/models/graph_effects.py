"""Which losses and updates does a symbolic call of a model with a graph add, read off the graph without running it?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer._structures import in_order, leaves
from torchkeras_layer.layer.dry_run import UNKNOWN, Effects, LossNote, RecordedUpdate, losses_at
from torchkeras_layer.layer.symbolic_calls import losses_of_call, updates_of_call
from torchkeras_layer.models.graphs import layer_under, state_of
from torchkeras_layer.models.network.wiring import Wiring
from torchkeras_layer.symbolic import KerasTensor, Node, is_symbolic

# The numbers of the inputs of the outermost call that a tensor depends on.
Sources = frozenset[int]


def wiring_that_runs(model: Any) -> Wiring | None:
    """Return the graph of a model whose calls run it as it is; `None` for a `call` of the user's or replaced layers."""
    if not type(model).call.__module__.startswith("torchkeras_layer.models."):
        return None
    wiring = state_of(model).current_wiring(model)
    is_whole = wiring is not None and wiring.has_its_layers(lambda key: layer_under(model, key))
    return wiring if is_whole else None


def effects_of_graph(model: Any, node: Node, kind: str) -> Effects | None:
    """Return the 'losses' or 'updates' of a call of a model; `None` if its graph does not tell them.

    Models inside are walked through, and not asked for theirs: so the time grows with the number of calls only.
    """
    outer = _inputs_of(model, node)
    if outer is None:
        return None
    tensors = [tensor for tensor in outer if is_symbolic(tensor)]
    numbers = {id(tensor): number for number, tensor in enumerate(tensors)}
    found = _Found(kind, tensors)
    found.walk(model, [frozenset({numbers[id(t)]} if id(t) in numbers else ()) for t in outer])
    if kind == "losses":
        return Effects(losses_at(node, found.losses), UNKNOWN.updates)
    return Effects(UNKNOWN.losses, tuple(found.updates))


def _inputs_of(layer: Any, node: Node) -> list[Any] | None:
    """Return the inputs of a call that runs the graph of a model, in the order of the graph's, else `None`."""
    is_plain = len(node.call_args) == 1 and not node.call_kwargs
    state = layer._torchkeras.graph
    if not is_plain or state is None or wiring_that_runs(layer) is None:
        return None
    return state.adapter.flatten(node.call_args[0])


class _Found:
    """Collects the effects of the calls in a graph and in the models inside it."""

    def __init__(self, kind: str, tensors: list[KerasTensor]) -> None:
        self.losses: list[LossNote] = []
        self.updates: list[RecordedUpdate] = []
        self._kind = kind
        self._tensors = tensors

    def walk(self, model: Any, sources: list[Sources]) -> None:
        """Collect the effects of a model whose inputs have these sources."""
        state = state_of(model)
        wiring: Any = state.current_wiring(model)
        known = {id(t): of_input for t, of_input in zip(in_order(wiring.inputs), sources, strict=True)}

        def of_all(tensors: Any) -> Sources:
            return frozenset().union(*(known.get(id(tensor), ()) for tensor in tensors))

        for node in state.calls_of(model) or ():
            inner = _inputs_of(node.layer, node)
            if inner is not None:
                self.walk(node.layer, [known.get(id(tensor), frozenset()) for tensor in inner])
            elif self._kind == "losses":
                for loss in losses_of_call(node):
                    self.losses.append((loss.tensor.spec, loss.is_conditional, self._named(of_all(loss.inputs))))
            else:
                for update in updates_of_call(node):
                    self.updates.append(
                        RecordedUpdate(update.function, update.owner, self._named(of_all(update.inputs)))
                    )
            of_call = of_all(node.keras_inputs)
            for tensor in leaves(node.outputs):
                known.setdefault(id(tensor), of_call)

    def _named(self, sources: Sources) -> tuple[KerasTensor, ...]:
        return tuple(self._tensors[number] for number in sorted(sources))
