"""What do the cells of SimpleRNN, GRU and LSTM have in common?"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from torchkeras_layer import activations
from torchkeras_layer._autograd import is_transformed
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import known_sizes, positive_int, resolved
from torchkeras_layer.layers.built_in_layer import add_parameter, is_torchs_to_cast, weight_of
from torchkeras_layer.layers.recurrent.cell_arguments import (
    CellDropout,
    add_recurrent_kernel,
    input_mask,
    masks_of_sequence,
    state_mask,
    take_dropout,
    take_weight_arguments,
)
from torchkeras_layer.layers.recurrent.fused_kernels import keep_cell_state, run_fused
from torchkeras_layer.layers.recurrent.initial_states import device_for_states, read_batch, zeros
from torchkeras_layer.layers.recurrent.states import as_list, fault_of_states
from torchkeras_layer.layers.recurrent.stepping import MaskedSequences, run_gates
from torchkeras_layer.symbolic import InputSpec, TensorSpec
from torchkeras_layer.symbolic.input_spec import check_input_spec, describe

State = list[torch.Tensor]
# The same functions in our module and in torch.
_TANH = (activations.tanh, torch.tanh)
_SIGMOID = (activations.sigmoid, torch.sigmoid)


class RecurrentCell(CellDropout):
    """Base of the cells that compute all gates by one matrix product of the inputs and one of the state.

    Shapes: inputs (batch, in), each state (batch, units) -> (batch, units) and the next state. `kernel` is
    (in, gates * units), `recurrent_kernel` (units, gates * units).

    A subclass lists its arguments in its constructor, and computes a step in `_torchkeras_step`.
    """

    gates: ClassVar[int] = 1
    states_count: ClassVar[int] = 1

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
        implementation = kwargs.pop("implementation", 2)
        super().__init__(**kwargs)
        if isinstance(implementation, bool) or implementation not in (0, 1, 2):
            raise ValueError(
                f"{type(self).__name__}: implementation must be 0, 1 or 2. Received: implementation={implementation!r}."
            )
        self.units = positive_int(self, "units", units)
        self.activation = resolved(self, "activation", activation, activations.get)
        self.use_bias = bool(use_bias)
        take_weight_arguments(
            self, (kernel_initializer, recurrent_initializer, bias_initializer),
            (kernel_regularizer, recurrent_regularizer, bias_regularizer),
            (kernel_constraint, recurrent_constraint, bias_constraint),
        )  # fmt: skip
        take_dropout(self, dropout, recurrent_dropout, seed)
        self.implementation = 1 if self.recurrent_dropout else implementation
        if self.implementation == 1 and self.gates > 1:
            # Each gate has its own mask.
            self._torchkeras_dropout_masks.count = self.gates
        self.input_spec = InputSpec(ndim=2)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this cell; `implementation` only if it is not the default.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRUCell(2, implementation=1).get_config()["implementation"]
        1
        """
        return super().get_config() | implementation_config(self)

    @property
    def state_size(self) -> Any:
        """The size of the state: an int, or a list of ints, one for each state."""
        return self.units

    @property
    def output_size(self) -> int:
        """The number of features of the output."""
        return self.units

    def build(self, input_shape: Shape) -> None:
        """Create `kernel`, `recurrent_kernel` and `bias`."""
        check_input_spec(InputSpec(ndim=2), TensorSpec(input_shape), self.name)
        (size,) = known_sizes(self, input_shape, [-1])
        width = self.gates * self.units
        self.kernel = add_parameter(self, "kernel", (size, width))
        self.recurrent_kernel = add_recurrent_kernel(self, (self.units, width))
        self.bias = self._torchkeras_add_bias(width) if self.use_bias else None
        self.input_spec = InputSpec(ndim=2, axes={-1: size})

    def _torchkeras_add_bias(self, width: int) -> torch.Tensor:
        """Create the `bias`; `width` is the number of features of all gates together."""
        return add_parameter(self, "bias", (width,))

    def call(self, inputs: torch.Tensor, states: Any = None, training: Any = None) -> tuple[torch.Tensor, Any]:
        """Return the output and the next states, for one step.

        Args:
            inputs: the inputs of one step, (batch, in).
            states: the states before the step, a list of tensors (batch, units).

        Raises:
            ValueError: if the states do not fit.
        """
        state = as_list(states)
        inputs = _in_weights_dtype(self, inputs)
        of_inputs = input_mask(self, inputs, training)
        bias, recurrent_bias = _biases(self)
        projected = _project(self, inputs, bias, of_inputs)
        try:
            of_state = state_mask(self, state[0], training)
            kernel = weight_of(self, "recurrent_kernel")
            following = self._torchkeras_step(projected, state, kernel, recurrent_bias, of_state)
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            fault = fault_of_states(states, [(inputs.shape[0], self.units)] * self.states_count)
            if fault is None:
                raise
            raise ValueError(f"{self.name}: {fault}") from error
        return following[0], following if isinstance(states, (list, tuple)) else following[0]

    def get_initial_state(self, batch_size: Any = None, inputs: Any = None, dtype: Any = None) -> State:
        """Return the states before the first step: a list of zeros.

        Args:
            batch_size: number of samples; it may be left out if `inputs` are given.
            inputs: the inputs of one step, (batch, …). The order (inputs, batch_size, dtype) of Keras 2 works too.
            dtype: by default the compute dtype.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRUCell(2).get_initial_state(1)
        [tensor([[0., 0.]])]
        """
        size, like = read_batch(batch_size, inputs)
        dtype = self._torchkeras.compute_dtype if dtype is None else dtype
        return zeros(as_list(self.state_size), size, dtype, device_for_states(self, like), like)

    def run(
        self,
        sequences: torch.Tensor,
        state: State,
        mask: torch.Tensor | None,
        training: Any,
        uses_fused_kernel: bool,
    ) -> tuple[torch.Tensor, State]:
        """Return the outputs of all steps, (batch, steps, units), and the last state.

        Args:
            sequences: (batch, steps, in).
            state: the states before the first step, each (batch, units).
            mask: (batch, steps), false for steps that keep the state and repeat the previous output.
            training: whether dropout is applied.
            uses_fused_kernel: whether to use torch's fused kernel if it computes the same numbers.
        """
        sequences = _in_weights_dtype(self, sequences)
        of_inputs, of_state = masks_of_sequence(self, sequences[:, 0], state[0], training)
        if isinstance(of_inputs, torch.Tensor):
            sequences, of_inputs = sequences * of_inputs.unsqueeze(1), None
        kind = self.kernel_kind() if uses_fused_kernel and of_inputs is None and of_state is None else None
        if kind is not None and not is_transformed():
            return _run_fused(self, kind, sequences, state, mask)
        # Also to check the number of features.
        _, kernel, _ = self.kernel_weights(sequences)
        bias, recurrent_bias = _biases(self)
        projected = _project(self, sequences, bias, of_inputs)
        return run_gates(
            lambda gates, now: self._torchkeras_step(gates, now, kernel, recurrent_bias, of_state),
            projected,
            state,
            mask,
        )

    def _torchkeras_step(
        self, projected: torch.Tensor, state: State, kernel: torch.Tensor, bias: Any, masks: Any
    ) -> State:
        """Return the next state; its first tensor is the output.

        Args:
            projected: the contribution of the inputs to the gates.
            state: the state before the step.
            kernel, bias: recurrent kernel, and the bias of the state, if it has its own.
            masks: dropout mask, or masks, for the state.
        """
        raise NotImplementedError

    def kernel_kind(self) -> str | None:
        """Return the kind of torch's kernel that computes the cell, or `None` if there is none.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRUCell(2).kernel_kind(), keras.layers.GRUCell(2, activation="relu").kernel_kind()
        ('gru', None)
        """
        return None

    def kernel_weights(self, sequences: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, Any]:
        """Return kernel, recurrent kernel and bias, after checking the number of features of the sequences.

        Raises:
            ValueError: if it is not that of the kernel; torch's kernels would read memory beyond the weights.

        >>> import torchkeras_layer as keras
        >>> cell = keras.layers.GRUCell(2); cell.build((None, 3))
        >>> [tuple(weight.shape) for weight in cell.kernel_weights(torch.ones(1, 5, 3))]
        [(3, 6), (2, 6), (2, 6)]
        """
        kernel, bias = weight_of(self, "kernel"), weight_of(self, "bias") if self.use_bias else None
        if sequences.shape[-1] != kernel.shape[0]:
            raise ValueError(
                f"{self.name}: the inputs must have {kernel.shape[0]} features, because the kernel has shape "
                f"{tuple(kernel.shape)}. Received: sequences of shape {describe(sequences)}."
            )
        return kernel, weight_of(self, "recurrent_kernel"), bias


