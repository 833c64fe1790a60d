"""How does a cell go through a sequence, one step after the other?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer._structures import leaves, map_leaves


def run_steps(
    step: Callable[[torch.Tensor, Any], tuple[torch.Tensor, Any]],
    sequences: torch.Tensor,
    state: list[Any],
    mask: torch.Tensor | None,
) -> tuple[torch.Tensor, list[Any]]:
    """Return the outputs of all steps, (batch, steps, …), and the last state.

    A masked step keeps the state, and repeats the output of the step before; before the first, that is 0.

    Args:
        step: gives output and next state for the inputs of a step and the state.
        sequences: (batch, steps, …). mask: (batch, steps), false where a step does not count.

    >>> add = lambda inputs, state: (inputs + state[0], [inputs + state[0]])
    >>> run_steps(add, torch.ones(1, 3, 1), [torch.zeros(1, 1)], torch.tensor([[True, False, True]]))
    (tensor([[[1.],
             [1.],
             [2.]]]), [tensor([[2.]])])
    """
    outputs: list[torch.Tensor] = []
    marks = [None] * sequences.shape[1] if mask is None else mask.unbind(1)
    for inputs, mark in zip(sequences.unbind(1), marks, strict=True):
        output, following = step(inputs, state)
        if mark is not None:
            before = outputs[-1] if outputs else torch.zeros_like(output)
            output = torch.where(_beside(mark, output), output, before)
            following = _held(mark, following, state)
        state = following
        outputs.append(output)
    return torch.stack(outputs, 1), state


def _held(mark: torch.Tensor, following: Any, state: Any) -> Any:
    rest = iter(leaves(following))

    def choose(before: torch.Tensor) -> torch.Tensor:
        after = next(rest)
        return torch.where(_beside(mark, after), after, before)

    return map_leaves(choose, state)


def run_gates(
    advance: Callable[[torch.Tensor, list[torch.Tensor]], list[torch.Tensor]],
    projected: torch.Tensor,
    state: list[torch.Tensor],
    mask: torch.Tensor | None,
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Do as `run_steps` for a cell whose output is its first state.

    >>> add = lambda inputs, state: [inputs + state[0]]
    >>> run_gates(add, torch.ones(1, 2, 1), [torch.ones(1, 1)], torch.tensor([[False, True]]))
    (tensor([[[0.],
             [2.]]]), [tensor([[2.]])])
    """
    outputs: list[torch.Tensor] = []
    if mask is None:
        for inputs in projected.unbind(1):
            state = advance(inputs, state)
            outputs.append(state[0])
        return torch.stack(outputs, 1), state
    for inputs, mark in zip(projected.unbind(1), mask.unsqueeze(-1).unbind(1), strict=True):
        following = advance(inputs, state)
        state = [torch.where(mark, after, before) for after, before in zip(following, state, strict=True)]
        outputs.append(state[0])
    # Until a step counts, the state is the initial one, and the output 0.
    has_begun = mask.cumsum(1).unsqueeze(-1) > 0
    return torch.where(has_begun, torch.stack(outputs, 1), 0), state


def _beside(mark: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    return mark.reshape(-1, *[1] * (values.dim() - 1))
