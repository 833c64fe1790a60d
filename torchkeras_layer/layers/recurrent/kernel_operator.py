"""How do torch's kernels for whole sequences stand in a compiled graph?

As one operator: torch itself would compile a copy of the step for each step of the sequence, which takes seconds, and
fails for an LSTM that trains on a CPU.
"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layers.recurrent.kernel_gradients import gradients
from torchkeras_layer.layers.recurrent.kernels import State, run_directly

# Defined by its schema: the wrapper of torch.library.custom_op takes 25 µs more a call, of 450 for a small LSTM.
_LIBRARY = torch.library.Library("torchkeras_layer", "FRAGMENT")
_OPERANDS = "str kind, Tensor sequences, Tensor[] state, Tensor kernel, Tensor recurrent_kernel, Tensor? bias"
_LIBRARY.define(f"run_recurrence({_OPERANDS}) -> Tensor[]")
_LIBRARY.define(f"run_recurrence_back({_OPERANDS}, Tensor outputs, Tensor of_outputs, Tensor[] of_last) -> Tensor[]")
_RUN, _RUN_BACK = "torchkeras_layer::run_recurrence", "torchkeras_layer::run_recurrence_back"


def run_recurrence(
    kind: str, sequences: torch.Tensor, state: State, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any
) -> State:
    """Do as `kernels.run_directly`, and return outputs and state in one list.

    >>> ones = torch.ones(1, 1)
    >>> run_recurrence("relu", torch.ones(1, 1, 1), [ones], ones, ones, None)
    [tensor([[[2.]]]), tensor([[2.]])]
    """
    return torch.ops.torchkeras_layer.run_recurrence.default(kind, sequences, state, kernel, recurrent_kernel, bias)


def _run(kind: str, sequences: torch.Tensor, state: State, *weights: Any) -> State:
    outputs, last = run_directly(kind, sequences, state, *weights)
    # The operator must give the memory format that it says to give; torch's kernels have steps before the batch.
    return [outputs.contiguous(), *(part.contiguous() for part in last)]


def _run_without_data(
    kind: str, sequences: torch.Tensor, state: State, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any
) -> State:
    batch, steps = sequences.shape[:2]
    units = recurrent_kernel.shape[0]
    return [sequences.new_empty(batch, steps, units), *(sequences.new_empty(batch, units) for _ in state)]


def _run_back(kind: str, sequences: torch.Tensor, state: State, *others: Any) -> State:
    of_sequences, of_state, *of_weights = gradients(kind, sequences, state, *others)
    return [part.contiguous() for part in (of_sequences, *of_state, *of_weights) if part is not None]


def _run_back_without_data(
    kind: str, sequences: torch.Tensor, state: State, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, *others: Any
) -> State:
    bias = others[0]
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
    operands = (ctx.kind, sequences, state, kernel, recurrent_kernel, bias, outputs, of_outputs, of_last)
    of_sequences, *rest = torch.ops.torchkeras_layer.run_recurrence_back.default(*operands)
    of_state, of_weights = rest[: ctx.states], rest[ctx.states :]
    return None, of_sequences, of_state, *of_weights, *([None] if bias is None else [])


for _name, _function, _fake in ((_RUN, _run, _run_without_data), (_RUN_BACK, _run_back, _run_back_without_data)):
    _LIBRARY.impl(_name, _function, "CompositeExplicitAutograd")
    torch.library.register_fake(_name, _fake, lib=_LIBRARY)
torch.library.register_autograd(_RUN, _go_back, setup_context=_remember, lib=_LIBRARY)
