"""How does a fully connected cell go from one step to the next?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer import activations
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.recurrent.recurrent_cell import RecurrentCell, State

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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dict(locals()))

    def _advance(self, projected: torch.Tensor, state: State, kernel: torch.Tensor, bias: Any, masks: Any) -> State:
        (h,) = state
        total = torch.addmm(projected, h, kernel) if masks is None else projected + self._recur(h, kernel, bias, masks)
        return [self.activation(total)]

    def kernel_kind(self) -> str | None:
        """Return which of torch's kernels computes the cell, or `None` if none does."""
        return next((kind for kind, functions in _KERNELS.items() if self.activation in functions), None)
