"""What is remembered of one call of a layer in a graph, and by whom?"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator
from typing import Any

from torchkeras_layer._structures import copy_structure, in_order, leaves, map_leaves
from torchkeras_layer.symbolic.keras_tensor import KerasHistory, KerasTensor, is_symbolic


class Node:
    """One call of `outbound_layer` on symbolic tensors: what went in, and what came out.

    Making one appends it to the layer's inbound nodes and to the outbound nodes of every layer that a tensor came
    from, and gives each output its history. The layer keeps the node, and the node what went in and came out; the
    layers before only know of it as long as it lives.

    Args:
        outbound_layer: the layer that was called.
        call_args, call_kwargs: what it was called on; symbolic tensors may stand anywhere in them.
        outputs: the nested structure of symbolic tensors that came out.
        effects: losses and updates that the call recorded; `None` if that is not known yet.
    """

    def __init__(
        self,
        outbound_layer: Any,
        call_args: tuple[Any, ...] = (),
        call_kwargs: dict[str, Any] | None = None,
        outputs: Any = None,
        effects: Any = None,
    ) -> None:
        self.outbound_layer = outbound_layer
        # Copies of the structures: what a caller does to a list afterwards changes nothing here.
        self.call_args = tuple(copy_structure(argument) for argument in call_args)
        self.call_kwargs = {name: copy_structure(value) for name, value in (call_kwargs or {}).items()}
        self.outputs = copy_structure(outputs)
        self.effects = effects
        self._register()

    def _register(self) -> None:
        layer = self.outbound_layer
        index = len(layer._torchkeras.inbound_nodes)
        layer._torchkeras.inbound_nodes.append(self)
        for tensor in self.keras_inputs:
            history_of(tensor).layer._torchkeras.outbound_links.add(self)
        for position, tensor in enumerate(leaves(self.outputs)):
            if is_symbolic(tensor):
                tensor._keras_history = KerasHistory(layer, index, position)

    @property
    def layer(self) -> Any:
        """The layer that was called; the same as `outbound_layer`."""
        return self.outbound_layer

    @property
    def keras_inputs(self) -> list[KerasTensor]:
        """All symbolic tensors that went in, also by keyword, in their order; dicts by sorted keys, as in Keras."""
        # Keras 3 sorts keywords too, TF-Keras does not.
        return [leaf for leaf in in_order((*self.call_args, *self.call_kwargs.values())) if is_symbolic(leaf)]

    @property
    def is_input(self) -> bool:
        """Whether the tensor comes from outside: the node of an `Input`."""
        return not self.call_args and not self.call_kwargs

    @property
    def input_tensors(self) -> Any:
        """The first argument of the call, in its structure; for an `Input`, its own tensor in a list."""
        if self.is_input:
            return [self.outputs]
        return self.call_args[0] if self.call_args else next(iter(self.call_kwargs.values()))

    @property
    def output_tensors(self) -> Any:
        """What came out, in its structure; for an `Input`, its tensor in a list."""
        return [self.outputs] if self.is_input else self.outputs

    @property
    def input_shapes(self) -> Any:
        """Shapes of `input_tensors`."""
        return map_leaves(shape_of, self.input_tensors)

    @property
    def output_shapes(self) -> Any:
        """Shapes of `output_tensors`."""
        return map_leaves(shape_of, self.output_tensors)

    @property
    def input_masks(self) -> Any:
        """Masks of `input_tensors`."""
        return map_leaves(_mask_of, self.input_tensors)

    @property
    def output_masks(self) -> Any:
        """Masks of `output_tensors`."""
        return map_leaves(_mask_of, self.output_tensors)

    @property
    def parent_nodes(self) -> list[Node]:
        """The nodes that the input tensors came from, each once, in the order of the tensors."""
        nodes = [node_of(tensor) for tensor in self.keras_inputs]
        return list({id(node): node for node in nodes}.values())

    @property
    def inbound_layers(self) -> Any:
        """The layers that the input tensors came from: one by itself, several in a list."""
        layers = [history_of(tensor).layer for tensor in self.keras_inputs]
        return layers[0] if len(layers) == 1 else layers

    def iterate_inbound(self) -> Iterator[tuple[Any, int, int, KerasTensor]]:
        """Yield `(layer, node_index, tensor_index, tensor)` for each symbolic tensor that went in."""
        for tensor in self.keras_inputs:
            layer, node_index, tensor_index = history_of(tensor)
            yield layer, node_index, tensor_index, tensor

    def get_config(self) -> dict[str, Any]:
        """Return the names and positions of the layers before, as the nodes of TF 1 wrote them."""
        inbound = list(self.iterate_inbound())
        return {
            "outbound_layer": self.outbound_layer.name,
            "inbound_layers": [layer.name for layer, _, _, _ in inbound],
            "node_indices": [node_index for _, node_index, _, _ in inbound],
            "tensor_indices": [tensor_index for _, _, tensor_index, _ in inbound],
        }

    def __repr__(self) -> str:
        return f"<Node of {self.outbound_layer.name}: {self.input_shapes} -> {self.output_shapes}>"


def node_of(tensor: KerasTensor) -> Node:
    """Return the node that a symbolic tensor came out of.

    Raises:
        ValueError: if it came out of none.
    """
    history = history_of(tensor)
    return history.layer._torchkeras.inbound_nodes[history.node_index]


def history_of(tensor: KerasTensor) -> KerasHistory:
    """Return which output of which call of which layer a symbolic tensor is. Errors as those of `node_of`."""
    if tensor._keras_history is None:
        raise ValueError(
            f"{tensor.name}: this symbolic tensor stands in no graph. Received: {tensor!r}. "
            "Make the first one with Input(shape), the others by calling layers."
        )
    return tensor._keras_history


def shape_of(leaf: Any) -> Any:
    """Return a tensor's shape as a tuple, `None` for what has none.

    >>> import torch
    >>> shape_of(torch.ones(2, 3))
    (2, 3)
    """
    return tuple(leaf.shape) if hasattr(leaf, "shape") else None


def _mask_of(leaf: Any) -> Any:
    return getattr(leaf, "_keras_mask", None)


class NodeLinks:
    """Weak references to nodes in the order of their making: a layer does not keep alive what was built on it."""

    def __init__(self) -> None:
        self._nodes: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._numbers = itertools.count()

    def add(self, node: Any) -> None:
        """Remember a node; once per tensor that it took."""
        self._nodes[next(self._numbers)] = node

    def alive(self) -> list[Any]:
        """List the nodes that something else still keeps."""
        return list(self._nodes.values())

    def __reduce__(self) -> tuple[type[NodeLinks], tuple[()]]:
        # Copies of a layer stand in no graph.
        return NodeLinks, ()
