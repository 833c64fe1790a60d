"""How does a model show its code and its layers?"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any

from torchkeras_layer.models.graph_calls import GraphCalls
from torchkeras_layer.models.network.code_generation import code_of

_ALL_LEVELS = 100


class Inspection(GraphCalls):
    """The members `code` and `summary` of a model."""

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
