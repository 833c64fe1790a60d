"""What are the gradients of a whole sequence that a fused kernel has computed?

They are the same as those of autograd for a loop over the steps. Everything that does not depend on the gradient of the
next step is computed for all steps at once; the rest takes four to eight operations for each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

State = list[torch.Tensor]
# Gradients of the contributions of inputs and state to the gates, for all steps, and of the initial state.
_Found = tuple[torch.Tensor, torch.Tensor, State]


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
        kind, sequences, state, kernel, recurrent_kernel, bias: as for `run_torch_kernel`, which returned `outputs`.
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
    back = _BACK[kind]
    by_inputs, by_state, of_state = back(
        from_inputs, from_state, before, outputs, state, of_outputs, of_last, recurrent_kernel.t()
    )
    of_bias = None if bias is None else by_inputs.sum((0, 1))
    if of_bias is not None and kind == "gru":
        of_bias = torch.stack([of_bias, by_state.sum((0, 1))])
    of_kernel = sequences.flatten(0, 1).t() @ by_inputs.flatten(0, 1)
    of_recurrent = before.flatten(0, 1).t() @ by_state.flatten(0, 1)
    return by_inputs @ kernel.t(), of_state, of_kernel, of_recurrent, of_bias


def _lstm(
    from_inputs: torch.Tensor,
    from_state: torch.Tensor,
    before: torch.Tensor,
    outputs: torch.Tensor,
    state: State,
    of_outputs: torch.Tensor,
    of_last: State,
    back: torch.Tensor,
) -> _Found:
    parts = (from_inputs + from_state).chunk(4, -1)
    candidate = parts[2].tanh()
    input_gate, forget_gate, output_gate = (parts[index].sigmoid() for index in (0, 1, 3))
    cells = [state[1]]
    for kept, added in zip(forget_gate.unbind(1), (input_gate * candidate).unbind(1), strict=True):
        cells.append(torch.addcmul(added, kept, cells[-1]))
    tanh_c = torch.stack(cells[1:], 1).tanh()
    to_c, by_h = output_gate * (1 - tanh_c * tanh_c), tanh_c * output_gate * (1 - output_gate)
    by_input_gate = candidate * input_gate * (1 - input_gate)
    by_forget_gate = torch.stack(cells[:-1], 1) * forget_gate * (1 - forget_gate)
    by_c = torch.stack([by_input_gate, by_forget_gate, input_gate * (1 - candidate * candidate)], 2)
    h, c = of_last
    found = []
    for of_output, to, through_c, through_h, kept in _backwards(of_outputs, to_c, by_c, by_h, forget_gate):
        h = of_output + h
        c = torch.addcmul(c, h, to)
        found.append(torch.cat([(through_c * c.unsqueeze(1)).flatten(1), through_h * h], 1))
        h, c = found[-1] @ back, c * kept
    gates = torch.stack(found[::-1], 1)
    return gates, gates, [h, c]


def _gru(
    from_inputs: torch.Tensor,
    from_state: torch.Tensor,
    before: torch.Tensor,
    outputs: torch.Tensor,
    state: State,
    of_outputs: torch.Tensor,
    of_last: State,
    back: torch.Tensor,
) -> _Found:
    split = 2 * before.shape[-1]
    update, reset = (from_inputs[..., :split] + from_state[..., :split]).sigmoid().chunk(2, -1)
    recurrent = from_state[..., split:]
    candidate = (from_inputs[..., split:] + reset * recurrent).tanh()
    of_candidate = (1 - update) * (1 - candidate * candidate)
    of_gates = ((before - candidate) * update * (1 - update), of_candidate * recurrent * reset * (1 - reset))
    by_h = torch.stack([*of_gates, of_candidate * reset], 2)
    (h,) = of_last
    totals, found = [], []
    for of_output, through, kept in _backwards(of_outputs, by_h, update):
        totals.append(of_output + h)
        found.append((through * totals[-1].unsqueeze(1)).flatten(1))
        h = torch.addmm(totals[-1] * kept, found[-1], back)
    by_state = torch.stack(found[::-1], 1)
    of_inputs = torch.stack(totals[::-1], 1) * of_candidate
    return torch.cat([by_state[..., :split], of_inputs], -1), by_state, [h]


def _tanh(
    from_inputs: torch.Tensor, from_state: torch.Tensor, before: torch.Tensor, outputs: torch.Tensor, *others: Any
) -> _Found:
    return _through(1 - outputs * outputs, *others)


def _relu(
    from_inputs: torch.Tensor, from_state: torch.Tensor, before: torch.Tensor, outputs: torch.Tensor, *others: Any
) -> _Found:
    return _through((outputs > 0).to(outputs.dtype), *others)


def _through(
    slopes: torch.Tensor, state: State, of_outputs: torch.Tensor, of_last: State, back: torch.Tensor
) -> _Found:
    (h,) = of_last
    found = []
    for of_output, slope in _backwards(of_outputs, slopes):
        found.append((of_output + h) * slope)
        h = found[-1] @ back
    total = torch.stack(found[::-1], 1)
    return total, total, [h]


def _backwards(*sequences: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """Return the entries of sequences at each step, from the last step to the first."""
    return zip(*(reversed(sequence.unbind(1)) for sequence in sequences), strict=True)


_BACK: dict[str, Callable[..., _Found]] = {"lstm": _lstm, "gru": _gru, "tanh": _tanh, "relu": _relu}
