"""What can be seen of a model?"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any

from torchkeras_layer.models.graph_calls import GraphCalls
from torchkeras_layer.models.network.code_generation import code_of

_ALL_LEVELS = 100


class Inspection(GraphCalls):
    """`code` and `summary`."""

    @property
    def code(self) -> str:
        """The Python that runs the graph: `forward(self, ...)`, where `self` is the model.

        Raises:
            NotRecordedError: a RuntimeError, if the model has no graph.
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

        The text is as wide as it needs to be, up to the width of the terminal; it is coloured where `rich` is
        installed. What is not known, because nothing is built or no graph tells, is `?`. Parameters that belong to no
        layer of the list stand in a row of their own. In a graph that branches, another column says where layers take
        their inputs from: `dense` or, of several calls and outputs, `dense[call][output]`.

        Args:
            line_length: length of the lines; default: what the content needs, and the terminal has.
            positions: where the columns end, in letters or as fractions of the line; default: as the content needs.
            print_fn: gets the text in place of the screen, a line at a time, without colours.
            expand_nested: whether to list what is inside layers too: models, layers and plain modules.
            show_trainable: whether to say of each layer if its parameters train: Y, N, some of them, or - for none.
            layer_range: first and last layer to be listed, as names or as patterns that names begin with.

        Raises:
            ValueError: if `layer_range` fits no layers, or `line_length` or `positions` leave too little space.

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
