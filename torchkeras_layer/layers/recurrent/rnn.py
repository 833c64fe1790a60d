"""How does a layer run a cell over the steps of a sequence?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from typing_extensions import Self

from torchkeras_layer._shapes import Shape, as_shape, is_shape
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.symbolic_calls import device_inside
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import cast_output
from torchkeras_layer.layers.recurrent.cell_contract import (
    check_cell,
    read_cell,
    sequences_expected,
    takes_constants,
)
from torchkeras_layer.layers.recurrent.kept_states import KeptStates
from torchkeras_layer.layers.recurrent.sequence_masks import first_mask, read_mask
from torchkeras_layer.layers.recurrent.sequence_run import SequenceRun
from torchkeras_layer.layers.recurrent.stacked_rnn_cells import StackedRNNCells
from torchkeras_layer.layers.recurrent.states import (
    as_list,
    as_state,
    first_state,
    output_size,
    read_batch,
    state_arguments,
    state_shapes,
    state_sizes,
    states_as_keywords,
)
from torchkeras_layer.registry import CustomObjectScope
from torchkeras_layer.symbolic import TensorSpec
from torchkeras_layer.symbolic.input_spec import check_input_spec


@catalog.register()
class RNN(KeptStates, has_effects=True, only_merges_masks=True):
    """Run a cell over the steps of sequences.

    Shapes: (batch, steps, …) -> (batch, units); with `return_sequences` (batch, steps, units); with `return_state` a
    tuple of that and each state, (batch, units). With `time_major`, steps come before the batch.

    A masked step keeps the state, and repeats the output of the step before it. The mask is (batch, steps), and passed
    on with `return_sequences`.

    Args:
        cell: a cell, or a list of cells, each of which gets the output of the one before. A cell is an object with
            `call(inputs, states) -> (output, states)` and `state_size`, an int or a list of them; it may have
            `output_size` and `get_initial_state(batch_size)`.
        return_sequences: whether to return the output of all steps, and not of the last only.
        return_state: whether to return the last state too.
        go_backwards: whether to begin at the last step; the outputs are then in this order.
        stateful: whether to go on from the state in which the batch before has ended, until `reset_state()`.
        unroll: no effect.
        zero_output_for_mask: whether a masked step puts out 0.
        time_major: whether the sequences, the mask and the outputs are (steps, batch, …), as in Keras 2.
        **kwargs: those of `Layer`; `input_length` and `input_dim` give `input_shape`; `num_constants` says how many of
            the tensors in a list that the layer is called on are constants.

    Raises:
        ValueError: if the cell is none; at the build, if it is stateful and the batch has no size; in a call, if it is
            stateful and the batch has another size, or if the initial state, the constants or the mask do not fit.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.RNN([keras.layers.LSTMCell(3), keras.layers.GRUCell(2)], return_sequences=True)
    >>> layer(torch.ones(2, 5, 4)).shape
    torch.Size([2, 5, 2])
    """

    # Whether torch's own kernels are used where they compute the same.
    _fuses = True
    # The arguments of `get_initial_state`.
    _first_state_takes: ClassVar[tuple[str, ...]] = ("batch_size", "inputs")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Note how a subclass wants to be asked with which state it begins."""
        super().__init_subclass__(**kwargs)
        taken = state_arguments(cls) or ()
        cls._first_state_takes = tuple(name for name in taken if name != "dtype")

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        *,
        zero_output_for_mask: bool = False,
        time_major: bool = False,
        **kwargs: Any,
    ) -> None:
        self._constants_count = kwargs.pop("num_constants", 0)
        if kwargs.get("input_shape") is None and ("input_length" in kwargs or "input_dim" in kwargs):
            kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim", None))
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(type(self).__name__, cell)
        self.cell = cell
        self._state_arguments = state_arguments(cell)
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.stateful = bool(stateful)
        self.unroll = bool(unroll)
        self.zero_output_for_mask = bool(zero_output_for_mask)
        self.time_major = bool(time_major)
        self.supports_masking = True
        self.input_spec = sequences_expected(cell)

    def forward(self, inputs: Any = None, /, *args: Any, **kwargs: Any) -> Any:
        """Run the layer: torch calls this from `layer(inputs)`. A list is Keras 2's [inputs, *states, *constants]."""
        if isinstance(inputs, (list, tuple)):
            args, kwargs = states_as_keywords(self.name, (inputs, *args), kwargs, self._constants_count)
            return super().forward(*args, **kwargs)
        return super().forward(*args, **kwargs) if inputs is None else super().forward(inputs, *args, **kwargs)

    def _read_shape(self, input_shape: Any) -> Shape:
        """Return the shape of the sequences, which may be the first of several.

        Raises:
            ValueError: if it has another number of axes than the cell needs.
        """
        shape = as_shape(input_shape if is_shape(input_shape) else input_shape[0])
        check_input_spec(sequences_expected(self.cell), TensorSpec(shape), self.name)
        return shape

    def build(self, input_shape: Any) -> None:
        """Build the cell, and begin with zeros if the layer is stateful."""
        shape = self._read_shape(input_shape)
        batch_size = shape[1 if self.time_major else 0]
        if self._torchkeras.stateful:
            self._check_can_keep(shape, batch_size)
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((batch_size, *shape[2:]))
        self.input_spec = sequences_expected(self.cell)
        if self._torchkeras.stateful:
            states = self._state_before(batch_size, None)
            states = map_leaves(lambda state: state.to(self._torchkeras.policy.variable), states)
            self._begin_states(states, state_sizes(self.cell))

    def _check_can_keep(self, shape: Shape, batch_size: int | None) -> None:
        """Check that the sizes of the state are known, before anything is built for others."""
        if batch_size is None:
            raise ValueError(
                f"{self.name}: a stateful layer must know the size of its batches. Received: inputs of shape {shape}. "
                "Give the size, as in Input(batch_shape=(32, 10, 8)) or batch_input_shape=(32, 10, 8)."
            )

    def call(
        self,
        sequences: torch.Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: Any = None,
        constants: Any = None,
    ) -> Any:
        """Return the output of the last step or of all, and the last state if `return_state`.

        Args:
            initial_state: a tensor, or a list of tensors nested as the cell's `state_size`; default zeros.
            mask: (batch, steps), false where a step does not count.
            constants: tensors that every call of the cell gets, if it takes `constants`.
        """
        mask = read_mask(self.name, mask, sequences)
        if self.time_major:
            sequences, mask = sequences.transpose(0, 1), None if mask is None else mask.transpose(0, 1)
        state = self._begin(sequences, initial_state)
        if self.go_backwards:
            sequences, mask = sequences.flip(1), None if mask is None else mask.flip(1)
        run = SequenceRun(mask, training, self._read_constants(constants), self._fuses, self._torchkeras.policy)
        outputs, state = self._run_cell(run, sequences, state)
        if self.zero_output_for_mask and mask is not None:
            outputs = torch.where(mask.reshape(*mask.shape, *[1] * (outputs.dim() - 2)), outputs, 0)
        if self._torchkeras.stateful and not per_thread.context.is_tracing:
            self._keep_states(state)
        output = self._in_compute_dtype(outputs if self.return_sequences else outputs[:, -1])
        if self.time_major and self.return_sequences:
            output = output.transpose(0, 1)
        return (output, *map_leaves(self._in_compute_dtype, state)) if self.return_state else output

    def _run_cell(self, run: SequenceRun, sequences: torch.Tensor, state: list[Any]) -> tuple[torch.Tensor, list[Any]]:
        """Return the outputs of all steps, and the last state."""
        if per_thread.context.is_tracing:
            # The shapes of one step tell those of all, in a tenth of the time, and of any number of them.
            steps = sequences.shape[1]
            outputs, state = run.without_mask().of(self.cell, sequences[:, :1], state)
            return outputs.expand(-1, steps, *outputs.shape[2:]), state
        if sequences.shape[1] == 0:
            raise ValueError(f"{self.name}: needs sequences of at least one step. Received: {tuple(sequences.shape)}.")
        return run.of(self.cell, sequences, state)

    def _in_compute_dtype(self, output: torch.Tensor) -> torch.Tensor:
        return output if output.dtype is self._torchkeras.compute_dtype else cast_output(self, output)

    def _begin(self, sequences: torch.Tensor, initial_state: Any) -> list[Any]:
        """Return the state before the first step, in the compute dtype."""
        kept = self._kept_states(sequences.shape[0]) if self._torchkeras.stateful else None
        if initial_state is None:
            initial_state = kept
        dtype = self._torchkeras.compute_dtype
        if initial_state is not None:
            return self._read_state(initial_state, sequences, dtype)
        state = self._state_before(sequences.shape[0], sequences)
        return map_leaves(lambda part: part.to(device=sequences.device, dtype=dtype), state)

    def _read_state(self, given: Any, sequences: torch.Tensor, dtype: torch.dtype) -> list[Any]:
        return as_state(self.name, given, state_sizes(self.cell), sequences, dtype)

    def _state_before(self, batch_size: Any, inputs: torch.Tensor | None) -> list[Any]:
        """Return what `get_initial_state` gives, which a subclass may define with Keras 2's argument or Keras 3's."""
        given = {"batch_size": batch_size, "inputs": inputs}
        if inputs is None and "batch_size" not in self._first_state_takes:
            return RNN.get_initial_state(self, batch_size)
        return as_list(self.get_initial_state(**{name: given[name] for name in self._first_state_takes}))

    def get_initial_state(self, batch_size: Any = None, inputs: Any = None) -> list[Any]:
        """Return the state before the first step, for a batch given by its size or by inputs.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRU(2).get_initial_state(batch_size=1)
        [tensor([[0., 0.]])]
        """
        size, like = read_batch(batch_size, inputs)
        device = device_inside(self) if like is None else like.device
        return first_state(self.cell, self._state_arguments, size, self._torchkeras.compute_dtype, device, like)

    def _read_constants(self, constants: Any) -> list[Any]:
        constants = [] if constants is None else list(leaves(constants))
        if constants and not takes_constants(self.cell):
            raise ValueError(
                f"{self.name}: call() of {type(self.cell).__name__} takes no constants. Give it an argument "
                "`constants`."
            )
        return constants

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask for the output of all steps, and `None` for the states."""
        of_output = first_mask(mask) if self.return_sequences else None
        return [of_output, *[None] * len(state_sizes(self.cell))] if self.return_state else of_output

    def compute_output_shape(self, input_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the shape of the output, and of the states if `return_state`."""
        shape = self._read_shape(input_shape)
        batch_size = shape[1 if self.time_major else 0]
        output: Shape = (*(shape[:2] if self.return_sequences else (batch_size,)), output_size(self.cell))
        states = state_shapes(state_sizes(self.cell), batch_size)
        return (output, *states) if self.return_state else output

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Make the layer, and its cell, from `get_config()`, ours, that of Keras 3 or that of TF-Keras.

        >>> import torchkeras_layer as keras
        >>> keras.layers.RNN.from_config(keras.layers.RNN(keras.layers.GRUCell(3)).get_config()).cell.units
        3
        """
        if isinstance(config, dict) and "cell" in config:
            config = {**config, "cell": read_cell(config["cell"], custom_objects)}
        with CustomObjectScope(custom_objects):
            return super().from_config(config)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor; `time_major`, which Keras 3 does not know, only if it is set."""
        config = super().get_config()
        if self._constants_count:
            config["num_constants"] = self._constants_count
        return {name: value for name, value in config.items() if name != "time_major" or value}
