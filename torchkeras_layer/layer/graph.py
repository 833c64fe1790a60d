"""Where does a layer stand in a graph of symbolic calls?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layer.state import LayerState
from torchkeras_layer.symbolic.node import Node

_ADVICE = (
    "Only calls on an `Input` are remembered; to see calls on real tensors, make them inside `with record_history():`."
)


class NotRecordedError(RuntimeError, AttributeError):
    """A layer stands in no graph. An AttributeError too, so that `hasattr(layer, "graph")` can answer."""


class GraphPosition(LayerState):
    """Nodes, and the tensors, shapes and masks at them."""

    @property
    def inbound_nodes(self) -> list[Any]:
        """One node for each symbolic call of this layer, then one for each call that `record_history()` saw.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).inbound_nodes
        []
        """
        return [*self._inbound_nodes, *self._eager_nodes]

    @property
    def outbound_nodes(self) -> list[Any]:
        """The nodes of other layers' calls on outputs of this layer, as long as something else keeps them."""
        return self._outbound_links.alive()

    @property
    def input(self) -> Any:
        """Input tensor(s) of the first symbolic call. Raises AttributeError if there is none."""
        return _unwrap(self._first_node("input").input_tensors)

    @property
    def output(self) -> Any:
        """Output tensor(s) of the first symbolic call. Raises AttributeError if there is none."""
        return _unwrap(self._first_node("output").output_tensors)

    @property
    def input_mask(self) -> Any:
        """Mask(s) of `input`. Raises AttributeError if there is no symbolic call."""
        return _unwrap(self._first_node("input_mask").input_masks)

    @property
    def output_mask(self) -> Any:
        """Mask(s) of `output`. Raises AttributeError if there is no symbolic call."""
        return _unwrap(self._first_node("output_mask").output_masks)

    @property
    def input_shape(self) -> Any:
        """Shape(s) of the input. Raises AttributeError without a symbolic call, or if calls had different shapes."""
        return self._common_shape("input_shape", [node.input_shapes for node in self._telling_nodes()])

    @property
    def output_shape(self) -> Any:
        """Shape(s) of the output. Raises AttributeError without a symbolic call, or if calls had different shapes."""
        return self._common_shape("output_shape", [node.output_shapes for node in self._telling_nodes()])

    @property
    def graph(self) -> Any:
        """The `torch.fx.Graph` that the layer was recorded in.

        Raises:
            NotRecordedError: a RuntimeError, if there is none.
        """
        model = self._model_reference and self._model_reference()
        if model is None:
            raise NotRecordedError(f"{self._name}: was not recorded in a graph. Functional models have one.")
        return model.graph

    def get_input_at(self, node_index: int) -> Any:
        """Return the input tensor(s) of a symbolic call; negative indices count from the last.

        Raises:
            RuntimeError: if there was no symbolic call.
            ValueError: if there were fewer.
        """
        return _unwrap(self._node_at(node_index, "input").input_tensors)

    def get_output_at(self, node_index: int) -> Any:
        """Return the output tensor(s) of a symbolic call; errors as `get_input_at`."""
        return _unwrap(self._node_at(node_index, "output").output_tensors)

    def get_input_shape_at(self, node_index: int) -> Any:
        """Return the input shape(s) of a symbolic call; errors as `get_input_at`."""
        return _unwrap(self._node_at(node_index, "input shape").input_shapes)

    def get_output_shape_at(self, node_index: int) -> Any:
        """Return the output shape(s) of a symbolic call; errors as `get_input_at`."""
        return _unwrap(self._node_at(node_index, "output shape").output_shapes)

    def get_input_mask_at(self, node_index: int) -> Any:
        """Return the input mask(s) of a symbolic call; errors as `get_input_at`."""
        return _unwrap(self._node_at(node_index, "input mask").input_masks)

    def get_output_mask_at(self, node_index: int) -> Any:
        """Return the output mask(s) of a symbolic call; errors as `get_input_at`."""
        return _unwrap(self._node_at(node_index, "output mask").output_masks)

    def _add_inbound_node(self, input_tensors: Any, output_tensors: Any, arguments: Any = None) -> None:
        """Remember a call of this layer, and put its history on the outputs."""
        Node(self, (input_tensors,), arguments, output_tensors)

    def _telling_nodes(self) -> list[Any]:
        # Free axes tell more than the sizes that one call had.
        return self._inbound_nodes or self._eager_nodes

    def _first_node(self, what: str) -> Any:
        nodes = self._telling_nodes()
        if not nodes:
            raise AttributeError(f"{self._name}: has no {what}, because it was never called on an `Input`. {_ADVICE}")
        return nodes[0]

    def _common_shape(self, what: str, shapes: list[Any]) -> Any:
        self._first_node(what)
        if any(shape != shapes[0] for shape in shapes):
            raise AttributeError(
                f"{self._name}: has no single {what}, because its {len(shapes)} calls had different ones: {shapes}. "
                f"Use get_{what}_at(node_index)."
            )
        return _unwrap(shapes[0])

    def _node_at(self, node_index: int, what: str) -> Any:
        nodes = self.inbound_nodes
        if not nodes:
            raise RuntimeError(self._never_symbolic(f"get_{what.replace(' ', '_')}_at"))
        if not -len(nodes) <= node_index < len(nodes):
            count = len(nodes)
            raise ValueError(f"{self._name}: asked for the {what} of call {node_index}, but there are {count} calls.")
        return nodes[node_index]

    def _never_symbolic(self, method: str) -> str:
        return f"{self._name}: {method}() needs a call on an `Input`, and there was none. {_ADVICE}"


def _unwrap(structure: Any) -> Any:
    is_single = isinstance(structure, list) and len(structure) == 1
    return structure[0] if is_single else structure
