"""Which arguments do all built-in cells have in common, and which weights and dropout masks follow from them?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer import constraints, initializers, regularizers
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.arguments import number_between, resolved
from torchkeras_layer.layers.regularization.seeded_layer import SeededLayer, draw_kept, take_seed


def take_weight_arguments(
    cell: Layer, of_initializers: Sequence[Any], of_regularizers: Sequence[Any], of_constraints: Sequence[Any]
) -> None:
    """Store the initializers, regularizers and constraints of a cell's kernel, recurrent kernel and bias.

    Raises:
        ValueError: for an unknown identifier.

    >>> import torchkeras_layer as keras
    >>> cell = keras.layers.GRUCell(2)
    >>> take_weight_arguments(cell, ("ones", "zeros", "zeros"), (None, "l2", None), (None, None, None))
    >>> cell.kernel_initializer, cell.kernel_regularizer
    (Ones(), None)
    """
    kernel, recurrent, bias = of_initializers
    cell.kernel_initializer = resolved(cell, "kernel_initializer", kernel, initializers.get)
    cell.recurrent_initializer = resolved(cell, "recurrent_initializer", recurrent, initializers.get)
    cell.bias_initializer = resolved(cell, "bias_initializer", bias, initializers.get)
    kernel, recurrent, bias = of_regularizers
    cell.kernel_regularizer = resolved(cell, "kernel_regularizer", kernel, regularizers.get)
    cell.recurrent_regularizer = resolved(cell, "recurrent_regularizer", recurrent, regularizers.get)
    cell.bias_regularizer = resolved(cell, "bias_regularizer", bias, regularizers.get)
    kernel, recurrent, bias = of_constraints
    cell.kernel_constraint = resolved(cell, "kernel_constraint", kernel, constraints.get)
    cell.recurrent_constraint = resolved(cell, "recurrent_constraint", recurrent, constraints.get)
    cell.bias_constraint = resolved(cell, "bias_constraint", bias, constraints.get)


def add_recurrent_kernel(cell: Layer, shape: Shape) -> torch.Tensor:
    """Create `recurrent_kernel` with the initializer, regularizer and constraint that a cell has for it.

    >>> import torchkeras_layer as keras
    >>> add_recurrent_kernel(keras.layers.GRUCell(2), (2, 6)).shape
    torch.Size([2, 6])
    """
    return cell.add_weight(
        "recurrent_kernel",
        shape,
        initializer=cell.recurrent_initializer,
        regularizer=cell.recurrent_regularizer,
        constraint=cell.recurrent_constraint,
    )


def add_lstm_bias(cell: Layer, width: int) -> torch.Tensor:
    """Create the `bias` of an LSTM, with 1 for the forget gate if `unit_forget_bias` is set.

    >>> import torchkeras_layer as keras
    >>> add_lstm_bias(keras.layers.LSTMCell(1), 4).detach()
    tensor([0., 1., 0., 0.])
    """
    initializer = cell.bias_initializer
    return cell.add_weight(
        "bias",
        (width,),
        initializer=OpenForgetGate(initializer) if cell.unit_forget_bias else initializer,
        regularizer=cell.bias_regularizer,
        constraint=cell.bias_constraint,
    )


class OpenForgetGate:
    """Initializes the bias of an LSTM by another initializer, but with 1 for the forget gate.

    >>> import torchkeras_layer as keras
    >>> OpenForgetGate(keras.initializers.Zeros())((4,))
    tensor([0., 1., 0., 0.])
    """

    def __init__(self, initializer: Any) -> None:
        self.initializer = initializer

    def __call__(self, shape: Any, dtype: Any = None) -> torch.Tensor:
        """Return the bias; its shape is (4 * units,)."""
        units = shape[0] // 4
        parts = (self.initializer((units,), dtype=dtype), torch.ones(units, dtype=dtype))
        return torch.cat([*parts, self.initializer((2 * units,), dtype=dtype)])


@dataclasses.dataclass(slots=True)
class DropoutMasks:
    """The dropout masks of the current sequence: a list of `count` masks, or one mask for all gates."""

    count: int | None
    of_inputs: Any = None
    of_state: Any = None


# What a subclass may override to draw masks of its own: the names of Keras 3, and those of TF-Keras.
_MASK_METHODS = (
    "get_dropout_mask",
    "get_recurrent_dropout_mask",
    "get_dropout_mask_for_cell",
    "get_recurrent_dropout_mask_for_cell",
)


class CellDropout(SeededLayer):
    """Base of the cells with dropout, which drops the same values in all steps of a sequence.

    A mask is 0 for dropped values and `1 / (1 - rate)` for the others. With a seed, the masks are those of Keras 3 on
    torch, except that Keras 3 also draws numbers for calls in inference mode.
    """

    dropout: float
    recurrent_dropout: float
    # The masks of the sequence that is being read.
    #
    # Not in `_torchkeras.derived`, which the other base class of a ConvLSTMCell uses.
    _torchkeras_dropout_masks: DropoutMasks

    def get_dropout_mask(self, step_input: torch.Tensor) -> Any:
        """Return the dropout mask for the inputs, which stays the same until `reset_dropout_mask()`.

        Args:
            step_input: the inputs of one step, (batch, in).

        Returns:
            a tensor of the same shape, or a list with one for each gate; `None` if the rate is 0.

        >>> import torchkeras_layer as keras
        >>> keras.layers.LSTMCell(2, dropout=0.5, seed=4).get_dropout_mask(torch.ones(1, 4))
        tensor([[0., 0., 2., 2.]])
        """
        masks = self._torchkeras_dropout_masks
        if masks.of_inputs is None:
            masks.of_inputs = draw_masks(self, step_input, self.dropout)
        return masks.of_inputs

    def get_recurrent_dropout_mask(self, step_input: torch.Tensor) -> Any:
        """Return the dropout mask for the state, (batch, units); see `get_dropout_mask`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.SimpleRNNCell(2, recurrent_dropout=0.5, seed=4).get_recurrent_dropout_mask(torch.ones(1, 4))
        tensor([[0., 0., 2., 2.]])
        """
        masks = self._torchkeras_dropout_masks
        if masks.of_state is None:
            masks.of_state = draw_masks(self, step_input, self.recurrent_dropout)
        return masks.of_state

    def get_dropout_mask_for_cell(self, inputs: torch.Tensor, training: Any, count: int = 1) -> Any:
        """Return the dropout mask for the inputs, or a list of `count` masks; `None` unless `training`.

        This is the method of TF-Keras. A subclass may override it, or `get_dropout_mask`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRUCell(2, dropout=0.5).get_dropout_mask_for_cell(torch.ones(1, 4), training=False)
        """
        return _as_many(self.get_dropout_mask(inputs), count) if training else None

    def get_recurrent_dropout_mask_for_cell(self, inputs: torch.Tensor, training: Any, count: int = 1) -> Any:
        """Return the dropout mask for the state, `inputs`, or a list of `count` masks; `None` unless `training`.

        >>> import torchkeras_layer as keras
        >>> len(keras.layers.GRUCell(2, recurrent_dropout=0.5).get_recurrent_dropout_mask_for_cell(
        ...     torch.ones(1, 4), training=True, count=3
        ... ))
        3
        """
        return _as_many(self.get_recurrent_dropout_mask(inputs), count) if training else None

    def reset_dropout_mask(self) -> None:
        """Forget the dropout mask for the inputs, so that a new one is drawn for the next sequence.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRUCell(2, dropout=0.5).reset_dropout_mask()
        """
        self._torchkeras_dropout_masks.of_inputs = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Forget the dropout mask for the state, so that a new one is drawn for the next sequence.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRUCell(2, recurrent_dropout=0.5).reset_recurrent_dropout_mask()
        """
        self._torchkeras_dropout_masks.of_state = None


