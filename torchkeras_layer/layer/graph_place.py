"""Where does a layer stand in a graph, and which shapes does it give there? The public members."""

from __future__ import annotations

from typing import Any

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer.attributes import Attributes
from torchkeras_layer.layer.record import Record
from torchkeras_layer.layer.symbolic_calls import infer_output
from torchkeras_layer.symbolic.input_spec import TensorSpec
from torchkeras_layer.symbolic.node import Node


class GraphPlace(Attributes):
    """Nodes, the tensors, shapes and masks at them, and the shapes that come out for given ones."""

    @property
    def inbound_nodes(self) -> list[Any]:
        """One node for each symbolic call of this layer, then one for each call that `record_history()` saw.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).inbound_nodes
        []
        """
        return [*self._torchkeras.inbound_nodes, *self._torchkeras.eager_nodes]

    @property
    def outbound_nodes(self) -> list[Any]:
        """The nodes of other layers' calls on outputs of this layer, as long as something else keeps them."""
        return self._torchkeras.outbound_links.alive()

    @property
    def input(self) -> Any:
        """Input tensor(s) of the first symbolic call. Raises AttributeError if there is none."""
        return unwrap(first_node(self._torchkeras, "input").input_tensors)

    @property
    def output(self) -> Any:
        """Output tensor(s) of the first symbolic call. Raises AttributeError if there is none."""
        return unwrap(first_node(self._torchkeras, "output").output_tensors)

    @property
    def input_mask(self) -> Any:
        """Mask(s) of `input`. Raises AttributeError if there is no symbolic call."""
        return unwrap(first_node(self._torchkeras, "input_mask").input_masks)

    @property
    def output_mask(self) -> Any:
        """Mask(s) of `output`. Raises AttributeError if there is no symbolic call."""
        return unwrap(first_node(self._torchkeras, "output_mask").output_masks)

    @property
    def input_shape(self) -> Any:
        """Shape(s) of the input. Raises AttributeError without a symbolic call, or if calls had different shapes."""
        return common_shape(self._torchkeras, "input_shape")

    @property
    def output_shape(self) -> Any:
        """Shape(s) of the output. Raises AttributeError without a symbolic call, or if calls had different shapes."""
        return common_shape(self._torchkeras, "output_shape")

    @property
    def graph(self) -> Any:
        """The `torch.fx.Graph` that the layer was recorded in.

        Raises:
            NotRecordedError: a RuntimeError, if there is none.
        """
        reference = self._torchkeras.model
        model = None if reference is None else reference()
        if model is None:
            name = self._torchkeras.name
            raise NotRecordedError(f"{name}: was not recorded in a graph. Functional models have one.")
        return model.graph

    def get_input_at(self, node_index: int) -> Any:
        """Return the input tensor(s) of a symbolic call; negative indices count from the last.

        Raises:
            RuntimeError: if there was no symbolic call.
            ValueError: if there were fewer.
        """
        return unwrap(node_at(self._torchkeras, node_index, "input").input_tensors)

    def get_output_at(self, node_index: int) -> Any:
        """Return the output tensor(s) of a symbolic call; errors as `get_input_at`."""
        return unwrap(node_at(self._torchkeras, node_index, "output").output_tensors)

    def get_input_shape_at(self, node_index: int) -> Any:
        """Return the input shape(s) of a symbolic call; errors as `get_input_at`."""
        return unwrap(node_at(self._torchkeras, node_index, "input shape").input_shapes)

    def get_output_shape_at(self, node_index: int) -> Any:
        """Return the output shape(s) of a symbolic call; errors as `get_input_at`."""
        return unwrap(node_at(self._torchkeras, node_index, "output shape").output_shapes)

    def get_input_mask_at(self, node_index: int) -> Any:
        """Return the input mask(s) of a symbolic call; errors as `get_input_at`."""
        return unwrap(node_at(self._torchkeras, node_index, "input mask").input_masks)

    def get_output_mask_at(self, node_index: int) -> Any:
        """Return the output mask(s) of a symbolic call; errors as `get_input_at`."""
        return unwrap(node_at(self._torchkeras, node_index, "output mask").output_masks)

    @property
    def _inbound_nodes(self) -> list[Any]:
        # Ported code reads it, and empties it to take a layer out of its graph.
        return self._torchkeras.inbound_nodes

    @_inbound_nodes.setter
    def _inbound_nodes(self, nodes: list[Any]) -> None:
        self._torchkeras.inbound_nodes = list(nodes)

    def _add_inbound_node(self, input_tensors: Any, output_tensors: Any, arguments: Any = None) -> None:
        """Remember a call of this layer, and put its history on the outputs."""
        Node(self, (input_tensors,), arguments, output_tensors)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape(s) that the layer gives for inputs of the given shape(s); `None` is a free dimension.

        Found by running the layer, in inference mode, on tensors without data. Builds the layer if it is not built.

        Raises:
            NotImplementedError: if `call` cannot run without data, or the layer is dynamic; then define this method.

        >>> import torchkeras_layer as keras
        >>> class Pairs(keras.Layer):
        ...     def call(self, inputs):
        ...         return inputs.reshape(inputs.shape[0], -1, 2)
        >>> Pairs().compute_output_shape((None, 6))
        (None, 3, 2)
        """
        specs = map_shapes(lambda shape: TensorSpec(shape, self._torchkeras.policy.compute), input_shape)
        return map_leaves(lambda spec: spec.shape, infer_output(self, specs))

    def get_input_shape_for(self, input_shape: Any) -> Any:
        """Return `compute_output_shape(input_shape)`: the name of Keras 1."""
        return self.compute_output_shape(input_shape)

    def _compute_output_shape(self, input_shape: Any) -> Any:
        return self.compute_output_shape(input_shape)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec`(s) that the layer gives for inputs of the given ones.

        Raises:
            TypeError: if `input_signature` holds anything but `TensorSpec`s.
            NotImplementedError: as `compute_output_shape`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).compute_output_signature(keras.TensorSpec((None, 3)))
        TensorSpec(shape=(None, 2), dtype='float32')
        """
        for spec in leaves(input_signature):
            if not isinstance(spec, TensorSpec):
                name = self._torchkeras.name
                raise TypeError(f"{name}: compute_output_signature takes TensorSpecs. Received: {spec!r}.")
        if type(self).compute_output_shape is GraphPlace.compute_output_shape:
            return infer_output(self, input_signature)
        shapes = self.compute_output_shape(map_leaves(lambda spec: spec.shape, input_signature))
        return map_shapes(lambda shape: TensorSpec(shape, self._torchkeras.policy.compute), shapes)


