"""How do torch's kernels for whole sequences stand in a compiled graph?

As one operator: torch itself would compile a copy of the step for each step of the sequence, which takes seconds, and
fails for an LSTM that trains on a CPU.
"""

from __future__ import annotations

from typing import Any, Optional

import torch

from torchkeras_layer.layers.recurrent.kernel_gradients import gradients
from torchkeras_layer.layers.recurrent.kernels import State, run_directly


@torch.library.custom_op("torchkeras_layer::run_recurrence", mutates_args=())
def run_recurrence(
    kind: str,
    sequences: torch.Tensor,
    state: list[torch.Tensor],
    kernel: torch.Tensor,
    recurrent_kernel: torch.Tensor,
    bias: Optional[torch.Tensor],  # noqa: UP045
) -> list[torch.Tensor]:
    """Do as `kernels.run_directly`, and return outputs and state in one list.

    >>> ones = torch.ones(1, 1)
    >>> run_recurrence("relu", torch.ones(1, 1, 1), [ones], ones, ones, None)
    [tensor([[[2.]]]), tensor([[2.]])]
    """
    outputs, last = run_directly(kind, sequences, state, kernel, recurrent_kernel, bias)
    # The operator must give the memory format that it says to give; torch's kernels have steps before the batch.
    return [outputs.contiguous(), *(part.contiguous() for part in last)]


@run_recurrence.register_fake
def _run_without_data(
    kind: str, sequences: torch.Tensor, state: State, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any
) -> State:
    batch, steps = sequences.shape[:2]
    units = recurrent_kernel.shape[0]
    return [sequences.new_empty(batch, steps, units), *(sequences.new_empty(batch, units) for _ in state)]


@torch.library.custom_op("torchkeras_layer::run_recurrence_back", mutates_args=())
def _run_back(
    kind: str,
    sequences: torch.Tensor,
    state: list[torch.Tensor],
    kernel: torch.Tensor,
    recurrent_kernel: torch.Tensor,
    bias: Optional[torch.Tensor],  # noqa: UP045
    outputs: torch.Tensor,
    of_outputs: torch.Tensor,
    of_last: list[torch.Tensor],
) -> list[torch.Tensor]:
    found = gradients(kind, sequences, state, kernel, recurrent_kernel, bias, outputs, of_outputs, of_last)
    of_sequences, of_state, *of_weights = found
    return [part.contiguous() for part in (of_sequences, *of_state, *of_weights) if part is not None]


@_run_back.register_fake
def _run_back_without_data(
    kind: str,
    sequences: torch.Tensor,
    state: State,
    kernel: torch.Tensor,
    recurrent_kernel: torch.Tensor,
    bias: Any,
    *after: Any,
) -> State:
    given = [sequences, *state, kernel, recurrent_kernel, *([] if bias is None else [bias])]
    return [tensor.new_empty(tensor.shape) for tensor in given]


def _remember(ctx: Any, inputs: tuple[Any, ...], output: State) -> None:
    kind, sequences, state, kernel, recurrent_kernel, bias = inputs
    ctx.kind, ctx.states = kind, len(state)
    ctx.save_for_backward(sequences, *state, kernel, recurrent_kernel, bias, output[0])


def _go_back(ctx: Any, grads: State) -> tuple[Any, ...]:
    sequences, *others = ctx.saved_tensors
    state, (kernel, recurrent_kernel, bias, outputs) = others[: ctx.states], others[ctx.states :]
    given = [outputs, *state]
    of_outputs, *of_last = [
        torch.zeros_like(tensor) if grad is None else grad for tensor, grad in zip(given, grads, strict=True)
    ]
    found = _run_back(ctx.kind, sequences, state, kernel, recurrent_kernel, bias, outputs, of_outputs, of_last)
    of_sequences, *rest = found
    of_state, of_weights = rest[: ctx.states], rest[ctx.states :]
    return None, of_sequences, of_state, *of_weights, *([None] if bias is None else [])


run_recurrence.register_autograd(_go_back, setup_context=_remember)
