"""How do torch's own kernels compute a whole sequence with weights in Keras's layout?

The kinds are 'lstm', 'gru' (with `reset_after`), 'tanh' and 'relu' (the fully connected cell with this activation).
"""

from __future__ import annotations

from typing import Any

import torch

State = list[torch.Tensor]


def run_directly(
    kind: str, sequences: torch.Tensor, state: State, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any
) -> tuple[torch.Tensor, State]:
    """Return the outputs of all steps, (batch, steps, units), and the last state.

    Args:
        sequences: (batch, steps, in). state: [h, c] or [h], each (batch, units).
        kernel, recurrent_kernel: (in, gates * units) and (units, gates * units). bias: of the cell, or `None`.

    >>> ones = torch.ones(1, 1)
    >>> run_directly("relu", torch.ones(1, 3, 1), [ones], ones, ones, None)
    (tensor([[[2.],
             [3.],
             [4.]]]), [tensor([[4.]])])
    """
    weights = torchs_weights(kind, kernel, recurrent_kernel, bias)
    outputs, *last = run_kernel_of(kind, sequences, [part.unsqueeze(0).contiguous() for part in state], weights)
    return outputs, [part[0] for part in last]


def run_kernel_of(kind: str, sequences: torch.Tensor, state: State, weights: State) -> tuple[torch.Tensor, ...]:
    """Return outputs, (batch, steps, units), and the last state, which is (1, batch, units), as the first must be.

    >>> ones = torch.ones(1, 1)
    >>> run_kernel_of("relu", torch.ones(1, 2, 1), [torch.ones(1, 1, 1)], [ones, ones])
    (tensor([[[2.],
             [3.]]]), tensor([[[3.]]]))
    """
    # cuDNN keeps what the backward pass needs only if it is told that there may be one.
    options = (len(weights) == 4, 1, 0.0, torch.is_grad_enabled(), False, True)
    if kind == "lstm":
        return torch.lstm(sequences, state, weights, *options)
    if kind == "gru":
        return torch.gru(sequences, state[0], weights, *options)
    run = torch.rnn_tanh if kind == "tanh" else torch.rnn_relu
    return run(sequences, state[0], weights, *options)


def torchs_weights(kind: str, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any) -> State:
    """Return the weights as torch's kernels take them.

    >>> one = torch.ones(1, 1)
    >>> torchs_weights("relu", one, one, torch.ones(1))
    [tensor([[1.]]), tensor([[1.]]), tensor([1.]), tensor([0.])]
    """
    if kind == "gru":
        return _reordered(kernel, recurrent_kernel, bias)
    weights = [_transposed(kernel), _transposed(recurrent_kernel)]
    # Of torch's two biases, which it adds, the second is 0.
    return weights if bias is None else [*weights, bias, torch.zeros_like(bias)]


def _reordered(kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any) -> State:
    """Return torch's weights for gates r, z, candidate, of Keras's z, r, candidate.

    The two copies took 8 µs of 3000 for GRU(64) on 32 x 64 x 128; weights kept in torch's order could not be shown in
    Keras's.
    """
    weights = [_transposed(_swap(kernel)), _transposed(_swap(recurrent_kernel))]
    return weights if bias is None else [*weights, *_swap(bias).unbind(0)]


def _transposed(weight: torch.Tensor) -> torch.Tensor:
    # On the CPU a view: it cost LSTM(32) on 32 x 50 x 16 13 µs of 420. cuDNN takes no views, and copies once more.
    return weight.t() if weight.is_cpu else weight.t().contiguous()


def _swap(weight: torch.Tensor) -> torch.Tensor:
    keep, reset, candidate = weight.chunk(3, 1)
    return torch.cat([reset, keep, candidate], 1)
