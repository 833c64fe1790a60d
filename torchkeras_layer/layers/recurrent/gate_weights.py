"""Which weights that all gates of a cell share are made in the same way in all cells?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape


def add_recurrent_kernel(cell: Any, shape: Shape) -> torch.Tensor:
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


def add_lstm_bias(cell: Any, width: int) -> torch.Tensor:
    """Create the `bias` of an LSTM, which may begin with an open forget gate.

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
    """Initializes the bias of an LSTM as another initializer does, but with 1 for the forget gate.

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
