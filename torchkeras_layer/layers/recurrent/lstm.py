"""How does an LSTM compute one step, and how does a layer run it over sequences?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer import activations
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import resolved
from torchkeras_layer.layers.built_in_layer import weight_of
from torchkeras_layer.layers.recurrent.cell_arguments import add_lstm_bias
from torchkeras_layer.layers.recurrent.recurrent_cell import RecurrentCell, State, add_from_state, has_standard_gates
from torchkeras_layer.layers.recurrent.recurrent_layer import RecurrentLayer, of_cell, of_its_cell


@catalog.register()
class LSTMCell(RecurrentCell):
    """One step of an LSTM: `c = f * c + i * activation(...)`, `h = o * activation(c)`.

    The gates i, f, o are `recurrent_activation(inputs @ kernel + h @ recurrent_kernel + bias)`, a quarter of the last
    axis each, in the order i, f, c, o.

    Shapes: inputs (batch, in), states [h, c] of (batch, units) -> h, [h, c].

    Args:
        units: number of features of the output and of both states.
        activation, recurrent_activation: names, functions or layers.
        use_bias: whether there is a `bias`, (4 * units,).
        unit_forget_bias: whether the bias of the forget gate is initialized to 1.
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: identifiers or callables.
        dropout, recurrent_dropout: fraction of the inputs, and of h, that is dropped in training.
        seed: int for the dropout masks, as in `Dropout`.
        **kwargs: those of `Layer`; `implementation=1`, implied by `recurrent_dropout`, gives each gate its own mask.

    Raises:
        ValueError: for an invalid argument; if the inputs do not have rank 2, or the states do not fit.

    >>> cell = LSTMCell(2, kernel_initializer="zeros")
    >>> h, (h_again, c) = cell(torch.ones(1, 3), cell.get_initial_state(1))
    >>> h
    tensor([[0., 0.]], grad_fn=<MulBackward0>)
    """

    gates = 4
    states_count = 2

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
        super().__init__(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, **kwargs,
        )  # fmt: skip
        self.recurrent_activation = resolved(self, "recurrent_activation", recurrent_activation, activations.get)
        self.unit_forget_bias = unit_forget_bias

    @property
    def state_size(self) -> list[int]:
        """The sizes of h and c."""
        return [self.units, self.units]

    def __init_subclass__(cls, **options: Any) -> None:
        """Compute the steps of a class by the methods below, if it overrides one of them."""
        super().__init_subclass__(**options)
        if cls._torchkeras_facts.overrides & _OF_A_STEP:
            cls.kernel_kind, cls._torchkeras_step = RecurrentCell.kernel_kind, _step_by_methods

    def _compute_carry_and_output(self, x: Any, h_tm1: Any, c_tm1: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return c after a step, and the output gate; a subclass may override it, as in Keras, for `implementation=1`.

        Args:
            x: for each gate, the contribution of the inputs and the bias.
            h_tm1, c_tm1: h, once for each gate, and c before the step.
        """
        kernels = weight_of(self, "recurrent_kernel").chunk(self.gates, 1)
        gates = [of_inputs + h @ kernel for of_inputs, h, kernel in zip(x, h_tm1, kernels, strict=True)]
        return _carry_and_output(self, gates, c_tm1)

    def _compute_carry_and_output_fused(self, z: Any, c_tm1: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return c after a step, and the output gate; a subclass may override it, as in Keras, for `implementation=2`.

        Args:
            z: the gates before their activation.
            c_tm1: c before the step.
        """
        return _carry_and_output(self, z, c_tm1)

    def _torchkeras_add_bias(self, width: int) -> torch.Tensor:
        return add_lstm_bias(self, width)

    def _torchkeras_step(
        self, projected: torch.Tensor, state: State, kernel: torch.Tensor, bias: Any, masks: Any
    ) -> State:
        h, c = state
        if masks is None:
            gates = torch.addmm(projected, h, kernel)
        else:
            gates = projected + add_from_state(h, kernel, bias, masks)
        input_gate, forget_gate, candidate, output_gate = gates.chunk(4, -1)
        activate = self.recurrent_activation
        c = activate(forget_gate) * c + activate(input_gate) * self.activation(candidate)
        return [activate(output_gate) * self.activation(c), c]

    def kernel_kind(self) -> str | None:
        """Return the kind of torch's kernel that computes the cell, or `None` if there is none."""
        return "lstm" if has_standard_gates(self) else None


# What a subclass may override to compute a step otherwise, as the cell with peepholes of TF-Keras does.
_OF_A_STEP = {"_compute_carry_and_output", "_compute_carry_and_output_fused"}


def _carry_and_output(cell: LSTMCell, gates: Any, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    input_gate, forget_gate, candidate, output_gate = gates
    activate = cell.recurrent_activation
    c = activate(forget_gate) * c + activate(input_gate) * cell.activation(candidate)
    return c, activate(output_gate)


def _step_by_methods(
    self: LSTMCell, projected: torch.Tensor, state: State, kernel: torch.Tensor, bias: Any, masks: Any
) -> State:
    h, c = state
    if self.implementation == 1:
        of_gates = [h] * self.gates if masks is None else [h * mask for mask in masks]
        c, output_gate = self._compute_carry_and_output(projected.chunk(self.gates, -1), of_gates, c)
    else:
        gates = projected + add_from_state(h, kernel, bias, masks)
        c, output_gate = self._compute_carry_and_output_fused(gates.chunk(self.gates, -1), c)
    return [output_gate * self.activation(c), c]


@catalog.register("CuDNNLSTM")
class LSTM(RecurrentLayer):
    """Long short-term memory: an `LSTMCell` over the steps of sequences.

    Shapes: (batch, steps, in) -> (batch, units); with `return_sequences` (batch, steps, units); with `return_state` a
    tuple of that, h and c, both (batch, units). The weights are those of `cell`.

    With the default activations and without `recurrent_dropout`, torch's fused kernel computes the whole sequence, with
    and without a mask; otherwise, a loop over the steps computes the same numbers.

    Args:
        units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            unit_forget_bias, kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed: those of `LSTMCell`.
        activity_regularizer: regularizer of the output.
        return_sequences, return_state, go_backwards, stateful, unroll: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`; `use_cudnn=False` disables torch's fused kernel.

    Raises:
        ValueError: as `LSTMCell` and `RNN`, or if the inputs do not have rank 3.
        TypeError: in a call, for a `PackedSequence`.

    >>> import torch
    >>> layer = LSTM(4, return_sequences=True, return_state=True)
    >>> [tuple(part.shape) for part in layer(torch.ones(2, 5, 3))], list(layer.state_dict())
    ([(2, 5, 4), (2, 4), (2, 4)], ['cell.kernel', 'cell.recurrent_kernel', 'cell.bias'])
    """

    units = of_cell("units")
    implementation = of_cell("implementation")
    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

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
        cell = LSTMCell(
            units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer,
            bias_initializer, unit_forget_bias, kernel_regularizer, recurrent_regularizer, bias_regularizer,
            kernel_constraint, recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed,
            **of_its_cell("lstm", kwargs),
        )  # fmt: skip
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip


CuDNNLSTM = LSTM
