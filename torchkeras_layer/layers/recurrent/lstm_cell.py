"""How does an LSTM go from one step to the next?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer import activations
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import is_torchs_to_cast
from torchkeras_layer.layers.recurrent.gate_weights import add_lstm_bias
from torchkeras_layer.layers.recurrent.recurrent_cell import RecurrentCell, State

_TANH = (activations.tanh, torch.tanh)
_SIGMOID = (activations.sigmoid, torch.sigmoid)
# What is added to a gate so that its sigmoid is 0 whatever else is; the other where float16 must hold it.
_SHUT, _SHUT_IN_HALF = -1e30, -1e4


@catalog.register()
class LSTMCell(RecurrentCell):
    """One step of an LSTM: `c = f * c + i * activation(...)`, `h = o * activation(c)`.

    The gates i, f, o are `recurrent_activation(inputs @ kernel + h @ recurrent_kernel + bias)`, a quarter of the last
    axis each, in the order i, f, c, o.

    Shapes: inputs (batch, in), states [h, c] of (batch, units) -> h, [h, c].

    Args:
        units: size of the output and of both states.
        activation, recurrent_activation: names, functions or layers.
        use_bias: whether there is a `bias`, (4 * units,).
        unit_forget_bias: whether the bias of the forget gate begins at 1.
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: identifiers or callables.
        dropout, recurrent_dropout: share of the inputs, and of h, that is dropped in training.
        seed: of what is dropped, as in `Dropout`.
        **kwargs: those of `Layer`; `implementation=1` gives each gate a mask of its own, as `recurrent_dropout` does.

    Raises:
        ValueError: if an argument is not of that kind, the inputs do not have 2 axes, or the states do not fit.

    >>> cell = LSTMCell(2, kernel_initializer="zeros")
    >>> h, (h_again, c) = cell(torch.ones(1, 3), cell.get_initial_state(1))
    >>> h
    tensor([[0., 0.]], grad_fn=<MulBackward0>)
    """

    gates = 4
    states_count = 2
    recurrent_activation: Any
    unit_forget_bias: bool

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
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

    @property
    def state_size(self) -> list[int]:
        """The sizes of h and c."""
        return [self.units, self.units]

    def _add_bias(self, width: int) -> torch.Tensor:
        return add_lstm_bias(self, width)

    def _advance(self, projected: torch.Tensor, state: State, kernel: torch.Tensor, bias: Any, masks: Any) -> State:
        h, c = state
        gates = torch.addmm(projected, h, kernel) if masks is None else projected + self._recur(h, kernel, bias, masks)
        put_in, keep, candidate, show = gates.chunk(4, -1)
        open_by = self.recurrent_activation
        c = open_by(keep) * c + open_by(put_in) * self.activation(candidate)
        return [open_by(show) * self.activation(c), c]

    def kernel_kind(self) -> str | None:
        """Return which of torch's kernels computes the cell, or `None` if none does."""
        is_standard = self.activation in _TANH and self.recurrent_activation in _SIGMOID
        return "lstm" if is_standard else None

    def _hold(
        self, sequences: torch.Tensor, kernel: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        # A further feature, 1 in masked steps, opens the forget gate and closes the input gate, which keeps c as it is.
        # The copy of the kernel and the wider inputs take 40 µs of 640 for LSTM(32) on 32 x 50 x 16.
        is_masked = ~mask.unsqueeze(-1)
        sequences = torch.cat([sequences.masked_fill(is_masked, 0), is_masked.to(sequences.dtype)], -1)
        is_half = kernel.dtype is torch.float16 or is_torchs_to_cast(sequences)
        amount = _SHUT_IN_HALF if is_half else _SHUT
        shut, gate = torch.full((1, self.units), amount, dtype=kernel.dtype, device=kernel.device), self.units
        nothing = torch.zeros_like(kernel[:1, : 2 * gate])
        return sequences, torch.cat([kernel, torch.cat([shut, -shut, nothing], 1)])
