"""Which public members describe a layer's place in a graph: its nodes, tensors and shapes?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer.attributes import LayerBase
from torchkeras_layer.layer.record import Record
from torchkeras_layer.layer.symbolic_calls import infer_output, output_tensors
from torchkeras_layer.symbolic.input_spec import TensorSpec
from torchkeras_layer.symbolic.node import Node


class GraphPlace(LayerBase):
    """Nodes; the tensors, shapes and masks of symbolic calls; and the output shapes for given input shapes."""

    @property
    def inbound_nodes(self) -> list[Any]:
        """A node for each symbolic call of this layer, then one for each call that `record_history()` has recorded.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2, name="head"); _ = layer(keras.Input((3,)))
        >>> layer.inbound_nodes
        [<Node of head: (None, 3) -> (None, 2)>]
        """
        return [*self._torchkeras.inbound_nodes, *self._torchkeras.eager_nodes]

    @property
    def outbound_nodes(self) -> list[Any]:
        """The nodes of calls on outputs of this layer. They are weak references: a layer does not keep them alive.

        >>> import torchkeras_layer as keras
        >>> layer, head = keras.layers.Dense(3), keras.layers.Dense(2, name="head")
        >>> _ = head(layer(keras.Input((4,)))); layer.outbound_nodes
        [<Node of head: (None, 3) -> (None, 2)>]
        """
        return self._torchkeras.outbound_links.alive()

    @property
    def input(self) -> Any:
        """The input tensor(s) of the first symbolic call.

        Raises:
            AttributeError: if there was no symbolic call.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); _ = layer(keras.Input((3,), name="x")); layer.input
        <KerasTensor x shape=(None, 3) dtype=float32>
        """
        return unwrap(first_node(self._torchkeras, "input").input_tensors)

    @property
    def output(self) -> Any:
        """The output tensor(s) of the first symbolic call.

        Raises:
            AttributeError: if there was no symbolic call.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2, name="head"); _ = layer(keras.Input((3,))); layer.output
        <KerasTensor head shape=(None, 2) dtype=float32>
        """
        return unwrap(first_node(self._torchkeras, "output").output_tensors)

    @property
    def input_mask(self) -> Any:
        """The mask(s) of `input`, `None` where there is none. Raises AttributeError if there was no symbolic call.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); _ = layer(keras.Input((3,))); layer.input_mask
        """
        return unwrap(first_node(self._torchkeras, "input_mask").input_masks)

    @property
    def output_mask(self) -> Any:
        """The mask(s) of `output`, `None` where there is none. Raises AttributeError if there was no symbolic call.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Embedding(9, 2, mask_zero=True); _ = layer(keras.Input((3,), dtype="int32"))
        >>> layer.output_mask.shape
        (None, 3)
        """
        return unwrap(first_node(self._torchkeras, "output_mask").output_masks)

    @property
    def input_shape(self) -> Any:
        """The input shape(s) of all symbolic calls.

        Raises:
            AttributeError: if there was no symbolic call, or if calls had different shapes.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); _ = layer(keras.Input((3,))); layer.input_shape
        (None, 3)
        """
        return common_shape(self._torchkeras, "input_shape")

    @property
    def output_shape(self) -> Any:
        """The output shape(s) of all symbolic calls.

        Raises:
            AttributeError: if there was no symbolic call, or if calls had different shapes.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); _ = layer(keras.Input((3,))); layer.output_shape
        (None, 2)
        """
        return common_shape(self._torchkeras, "output_shape")

    @property
    def graph(self) -> Any:
        """The `torch.fx.Graph` of the functional model that contains this layer.

        Raises:
            RuntimeError: if there is none.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); layer = keras.layers.Dense(2); model = keras.Model(x, layer(x))
        >>> [node.op for node in layer.graph.nodes]
        ['placeholder', 'call_module', 'output']
        """
        reference = self._torchkeras.model
        model = None if reference is None else reference()
        if model is None:
            raise NotRecordedError(
                f"{self._torchkeras.name} ({type(self).__name__}): is in no graph, because it is not part of a "
                "functional model. Make one: `Model(inputs, outputs)`."
            )
        return model.graph

    def get_input_at(self, node_index: int) -> Any:
        """Return the input tensor(s) of one symbolic call.

        Args:
            node_index: number of the call, counted from 0; negative numbers count from the last.

        Raises:
            RuntimeError: if there was no symbolic call.
            ValueError: if there is no call of this number.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); _ = layer(keras.Input((3,), name="x")); layer.get_input_at(0)
        <KerasTensor x shape=(None, 3) dtype=float32>
        """
        return unwrap(node_at(self._torchkeras, node_index, "input").input_tensors)

    def get_output_at(self, node_index: int) -> Any:
        """Return the output tensor(s) of one symbolic call; argument and errors as for `get_input_at`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); y = layer(keras.Input((3,))); layer.get_output_at(-1) is y
        True
        """
        return unwrap(node_at(self._torchkeras, node_index, "output").output_tensors)

    def get_input_shape_at(self, node_index: int) -> Any:
        """Return the input shape(s) of one symbolic call; argument and errors as for `get_input_at`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); _ = layer(keras.Input((3,))); layer.get_input_shape_at(0)
        (None, 3)
        """
        return unwrap(node_at(self._torchkeras, node_index, "input shape").input_shapes)

    def get_output_shape_at(self, node_index: int) -> Any:
        """Return the output shape(s) of one symbolic call; argument and errors as for `get_input_at`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); _ = layer(keras.Input((3,))); layer.get_output_shape_at(0)
        (None, 2)
        """
        return unwrap(node_at(self._torchkeras, node_index, "output shape").output_shapes)

    def get_input_mask_at(self, node_index: int) -> Any:
        """Return the input mask(s) of one symbolic call; argument and errors as for `get_input_at`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); _ = layer(keras.Input((3,))); layer.get_input_mask_at(0)
        """
        return unwrap(node_at(self._torchkeras, node_index, "input mask").input_masks)

    def get_output_mask_at(self, node_index: int) -> Any:
        """Return the output mask(s) of one symbolic call; argument and errors as for `get_input_at`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); _ = layer(keras.Input((3,))); layer.get_output_mask_at(0)
        """
        return unwrap(node_at(self._torchkeras, node_index, "output mask").output_masks)

    @property
    def _inbound_nodes(self) -> list[Any]:
        # Ported code reads it, and empties it to remove a layer from its graph.
        return self._torchkeras.inbound_nodes

    @_inbound_nodes.setter
    def _inbound_nodes(self, nodes: list[Any]) -> None:
        self._torchkeras.inbound_nodes = list(nodes)

    def _add_inbound_node(self, input_tensors: Any, output_tensors: Any, arguments: Any = None) -> None:
        """Record a call of this layer, and set the history of its outputs."""
        Node(self, (input_tensors,), arguments, output_tensors)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output shape(s) for inputs of the given shape(s).

        It is found by running the layer in inference mode on tensors without data. This builds the layer if needed.

        Args:
            input_shape: a tuple of ints and of `None` for free dimensions, or a nested structure of such tuples.

        Returns:
            a shape of the same form, or a nested structure of them.

        Raises:
            NotImplementedError: if `call` cannot run without data, or the layer is dynamic. Override this method then.

        >>> import torchkeras_layer as keras
        >>> class Pairs(keras.Layer):
        ...     def call(self, inputs):
        ...         return inputs.reshape(inputs.shape[0], -1, 2)
        >>> Pairs().compute_output_shape((None, 6))
        (None, 3, 2)
        """
        specs = map_shapes(lambda shape: TensorSpec(shape, self._torchkeras.policy.compute), input_shape)
        return map_leaves(lambda spec: spec.shape, infer_output(self, specs))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return symbolic tensors like the outputs of a call, without a place in a graph. This builds the layer.

        A symbolic call of a class that overrides it takes its outputs from there, and does not run `call`.

        Args:
            *args, **kwargs: the arguments of the call: symbolic tensors, `TensorSpec`s or tensors in place of tensors.

        Returns:
            a `KerasTensor`, or a nested structure of them.

        Raises:
            NotImplementedError: if `call` cannot run without data, and there is no `compute_output_shape`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).compute_output_spec(keras.KerasTensor((None, 3))).shape
        (None, 2)
        """
        return output_tensors(self, args, kwargs)

    def get_input_shape_for(self, input_shape: Any) -> Any:
        """Return `compute_output_shape(input_shape)`; this is its name in Keras 1.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).get_input_shape_for((None, 3))
        (None, 2)
        """
        return self.compute_output_shape(input_shape)

    def _compute_output_shape(self, input_shape: Any) -> Any:
        return self.compute_output_shape(input_shape)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec`(s) of the outputs for inputs with the given `TensorSpec`(s).

        Args:
            input_signature: a `TensorSpec`, or a nested structure of them.

        Raises:
            TypeError: if `input_signature` contains anything but `TensorSpec`s.
            NotImplementedError: as for `compute_output_shape`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).compute_output_signature(keras.TensorSpec((None, 3)))
        TensorSpec(shape=(None, 2), dtype='float32')
        """
        for spec in leaves(input_signature):
            if not isinstance(spec, TensorSpec):
                raise TypeError(
                    f"{self._torchkeras.name}: compute_output_signature takes TensorSpecs. Received: {spec!r}. Write "
                    "`TensorSpec(shape, dtype)`."
                )
        if type(self).compute_output_shape is GraphPlace.compute_output_shape:
            return infer_output(self, input_signature)
        shapes = self.compute_output_shape(map_leaves(lambda spec: spec.shape, input_signature))
        return map_shapes(lambda shape: TensorSpec(shape, self._torchkeras.policy.compute), shapes)


