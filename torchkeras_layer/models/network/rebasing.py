"""How does a model begin at tensors in the midst of another graph?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layers.core.input_layer import Input
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.symbolic import KerasTensor, Node, is_symbolic, node_of
from torchkeras_layer.symbolic.order import nodes_between


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