_ADVICE = (
    "Only calls on an `Input` are remembered; to see calls on real tensors, make them inside `with record_history():`. "
    "See docs/differences.md#calls-on-real-tensors"
)


class NotRecordedError(RuntimeError, AttributeError):
    """A layer stands in no graph. An AttributeError too, so that `hasattr(layer, "graph")` can answer."""


def telling_nodes(record: Record) -> list[Any]:
    """Return the nodes of symbolic calls; where there are none, those that `record_history()` made."""
    # Free axes tell more than the sizes that one call had.
    return record.inbound_nodes or record.eager_nodes


def first_node(record: Record, what: str) -> Any:
    """Return the node of the first call; `what` is asked of it.

    Raises:
        AttributeError: if there is none.
    """
    nodes = telling_nodes(record)
    if not nodes:
        raise AttributeError(f"{record.name}: has no {what}, because it was never called on an `Input`. {_ADVICE}")
    return nodes[0]


def common_shape(record: Record, what: str) -> Any:
    """Return the `input_shape` or `output_shape` of all calls.

    Raises:
        AttributeError: if there was no call, or they had different ones.
    """
    first_node(record, what)
    shapes = [getattr(node, f"{what}s") for node in telling_nodes(record)]
    if any(shape != shapes[0] for shape in shapes):
        raise AttributeError(
            f"{record.name}: has no single {what}, because its {len(shapes)} calls had different ones: {shapes}. "
            f"Use get_{what}_at(node_index)."
        )
    return unwrap(shapes[0])


def node_at(record: Record, node_index: int, what: str) -> Any:
    """Return the node of one call; negative indices count from the last.

    Raises:
        RuntimeError: if there was no call.
        ValueError: if there were fewer.
    """
    nodes = [*record.inbound_nodes, *record.eager_nodes]
    if not nodes:
        raise RuntimeError(never_symbolic(record, f"get_{what.replace(' ', '_')}_at"))
    if not -len(nodes) <= node_index < len(nodes):
        count = len(nodes)
        raise ValueError(f"{record.name}: asked for the {what} of call {node_index}, but there are {count} calls.")
    return nodes[node_index]


def never_symbolic(record: Record, method: str) -> str:
    """Say that a method needs a symbolic call."""
    return f"{record.name}: {method}() needs a call on an `Input`, and there was none. {_ADVICE}"


def unwrap(structure: Any) -> Any:
    """Return what is in a list of one.

    >>> unwrap([3]), unwrap([3, 4])
    (3, [3, 4])
    """
    is_single = isinstance(structure, list) and len(structure) == 1
    return structure[0] if is_single else structure
