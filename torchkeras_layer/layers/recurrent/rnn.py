"""How does a layer run a cell over the steps of a sequence?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from typing_extensions import Self

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, cast_output
from torchkeras_layer.layers.recurrent.cells import (
    StackedRNNCells,
    check_cell,
    read_cell,
    takes_constants,
)
from torchkeras_layer.layers.recurrent.initial_states import (
    gives_own_states,
    own_state_arguments,
    state_arguments,
    state_before_call,
    state_by_method,
    state_of_cell,
)
from torchkeras_layer.layers.recurrent.sequence_run import SequenceRun, last_step, run_loop, run_own_loop
from torchkeras_layer.layers.recurrent.sequences import (
    first_sequence,
    for_each_output,
    read_build_config,
    sequence_shapes,
    sequences_expected,
    swap_axes,
)
from torchkeras_layer.layers.recurrent.sizes import (
    first_shape,
    flat_sizes,
    output_sizes,
    shape_of_size,
    shapes_of_sizes,
    state_sizes,
)
from torchkeras_layer.layers.recurrent.states import (
    as_list,
    keep_buffers,
    kept_buffers,
    states_as_keywords,
    tensors_of_shapes,
)
from torchkeras_layer.layers.recurrent.stepping import first_mask, read_mask
from torchkeras_layer.registry import CustomObjectScope
from torchkeras_layer.symbolic.input_spec import describe


@dataclasses.dataclass(slots=True)
class RunFacts:
    """What a recurrent layer stores beyond its public attributes.

    Attributes:
        num_constants: number of constants in a list of inputs.
        state_arguments, cell_state_arguments: argument names of `get_initial_state`, of the layer and of the cell.
        kept_structure: the structure of the states that a stateful layer keeps; `None` if it keeps none.
        uses_fused_kernel: whether torch's fused kernels are used if they compute the same numbers.
        starts_from_zeros: whether the initial state is always zeros if none is given.
        checks_first_state: whether the result of `get_initial_state` is checked like a given initial state.
    """

    num_constants: int
    state_arguments: tuple[str, ...]
    cell_state_arguments: tuple[str, ...] | None
    kept_structure: list[Any] | None = None
    uses_fused_kernel: bool = True
    starts_from_zeros: bool = False
    checks_first_state: bool = False


@catalog.register()
class RNN(BuiltInLayer, only_merges_masks=True):
    """Run a cell over the steps of sequences.

    Shapes: (batch, steps, …) -> (batch, units); with `return_sequences` (batch, steps, units); with `return_state` a
    tuple of that and each state, (batch, units). With `time_major`, steps come before the batch. Nested sequences are
    a tuple or dict; a list is [inputs, *states, *constants].

    A masked step keeps the state, and repeats the output of the previous step. The mask is (batch, steps), and is
    passed on with `return_sequences`.

    Args:
        cell: a cell, or a list of cells, each of which takes the output of the previous one. A cell is an object with
            `call(inputs, states) -> (output, states)` and `state_size`, an int or a list of ints; it may have
            `output_size` and `get_initial_state(batch_size)`. Its inputs, output and states may be nested; the sizes
            are nested alike then, and a tensor with several axes after the batch has a `torch.Size`.
        return_sequences: whether to return the outputs of all steps, and not only of the last one.
        return_state: whether to return the last states too.
        go_backwards: whether to start at the last step; the outputs are in this order too.
        stateful: whether to start from the last states of the previous batch, until `reset_state()`.
        unroll: no effect.
        zero_output_for_mask: whether the output of a masked step is 0.
        time_major: whether the sequences, the mask and the outputs are (steps, batch, …), as in Keras 2.
        **kwargs: those of `Layer`; `input_length` and `input_dim` set `input_shape`; `num_constants` is the number of
            constants in a list [inputs, *states, *constants] that the layer is called on.

    Raises:
        ValueError: if `cell` is not a cell; at the build, if the layer is stateful and the batch size is not known; in
            a call, if it is stateful and the batch size differs, or the initial state, constants or mask do not fit.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.RNN([keras.layers.LSTMCell(3), keras.layers.GRUCell(2)], return_sequences=True)
    >>> layer(torch.ones(2, 5, 4)).shape
    torch.Size([2, 5, 2])
    """

    _torchkeras_further_inputs = ("initial_state", "constants")

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
        num_constants = kwargs.pop("num_constants", 0)
        if kwargs.get("input_shape") is None and ("input_length" in kwargs or "input_dim" in kwargs):
            kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim", None))
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(type(self).__name__, cell)
        self.cell = cell
        self._torchkeras.derived = RunFacts(num_constants, own_state_arguments(type(self)), state_arguments(cell))
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
        """Run the layer; torch calls this. A list of inputs is [inputs, *states, *constants], as in Keras 2."""
        if isinstance(inputs, (list, tuple)):
            count = self._torchkeras.derived.num_constants
            args, kwargs = states_as_keywords(self.name, (inputs, *args), kwargs, count)
            return super().forward(*args, **kwargs)
        return super().forward(*args, **kwargs) if inputs is None else super().forward(inputs, *args, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Build the cell, and set the states to zeros if the layer is stateful."""
        shapes = sequence_shapes(self, input_shape)
        batch_size = first_shape(shapes)[1 if self.time_major else 0]
        is_stateful = self._torchkeras.stateful
        if is_stateful and batch_size is None:
            raise ValueError(
                f"{self.name}: the batch size of a stateful layer must be known. Received: inputs of shape {shapes}. "
                "Give the size, as in Input(batch_shape=(32, 10, 8)) or batch_input_shape=(32, 10, 8)."
            )
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build(map_shapes(lambda shape: (batch_size, *shape[2:]), shapes))
        self.input_spec = sequences_expected(self.cell, shapes)
        if is_stateful:
            states = state_by_method(self, batch_size, None)
            keep_buffers(self, map_leaves(lambda state: state.to(self._torchkeras.policy.variable), states))
            self._torchkeras.derived.kept_structure = map_leaves(lambda _: None, states)

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build the layer with the shapes in a build config; a list of nested shapes counts as the tuple that it was.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.GRU(2); layer.build_from_config({"input_shape": [1, 5, 3]}); layer.built
        True
        """
        super().build_from_config(read_build_config(self.cell, config))

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: Any = None,
        constants: Any = None,
    ) -> Any:
        """Return the output of the last step or of all steps, and the last states if `return_state`.

        Args:
            sequences: (batch, steps, …), or a nested structure of such tensors for a cell with nested inputs.
            initial_state: a tensor, or a list of tensors nested like the cell's `state_size`; by default zeros.
            mask: (batch, steps), false for steps that are to be ignored.
            constants: tensors that are passed to every call of a cell with an argument `constants`.
        """
        mask = read_mask(self.name, mask, first_sequence(self, sequences))
        record = self._torchkeras
        state = state_before_call(self, sequences, initial_state)
        if self.time_major:
            sequences, mask = map_leaves(swap_axes, (sequences, mask))
        given = _read_constants(self, constants)
        if "inner_loop" in self._torchkeras_facts.overrides:
            output, state = run_own_loop(self, sequences, state, mask, training)
        else:
            outputs, state = run_loop(self, sequences, state, mask, training, given)
            output = outputs if self.return_sequences else map_leaves(last_step, outputs)
        if record.stateful and not per_thread.context.is_tracing:
            for kept, part in zip(leaves(self.states), leaves(state), strict=True):
                kept.copy_(part.detach())
        output = map_leaves(lambda part: in_compute_dtype(self, part), output)
        if self.time_major and self.return_sequences:
            output = map_leaves(swap_axes, output)
        if not self.return_state:
            return output
        return (output, *map_leaves(lambda part: in_compute_dtype(self, part), state))

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: torch.Tensor | None, training: Any = False
    ) -> tuple[Any, Any, list[Any]]:
        """Return the last output, the outputs of all steps, and the last state. A subclass may override it.

        This is the method of Keras 3; it runs only where a subclass overrides it.

        Args:
            sequences: (batch, steps, …), in the order of the inputs, also with `go_backwards`.
            initial_state: list with the state before the first step.
            mask: (batch, steps), or `None`.
            training: whether dropout is applied.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.GRU(2); layer.build((1, None, 3))
        >>> last, outputs, state = layer.inner_loop(torch.ones(1, 5, 3), layer.get_initial_state(1), None)
        >>> outputs.shape, torch.equal(last, state[0])
        (torch.Size([1, 5, 2]), True)
        """
        outputs, state = run_loop(self, sequences, as_list(initial_state), mask, training, [])
        return map_leaves(last_step, outputs), outputs, state

    def _torchkeras_run_cell(self, run: SequenceRun, sequences: Any, state: list[Any]) -> tuple[Any, list[Any]]:
        """Return the outputs of all steps, and the last state."""
        steps = leaves(sequences)[0].shape[1]
        if per_thread.context.is_tracing:
            # The shapes of one step determine those of all, in a tenth of the time, and for a free number of steps.
            first = map_leaves(lambda sequence: sequence[:, :1], sequences)
            outputs, state = run.without_mask().of(self.cell, first, state)
            return map_leaves(lambda output: output.expand(-1, steps, *output.shape[2:]), outputs), state
        if steps == 0:
            raise ValueError(
                f"{self.name}: needs sequences of at least one step. Received: inputs of shape {describe(sequences)}."
            )
        return run.of(self.cell, sequences, state)

    def _torchkeras_state_shapes(self, batch_size: Any, sequences: torch.Tensor) -> list[tuple[Any, ...]]:
        """Return the shapes of the states for given sequences; `...` is any rest."""
        sizes = flat_sizes(state_sizes(self.cell))
        if gives_own_states(self.cell):
            return [(batch_size, ...)] * len(sizes)
        return [shape_of_size(size, (batch_size,)) for size in sizes]

    def get_initial_state(self, batch_size: Any = None, inputs: Any = None) -> list[Any]:
        """Return the states before the first step, for a batch given by its size or by inputs (batch, steps, …).

        For symbolic inputs, the states are symbolic too.

        Raises:
            ValueError: if neither is given.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRU(2).get_initial_state(batch_size=1)
        [tensor([[0., 0.]])]
        """
        return state_of_cell(self, batch_size, inputs)

    @property
    def states(self) -> list[Any] | None:
        """The states that a stateful layer keeps, nested like the cell's `state_size`; `None` if it keeps none.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.GRU(2, stateful=True); layer.build((1, None, 3)); layer.states
        [tensor([[0., 0.]])]
        """
        structure = self._torchkeras.derived.kept_structure
        return None if structure is None else kept_buffers(self, structure)

    def reset_state(self, states: Any = None) -> None:
        """Set the states that a stateful layer keeps to zeros, or to given tensors or arrays.

        Raises:
            ValueError: if states are given and the layer keeps none, or if their shapes are wrong.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.GRU(2, stateful=True); layer.build((1, None, 3))
        >>> layer.reset_state(torch.ones(1, 2)); layer.states
        [tensor([[1., 1.]])]
        """
        kept = self.states
        if kept is None:
            if states is not None:
                raise ValueError(
                    f"{self.name}: keeps no states, because it is not stateful or not built. Received: states of shape "
                    f"{describe(states)}. Create it with stateful=True, and build it or call it once."
                )
            return
        flat = leaves(kept)
        given: list[Any] = [None] * len(flat)
        if states is not None:
            shapes = [tuple(state.shape) for state in flat]
            given = tensors_of_shapes(self.name, states, shapes, flat[0].device, flat[0].dtype)
        with torch.no_grad():
            for state, value in zip(flat, given, strict=True):
                state.zero_() if value is None else state.copy_(value)

    def reset_states(self, states: Any = None) -> None:
        """Do the same as `reset_state`; this is its name in Keras 2.

        >>> import torchkeras_layer as keras
        >>> keras.layers.GRU(2).reset_states()
        """
        self.reset_state(states)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output with `return_sequences`, else `None`; and `None` for each state."""
        of_output = first_mask(mask) if self.return_sequences else None
        of_output = for_each_output(self.cell, of_output)
        return [of_output, *[None] * len(state_sizes(self.cell))] if self.return_state else of_output

    def compute_output_shape(self, input_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the shape of the output, and of the states if `return_state`."""
        shape = first_shape(sequence_shapes(self, input_shape))
        batch_size = shape[1 if self.time_major else 0]
        output = shapes_of_sizes(output_sizes(self.cell), shape[:2] if self.return_sequences else (batch_size,))
        states = shapes_of_sizes(state_sizes(self.cell), (batch_size,))
        return (output, *states) if self.return_state else output

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Create the layer and its cell from a config of this library, Keras 3 or TF-Keras.

        >>> import torchkeras_layer as keras
        >>> keras.layers.RNN.from_config(keras.layers.RNN(keras.layers.GRUCell(3)).get_config()).cell.units
        3
        """
        if isinstance(config, dict) and "cell" in config:
            config = {**config, "cell": read_cell(config["cell"], custom_objects)}
        with CustomObjectScope(custom_objects):
            return super().from_config(config)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this layer; `time_major`, not in Keras 3, only if set."""
        config = super().get_config()
        num_constants = self._torchkeras.derived.num_constants
        if num_constants:
            config["num_constants"] = num_constants
        return {name: value for name, value in config.items() if name != "time_major" or value}


def in_compute_dtype(layer: Layer, output: torch.Tensor) -> torch.Tensor:
    """Return an output in the compute dtype of a layer.

    >>> in_compute_dtype(BuiltInLayer(), torch.ones(1, dtype=torch.float64)).dtype
    torch.float32
    """
    return output if output.dtype is layer._torchkeras.compute_dtype else cast_output(layer, output)


def _read_constants(layer: RNN, constants: Any) -> list[Any]:
    constants = [] if constants is None else list(leaves(constants))
    if constants and not takes_constants(layer.cell):
        raise ValueError(
            f"{layer.name}: call() of {type(layer.cell).__name__} does not accept constants. Received: "
            f"{len(constants)} constants. Add an argument `constants` to it."
        )
    if constants:
        # As in Keras 2: a later call, and a layer made from the config, may be given them in one list with the inputs.
        layer._torchkeras.derived.num_constants = len(constants)
    return constants
