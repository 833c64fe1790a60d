"""How does one of torch's fused kernels compute a whole sequence with weights in Keras's layout?

The kinds of kernels are 'lstm', 'gru' (with `reset_after`), and 'tanh' and 'relu' (`SimpleRNN` with this activation).

In a compiled graph, a kernel is one custom operator. Torch itself would compile a copy of the computation for each step
of the sequence, which takes seconds, and fails for an LSTM that trains on a CPU.
"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._autograd import may_need_gradients
from torchkeras_layer.layers.recurrent.fused_kernel_gradients import gradients

State = list[torch.Tensor]
# Defined by its schema, because torch.library.custom_op takes 25 µs more for each call, of 450 for a small LSTM.
_LIBRARY = torch.library.Library("torchkeras_layer", "FRAGMENT")
_OPERANDS = "str kind, Tensor sequences, Tensor[] state, Tensor kernel, Tensor recurrent_kernel, Tensor? bias"
_LIBRARY.define(f"run_recurrence({_OPERANDS}) -> Tensor[]")
_LIBRARY.define(f"run_recurrence_back({_OPERANDS}, Tensor outputs, Tensor of_outputs, Tensor[] of_last) -> Tensor[]")
# Added to a gate, these numbers make its sigmoid 0, whatever the other terms are; the second one fits into float16.
_CLOSED, _CLOSED_IN_HALF = -1e30, -1e4
_RUN, _RUN_BACK = "torchkeras_layer::run_recurrence", "torchkeras_layer::run_recurrence_back"


def run_fused(
    kind: str, sequences: torch.Tensor, state: State, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any
) -> tuple[torch.Tensor, State]:
    """Do the same as `run_torch_kernel`, as one operator if a tracer would otherwise decompose the kernel.

    >>> ones = torch.ones(1, 1)
    >>> run_fused("relu", torch.ones(1, 1, 1), [ones], ones, ones, None)
    (tensor([[[2.]]]), [tensor([[2.]])])
    """
    weights = (kernel, recurrent_kernel, bias)
    if needs_operator(sequences):
        outputs, *last = run_recurrence(kind, sequences, state, *weights)
        return outputs, last
    return run_torch_kernel(kind, sequences, state, *weights)


def needs_operator(sequences: torch.Tensor) -> bool:
    """Whether a tracer would decompose a kernel: the compiler runs, or the tensors have no data.

    >>> needs_operator(torch.ones(1)), needs_operator(torch.ones(1, device="meta"))
    (False, True)
    """
    if torch.compiler.is_exporting():
        # Exported programs with torch's own operator load without this library, but the number of steps is fixed.
        return not isinstance(sequences.shape[1], int)
    return torch.compiler.is_compiling() or sequences.is_meta or type(sequences) is not torch.Tensor


def run_torch_kernel(
    kind: str, sequences: torch.Tensor, state: State, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any
) -> tuple[torch.Tensor, State]:
    """Return the outputs of all steps, (batch, steps, units), and the last state.

    Args:
        sequences: (batch, steps, in). state: [h, c] or [h], each (batch, units).
        kernel, recurrent_kernel: (in, gates * units) and (units, gates * units). bias: of the cell, or `None`.

    >>> ones = torch.ones(1, 1)
    >>> run_torch_kernel("relu", torch.ones(1, 3, 1), [ones], ones, ones, None)
    (tensor([[[2.],
             [3.],
             [4.]]]), [tensor([[4.]])])
    """
    weights = torch_weights(kind, kernel, recurrent_kernel, bias)
    outputs, *last = call_torch(kind, sequences, [part.unsqueeze(0).contiguous() for part in state], weights)
    return outputs, [part[0] for part in last]


def call_torch(kind: str, sequences: torch.Tensor, state: State, weights: State) -> tuple[torch.Tensor, ...]:
    """Call a kernel of torch; return the outputs, (batch, steps, units), and the last state.

    Each tensor of the initial and of the last state is (1, batch, units).

    >>> ones = torch.ones(1, 1)
    >>> call_torch("relu", torch.ones(1, 2, 1), [torch.ones(1, 1, 1)], [ones, ones])
    (tensor([[[2.],
             [3.]]]), tensor([[[3.]]]))
    """
    # cuDNN saves what the backward pass needs only if told that there may be one.
    options = (len(weights) == 4, 1, 0.0, may_need_gradients(), False, True)
    if kind == "lstm":
        return torch.lstm(sequences, state, weights, *options)
    if kind == "gru":
        return torch.gru(sequences, state[0], weights, *options)
    run = torch.rnn_tanh if kind == "tanh" else torch.rnn_relu
    return run(sequences, state[0], weights, *options)


def keep_cell_state(
    sequences: torch.Tensor, kernel: torch.Tensor, mask: torch.Tensor, is_in_autocast: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return modified sequences and a modified kernel with which an LSTM keeps its state c in masked steps.

    >>> keep_cell_state(torch.ones(1, 2, 1), torch.ones(1, 4), torch.tensor([[True, False]]), False)[0]
    tensor([[[1., 0.],
             [0., 1.]]])
    """
    # An additional feature, 1 in masked steps, opens the forget gate and closes the input gate, so that c stays the
    # same. The copy of the kernel and the wider inputs take 40 µs of 640 for LSTM(32) on 32 x 50 x 16.
    is_masked = ~mask.unsqueeze(-1)
    sequences = torch.cat([sequences.masked_fill(is_masked, 0), is_masked.to(sequences.dtype)], -1)
    units = kernel.shape[1] // 4
    amount = _CLOSED_IN_HALF if is_in_autocast or kernel.dtype is torch.float16 else _CLOSED
    closed = torch.full((1, units), amount, dtype=kernel.dtype, device=kernel.device)
    unchanged = torch.zeros_like(kernel[:1, : 2 * units])
    return sequences, torch.cat([kernel, torch.cat([closed, -closed, unchanged], 1)])


