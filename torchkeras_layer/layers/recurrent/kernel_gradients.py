"""Which gradients flow back through a whole sequence?

They are what autograd gives for a loop over the steps, with the multiplications by weights of all steps made at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

State = list[torch.Tensor]
# Gradients of what inputs and state add to the gates of a step, and of the state before it without what goes through
# the gates.
_StepGradients = tuple[torch.Tensor, torch.Tensor, State]


def gradients(
    kind: str,
    sequences: torch.Tensor,
    state: State,
    kernel: torch.Tensor,
    recurrent_kernel: torch.Tensor,
    bias: Any,
    outputs: torch.Tensor,
    of_outputs: torch.Tensor,
    of_last: State,
) -> tuple[torch.Tensor, State, torch.Tensor, torch.Tensor, Any]:
    """Return the gradients of sequences, state, kernel, recurrent kernel and bias.

    Args:
        kind, sequences, state, kernel, recurrent_kernel, bias: as for `kernels.run_directly`, which gave `outputs`.
        of_outputs, of_last: gradients of the outputs and of the last state.

    >>> one = torch.ones(1, 1)
    >>> steps = torch.ones(1, 1, 1)
    >>> gradients("relu", steps, [one], one, 2 * one, None, 3 * steps, steps, [0 * one])[1]
    [tensor([[2.]])]
    """
    before = torch.cat([state[0].unsqueeze(1), outputs[:, :-1]], 1)
    from_inputs, from_state = sequences @ kernel, before @ recurrent_kernel
    if bias is not None:
        from_inputs = from_inputs + (bias[0] if kind == "gru" else bias)
        from_state = from_state + bias[1] if kind == "gru" else from_state
    step = _STEPS[kind](from_inputs, from_state, before, outputs, state)
    of_inputs, of_state, carried = [], [], of_last
    back = recurrent_kernel.t()
    for index in reversed(range(sequences.shape[1])):
        carried = [of_outputs[:, index] + carried[0], *carried[1:]]
        inputs_part, state_part, carried = step(index, carried)
        carried = [torch.addmm(carried[0], state_part, back), *carried[1:]]
        of_inputs.append(inputs_part)
        of_state.append(state_part)
    by_inputs, by_state = torch.stack(of_inputs[::-1], 1), torch.stack(of_state[::-1], 1)
    of_bias = None if bias is None else by_inputs.sum((0, 1))
    if of_bias is not None and kind == "gru":
        of_bias = torch.stack([of_bias, by_state.sum((0, 1))])
    of_kernel = sequences.flatten(0, 1).t() @ by_inputs.flatten(0, 1)
    of_recurrent = before.flatten(0, 1).t() @ by_state.flatten(0, 1)
    return by_inputs @ kernel.t(), carried, of_kernel, of_recurrent, of_bias


def _lstm(
    from_inputs: torch.Tensor, from_state: torch.Tensor, before: torch.Tensor, outputs: torch.Tensor, state: State
) -> Callable[[int, State], _StepGradients]:
    put_in, keep, candidate, show = (from_inputs + from_state).chunk(4, -1)
    put_in, keep, candidate, show = put_in.sigmoid(), keep.sigmoid(), candidate.tanh(), show.sigmoid()
    cells = [state[1]]
    for index in range(before.shape[1]):
        cells.append(keep[:, index] * cells[-1] + put_in[:, index] * candidate[:, index])

    def step(index: int, carried: State) -> _StepGradients:
        h, c = carried
        i, f, g, o = put_in[:, index], keep[:, index], candidate[:, index], show[:, index]
        shown = cells[index + 1].tanh()
        c = c + h * o * (1 - shown * shown)
        parts = (c * g * i * (1 - i), c * cells[index] * f * (1 - f), c * i * (1 - g * g), h * shown * o * (1 - o))
        through_gates = torch.cat(parts, 1)
        return through_gates, through_gates, [torch.zeros_like(h), c * f]

    return step


def _gru(
    from_inputs: torch.Tensor, from_state: torch.Tensor, before: torch.Tensor, outputs: torch.Tensor, state: State
) -> Callable[[int, State], _StepGradients]:
    units = before.shape[-1]
    gates = (from_inputs[..., : 2 * units] + from_state[..., : 2 * units]).sigmoid()
    keep, reset = gates.chunk(2, -1)
    offered = from_state[..., 2 * units :]
    candidate = (from_inputs[..., 2 * units :] + reset * offered).tanh()

    def step(index: int, carried: State) -> _StepGradients:
        h = carried[0]
        z, r, n = keep[:, index], reset[:, index], candidate[:, index]
        of_keep = h * (before[:, index] - n) * z * (1 - z)
        of_candidate = h * (1 - z) * (1 - n * n)
        of_reset = of_candidate * offered[:, index] * r * (1 - r)
        inputs_part = torch.cat([of_keep, of_reset, of_candidate], 1)
        return inputs_part, torch.cat([of_keep, of_reset, of_candidate * r], 1), [h * z]

    return step


def _tanh(
    from_inputs: torch.Tensor, from_state: torch.Tensor, before: torch.Tensor, outputs: torch.Tensor, state: State
) -> Callable[[int, State], _StepGradients]:
    return _plain(1 - outputs * outputs)


def _relu(
    from_inputs: torch.Tensor, from_state: torch.Tensor, before: torch.Tensor, outputs: torch.Tensor, state: State
) -> Callable[[int, State], _StepGradients]:
    return _plain((outputs > 0).to(outputs.dtype))


def _plain(slopes: torch.Tensor) -> Callable[[int, State], _StepGradients]:
    def step(index: int, carried: State) -> _StepGradients:
        through = carried[0] * slopes[:, index]
        return through, through, [torch.zeros_like(through)]

    return step


_STEPS = {"lstm": _lstm, "gru": _gru, "tanh": _tanh, "relu": _relu}
