"""Which inputs and outputs make a model, and how does it begin in the midst of another graph?"""

from __future__ import annotations

from collections import Counter
from typing import Any

from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layers.core.input_layer import Input
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.symbolic import KerasTensor, Node, is_symbolic, node_of
from torchkeras_layer.symbolic.order import nodes_between


def check_ends(model_name: str, inputs: Any, outputs: Any) -> None:
    """Check that all inputs and outputs are symbolic tensors, and that no input is there twice.

    Raises:
        ValueError: if not.
    """
    for what, structure in (("inputs", inputs), ("outputs", outputs)):
        for leaf in leaves(structure):
            if not is_symbolic(leaf):
                raise ValueError(
                    f"{model_name}: {what} of a functional model are symbolic tensors, made by Input() and by calling "
                    f"layers on them. Received: {_shortly(leaf)} ({type(leaf).__name__})."
                )
            node_of(leaf)
        if not leaves(structure):
            raise ValueError(f"{model_name}: a functional model has at least one of {what}. Received: {structure!r}.")
    repeated = [tensor for tensor, count in Counter(leaves(inputs)).items() if count > 1]
    if repeated:
        raise ValueError(
            f"{model_name}: the same input {repeated[0]!r} is there more than once. "
            f"Received: inputs={_shortly(inputs)}. Name each input once."
        )


def check_connected(model_name: str, inputs: Any, ends: list[KerasTensor]) -> None:
    """Check that the outputs can be computed from the inputs, and layers told apart by their names.

    Raises:
        ValueError: if not.
    """
    nodes = nodes_between(leaves(inputs), ends)
    for tensor in [*ends, *(needed for node in nodes for needed in node.keras_inputs)]:
        _refuse_loss(model_name, tensor)
    for position, node in enumerate(nodes):
        history = node.output_tensors
        if node.is_input:
            taker = next(
                (n for n in nodes[position:] if any(n_in is t for n_in in n.keras_inputs for t in history)), None
            )
            where = f" at layer {taker.layer.name!r}" if taker else ""
            reached = [n.layer.name for n in nodes[:position]]
            raise ValueError(
                f"{model_name}: the graph is disconnected: {history[0]!r}, which is needed{where}, is not computed "
                f"from the inputs {[tensor.name for tensor in leaves(inputs)]}. Layers reached before: {reached}. "
                f"Add the tensor to the inputs."
            )
    layers = {id(layer): layer for layer in [node.layer for node in nodes] + [node_of(t).layer for t in leaves(inputs)]}
    name, count = Counter(layer.name for layer in layers.values()).most_common(1)[0]
    if count > 1:
        raise ValueError(
            f"{model_name}: {count} layers are named {name!r}. Within a model, each layer must have a name of its own: "
            "pass name= to one of them."
        )


def _refuse_loss(model_name: str, tensor: Any) -> None:
    layer, _, position = tensor._keras_history
    if position >= len(leaves(node_of(tensor).outputs)):
        raise ValueError(
            f"{model_name}: {tensor!r} is a loss that {layer.name!r} adds; a graph cannot compute with it. "
            "Call the model and read `model.losses`."
        )


def _shortly(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else f"{text[:200]}..."


def rebase(inputs: Any, outputs: Any, sinks: list[KerasTensor]) -> tuple[Any, Any, list[KerasTensor]]:
    """Return inputs that are all `Input`s, and what follows from them: the same calls once more, on new tensors.

    Where the inputs are such already, return them as they are.
    """
    if all(node_of(tensor).is_input for tensor in leaves(inputs)):
        return inputs, outputs, sinks
    new = {id(tensor): _as_input(tensor) for tensor in leaves(inputs)}

    def replaced(leaf: Any) -> Any:
        return new[id(leaf)] if is_symbolic(leaf) else leaf

    for node in nodes_between(leaves(inputs), [*leaves(outputs), *sinks]):
        args, kwargs = map_leaves(replaced, (node.call_args, node.call_kwargs))
        results = map_leaves(_twin, node.outputs)
        for old, twin in zip(leaves(node.outputs), leaves(results), strict=True):
            # An input stays what the caller gives, also where the call that it came from is made again.
            new.setdefault(id(old), twin)
        is_function = isinstance(node.layer, TorchFunction)
        Node(node.layer, args, kwargs, results, node.effects if is_function else None)
    return map_leaves(replaced, inputs), map_leaves(replaced, outputs), [replaced(tensor) for tensor in sinks]


def _as_input(tensor: KerasTensor) -> KerasTensor:
    if node_of(tensor).is_input:
        return tensor
    start = Input(batch_shape=tensor.shape, dtype=tensor.dtype)
    start._mask_spec = tensor._mask_spec
    return start


def _twin(tensor: Any) -> Any:
    return KerasTensor.from_spec(tensor.spec, tensor.name, tensor._mask_spec) if is_symbolic(tensor) else tensor
