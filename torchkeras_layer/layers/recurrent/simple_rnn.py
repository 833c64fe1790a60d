"""How does a fully connected cell compute one step, and how does a layer run it over sequences?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer import activations
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.recurrent.recurrent_cell import RecurrentCell, State, add_from_state
from torchkeras_layer.layers.recurrent.recurrent_layer import RecurrentLayer, of_cell, of_its_cell

_KERNELS = {"tanh": (activations.tanh, torch.tanh), "relu": (activations.relu, torch.relu)}


@catalog.register()
class SimpleRNNCell(RecurrentCell):
    """One step of a fully connected cell: `h = activation(inputs @ kernel + h @ recurrent_kernel + bias)`.

    Shapes: inputs (batch, in), states [h] of (batch, units) -> h, [h].

    Args:
        units: number of features of the output and of the state.
        activation: name, function or layer.
        use_bias: whether there is a `bias`, (units,).
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: identifiers or callables.
        dropout, recurrent_dropout: fraction of the inputs, and of the state, that is dropped in training.
        seed: int for the dropout masks, as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for an invalid argument; if the inputs do not have rank 2, or the states do not fit.

    >>> cell = SimpleRNNCell(2, kernel_initializer="ones")
    >>> cell(torch.ones(1, 3), cell.get_initial_state(1))[0]
    tensor([[0.9951, 0.9951]], grad_fn=<TanhBackward0>)
    """

    def _torchkeras_step(
        self, projected: torch.Tensor, state: State, kernel: torch.Tensor, bias: Any, masks: Any
    ) -> State:
        (h,) = state
        if masks is None:
            return [self.activation(torch.addmm(projected, h, kernel))]
        return [self.activation(projected + add_from_state(h, kernel, bias, masks))]

    def kernel_kind(self) -> str | None:
        """Return the kind of torch's kernel that computes the cell, or `None` if there is none."""
        return next((kind for kind, functions in _KERNELS.items() if self.activation in functions), None)


@catalog.register()
class SimpleRNN(RecurrentLayer):
    """Fully connected recurrent layer: a `SimpleRNNCell` over the steps of sequences.

    Shapes: (batch, steps, in) -> (batch, units); with `return_sequences` (batch, steps, units); with `return_state` a
    tuple of that and the state, (batch, units). The weights are those of `cell`.

    With `tanh` or `relu`, and without `recurrent_dropout`, torch's fused kernel computes the whole sequence, with and
    without a mask; otherwise, a loop over the steps computes the same numbers.

    Args:
        units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed: those of `SimpleRNNCell`.
        activity_regularizer: regularizer of the output.
        return_sequences, return_state, go_backwards, stateful, unroll: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`; `use_cudnn=False` disables torch's fused kernel.

    Raises:
        ValueError: as `SimpleRNNCell` and `RNN`, or if the inputs do not have rank 3.
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
        cell = SimpleRNNCell(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, **of_its_cell("simple_rnn", kwargs),
        )  # fmt: skip
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
