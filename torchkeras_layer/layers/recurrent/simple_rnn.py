"""How does a layer run a plain cell over sequences?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.recurrent.recurrent_layer import RecurrentLayer, of_cell
from torchkeras_layer.layers.recurrent.simple_rnn_cell import SimpleRNNCell


@catalog.register()
class SimpleRNN(RecurrentLayer):
    """Fully connected: a `SimpleRNNCell` over the steps of sequences.

    Shapes: (batch, steps, in) -> (batch, units); with `return_sequences` (batch, steps, units); with `return_state` a
    tuple of that and the state, (batch, units). The weights are those of `cell`.

    With `tanh` or `relu`, and without `recurrent_dropout`, torch's own kernel runs the whole sequence, whatever
    the mask is; otherwise a loop over the steps gives the same numbers.

    Args:
        units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed: those of `SimpleRNNCell`.
        activity_regularizer: on the output.
        return_sequences, return_state, go_backwards, stateful, unroll: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`; `use_cudnn=False` keeps torch's kernel out.

    Raises:
        ValueError: as `SimpleRNNCell` and `RNN`, or if the inputs do not have 3 axes.
        TypeError: in a call, for a `PackedSequence`.

    >>> import torch
    >>> layer = SimpleRNN(4, return_sequences=True, return_state=True)
    >>> [tuple(part.shape) for part in layer(torch.ones(2, 5, 3))], list(layer.state_dict())
    ([(2, 5, 4), (2, 4)], ['cell.kernel', 'cell.recurrent_kernel', 'cell.bias'])
    """

    units = of_cell("units")
    implementation = of_cell("implementation")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        *,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(SimpleRNNCell, dict(locals()))
