"""How does a fully connected cell go from one step to the next, and how does a layer run it over sequences?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer import activations
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.recurrent.recurrent_cell import RecurrentCell, State, add_from_state
from torchkeras_layer.layers.recurrent.recurrent_layer import RecurrentLayer, of_cell, shared_with_cell

_KERNELS = {"tanh": (activations.tanh, torch.tanh), "relu": (activations.relu, torch.relu)}


@catalog.register()
class SimpleRNNCell(RecurrentCell):
    """One step of a fully connected cell: `h = activation(inputs @ kernel + h @ recurrent_kernel + bias)`.

    Shapes: inputs (batch, in), states [h] of (batch, units) -> h, [h].

    Args:
        units: size of the output and of the state.
        activation: name, function or layer.
        use_bias: whether there is a `bias`, (units,).
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: identifiers or callables.
        dropout, recurrent_dropout: share of the inputs, and of the state, that is dropped in training.
        seed: of what is dropped, as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not of that kind, the inputs do not have 2 axes, or the states do not fit.

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
        """Return which of torch's kernels computes the cell, or `None` if none does."""
        return next((kind for kind, functions in _KERNELS.items() if self.activation in functions), None)


@catalog.register()
class SimpleRNN(RecurrentLayer):
    """Fully connected: a `SimpleRNNCell` over the steps of sequences.

    Shapes: (batch, steps, in) -> (batch, units); with `return_sequences` (batch, steps, units); with `return_state` a
    tuple of that and the state, (batch, units). The weights are those of `cell`.

    With `tanh` or `relu`, and without `recurrent_dropout`, torch's fused kernel runs the whole sequence, whatever
    the mask is; otherwise a loop over the steps gives the same numbers.

    Args:
        units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed: those of `SimpleRNNCell`.
        activity_regularizer: on the output.
        return_sequences, return_state, go_backwards, stateful, unroll: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`; `use_cudnn=False` keeps torch's fused kernel out.

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
        cell = SimpleRNNCell(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, **shared_with_cell(kwargs),
        )  # fmt: skip
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