def take_dropout(
    cell: CellDropout, dropout: Any, recurrent_dropout: Any, seed: Any, mask_count: int | None = None
) -> None:
    """Store the dropout rates and the seed of a cell; `mask_count` masks are drawn, by default one for all gates.

    Raises:
        ValueError: if a rate is not from 0 to 1, or the seed is neither an int nor `None`.

    >>> import torchkeras_layer as keras
    >>> cell = keras.layers.GRUCell(2); take_dropout(cell, 0.5, 0, None); cell.dropout
    0.5
    """
    cell.dropout = number_between(cell, "dropout", dropout, 0, 1)
    cell.recurrent_dropout = number_between(cell, "recurrent_dropout", recurrent_dropout, 0, 1)
    take_seed(cell, seed)
    cell._torchkeras_dropout_masks = DropoutMasks(mask_count)


def input_mask(cell: Any, inputs: torch.Tensor, training: Any) -> Any:
    """Return the dropout mask, or masks, for the inputs of a step, from the method that a subclass may override.

    >>> import torchkeras_layer as keras
    >>> input_mask(keras.layers.LSTMCell(2, dropout=0.5, seed=4), torch.ones(1, 4), True)
    tensor([[0., 0., 2., 2.]])
    """
    if not training or cell.dropout == 0:
        return None
    if type(cell).get_dropout_mask_for_cell is not CellDropout.get_dropout_mask_for_cell:
        return _for_gates(cell, cell.get_dropout_mask_for_cell(inputs, training, count=_gates_of(cell)))
    return _for_gates(cell, cell.get_dropout_mask(inputs))


