"""What is remembered of one call of a layer?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer._structures import leaves, map_leaves


class Node:
    """One call of `outbound_layer`: the tensors that went in and came out, and the layers that they came from.

    Making one appends it to the layer's `inbound_nodes` and to the `outbound_nodes` of every layer that a tensor came
    from, and gives each output its history: `(layer, node index, tensor index)`.
    """

    def __init__(self, outbound_layer: Any, input_tensors: Any, output_tensors: Any, arguments: Any = None) -> None:
        self.outbound_layer = outbound_layer
        self.input_tensors = map_leaves(lambda tensor: tensor, input_tensors)
        self.output_tensors = map_leaves(lambda tensor: tensor, output_tensors)
        self.arguments = dict(arguments or {})
        self.input_shapes = map_leaves(shape_of, input_tensors)
        self.output_shapes = map_leaves(shape_of, output_tensors)
        histories = [getattr(tensor, "_keras_history", None) for tensor in leaves(input_tensors)]
        self.inbound_layers = [history[0] for history in histories if history is not None]
        index = len(outbound_layer._inbound_nodes)
        outbound_layer._inbound_nodes.append(self)
        for producer in self.inbound_layers:
            producer._outbound_nodes.append(self)
        for position, tensor in enumerate(leaves(output_tensors)):
            tensor._keras_history = (outbound_layer, index, position)

    def __repr__(self) -> str:
        return f"<Node of {self.outbound_layer.name}: {self.input_shapes} -> {self.output_shapes}>"


def shape_of(tensor: Any) -> Any:
    """Return a tensor's shape as a tuple.

    >>> import torch
    >>> shape_of(torch.ones(2, 3))
    (2, 3)
    """
    return tuple(tensor.shape)