def torch_weights(kind: str, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any) -> State:
    """Return the weights in the layout of torch's kernels.

    >>> one = torch.ones(1, 1)
    >>> torch_weights("relu", one, one, torch.ones(1))
    [tensor([[1.]]), tensor([[1.]]), tensor([1.]), tensor([0.])]
    """
    if kind == "gru":
        return _reordered(kernel, recurrent_kernel, bias)
    weights = [_transposed(kernel), _transposed(recurrent_kernel)]
    # Torch adds two biases; the second one is 0.
    return weights if bias is None else [*weights, bias, torch.zeros_like(bias)]


def _reordered(kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any) -> State:
    """Return weights with the gates in torch's order r, z, candidate, given those in Keras's order z, r, candidate.

    The two copies took 8 µs of 3000 for GRU(64) on 32 x 64 x 128. Weights stored in torch's order could not be viewed
    in Keras's.
    """
    weights = [_transposed(_swap(kernel)), _transposed(_swap(recurrent_kernel))]
    return weights if bias is None else [*weights, *_swap(bias).unbind(0)]


def _transposed(weight: torch.Tensor) -> torch.Tensor:
    # On the CPU a view is enough; a copy took 13 µs of 420 for LSTM(32) on 32 x 50 x 16. cuDNN would copy a view.
    return weight.t() if weight.is_cpu else weight.t().contiguous()


def _swap(weight: torch.Tensor) -> torch.Tensor:
    update, reset, candidate = weight.chunk(3, 1)
    return torch.cat([reset, update, candidate], 1)


def run_recurrence(
    kind: str, sequences: torch.Tensor, state: State, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any
) -> State:
    """Do the same as `run_torch_kernel`, as one operator; return outputs and last state in one list.

    >>> ones = torch.ones(1, 1)
    >>> run_recurrence("relu", torch.ones(1, 1, 1), [ones], ones, ones, None)
    [tensor([[[2.]]]), tensor([[2.]])]
    """
    return torch.ops.torchkeras_layer.run_recurrence.default(kind, sequences, state, kernel, recurrent_kernel, bias)


def _run(kind: str, sequences: torch.Tensor, state: State, *weights: Any) -> State:
    outputs, last = run_torch_kernel(kind, sequences, state, *weights)
    # The operator must return the memory format that it declares; torch's kernels have steps before the batch.
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


def _save_for_backward(ctx: Any, inputs: tuple[Any, ...], output: State) -> None:
    kind, sequences, state, kernel, recurrent_kernel, bias = inputs
    ctx.kind, ctx.states = kind, len(state)
    ctx.save_for_backward(sequences, *state, kernel, recurrent_kernel, bias, output[0])


def _backward(ctx: Any, grads: State) -> tuple[Any, ...]:
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
torch.library.register_autograd(_RUN, _backward, setup_context=_save_for_backward, lib=_LIBRARY)
