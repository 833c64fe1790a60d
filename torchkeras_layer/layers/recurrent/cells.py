"""What is a cell, which optional features may it have, and how do several cells make one?"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

import torch
from typing_extensions import Self

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.recurrent.initial_states import (
    device_for_states,
    first_state,
    read_batch,
    state_arguments,
    zeros,
)
from torchkeras_layer.layers.recurrent.sizes import first_shape, flat_sizes, is_size, output_sizes, shapes_of_sizes
from torchkeras_layer.layers.recurrent.states import as_list
from torchkeras_layer.symbolic.input_spec import describe


def check_cell(where: str, cell: Any) -> None:
    """Check that a value is a cell.

    Raises:
        ValueError: if it has no `call`, or no `state_size`; `where` is in the message.

    >>> import torchkeras_layer as keras
    >>> check_cell("RNN", keras.layers.GRUCell(2))
    """
    is_callable = hasattr(cell, "call") or isinstance(cell, torch.nn.Module)
    if not is_callable or isinstance(cell, type) or not hasattr(cell, "state_size"):
        raise ValueError(
            f"{where}: a cell must have a method `call(inputs, states)` and an attribute `state_size`, an int or a "
            f"list of ints. Received: {cell!r}."
        )
    if not all(map(is_size, flat_sizes(cell.state_size))):
        raise ValueError(
            f"{where}: the `state_size` of a cell must be a positive int, or a list of them, one for each state; a "
            "state with several axes after the batch has a torch.Size. "
            f"Received: state_size={cell.state_size!r}."
        )


def read_cell(config: Any, custom_objects: Any = None) -> Any:
    """Return the cell that a config describes; anything but a config is returned unchanged.

    >>> read_cell({"class_name": "GRUCell", "config": {"units": 2}}).reset_after
    False
    """
    return catalog.deserialize(config, custom_objects) if isinstance(config, dict) else config


def takes_training(cell: Any) -> bool:
    """Whether a cell is a layer whose `call` has an argument `training`.

    >>> takes_training(torch.nn.ReLU())
    False
    """
    return isinstance(cell, Layer) and cell._torchkeras.signature.takes_training


def takes_constants(cell: Any) -> bool:
    """Whether the `call` of a cell has an argument `constants`.

    >>> takes_constants(torch.nn.ReLU())
    False
    """
    parameters = inspect.signature(cell.call if hasattr(cell, "call") else cell.forward).parameters.values()
    return any(p.name == "constants" or p.kind is p.VAR_KEYWORD for p in parameters)


def has_hooks(cell: torch.nn.Module) -> bool:
    """Whether a module has hooks, which must run at each of its calls.

    >>> has_hooks(torch.nn.ReLU())
    False
    """
    return bool(cell._forward_hooks or cell._forward_pre_hooks or cell._backward_hooks or cell._backward_pre_hooks)


def has_built_in_call(cell: Layer) -> bool:
    """Whether a built-in cell's class does not override `call`, so that a whole sequence can be computed without it.

    >>> import torchkeras_layer as keras
    >>> has_built_in_call(keras.layers.GRUCell(2))
    True
    """
    return type(cell).call.__module__.startswith("torchkeras_layer.layers.")


@catalog.register()
class AbstractRNNCell(BuiltInLayer):
    """Base of user-defined cells for `RNN`. Define `call(inputs, states)` and `state_size`.

    Define `output_size` too, if it differs from the size of the first state.

    Shapes: inputs (batch, …), each state (batch, size) -> the output and the next states.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        NotImplementedError: if a class does not define `call` or `state_size`.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> class Sum(keras.layers.AbstractRNNCell):
    ...     state_size = 2
    ...     def call(self, inputs, states):
    ...         total = states[0] + inputs
    ...         return total, [total]
    >>> keras.layers.RNN(Sum())(torch.ones(1, 5, 2))
    tensor([[5., 5.]])
    """

    def call(self, inputs: Any, states: Any) -> Any:
        """Return the output of one step, and the states after it. Subclasses define it.

        Args:
            inputs: the inputs of one step, (batch, …).
            states: the states before the step, a list of tensors (batch, size).

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            f"{self.name}: {type(self).__name__} must define what a step computes. Define call(self, inputs, states) "
            "in the class."
        )

    @property
    def state_size(self) -> Any:
        """The size of the state: an int, or a list of ints, one for each state. Subclasses define it."""
        raise NotImplementedError(
            f"{self.name}: {type(self).__name__} must define the size of its state. Define state_size, an int or a "
            "list of ints, in the class."
        )

    @property
    def output_size(self) -> Any:
        """The number of features of the output; by default, the size of the first state."""
        return as_list(self.state_size)[0]

    def get_initial_state(self, batch_size: Any = None, inputs: Any = None, dtype: Any = None) -> Any:
        """Return the state before the first step: zeros, one tensor or a list of them.

        Args:
            batch_size: number of samples; it may be left out if `inputs` are given.
            inputs: the inputs of one step, (batch, …). The order (inputs, batch_size, dtype) of Keras 2 works too.
            dtype: by default the compute dtype.

        >>> class Cell(AbstractRNNCell):
        ...     state_size = 2
        >>> Cell().get_initial_state(1)
        tensor([[0., 0.]])
        """
        size, like = read_batch(batch_size, inputs)
        dtype = self._torchkeras.compute_dtype if dtype is None else dtype
        return zeros(self.state_size, size, dtype, device_for_states(self, like), like)


