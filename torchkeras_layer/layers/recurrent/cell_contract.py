"""What must an object have to be a cell, and what may a layer ask of it?"""

from __future__ import annotations

import inspect
from typing import Any

import torch

from torchkeras_layer._structures import leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.symbolic import InputSpec


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
            f"{where}: a cell has a method `call(inputs, states)` and an attribute `state_size`, an int or a list of "
            f"ints. Received: {cell!r}."
        )
    if not all(isinstance(size, int) and size > 0 and size is not True for size in leaves(cell.state_size)):
        raise ValueError(
            f"{where}: the `state_size` of a cell is a positive int, or a list of them, one for each state. "
            f"Received: state_size={cell.state_size!r}."
        )


def sequences_expected(cell: Any) -> InputSpec:
    """Return what the sequences for a cell must look like: as the cell's own inputs, with an axis more for the steps.

    >>> import torchkeras_layer as keras
    >>> cell = keras.layers.GRUCell(2); cell.build((None, 4)); sequences_expected(cell)
    InputSpec(ndim=3, axes={-1: 4})
    """
    spec = getattr(getattr(cell, "cells", [cell])[0], "input_spec", None)
    if not isinstance(spec, InputSpec) or spec.ndim is None:
        return InputSpec(min_ndim=2)
    return InputSpec(ndim=spec.ndim + 1, axes={axis + (axis > 0): size for axis, size in spec.axes.items()})


def read_cell(config: Any, custom_objects: Any = None) -> Any:
    """Return the cell that a config means; what is no config stays.

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
    """Whether something is to happen at each call of a cell.

    >>> has_hooks(torch.nn.ReLU())
    False
    """
    return bool(cell._forward_hooks or cell._forward_pre_hooks or cell._backward_hooks or cell._backward_pre_hooks)
