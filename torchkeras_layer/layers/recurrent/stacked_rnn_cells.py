"""How do several cells make one?"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from typing_extensions import Self

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.symbolic_calls import device_inside
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.recurrent.cell_contract import check_cell, read_cell, takes_constants, takes_training
from torchkeras_layer.layers.recurrent.states import as_list, first_state, output_size, read_batch, state_arguments
from torchkeras_layer.symbolic.input_spec import describe


@catalog.register()
class StackedRNNCells(BuiltInLayer):
    """A cell made of several: each gets as inputs what the one before puts out.

    Shapes: as the first cell's inputs -> as the last cell's output; the state is a list of the cells' states.

    Args:
        cells: list of cells.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if there are no cells, or one has no `call` or no `state_size`; in a call, if there are not as many
            states as cells.

    >>> import torchkeras_layer as keras
    >>> cell = keras.layers.StackedRNNCells([keras.layers.LSTMCell(3), keras.layers.GRUCell(2)])
    >>> keras.layers.RNN(cell)(torch.ones(1, 5, 4)).shape, cell.state_size
    (torch.Size([1, 2]), [[3, 3], 2])
    """

    _torchkeras_unsupported = {"reverse_state_order": False}
    # Whether `call` is built in, so that a whole sequence may be computed without it.
    _is_ours: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Note whether a subclass computes its steps itself."""
        super().__init_subclass__(**kwargs)
        cls._is_ours = cls.call.__module__.startswith("torchkeras_layer.layers.")

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(f"{type(self).__name__}: cells must be a list of at least one cell. Received: {cells!r}.")
        for cell in cells:
            check_cell(type(self).__name__, cell)
        self.cells = list(cells)
        self._state_arguments = tuple(map(state_arguments, cells))

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states, a cell each."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The number of features of the output."""
        return output_size(self.cells[-1])

    def build(self, input_shape: Shape) -> None:
        """Build the cells."""
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], output_size(cell))

    def call(
        self, inputs: torch.Tensor, states: Any = None, training: Any = None, constants: Any = None
    ) -> tuple[torch.Tensor, Any]:
        """Return the output of the last cell, and the next states, for one step."""
        if not isinstance(states, (list, tuple)) or len(states) != len(self.cells):
            raise ValueError(
                f"{self.name}: a call needs a list with the states of each of its {len(self.cells)} cells, such as "
                f"get_initial_state(batch_size). Received: {describe(states)}."
            )
        following = []
        for cell, state in zip(self.cells, states, strict=True):
            arguments = {"training": training} if takes_training(cell) else {}
            if constants is not None and takes_constants(cell):
                arguments["constants"] = constants
            step: Any = cell if callable(cell) else cell.call
            inputs, after = step(inputs, as_list(state), **arguments)
            after = as_list(after)
            following.append(after if isinstance(state, (list, tuple)) else after[0])
        return inputs, following

    def get_initial_state(self, batch_size: Any = None, inputs: Any = None, dtype: Any = None) -> list[Any]:
        """Return what the cells begin with, for a batch given by its size or by inputs.

        >>> import torchkeras_layer as keras
        >>> StackedRNNCells([keras.layers.GRUCell(1), keras.layers.GRUCell(2)]).get_initial_state(1)
        [[tensor([[0.]])], [tensor([[0., 0.]])]]
        """
        size, like = read_batch(batch_size, inputs)
        device = device_inside(self) if like is None else like.device
        dtype = self._torchkeras.compute_dtype if dtype is None else dtype
        taken = zip(self.cells, self._state_arguments, strict=True)
        return [first_state(cell, names, size, dtype, device, like) for cell, names in taken]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the layer from `get_config()`, ours, that of Keras 3 or that of TF-Keras.

        >>> import torchkeras_layer as keras
        >>> config = StackedRNNCells([keras.layers.GRUCell(3)]).get_config()
        >>> StackedRNNCells.from_config(config).cells[0].units
        3
        """
        if isinstance(config, dict) and isinstance(config.get("cells"), (list, tuple)):
            config = {**config, "cells": [read_cell(cell) for cell in config["cells"]]}
        return super().from_config(config)
