"""What do the cells of SimpleRNN, GRU and LSTM have in common?"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from torchkeras_layer import activations, constraints, initializers, regularizers
from torchkeras_layer._autograd import is_transformed
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer.symbolic_calls import device_inside
from torchkeras_layer.layers.arguments import known_sizes, positive_int, resolved
from torchkeras_layer.layers.built_in_layer import add_parameter, is_torchs_to_cast, weight_of
from torchkeras_layer.layers.recurrent.cell_dropout import CellDropout
from torchkeras_layer.layers.recurrent.gate_weights import add_recurrent_kernel
from torchkeras_layer.layers.recurrent.kernel_choice import run_kernel
from torchkeras_layer.layers.recurrent.masked_sequences import MaskedSequences
from torchkeras_layer.layers.recurrent.states import as_list, fault_of_states, read_batch, zeros
from torchkeras_layer.layers.recurrent.stepping import run_gates
from torchkeras_layer.symbolic import InputSpec, TensorSpec
from torchkeras_layer.symbolic.input_spec import check_input_spec, describe

State = list[torch.Tensor]
_RESOLVED = {
    "activation": activations.get,
    "initializer": initializers.get,
    "regularizer": regularizers.get,
    "constraint": constraints.get,
}


class RecurrentCell(CellDropout):
    """Base of the cells that multiply inputs and state by a matrix each, for all their gates at once.

    Shapes: inputs (batch, in), each state (batch, units) -> (batch, units) and the next state. `kernel` is
    (in, gates * units), `recurrent_kernel` (units, gates * units).

    A subclass has a constructor that names its arguments, makes its `bias`, and computes a step in `_advance`.
    """

    gates: ClassVar[int] = 1
    states_count: ClassVar[int] = 1
    # Whether `call` is built in, so that a whole sequence may be computed without it.
    _is_ours: ClassVar[bool] = True

    units: int
    use_bias: bool
    activation: Any
    kernel_initializer: Any

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Note whether a subclass computes its steps itself."""
        super().__init_subclass__(**kwargs)
        cls._is_ours = cls.call.__module__.startswith("torchkeras_layer.layers.")

    def __init__(self, arguments: dict[str, Any]) -> None:
        given = {name: value for name, value in arguments.items() if name not in ("self", "__class__", "kwargs")}
        kwargs = arguments["kwargs"]
        # It says whether the gates have masks of their own.
        way = kwargs.pop("implementation", 2)
        super().__init__(**kwargs)
        if isinstance(way, bool) or way not in (0, 1, 2):
            raise ValueError(
                f"{type(self).__name__}: implementation must be 0, 1 or 2. Received: implementation={way!r}."
            )
        self.units = positive_int(self, "units", given.pop("units"))
        self._take_dropout(given.pop("dropout"), given.pop("recurrent_dropout"), given.pop("seed"))
        for name, value in given.items():
            kind = name.rpartition("_")[2]
            if kind in _RESOLVED:
                value = resolved(self, name, value, _RESOLVED[kind])
            setattr(self, name, value)
        self.use_bias = bool(self.use_bias)
        self.implementation = 1 if self.recurrent_dropout else way
        self._begin_dropout(self.gates if self.implementation == 1 and self.gates > 1 else None)
        self.input_spec = InputSpec(ndim=2)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor; `implementation` only where it is not the one that is the default.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRUCell(2, implementation=1).get_config()["implementation"]
        1
        """
        return super().get_config() | self.way_in_config()

    def way_in_config(self) -> dict[str, int]:
        """Return `implementation` where no other argument says it: Keras 3's configs do not have it."""
        says_it = self.gates > 1 and not self.recurrent_dropout and self.implementation != 2
        return {"implementation": self.implementation} if says_it else {}

    @property
    def state_size(self) -> Any:
        """The size of the state: an int, or a list of them."""
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
        self.bias = self._add_bias(width) if self.use_bias else None
        self.input_spec = InputSpec(ndim=2, axes={-1: size})

    def _add_bias(self, width: int) -> torch.Tensor:
        return add_parameter(self, "bias", (width,))

    def call(self, inputs: torch.Tensor, states: Any = None, training: Any = None) -> tuple[torch.Tensor, Any]:
        """Return the output and the next state, for one step.

        Raises:
            ValueError: if the states do not fit.
        """
        state = as_list(states)
        inputs = self._as_weights_are(inputs)
        of_inputs = self.get_dropout_mask(inputs) if training else None
        projected = self._project(inputs, of_inputs)
        try:
            of_state = self.get_recurrent_dropout_mask(state[0]) if training else None
            following = self._advance(projected, state, *self._recurrent_weights(), of_state)
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            fault = fault_of_states(states, [(inputs.shape[0], self.units)] * self.states_count)
            if fault is None:
                raise
            raise ValueError(f"{self.name}: {fault}") from error
        return following[0], following if isinstance(states, (list, tuple)) else following[0]

    def get_initial_state(self, batch_size: Any = None, inputs: Any = None, dtype: Any = None) -> State:
        """Return zeros for a batch, given by its size or by inputs; Keras 2's order of arguments is taken too.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRUCell(2).get_initial_state(1)
        [tensor([[0., 0.]])]
        """
        size, like = read_batch(batch_size, inputs)
        device = device_inside(self) if like is None else like.device
        dtype = self._torchkeras.compute_dtype if dtype is None else dtype
        return zeros(as_list(self.state_size), size, dtype, device)

    def run(
        self, sequences: torch.Tensor, state: State, mask: torch.Tensor | None, training: Any, fuses: bool
    ) -> tuple[torch.Tensor, State]:
        """Return the outputs of all steps of sequences, (batch, steps, units), and the last state.

        Args:
            mask: (batch, steps), false where a step keeps the state and repeats the output before.
            fuses: whether torch's own kernel is to be used if it computes the same.
        """
        sequences = self._as_weights_are(sequences)
        of_inputs = self._draw_masks(sequences[:, 0], self.dropout) if training else None
        of_state = self._draw_masks(state[0], self.recurrent_dropout) if training else None
        if isinstance(of_inputs, torch.Tensor):
            sequences, of_inputs = sequences * of_inputs.unsqueeze(1), None
        kind = self.kernel_kind() if fuses and of_inputs is None and of_state is None else None
        if kind is not None and not is_transformed():
            return self._run_fused(kind, sequences, state, mask)
        # For its check of the features.
        self.kernel_weights(sequences)
        weights = self._recurrent_weights()
        projected = self._project(sequences, of_inputs)
        return run_gates(lambda gates, now: self._advance(gates, now, *weights, of_state), projected, state, mask)

    def _as_weights_are(self, inputs: torch.Tensor) -> torch.Tensor:
        """Cast inputs that are ints, or of another float dtype, to the dtype of the weights."""
        dtype = weight_of(self, "kernel").dtype
        return inputs if inputs.dtype is dtype or is_torchs_to_cast(inputs) else inputs.to(dtype)

    def _project(self, inputs: torch.Tensor, masks: Any) -> torch.Tensor:
        """Return what the inputs, of a step or of all, add to the gates."""
        kernel, bias = weight_of(self, "kernel"), self._input_bias()
        if masks is None:
            return F.linear(inputs, kernel.t(), bias)
        if isinstance(masks, torch.Tensor):
            return F.linear(inputs * masks, kernel.t(), bias)
        masks = [mask.unsqueeze(1) for mask in masks] if inputs.dim() == 3 else masks
        parts = zip(masks, kernel.chunk(self.gates, 1), strict=True)
        projected = torch.cat([(inputs * mask) @ part for mask, part in parts], -1)
        return projected if bias is None else projected + bias

    def _recur(self, state: torch.Tensor, kernel: torch.Tensor, bias: Any, masks: Any) -> torch.Tensor:
        """Return what the state adds to gates."""
        if isinstance(masks, list):
            parts = zip(masks, kernel.chunk(len(masks), 1), strict=True)
            added = torch.cat([(state * mask) @ part for mask, part in parts], -1)
            return added if bias is None else added + bias
        state = state if masks is None else state * masks
        return state @ kernel if bias is None else torch.addmm(bias, state, kernel)

    def _input_bias(self) -> Any:
        return weight_of(self, "bias") if self.use_bias else None

    def _recurrent_weights(self) -> tuple[torch.Tensor, Any]:
        """Return the recurrent kernel and the bias that goes with it."""
        return weight_of(self, "recurrent_kernel"), None

    def _advance(self, projected: torch.Tensor, state: State, kernel: torch.Tensor, bias: Any, masks: Any) -> State:
        raise NotImplementedError

    def kernel_kind(self) -> str | None:
        """Return which of torch's kernels computes the cell, or `None` if none does.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRUCell(2).kernel_kind(), keras.layers.GRUCell(2, activation="relu").kernel_kind()
        ('gru', None)
        """
        return None

    def kernel_weights(self, sequences: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, Any]:
        """Return kernel, recurrent kernel and bias, for sequences with as many features as the kernel has rows.

        Raises:
            ValueError: if they have others; torch's kernels would read what lies beside the weights.

        >>> import torchkeras_layer as keras
        >>> cell = keras.layers.GRUCell(2); cell.build((None, 3))
        >>> [tuple(weight.shape) for weight in cell.kernel_weights(torch.ones(1, 5, 3))]
        [(3, 6), (2, 6), (2, 6)]
        """
        kernel, bias = weight_of(self, "kernel"), weight_of(self, "bias") if self.use_bias else None
        if sequences.shape[-1] != kernel.shape[0]:
            raise ValueError(
                f"{self.name}: its kernel, of shape {tuple(kernel.shape)}, is for inputs with {kernel.shape[0]} "
                f"features. Received: sequences of shape {describe(sequences)}."
            )
        return kernel, weight_of(self, "recurrent_kernel"), bias

    def _run_fused(
        self, kind: str, sequences: torch.Tensor, state: State, mask: torch.Tensor | None
    ) -> tuple[torch.Tensor, State]:
        kernel, *weights = self.kernel_weights(sequences)
        if mask is None:
            return run_kernel(kind, sequences, state, kernel, *weights)
        masked = MaskedSequences(mask)
        sequences, kernel = self._hold(sequences, kernel, mask)
        outputs, following = run_kernel(kind, masked.pack(sequences), state, kernel, *weights)
        outputs = masked.unpack(outputs)
        return outputs, [masked.last(outputs, state[0]), *following[1:]]

    def _hold(
        self, sequences: torch.Tensor, kernel: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Have masked steps, which come after all others, keep the states that are not the output."""
        return sequences, kernel
