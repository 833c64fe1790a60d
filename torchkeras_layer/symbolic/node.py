"""What is recorded about one call of a layer in a graph, and which objects refer to the record?"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from torchkeras_layer._structures import copy_structure, in_order, leaves, map_leaves
from torchkeras_layer.symbolic.keras_tensor import KerasHistory, KerasTensor, is_symbolic


class Node:
    """One call of a layer on symbolic tensors: its arguments and its outputs.

    Creating a node appends it to the inbound nodes of the layer and to the outbound nodes of the layers that returned
    its inputs, and sets the history of its outputs. The layer keeps the node alive, and the node its arguments and
    outputs; the layers that returned its inputs refer to it weakly.

    Args:
        outbound_layer: the layer that was called.
        call_args, call_kwargs: the arguments of the call, nested structures that contain symbolic tensors.
        outputs: the symbolic tensors that the call returned, in their structure.
        effects: losses and updates that the call recorded; `None` if they are not known yet.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Dense(2, name="head"); y = layer(keras.Input((3,), name="x"))
    >>> node = layer.inbound_nodes[0]; node
    <Node of head: (None, 3) -> (None, 2)>
    >>> node.layer is layer, node.input_tensors, node.output_tensors is y, node.inbound_layers.name
    (True, <KerasTensor x shape=(None, 3) dtype=float32>, True, 'x')
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
        # The structures are copied, so that a caller may change a list afterwards.
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
        """All symbolic tensors among the arguments, in their order; those in dicts by sorted keys, as in Keras."""
        # Keyword arguments are in the order in which they were given, as in TF-Keras. Keras 3 sorts them.
        return [leaf for leaf in in_order((*self.call_args, *self.call_kwargs.values())) if is_symbolic(leaf)]

    @property
    def is_input(self) -> bool:
        """Whether this is the node of an `Input`, which has no arguments."""
        return not self.call_args and not self.call_kwargs

    @property
    def input_tensors(self) -> Any:
        """The first argument of the call, in its structure; for an `Input`, its own tensor, in a list.

        For a recurrent layer, a list with the symbolic initial states and constants after it, if there are any.
        """
        if self.is_input:
            return [self.outputs]
        first = self.call_args[0] if self.call_args else next(iter(self.call_kwargs.values()))
        further = [leaf for leaf in leaves(self._further_inputs()) if is_symbolic(leaf)]
        return [first, *further] if further else first

    def _further_inputs(self) -> list[Any]:
        layer = self.outbound_layer
        names, signature = layer._torchkeras_further_inputs, layer._torchkeras.signature
        return [signature.argument(name, self.call_args[1:], self.call_kwargs) for name in names]

    @property
    def output_tensors(self) -> Any:
        """The output tensors, in their structure; for an `Input`, its tensor, in a list."""
        return [self.outputs] if self.is_input else self.outputs

    @property
    def input_shapes(self) -> Any:
        """The shapes of `input_tensors`."""
        return map_leaves(shape_of, self.input_tensors)

    @property
    def output_shapes(self) -> Any:
        """The shapes of `output_tensors`."""
        return map_leaves(shape_of, self.output_tensors)

    @property
    def input_masks(self) -> Any:
        """The masks of `input_tensors`; `None` for those without one."""
        return map_leaves(_mask_of, self.input_tensors)

    @property
    def output_masks(self) -> Any:
        """The masks of `output_tensors`; `None` for those without one."""
        return map_leaves(_mask_of, self.output_tensors)

    @property
    def parent_nodes(self) -> list[Node]:
        """The nodes that returned the input tensors, each once, in the order of the tensors."""
        nodes = [node_of(tensor) for tensor in self.keras_inputs]
        return list({id(node): node for node in nodes}.values())

    @property
    def inbound_layers(self) -> Any:
        """The layers that returned the input tensors: the layer itself if there is one, else a list."""
        layers = [history_of(tensor).layer for tensor in self.keras_inputs]
        return layers[0] if len(layers) == 1 else layers

    def iterate_inbound(self) -> Iterator[tuple[Any, int, int, KerasTensor]]:
        """Yield `(layer, node_index, tensor_index, tensor)` for each symbolic tensor among the arguments.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); _ = layer(keras.Input((3,), name="x"))
        >>> [(inbound.name, *rest) for inbound, *rest in layer.inbound_nodes[0].iterate_inbound()]
        [('x', 0, 0, <KerasTensor x shape=(None, 3) dtype=float32>)]
        """
        for tensor in self.keras_inputs:
            layer, node_index, tensor_index = history_of(tensor)
            yield layer, node_index, tensor_index, tensor

    def get_config(self) -> dict[str, Any]:
        """Return the names of this layer and of those that returned its inputs, and the positions, as TF 1 does.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2, name="head"); _ = layer(keras.Input((3,), name="x"))
        >>> layer.inbound_nodes[0].get_config()
        {'outbound_layer': 'head', 'inbound_layers': ['x'], 'node_indices': [0], 'tensor_indices': [0]}
        """
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
    """Return the node that returned a symbolic tensor; one that was made by hand becomes an input."""
    history = history_of(tensor)
    return history.layer._torchkeras.inbound_nodes[history.node_index]


def history_of(tensor: KerasTensor) -> KerasHistory:
    """Return the place of a symbolic tensor in its graph; one that was made by hand becomes an input."""
    if tensor._keras_history is None:
        _starters[0](tensor)
    assert tensor._keras_history is not None, "an input has a place"
    return tensor._keras_history


_starters: list[Callable[[KerasTensor], Any]] = []


def set_starter(starter: Callable[[KerasTensor], Any]) -> Callable[[KerasTensor], Any]:
    """Set the function that makes the input layer of a symbolic tensor without a place in a graph."""
    _starters[:] = [starter]
    return starter


def shape_of(leaf: Any) -> Any:
    """Return the shape of a tensor as a tuple, `None` for a value without a shape.

    >>> import torch
    >>> shape_of(torch.ones(2, 3))
    (2, 3)
    """
    return tuple(leaf.shape) if hasattr(leaf, "shape") else None


def _mask_of(leaf: Any) -> Any:
    return getattr(leaf, "_keras_mask", None)


class NodeLinks:
    """Weak references to nodes, in the order of creation: a layer does not keep the calls on its outputs alive."""

    def __init__(self) -> None:
        self._nodes: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._numbers = itertools.count()

    def add(self, node: Any) -> None:
        """Add a node, once for each tensor that it takes."""
        self._nodes[next(self._numbers)] = node

    def alive(self) -> list[Any]:
        """List the nodes that still exist."""
        return list(self._nodes.values())

    def __reduce__(self) -> tuple[type[NodeLinks], tuple[()]]:
        # Copies of a layer are not part of its graph.
        return NodeLinks, ()
