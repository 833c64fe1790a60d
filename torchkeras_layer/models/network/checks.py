"""Which inputs and outputs form a graph, and how can a model begin in the middle of another one?"""

from __future__ import annotations

from collections import Counter
from typing import Any

from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layers.core.input_layer import Input
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.symbolic import KerasTensor, Node, is_symbolic, node_of
from torchkeras_layer.symbolic.order import nodes_between


def check_ends(model_name: str, inputs: Any, outputs: Any) -> None:
    """Check that all inputs and outputs are symbolic tensors, and that no input appears twice.

    Raises:
        ValueError: if not.
    """
    for what, structure in (("inputs", inputs), ("outputs", outputs)):
        for leaf in leaves(structure):
            if not is_symbolic(leaf):
                raise ValueError(
                    f"{model_name}: {what} of a functional model must be symbolic tensors: Input(shape), or results of "
                    f"calling layers on one. Received: {_shortened(leaf)} ({type(leaf).__name__})."
                )
            node_of(leaf)
        if not leaves(structure):
            raise ValueError(f"{model_name}: a functional model must have {what}. Received: {what}={structure!r}.")
    repeated = [tensor for tensor, count in Counter(leaves(inputs)).items() if count > 1]
    if repeated:
        raise ValueError(
            f"{model_name}: the input {repeated[0]!r} appears more than once. "
            f"Received: inputs={_shortened(inputs)}. Pass each input once."
        )


def check_connected(model_name: str, inputs: Any, ends: list[KerasTensor]) -> None:
    """Check that the outputs can be computed from the inputs, and that layers have different names.

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
                f"from the inputs. Received: inputs {[tensor.name for tensor in leaves(inputs)]}. Layers that can be "
                f"computed: {reached}. Add the tensor to the inputs."
            )
    layers = {id(layer): layer for layer in [node.layer for node in nodes] + [node_of(t).layer for t in leaves(inputs)]}
    name, count = Counter(layer.name for layer in layers.values()).most_common(1)[0]
    if count > 1:
        raise ValueError(
            f"{model_name}: {count} layers are named {name!r}. Each layer of a model must have its own name: pass "
            "name= to one of them."
        )


def _refuse_loss(model_name: str, tensor: Any) -> None:
    layer, _, position = tensor._keras_history
    if position >= len(leaves(node_of(tensor).outputs)):
        raise ValueError(
            f"{model_name}: {tensor!r} is a loss that {layer.name!r} adds, which cannot be an input or output of a "
            "model, or of a layer in it. Call the model and read `model.losses`."
        )


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else f"{text[:200]}..."


def rebase(inputs: Any, outputs: Any, sinks: list[KerasTensor]) -> tuple[Any, Any, list[KerasTensor]]:
    """Make a graph begin at `Input`s: record its calls again from new inputs, and return the three structures.

    If all inputs come from an `Input` already, return the arguments as they are.
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
            # An input keeps its replacement, even if the call that computed it is recorded again too.
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