def state_mask(cell: Any, state: torch.Tensor, training: Any) -> Any:
    """Return the dropout mask, or masks, for the state before a step; see `input_mask`.

    >>> import torchkeras_layer as keras
    >>> state_mask(keras.layers.LSTMCell(2, recurrent_dropout=0.5), torch.ones(1, 2), False)
    """
    if not training or cell.recurrent_dropout == 0:
        return None
    if type(cell).get_recurrent_dropout_mask_for_cell is not CellDropout.get_recurrent_dropout_mask_for_cell:
        return _for_gates(cell, cell.get_recurrent_dropout_mask_for_cell(state, training, count=_gates_of(cell)))
    return _for_gates(cell, cell.get_recurrent_dropout_mask(state))


def masks_of_sequence(cell: Any, inputs: torch.Tensor, state: torch.Tensor, training: Any) -> tuple[Any, Any]:
    """Return new dropout masks for the inputs and for the state, given those of the first step of a sequence.

    >>> import torchkeras_layer as keras
    >>> masks_of_sequence(keras.layers.GRUCell(2), torch.ones(1, 4), torch.ones(1, 2), True)
    (None, None)
    """
    if not training:
        return None, None
    if not any(getattr(type(cell), name) is not getattr(CellDropout, name) for name in _MASK_METHODS):
        return draw_masks(cell, inputs, cell.dropout), draw_masks(cell, state, cell.recurrent_dropout)
    cell.reset_dropout_mask()
    cell.reset_recurrent_dropout_mask()
    try:
        return input_mask(cell, inputs, training), state_mask(cell, state, training)
    finally:
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()


def _gates_of(cell: Any) -> int:
    return cell._torchkeras_dropout_masks.count or cell.gates


def _for_gates(cell: Any, mask: Any) -> Any:
    """Return a mask as one for each gate, if the cell needs that."""
    count = cell._torchkeras_dropout_masks.count
    return [mask] * count if count is not None and isinstance(mask, torch.Tensor) else mask


def _as_many(mask: Any, count: int) -> Any:
    return [mask] * count if count > 1 and isinstance(mask, torch.Tensor) else mask


def draw_masks(cell: CellDropout, values: torch.Tensor, rate: float) -> Any:
    """Return a new dropout mask for values, or a list with one for each gate; `None` if the rate is 0.

    >>> import torchkeras_layer as keras
    >>> draw_masks(keras.layers.LSTMCell(2, seed=4), torch.ones(1, 4), 0.5)
    tensor([[0., 0., 2., 2.]])
    """
    if rate == 0:
        return None
    count = cell._torchkeras_dropout_masks.count
    if count is None:
        return _draw_mask(cell, values, rate)
    return [_draw_mask(cell, values, rate) for _ in range(count)]


def _draw_mask(cell: CellDropout, values: torch.Tensor, rate: float) -> torch.Tensor:
    ones = torch.ones_like(values)
    if cell.seed is None or rate == 1:
        return F.dropout(ones, rate)
    return torch.where(draw_kept(cell, values, values.shape, rate), ones / (1 - rate), 0)