def implementation_config(cell: RecurrentCell) -> dict[str, int]:
    """Return the entry `implementation` of a config, if no other argument implies it; configs of Keras 3 lack it.

    >>> import torchkeras_layer as keras
    >>> implementation_config(keras.layers.GRUCell(2)), implementation_config(keras.layers.GRUCell(2, implementation=1))
    ({}, {'implementation': 1})
    """
    is_needed = cell.gates > 1 and not cell.recurrent_dropout and cell.implementation != 2
    return {"implementation": cell.implementation} if is_needed else {}


def has_standard_gates(cell: RecurrentCell) -> bool:
    """Whether the activations of a cell with gates are those of torch's fused kernels.

    >>> import torchkeras_layer as keras
    >>> has_standard_gates(keras.layers.LSTMCell(2)), has_standard_gates(keras.layers.LSTMCell(2, activation="relu"))
    (True, False)
    """
    return cell.activation in _TANH and cell.recurrent_activation in _SIGMOID


def add_from_state(state: torch.Tensor, kernel: torch.Tensor, bias: Any, masks: Any) -> torch.Tensor:
    """Return the contribution of the state to the gates: its product with the kernel, after dropout.

    >>> ones = torch.ones(1, 1)
    >>> add_from_state(2 * ones, torch.ones(1, 2), None, [ones, 0 * ones])
    tensor([[2., 0.]])
    """
    if isinstance(masks, list):
        parts = zip(masks, kernel.chunk(len(masks), 1), strict=True)
        added = torch.cat([(state * mask) @ part for mask, part in parts], -1)
        return added if bias is None else added + bias
    state = state if masks is None else state * masks
    return state @ kernel if bias is None else torch.addmm(bias, state, kernel)


