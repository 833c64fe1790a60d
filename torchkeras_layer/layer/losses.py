"""Which losses and updates does a layer have: from its last call, from symbolic calls, and independent of calls?

Those of a call are cleared when the next one begins: `call_records.py`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from torchkeras_layer import regularizers
from torchkeras_layer._autograd import in_backward, is_transformed
from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.call_records import record_losses
from torchkeras_layer.layer.containers import weight_spec_holders
from torchkeras_layer.layer.context import CallContext, per_thread, run_uncast
from torchkeras_layer.layer.dry_run import RecordedLoss, RecordedUpdate
from torchkeras_layer.layer.graph_place import no_symbolic_call_message
from torchkeras_layer.layer.record import Record
from torchkeras_layer.layer.symbolic_calls import losses_of_call, updates_of_call
from torchkeras_layer.layer.weight_arguments import read_weight
from torchkeras_layer.layer.weight_lists import layers_in, runs_updates
from torchkeras_layer.symbolic.keras_tensor import KerasTensor, is_symbolic, symbolic_leaves
from torchkeras_layer.symbolic.node import Node

if TYPE_CHECKING:
    from torchkeras_layer.layer.attributes import LayerBase


def activity_regularizer_for(identifier: Any) -> Any:
    """Return the regularizer of an identifier, for `activity_regularizer`.

    Raises:
        TypeError: for a layer, or a module with weights: they would not be found inside the layer.
    """
    is_layer = isinstance(identifier, torch.nn.Module) and hasattr(identifier, "_torchkeras")
    if is_layer or isinstance(identifier, torch.nn.Module) and any(True for _ in identifier.parameters()):
        raise TypeError(
            "activity_regularizer cannot be a module with weights, which would not be tracked. Received: "
            f"{type(identifier).__name__}. Keep the module on an attribute, and write "
            "`self.add_loss(self.penalty(outputs))` in call()."
        )
    return regularizers.get(identifier)


def add_loss(layer: LayerBase, losses: Any, inputs: Any) -> None:
    """Add losses: those added in a call count until the next call, callables added elsewhere count permanently.

    Raises:
        ValueError: for a tensor or number outside a call.
        TypeError: for anything but tensors, numbers and callables.
    """
    context, record = per_thread.context, layer._torchkeras
    in_call = context.layer is not None and not context.alone
    added = [loss for loss in leaves(losses) if loss is not None]
    symbolic = [] if in_call else [loss for loss in added if is_symbolic(loss)]
    added = [loss for loss in added if not any(loss is tensor for tensor in symbolic)]
    functions = [loss for loss in added if is_function(loss)]
    values = [loss for loss in added if not is_function(loss)]
    if not all(isinstance(value, (torch.Tensor, int, float)) for value in values):
        raise TypeError(
            f"{record.name}: add_loss takes tensors, numbers, zero-argument callables, and nested structures of them. "
            f"Received: {losses!r}."
        )
    if values and not in_call:
        raise ValueError(
            f"{record.name}: outside a call, add_loss takes zero-argument callables, since a tensor would be of one "
            f"call only. Received: {losses!r}. Write `layer.add_loss(lambda: ...)`, or add it in `call`. "
            "See docs/differences.md#add_loss-outside-of-a-call"
        )
    if symbolic:
        _add_symbolic_losses(layer, symbolic, inputs)
    if context.building or not in_call:
        record.loss_functions.extend(functions)
        added = values
    if added and context.dry_run is not None:
        context.dry_run.note_losses(added, inputs is not None)
    elif added and not in_backward() and not _is_exported():
        record_losses(record, context, added)


def _add_symbolic_losses(layer: LayerBase, losses: list[KerasTensor], inputs: Any) -> None:
    """Add symbolic tensors that models with the layer compute, if they can from their inputs; see `add_loss`."""
    record: Record = layer._torchkeras
    given = () if inputs is None else tuple(symbolic_leaves(record.name, "add_loss", inputs))
    for tensor in (*losses, *given):
        if tensor._keras_history is None:
            raise ValueError(
                f"{record.name}: add_loss: this symbolic tensor is not part of a graph. Received: {tensor!r}. "
                "Compute it from an Input, or from the outputs of layers."
            )
    model = None if record.model is None else record.model()
    for tensor in losses:
        record.symbolic_losses.append(RecordedLoss(tensor, inputs is not None, given))
        if model is not None:
            model._torchkeras.graph.take_losses(model, [tensor])


def losses_of(layer: LayerBase) -> list[torch.Tensor]:
    """Return the losses of a layer and of those inside it; for each: from the last call, callables, regularizers.

    If a layer was only called on symbolic tensors, return its symbolic losses too.
    """
    was_called = layer._torchkeras.calls.state.was_called
    nodes = {} if was_called else _nodes_by_layer(layer)
    has_graph = _has_graph(layer)
    found: list[Any] = []
    for inner in layers_in(layer):
        if not (was_called or inner._torchkeras.calls.state.was_called):
            found += [loss.tensor for node in nodes.get(id(inner), ()) for loss in losses_of_call(node)]
            # Those of a graph are among the losses of its calls.
            found += [] if has_graph else [loss.tensor for loss in inner._torchkeras.symbolic_losses]
        found += own_losses(inner)
    return found


def _has_graph(layer: Any) -> bool:
    graph = layer._torchkeras.graph
    return graph is not None and graph.current_wiring(layer) is not None


def _nodes_by_layer(layer: Any) -> dict[int, list[Node]]:
    """Return the symbolic calls of a layer and of those inside it, by the ids of the layers.

    For a model with a graph, these are the calls of the graph: its layers may also be in other graphs.
    """
    graph = layer._torchkeras.graph
    calls = None if graph is None else graph.calls_of(layer)
    if calls is None:
        calls = [node for inner in layers_in(layer) for node in inner._torchkeras.inbound_nodes]
    found: dict[int, list[Node]] = {}
    for node in calls:
        found.setdefault(id(node.layer), []).append(node)
    return found


def losses_for(layer: LayerBase, inputs: Any) -> list[Any]:
    """Return the losses that were added with `inputs` and depend on these symbolic tensors; see `get_losses_for`."""
    nodes = _all_nodes(layer, "get_losses_for")
    inside = () if _has_graph(layer) else layers_in(layer)
    added = [loss for inner in inside for loss in inner._torchkeras.symbolic_losses]
    if inputs is not None:
        wanted = symbolic_leaves(layer._torchkeras.name, "get_losses_for", inputs)
        recorded = [loss for node in nodes for loss in losses_of_call(node)]
        return [loss.tensor for loss in recorded + added if loss.follows_from(wanted)]
    calls = [node for calls in _nodes_by_layer(layer).values() for node in calls]
    recorded = [loss for node in calls for loss in losses_of_call(node)] + added
    unconditional: list[Any] = [loss.tensor for loss in recorded if not loss.is_conditional]
    return unconditional + [loss for inner in layers_in(layer) for loss in _permanent_losses(inner)]


def _all_nodes(layer: LayerBase, method: str) -> list[Node]:
    """Return all symbolic calls of a layer and of those inside it, in whatever graphs they are.

    If there was none, but one on real tensors, raise a RuntimeError that names the method.
    """
    nodes = [node for inner in layers_in(layer) for node in inner._torchkeras.inbound_nodes]
    if not nodes and layer._torchkeras.calls.state.was_called:
        raise RuntimeError(no_symbolic_call_message(layer._torchkeras, method))
    return nodes


def own_losses(layer: LayerBase) -> list[torch.Tensor]:
    """Return the losses of one layer without those inside it: from the last call, then callables, then regularizers.

    Only calls in the current thread count.
    """
    return _evaluated(layer._torchkeras.calls.state.latest_losses) + _permanent_losses(layer)


def _permanent_losses(layer: LayerBase) -> list[torch.Tensor]:
    """Return the losses of one layer that belong to no call: callables, then regularizers."""
    return _evaluated(layer._torchkeras.loss_functions) + regularization_losses(layer)


def _evaluated(losses: list[Any]) -> list[torch.Tensor]:
    values = [run_uncast(loss) if is_function(loss) else loss for loss in losses]
    return [as_loss(value) for value in values if value is not None]


def regularization_losses(layer: LayerBase) -> list[torch.Tensor]:
    """Return the regularization losses of the weights that a layer holds itself, also in lists and dicts."""
    losses = []
    for holder, specs in weight_spec_holders(layer):
        for key, spec in specs.items():
            weight = None if spec.regularizer is None else read_weight(holder, key)
            if weight is not None:
                losses.append(spec.regularizer(weight))  # type: ignore[misc]
    return losses


def is_function(loss: Any) -> bool:
    """Whether a loss is a callable, which is evaluated when `losses` is read.

    >>> is_function(lambda: 1.0), is_function(torch.ones(()))
    (True, False)
    """
    return callable(loss) and not isinstance(loss, torch.Tensor)


def as_loss(value: Any) -> torch.Tensor:
    """Return a loss as a scalar tensor: the sum of several values; a number has the dtype `floatx()`.

    >>> as_loss(0.5), as_loss(torch.ones(3))
    (tensor(0.5000), tensor(3.))
    """
    if not isinstance(value, torch.Tensor):
        return torch.tensor(value, dtype=torch_dtype(floatx()))
    return value.sum() if value.dim() else value


def _is_exported() -> bool:
    # Order matters: before torch 2.12, the compiler evaluates the second function to True in every trace.
    return not torch.compiler.is_dynamo_compiling() and torch.compiler.is_exporting()


def add_update(layer: LayerBase, updates: Any) -> None:
    """Run updates at once, unless the innermost layer whose call is running is frozen; in a dry run, record them."""
    context = per_thread.context
    functions = _functions_in(layer, updates)
    if context.dry_run is not None:
        context.dry_run.note_updates(functions, context.layer or layer)
    elif _runs_updates(context):
        for update in functions:
            run_uncast(update)


def _functions_in(layer: Any, updates: Any) -> list[Any]:
    """Return the callables among updates, and a function that assigns for each tuple (variable, new value)."""
    if isinstance(updates, dict):
        updates = list(updates.values())
    if not isinstance(updates, (list, tuple)):
        return [updates] if callable(updates) else []
    if isinstance(updates, tuple) and len(updates) == 2 and _can_be_assigned(*updates):
        variable, value = updates
        _check_assignment(layer, variable, value)
        return [functools.partial(_assign, variable, value)]
    return [function for update in updates for function in _functions_in(layer, update)]


def _can_be_assigned(variable: Any, value: Any) -> bool:
    return isinstance(variable, torch.Tensor) and isinstance(value, (torch.Tensor, np.ndarray, np.generic, int, float))


def _check_assignment(layer: Any, variable: torch.Tensor, value: Any) -> None:
    record: Record = layer._torchkeras
    shape = tuple(getattr(value, "shape", ()))
    if shape != tuple(variable.shape):
        raise ValueError(
            f"{record.name}: add_update: a new value must have the shape of the variable, {tuple(variable.shape)}. "
            f"Received: a value of shape {shape}. Write `value.expand_as(variable)` if it is meant for all entries."
        )
    weights = (*layer.parameters(), *torch.nn.Module.buffers(layer)) if record.casts_weights else ()
    if record.casts_weights and not any(variable is one for one in weights):
        raise ValueError(
            f"{record.name}: add_update: under the policy {record.policy.name!r}, `call` reads copies of the weights, "
            "and an assignment to a copy is lost. Write `self.add_update(lambda: self.variable.copy_(value))`. "
            "See docs/differences.md#assign-and-value"
        )


def _assign(variable: torch.Tensor, value: Any) -> None:
    with torch.no_grad():
        variable.copy_(torch.as_tensor(value))


def can_update_in_kernel() -> bool:
    """Whether a torch kernel may update state itself, in place of an update: if nothing traces or transforms the call.

    A dispatch mode, as selective checkpointing uses one, must see the same operations in the repetition of a call.

    >>> can_update_in_kernel()
    True
    """
    context = per_thread.context
    is_traced = torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None
    is_observed = is_traced or torch._C._len_torch_dispatch_stack() > 0 or is_transformed()
    return context.dry_run is None and not is_observed and _runs_updates(context)


def _runs_updates(context: CallContext) -> bool:
    return not in_backward() and (context.layer is None or runs_updates(context.layer))


def updates_of(layer: LayerBase) -> list[RecordedUpdate]:
    """Return the active updates that symbolic calls of a layer, or of those inside it, recorded."""
    return _active_updates([node for calls in _nodes_by_layer(layer).values() for node in calls])


def _active_updates(nodes: list[Node]) -> list[RecordedUpdate]:
    return [update for node in nodes for update in updates_of_call(node) if update.is_active]


def updates_for(layer: LayerBase, inputs: Any) -> list[RecordedUpdate]:
    """Return the updates that depend on symbolic `inputs`; for `None`, those that need no inputs."""
    nodes = _all_nodes(layer, "get_updates_for")
    if inputs is None:
        return [update for update in updates_of(layer) if not update.inputs]
    wanted = symbolic_leaves(layer._torchkeras.name, "get_updates_for", inputs)
    return [update for update in _active_updates(nodes) if update.follows_from(wanted)]
