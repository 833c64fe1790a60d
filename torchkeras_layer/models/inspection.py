"""What does a model say about its graph, its code and its layers?"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any

from torch import fx

from torchkeras_layer._structures import in_order, map_leaves
from torchkeras_layer.models.graph_calls import GraphCalls
from torchkeras_layer.models.graphs import layer_under, network_of, wiring_of
from torchkeras_layer.models.network.code_generation import code_of, graph_of
from torchkeras_layer.models.network.wiring import Wiring

_ALL_LEVELS = 100


class Inspection(GraphCalls):
    """The members of a model that tell of its graph, which a model without one does not have, and `summary`."""

    @property
    def operations(self) -> list[Any]:
        """The layers of the graph, as in `layers`; torch functions are layers too.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); [layer.name for layer in keras.Model(x, x * 2).operations]
        ['x', 'mul']
        """
        return [layer_under(self, key) for key in _wired(self, "operations").network.keys]

    @property
    def layers_by_depth(self) -> dict[int, list[Any]]:
        """The layers by their depth, which is their distance from the outputs; the deepest first, outputs at 0.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); model = keras.Model(x, keras.layers.Dense(2, name="head")(x))
        >>> {depth: [layer.name for layer in layers] for depth, layers in model.layers_by_depth.items()}
        {1: ['x'], 0: ['head']}
        """
        network = _wired(self, "layers_by_depth").network
        depths = network.depths
        grouped: dict[int, list[Any]] = {depth: [] for depth in sorted(set(depths.values()), reverse=True)}
        for key in network.keys:
            grouped[depths[key]].append(layer_under(self, key))
        return grouped

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs as a flat list; those in a dict are sorted by its keys, as in Keras.

        >>> import torchkeras_layer as keras
        >>> price, age = keras.Input((1,), name="price"), keras.Input((1,), name="age")
        >>> [tensor.name for tensor in keras.Model({"price": price, "age": age}, {"sum": price + age}).inputs]
        ['age', 'price']
        """
        return in_order(_wired(self, "inputs").inputs)

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs as a flat list; those in a dict are sorted by its keys, as in Keras.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); [tensor.shape for tensor in keras.Model(x, {"sum": x.sum(-1), "all": x}).outputs]
        [(None, 3), (None,)]
        """
        return in_order(_wired(self, "outputs").outputs)

    @property
    def input(self) -> Any:
        """The symbolic input, or the structure of inputs that calls take.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); keras.Model(x, x * 2).input
        <KerasTensor x shape=(None, 3) dtype=float32>
        """
        wiring = wiring_of(self)
        return super().input if wiring is None else wiring.inputs

    @property
    def output(self) -> Any:
        """The symbolic output, or the structure of outputs that calls return.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); list(keras.Model(x, {"double": x * 2}).output)
        ['double']
        """
        wiring = wiring_of(self)
        return super().output if wiring is None else wiring.outputs

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or the structure of shapes.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); keras.Model(x, x * 2).input_shape
        (None, 3)
        """
        wiring = wiring_of(self)
        return super().input_shape if wiring is None else map_leaves(_shape_of, wiring.inputs)

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or the structure of shapes.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); keras.Model(x, [x, x.sum(-1)]).output_shape
        [(None, 3), (None,)]
        """
        wiring = wiring_of(self)
        return super().output_shape if wiring is None else map_leaves(_shape_of, wiring.outputs)

    @property
    def input_names(self) -> list[str]:
        """Names of the input layers, in the order of `inputs`.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); keras.Model(x, x * 2).input_names
        ['x']
        """
        return [tensor._keras_history.layer.name for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the layers that compute the outputs, counted if one computes several.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); dense = keras.layers.Dense(2, name="head")
        >>> keras.Model(x, [dense(x), dense(x * 2)]).output_names
        ['head', 'head_1']
        """
        names: list[str] = []
        for tensor in self.outputs:
            base = tensor._keras_history.layer.name
            count = sum(name == base or name.startswith(f"{base}_") for name in names)
            names.append(f"{base}_{count}" if count else base)
        return names

    @property
    def graph(self) -> fx.Graph:
        """The network as a new `torch.fx.Graph`; `torch.fx.GraphModule(model, model.graph)` runs it.

        Raises:
            NotRecordedError: a RuntimeError, if the model has no graph.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); [node.op for node in keras.Model(x, keras.layers.Dense(2)(x)).graph.nodes]
        ['placeholder', 'call_module', 'output']
        """
        return super().graph if wiring_of(self) is None else graph_of(network_of(self))

    @property
    def code(self) -> str:
        """The Python code that runs the graph: `forward(self, ...)`, where `self` is the model.

        Raises:
            NotRecordedError: a RuntimeError, if the model has no graph.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((2,), name="x")
        >>> print(keras.Model(x, x * 2).code)
        def forward(self, x):
            mul = x * 2;  x = None
            return mul
        <BLANKLINE>
        """
        return code_of(self.graph)

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the layers with their output shapes and numbers of parameters, and the totals.

        The text is as wide as its content, up to the width of the terminal, and coloured if `rich` is installed. An
        output shape that is not known yet is shown as `?`. Parameters that belong to no listed layer have their own
        row. For a graph with branches, another column shows the layers that each layer is connected to: `dense` or, if
        that has several calls or outputs, `dense[call][output]`.

        Args:
            line_length: length of the lines, in characters; default: that of the content, up to the terminal's width.
            positions: ends of the columns, in characters or as fractions of the line; default: to fit the content.
            print_fn: called with each line, without colours, instead of printing it.
            expand_nested: whether to list the layers, models and plain modules inside layers too.
            show_trainable: whether to show if each layer's parameters train: Y, N, some, or - if it has none.
            layer_range: first and last layer to list, as names or as regular expressions for the start of a name.

        Raises:
            ValueError: if `layer_range` matches no layers, or `line_length` or `positions` leave too little space.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); y = keras.layers.Dense(2, name="head")(x)
        >>> keras.Model(x, y).summary(print_fn=print)
        Model: "model"
        -------------------------------------
        Layer (type)    Output Shape  Param #
        -------------------------------------
        x (InputLayer)  (None, 3)           0
        head (Dense)    (None, 2)           8
        -------------------------------------
        Total params: 8 (32.00 B)
        Trainable params: 8 (32.00 B)
        Non-trainable params: 0 (0.00 B)
        """
        from torchkeras_layer.models.summary import rows, table  # only here, for a light import of the library

        summary = rows.summarize(self, _ALL_LEVELS if expand_nested else 0, layer_range)
        columns = [*table.columns_of(summary), *([table.training_column(summary)] if show_trainable else [])]
        available = shutil.get_terminal_size().columns
        if positions is None:
            widths = table.fitting_widths(self.name, columns, available, line_length)
        else:
            widths = table.widths_at(self.name, columns, positions, line_length or available)
        table.print_lines(table.lines_of(summary, columns, widths), print_fn)


def _wired(model: Any, what: str) -> Wiring:
    wiring = wiring_of(model)
    if wiring is None:
        raise AttributeError(
            f"{model.name} ({type(model).__name__}): has no {what}, because it has no graph. "
            "Model(inputs, outputs) has one, and so has a Sequential that knows its input shape. "
            "See docs/differences.md#models-without-a-graph"
        )
    return wiring


def _shape_of(tensor: Any) -> Any:
    return tuple(tensor.shape)