_ADVICE = (
    "Only calls on an `Input` are remembered; to see calls on real tensors, make them inside `with record_history():`. "
    "See docs/differences.md#calls-on-real-tensors"
)


class NotRecordedError(RuntimeError, AttributeError):
    """The layer is in no graph. Also an AttributeError, so that `hasattr(layer, "graph")` is `False`."""


def preferred_nodes(record: Record) -> list[Any]:
    """Return the nodes of symbolic calls; if there are none, those of calls that `record_history()` recorded."""
    # A symbolic call shows which dimensions are free, a call on real tensors only the sizes that it had.
    return record.inbound_nodes or record.eager_nodes


def first_node(record: Record, attribute: str) -> Any:
    """Return the node of the first call; the error names the attribute that needs it.

    Raises:
        AttributeError: if there was no call.
    """
    nodes = preferred_nodes(record)
    if not nodes:
        raise AttributeError(f"{record.name}: has no {attribute}, because it was never called on an `Input`. {_ADVICE}")
    return nodes[0]


def common_shape(record: Record, what: str) -> Any:
    """Return the `input_shape` or `output_shape` of all calls.

    Raises:
        AttributeError: if there was no call, or if calls had different shapes.
    """
    first_node(record, what)
    shapes = [getattr(node, f"{what}s") for node in preferred_nodes(record)]
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
        ValueError: if there is no call of this number.
    """
    nodes = [*record.inbound_nodes, *record.eager_nodes]
    if not nodes:
        raise RuntimeError(no_symbolic_call_message(record, f"get_{what.replace(' ', '_')}_at"))
    count = len(nodes)
    if not -count <= node_index < count:
        raise ValueError(
            f"{record.name}: there is no {what} of call {node_index}, because the layer has {count} "
            f"call{'s' if count > 1 else ''}, numbered from 0. Received: node_index={node_index}."
        )
    return nodes[node_index]


def no_symbolic_call_message(record: Record, method: str) -> str:
    """Return the message of a method that needs a symbolic call."""
    return f"{record.name}: {method}() needs a call on an `Input`, and there was none. {_ADVICE}"


def unwrap(structure: Any) -> Any:
    """Return the entry of a list that has only one, anything else unchanged.

    >>> unwrap([3]), unwrap([3, 4])
    (3, [3, 4])
    """
    is_single = isinstance(structure, list) and len(structure) == 1
    return structure[0] if is_single else structure
