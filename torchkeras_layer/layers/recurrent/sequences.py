"""What are the sequences that a recurrent layer is called on: one tensor, or a nested structure of several?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import is_shape, map_shapes
from torchkeras_layer._structures import leaves
from torchkeras_layer.layers.recurrent.sizes import (
    flat_sizes,
    is_size,
    map_sizes,
    output_sizes,
    shape_of_size,
    state_sizes,
)
from torchkeras_layer.symbolic import InputSpec, TensorSpec
from torchkeras_layer.symbolic.input_spec import check_input_spec, describe


def sequences_expected(cell: Any, shapes: Any = None) -> Any:
    """Return the `InputSpec` of the sequences for a cell: that of the cell's inputs, with an axis for the steps.

    It is `None` for a cell without one, while the `shapes` of the sequences, which may be nested, are not known.

    >>> import torchkeras_layer as keras
    >>> cell = keras.layers.GRUCell(2); cell.build((None, 4)); sequences_expected(cell)
    InputSpec(ndim=3, axes={-1: 4})
    """
    spec = getattr(getattr(cell, "cells", [cell])[0], "input_spec", None)
    if not isinstance(spec, InputSpec) or spec.ndim is None:
        # For each sequence, because the inputs of such a cell may be nested.
        return None if shapes is None else map_shapes(lambda _: InputSpec(min_ndim=2), shapes)
    return InputSpec(ndim=spec.ndim + 1, axes={axis + (axis > 0): size for axis, size in spec.axes.items()})


def sequence_shapes(layer: Any, input_shape: Any) -> Any:
    """Return the shape of the sequences, or the nested structure of their shapes; a list begins with it.

    Raises:
        ValueError: if a rank does not fit the cell.

    >>> import torchkeras_layer as keras
    >>> sequence_shapes(keras.layers.GRU(2), [(1, 5, 3), (1, 2)])
    (1, 5, 3)
    """
    is_list = isinstance(input_shape, list) and not is_shape(input_shape)
    shapes = map_shapes(lambda shape: shape, input_shape[0] if is_list else input_shape)
    check_input_spec(sequences_expected(layer.cell, shapes), map_shapes(TensorSpec, shapes), layer.name)
    return shapes


def read_build_config(cell: Any, config: Any) -> Any:
    """Return a build config in which nested shapes are a tuple, which JSON turns into a list.

    A list of the shapes of the inputs and of all states, as TF-Keras writes it, stays one.

    >>> import torchkeras_layer as keras
    >>> cell = keras.layers.GRUCell(2)
    >>> read_build_config(cell, {"input_shape": [[1, 5, 3], [1, 2]]})["input_shape"]
    [[1, 5, 3], [1, 2]]
    >>> read_build_config(cell, {"input_shape": [[1, 5, 3], [1, 5, 4]]})["input_shape"]
    ([1, 5, 3], [1, 5, 4])
    """
    shapes = config.get("input_shape") if isinstance(config, dict) else None
    if not isinstance(shapes, list) or is_shape(shapes):
        return config
    states = [list(shape_of_size(size, ())) for size in flat_sizes(state_sizes(cell))]
    are_states = len(shapes) == 1 or [list(shape)[1:] for shape in shapes[1 : 1 + len(states)]] == states
    return config if are_states else {**config, "input_shape": tuple(shapes)}


def first_sequence(layer: Any, sequences: Any) -> torch.Tensor:
    """Return the first of the sequences, which must have the same batch and steps if they are nested.

    Raises:
        ValueError: if they do not.

    >>> import torchkeras_layer as keras
    >>> first_sequence(keras.layers.GRU(2), (torch.ones(1, 5), torch.ones(1, 5, 3))).shape
    torch.Size([1, 5])
    """
    if isinstance(sequences, torch.Tensor):
        return sequences
    first, *others = leaves(sequences)
    if any(other.shape[:2] != first.shape[:2] for other in others):
        raise ValueError(
            f"{layer.name}: all sequences must have the same batch size and number of steps. Received: sequences of "
            f"shapes {describe(sequences)}."
        )
    return first


def for_each_output(cell: Any, mask: Any) -> Any:
    """Return a mask, for each output if the outputs of a cell are nested.

    >>> import torchkeras_layer as keras
    >>> for_each_output(keras.layers.GRUCell(2), torch.tensor([[True]]))
    tensor([[True]])
    """
    sizes = output_sizes(cell)
    return mask if mask is None or is_size(sizes) else map_sizes(lambda _: mask, sizes)


def swap_axes(tensor: Any) -> Any:
    """Return a tensor or `None` with batch and steps exchanged.

    >>> swap_axes(torch.ones(2, 5)).shape
    torch.Size([5, 2])
    """
    return None if tensor is None else tensor.transpose(0, 1)


def reverse_steps(tensor: Any) -> Any:
    """Return a tensor or `None` with its steps in the opposite order.

    >>> reverse_steps(torch.tensor([[1, 2]]))
    tensor([[2, 1]])
    """
    return None if tensor is None else tensor.flip(1)


def zero_where_masked(mask: torch.Tensor, outputs: torch.Tensor) -> torch.Tensor:
    """Return outputs (batch, steps, …) with 0 for masked steps.

    >>> zero_where_masked(torch.tensor([[False, True]]), torch.ones(1, 2, 1)).flatten()
    tensor([0., 1.])
    """
    return torch.where(mask.reshape(*mask.shape, *[1] * (outputs.dim() - 2)), outputs, 0)