def _in_weights_dtype(cell: RecurrentCell, inputs: torch.Tensor) -> torch.Tensor:
    """Cast integer inputs, or inputs of another floating-point dtype, to the dtype of the weights."""
    dtype = weight_of(cell, "kernel").dtype
    return inputs if inputs.dtype is dtype or is_torchs_to_cast(inputs) else inputs.to(dtype)


def _biases(cell: RecurrentCell) -> tuple[Any, Any]:
    """Return the biases of the inputs and of the state; only a GRU has both, in one weight."""
    bias = weight_of(cell, "bias") if cell.use_bias else None
    return (bias[0], bias[1]) if bias is not None and bias.dim() == 2 else (bias, None)


def _project(cell: RecurrentCell, inputs: torch.Tensor, bias: Any, masks: Any) -> torch.Tensor:
    """Return the contribution of the inputs, of one step or of all, to the gates."""
    kernel = weight_of(cell, "kernel")
    if masks is None:
        return F.linear(inputs, kernel.t(), bias)
    if isinstance(masks, torch.Tensor):
        return F.linear(inputs * masks, kernel.t(), bias)
    masks = [mask.unsqueeze(1) for mask in masks] if inputs.dim() == 3 else masks
    parts = zip(masks, kernel.chunk(cell.gates, 1), strict=True)
    projected = torch.cat([(inputs * mask) @ part for mask, part in parts], -1)
    return projected if bias is None else projected + bias


def _run_fused(
    cell: RecurrentCell, kind: str, sequences: torch.Tensor, state: State, mask: torch.Tensor | None
) -> tuple[torch.Tensor, State]:
    kernel, *weights = cell.kernel_weights(sequences)
    if mask is None:
        return run_fused(kind, sequences, state, kernel, *weights)
    masked = MaskedSequences(mask)
    if kind == "lstm":
        sequences, kernel = keep_cell_state(sequences, kernel, mask, is_torchs_to_cast(sequences))
    outputs, following = run_fused(kind, masked.pack(sequences), state, kernel, *weights)
    outputs = masked.unpack(outputs)
    return outputs, [masked.last(outputs, state[0]), *following[1:]]
