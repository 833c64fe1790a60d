"""How does an LSTM go from one step to the next?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer import activations
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.recurrent.recurrent_cell import RecurrentCell, State

_TANH = (activations.tanh, torch.tanh)
_SIGMOID = (activations.sigmoid, torch.sigmoid)
# What is added to a gate so that its sigmoid is 0 in every dtype.
_SHUT = -1e4


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
        ValueError: if an argument is not of that kind, or the inputs do not have 2 axes.

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
        initializer = self.bias_initializer
        return self.add_weight(
            "bias",
            (width,),
            initializer=OpenForgetGate(initializer) if self.unit_forget_bias else initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

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
        shut, gate = torch.full((1, self.units), _SHUT, dtype=kernel.dtype, device=kernel.device), self.units
        nothing = torch.zeros_like(kernel[:1, : 2 * gate])
        return sequences, torch.cat([kernel, torch.cat([shut, -shut, nothing], 1)])


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