@dataclasses.dataclass(slots=True)
class StackFacts:
    """For each cell of a stack, the arguments that its `get_initial_state` takes."""

    state_arguments: list[tuple[str, ...] | None]


@catalog.register()
class StackedRNNCells(BuiltInLayer):
    """A cell made of several cells, each of which takes the output of the previous one.

    Shapes: inputs of the first cell -> output of the last cell; the state is a list of the cells' states.

    Args:
        cells: list of cells.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if there are no cells, or one has no `call` or no `state_size`; in a call, if the numbers of states
            and of cells differ.

    >>> import torchkeras_layer as keras
    >>> cell = keras.layers.StackedRNNCells([keras.layers.LSTMCell(3), keras.layers.GRUCell(2)])
    >>> keras.layers.RNN(cell)(torch.ones(1, 5, 4)).shape, cell.state_size
    (torch.Size([1, 2]), [[3, 3], 2])
    """

    _torchkeras_unsupported = {"reverse_state_order": False}

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(f"{type(self).__name__}: cells must be a list of at least one cell. Received: {cells!r}.")
        for cell in cells:
            check_cell(type(self).__name__, cell)
        self.cells = list(cells)
        self._torchkeras.derived = StackFacts([state_arguments(cell) for cell in cells])

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states of each cell.

        >>> import torchkeras_layer as keras
        >>> StackedRNNCells([keras.layers.LSTMCell(3), keras.layers.GRUCell(2)]).state_size
        [[3, 3], 2]
        """
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The number of features of the output."""
        return output_sizes(self.cells[-1])

    def build(self, input_shape: Shape) -> None:
        """Build the cells."""
        batch_size = first_shape(input_shape)[0]
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = shapes_of_sizes(output_sizes(cell), (batch_size,))

    def call(self, inputs: Any, states: Any = None, training: Any = None, constants: Any = None) -> tuple[Any, Any]:
        """Return the output of the last cell and the next states, for one step.

        Args:
            inputs: the inputs of one step, (batch, …), nested if the first cell takes them so.
            states: a list with the state, or the list of states, of each cell.
            constants: tensors that are passed to cells with an argument `constants`.
        """
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
        """Return the states of the cells before the first step, for a batch given by its size or by inputs.

        >>> import torchkeras_layer as keras
        >>> StackedRNNCells([keras.layers.GRUCell(1), keras.layers.GRUCell(2)]).get_initial_state(1)
        [[tensor([[0.]])], [tensor([[0., 0.]])]]
        """
        size, like = read_batch(batch_size, inputs)
        device = device_for_states(self, like)
        dtype = self._torchkeras.compute_dtype if dtype is None else dtype
        taken = zip(self.cells, self._torchkeras.derived.state_arguments, strict=True)
        return [first_state(cell, names, size, dtype, device, like) for cell, names in taken]

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Create the layer from a config of this library, Keras 3 or TF-Keras.

        >>> import torchkeras_layer as keras
        >>> config = StackedRNNCells([keras.layers.GRUCell(3)]).get_config()
        >>> StackedRNNCells.from_config(config).cells[0].units
        3
        """
        if isinstance(config, dict) and isinstance(config.get("cells"), (list, tuple)):
            config = {**config, "cells": [read_cell(cell, custom_objects) for cell in config["cells"]]}
        return super().from_config(config)
