"""How does a cell compute a sequence step by step, and what does a mask change?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from torchkeras_layer._structures import leaves, map_leaves, pack


def run_steps(
    step: Callable[[Any, Any], tuple[Any, Any]],
    sequences: Any,
    state: list[Any],
    mask: torch.Tensor | None,
) -> tuple[Any, list[Any]]:
    """Return the outputs of all steps, (batch, steps, …), and the last state.

    A masked step keeps the state, and repeats the output of the previous step; before the first unmasked step, it is 0.

    Args:
        step: function of the inputs of a step and the state that returns the output and the next state.
        sequences: (batch, steps, …), or a nested structure of such tensors; the outputs may be nested too.
        state: the state before the first step.
        mask: (batch, steps), false for steps that are to be ignored.

    >>> add = lambda inputs, state: (inputs + state[0], [inputs + state[0]])
    >>> run_steps(add, torch.ones(1, 3, 1), [torch.zeros(1, 1)], torch.tensor([[True, False, True]]))
    (tensor([[[1.],
             [1.],
             [2.]]]), [tensor([[2.]])])
    """
    outputs: list[Any] = []
    steps = _steps_of(sequences)
    marks = [None] * len(steps) if mask is None else mask.unbind(1)
    for inputs, mark in zip(steps, marks, strict=True):
        output, following = step(inputs, state)
        if mark is not None:
            before = outputs[-1] if outputs else map_leaves(torch.zeros_like, output)
            output = _keep_masked(mark, output, before)
            following = _keep_masked(mark, following, state)
        state = following
        outputs.append(output)
    return map_leaves(lambda *parts: torch.stack(parts, 1), *outputs), state


def _steps_of(sequences: Any) -> Sequence[Any]:
    if isinstance(sequences, torch.Tensor):
        return sequences.unbind(1)
    parts = zip(*(sequence.unbind(1) for sequence in leaves(sequences)), strict=True)
    return [pack(sequences, list(part)) for part in parts]


def _keep_masked(mark: torch.Tensor, following: Any, state: Any) -> Any:
    rest = iter(leaves(following))

    def choose(before: torch.Tensor) -> torch.Tensor:
        after = next(rest)
        return torch.where(_expanded(mark, after), after, before)

    return map_leaves(choose, state)


def run_gates(
    advance: Callable[[torch.Tensor, list[torch.Tensor]], list[torch.Tensor]],
    projected: torch.Tensor,
    state: list[torch.Tensor],
    mask: torch.Tensor | None,
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Do the same as `run_steps` for a cell whose output is its first state.

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
    # Before the first unmasked step, the state is the initial one, but the output is 0.
    has_begun = mask.cumsum(1).unsqueeze(-1) > 0
    return torch.where(has_begun, torch.stack(outputs, 1), 0), state


def _expanded(mark: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    return mark.reshape(-1, *[1] * (values.dim() - 1))


def read_mask(name: str, mask: Any, sequences: torch.Tensor) -> torch.Tensor | None:
    """Return a mask as booleans (batch, steps); `None` stays `None`.

    Raises:
        ValueError: if it has another shape, or is not numeric; the message begins with `name`.

    >>> read_mask("rnn", [[1, 0]], torch.ones(1, 2, 3))
    tensor([[ True, False]])
    """
    mask = first_mask(mask)
    if mask is None:
        return None
    try:
        mask = torch.as_tensor(mask, device=sequences.device)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(_mask_error(name, sequences, repr(mask))) from error
    mask = mask.squeeze(-1) if mask.dim() == 3 else mask
    if mask.dim() != 2 or mask.shape[1] != sequences.shape[1] or mask.shape[0] != sequences.shape[0]:
        raise ValueError(_mask_error(name, sequences, f"a mask of shape {tuple(mask.shape)}"))
    return mask.bool()


def first_mask(mask: Any) -> Any:
    """Return the first mask of a list with one for each input; a single mask is returned unchanged.

    >>> first_mask([torch.tensor([True]), None])
    tensor([True])
    """
    first = leaves(mask)[0] if isinstance(mask, (list, tuple)) and mask else mask
    return first if first is None or hasattr(first, "shape") else mask


def _mask_error(name: str, sequences: torch.Tensor, received: str) -> str:
    return f"{name}: the mask must have shape (batch, steps), here {tuple(sequences.shape[:2])}. Received: {received}."


class MaskedSequences:
    """Prepares masked sequences for a kernel without masks.

    The unmasked steps are moved to the front, in their order, and the outputs are moved back. No shape depends on the
    data, so that this can be compiled; it takes half the time of torch's packed sequences.

    Args:
        mask: (batch, steps), false for steps that are to be ignored.

    >>> masked = MaskedSequences(torch.tensor([[False, True, True]]))
    >>> front = masked.pack(torch.tensor([[[1.0], [2.0], [3.0]]]))
    >>> front, masked.unpack(front)
    (tensor([[[2.],
             [3.],
             [1.]]]), tensor([[[0.],
             [2.],
             [3.]]]))
    """

    def __init__(self, mask: torch.Tensor) -> None:
        batch, steps = mask.shape
        # The number of unmasked steps up to each step.
        counts = mask.cumsum(1)
        positions = torch.arange(steps, device=mask.device)
        targets = torch.where(mask, counts - 1, counts + (steps - 1 - positions))
        order = torch.zeros_like(targets).scatter(1, targets, positions.expand(batch, steps))
        rows = (torch.arange(batch, device=mask.device) * steps).unsqueeze(1)
        self._order, self._origin = (order + rows).flatten(), ((counts - 1).clamp(min=0) + rows).flatten()
        self._has_begun = (counts > 0).unsqueeze(-1)

    def pack(self, sequences: torch.Tensor) -> torch.Tensor:
        """Return the sequences with the unmasked steps in front."""
        # Whole rows are copied, which is several times as fast as torch.gather.
        return sequences.flatten(0, 1).index_select(0, self._order).view(sequences.shape)

    def unpack(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return for each step the output of the last unmasked step up to it; before the first one, 0."""
        found = outputs.flatten(0, 1).index_select(0, self._origin).view(outputs.shape)
        return torch.where(self._has_begun, found, 0)

    def last(self, unpacked: torch.Tensor, initial: torch.Tensor) -> torch.Tensor:
        """Return the output of the last unmasked step, or the initial state if all steps are masked."""
        return torch.where(self._has_begun[:, -1], unpacked[:, -1], initial)
