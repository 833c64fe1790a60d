"""How does any cell, or a stack of cells, compute a whole sequence?"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.recurrent.cell_arguments import CellDropout
from torchkeras_layer.layers.recurrent.cells import (
    StackedRNNCells,
    has_built_in_call,
    has_hooks,
    takes_constants,
    takes_training,
)
from torchkeras_layer.layers.recurrent.recurrent_cell import RecurrentCell
from torchkeras_layer.layers.recurrent.sequences import reverse_steps, zero_where_masked
from torchkeras_layer.layers.recurrent.states import as_list
from torchkeras_layer.layers.recurrent.stepping import run_steps
from torchkeras_layer.precision import Policy
from torchkeras_layer.symbolic.input_spec import describe


@dataclasses.dataclass
class SequenceRun:
    """The options of a run over a sequence.

    Attributes:
        mask: (batch, steps), false for steps that are to be ignored; or `None`.
        training: whether dropout is applied.
        constants: tensors that are passed to cells with an argument `constants`.
        uses_fused_kernel: whether torch's fused kernels are used if they compute the same numbers.
        policy: the policy of the recurrent layer; sequences and state are in its compute dtype.
    """

    mask: torch.Tensor | None
    training: Any
    constants: list[Any]
    uses_fused_kernel: bool
    policy: Policy

    def of(self, cell: Any, sequences: Any, state: list[Any]) -> tuple[Any, list[Any]]:
        """Return the outputs of all steps, (batch, steps, …), and the last state."""
        if isinstance(cell, StackedRNNCells) and has_built_in_call(cell) and not has_hooks(cell):
            return self._of_stack(cell, sequences, state)
        dtype = cell._torchkeras.compute_dtype if isinstance(cell, Layer) else self.policy.compute
        if dtype is not self.policy.compute and dtype.is_floating_point:
            # Calls of the cell cast the inputs, but not the state.
            state = map_leaves(lambda tensor: tensor.to(dtype), state)
        if isinstance(cell, RecurrentCell):
            if dtype is not self.policy.compute:
                sequences = sequences.to(dtype)
            if self._can_skip_calls(cell):
                return cell.run(sequences, state, self.mask, self.training, self.uses_fused_kernel)
        _reset_dropout(cell)
        try:
            return run_steps(_Step(cell, self), sequences, state, self.mask)
        finally:
            _reset_dropout(cell)

    def without_mask(self) -> SequenceRun:
        """Return the same options without a mask."""
        return dataclasses.replace(self, mask=None)

    def _of_stack(self, stack: StackedRNNCells, sequences: Any, state: list[Any]) -> tuple[Any, list[Any]]:
        # Each cell computes the whole sequence by itself. This gives the same numbers as all cells at each step,
        # because the output of a masked step is ignored by the next cell too.
        following = []
        for cell, before in zip(stack.cells, state, strict=True):
            sequences, after = self.of(cell, sequences, as_list(before))
            following.append(after if isinstance(before, (list, tuple)) else after[0])
        return sequences, following

    def _can_skip_calls(self, cell: RecurrentCell) -> bool:
        # A mixed policy casts weights only inside a call, unless the recurrent layer has the same policy.
        own, outer = cell._torchkeras.policy, self.policy
        casts_alike = not own.is_mixed or (outer.is_mixed and own.compute is outer.compute)
        is_plain = has_built_in_call(cell) and cell._torchkeras.activity_regularizer is None
        return is_plain and casts_alike and not has_hooks(cell)


def run_loop(
    layer: Any, sequences: Any, state: list[Any], mask: Any, training: Any, constants: list[Any]
) -> tuple[Any, list[Any]]:
    """Return the outputs of all steps, and the last state, of a recurrent layer.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.GRU(2); layer.build((1, None, 3))
    >>> run_loop(layer, torch.ones(1, 5, 3), layer.get_initial_state(1), None, False, [])[0].shape
    torch.Size([1, 5, 2])
    """
    record = layer._torchkeras
    if layer.go_backwards:
        sequences, mask = map_leaves(reverse_steps, (sequences, mask))
    run = SequenceRun(mask, training, constants, record.derived.uses_fused_kernel, record.policy)
    outputs, state = layer._torchkeras_run_cell(run, sequences, state)
    if layer.zero_output_for_mask and mask is not None:
        outputs = map_leaves(functools.partial(zero_where_masked, mask), outputs)
    return outputs, state


def run_own_loop(layer: Any, sequences: Any, state: list[Any], mask: Any, training: Any) -> tuple[Any, list[Any]]:
    """Return the output of a subclass's `inner_loop`, of all steps or of the last one, and the last state.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.GRU(2); layer.build((1, None, 3))
    >>> run_own_loop(layer, torch.ones(1, 5, 3), layer.get_initial_state(1), None, False)[0].shape
    torch.Size([1, 2])
    """
    last, outputs, state = layer.inner_loop(sequences=sequences, initial_state=state, mask=mask, training=training)
    return outputs if layer.return_sequences else last, as_list(state)


def last_step(outputs: torch.Tensor) -> torch.Tensor:
    """Return the outputs of the last step.

    >>> last_step(torch.tensor([[1, 2]]))
    tensor([2])
    """
    return outputs[:, -1]


class _Step:
    """A call of a cell for one step."""

    def __init__(self, cell: Any, run: SequenceRun) -> None:
        self._cell: Callable[..., Any] = cell if callable(cell) else cell.call
        self._arguments: dict[str, Any] = {}
        if takes_training(cell):
            self._arguments["training"] = run.training
        if run.constants and takes_constants(cell):
            self._arguments["constants"] = run.constants

    def __call__(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        result = self._cell(inputs, state, **self._arguments)
        if not isinstance(result, (list, tuple)) or len(result) != 2:
            raise ValueError(
                "A call of a cell must return a pair (output, states). "
                f"Received: {type(result).__name__}, {describe(result)}, from {self._cell}."
            )
        output, following = result
        return output, as_list(following)


def _reset_dropout(cell: Any) -> None:
    for one in cell.cells if isinstance(cell, StackedRNNCells) else [cell]:
        if isinstance(one, CellDropout):
            one.reset_dropout_mask()
            one.reset_recurrent_dropout_mask()
