"""How does any cell, or a stack of cells, go through a whole sequence?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layers.recurrent.cell_arguments import CellDropout
from torchkeras_layer.layers.recurrent.cells import (
    StackedRNNCells,
    has_built_in_call,
    has_hooks,
    takes_constants,
    takes_training,
)
from torchkeras_layer.layers.recurrent.recurrent_cell import RecurrentCell
from torchkeras_layer.layers.recurrent.states import as_list
from torchkeras_layer.layers.recurrent.stepping import run_steps
from torchkeras_layer.precision import Policy
from torchkeras_layer.symbolic.input_spec import describe


@dataclasses.dataclass
class SequenceRun:
    """What goes with a sequence: which steps count, in which mode, and what every step is given.

    mask: (batch, steps) or `None`. constants: tensors for the calls of cells that take them.
    uses_fused_kernel: whether torch's fused kernels are used where they compute the same. policy: that of the layer
    around, in whose compute dtype sequences and state come.
    """

    mask: torch.Tensor | None
    training: Any
    constants: list[Any]
    uses_fused_kernel: bool
    policy: Policy

    def of(self, cell: Any, sequences: torch.Tensor, state: list[Any]) -> tuple[torch.Tensor, list[Any]]:
        """Return the outputs of all steps, (batch, steps, …), and the last state."""
        if isinstance(cell, StackedRNNCells) and has_built_in_call(cell) and not has_hooks(cell):
            return self._of_stack(cell, sequences, state)
        if isinstance(cell, RecurrentCell):
            if cell._torchkeras.compute_dtype is not self.policy.compute:
                sequences, state = map_leaves(
                    lambda tensor: tensor.to(cell._torchkeras.compute_dtype), (sequences, state)
                )
            if self._may_pass_over_calls(cell):
                return cell.run(sequences, state, self.mask, self.training, self.uses_fused_kernel)
        _reset_dropout(cell)
        try:
            return run_steps(_Step(cell, self), sequences, state, self.mask)
        finally:
            _reset_dropout(cell)

    def without_mask(self) -> SequenceRun:
        """Return the same for sequences of which all steps count."""
        return dataclasses.replace(self, mask=None)

    def _of_stack(
        self, stack: StackedRNNCells, sequences: torch.Tensor, state: list[Any]
    ) -> tuple[torch.Tensor, list[Any]]:
        # What one cell gives at a masked step does not count for the next cell either: so each cell runs by itself
        # through the whole sequence, which gives the same numbers as all cells at each step.
        following = []
        for cell, before in zip(stack.cells, state, strict=True):
            sequences, after = self.of(cell, sequences, as_list(before))
            following.append(after if isinstance(before, list) else after[0])
        return sequences, following

    def _may_pass_over_calls(self, cell: RecurrentCell) -> bool:
        # The weights of a mixed policy are cast in a call, unless the layer around has it too.
        own, around = cell._torchkeras.policy, self.policy
        reads_alike = not own.is_mixed or (around.is_mixed and own.compute is around.compute)
        is_plain = has_built_in_call(cell) and cell._torchkeras.activity_regularizer is None
        return is_plain and reads_alike and not has_hooks(cell)


class _Step:
    """A call of a cell for one step."""

    def __init__(self, cell: Any, run: SequenceRun) -> None:
        self._cell: Callable[..., Any] = cell if callable(cell) else cell.call
        self._arguments: dict[str, Any] = {}
        if takes_training(cell):
            self._arguments["training"] = run.training
        if run.constants and takes_constants(cell):
            self._arguments["constants"] = run.constants

    def __call__(self, inputs: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        result = self._cell(inputs, state, **self._arguments)
        if not isinstance(result, (list, tuple)) or len(result) != 2:
            raise ValueError(
                "A call of a cell must return two things, (output, states). "
                f"Received: {type(result).__name__}, {describe(result)}, from {self._cell}."
            )
        output, following = result
        return output, as_list(following)


def _reset_dropout(cell: Any) -> None:
    for one in cell.cells if isinstance(cell, StackedRNNCells) else [cell]:
        if isinstance(one, CellDropout):
            one.reset_dropout_mask()
            one.reset_recurrent_dropout_mask()
