"""When can one of torch's fused kernels compute both directions of a sequence, and how?"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.modules.module import _has_any_global_hook

from torchkeras_layer._autograd import is_transformed, may_need_gradients
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layers.recurrent.cells import has_hooks
from torchkeras_layer.layers.recurrent.fused_kernels import needs_operator, torch_weights
from torchkeras_layer.layers.recurrent.gru import GRU
from torchkeras_layer.layers.recurrent.initial_states import state_before_call
from torchkeras_layer.layers.recurrent.lstm import LSTM
from torchkeras_layer.layers.recurrent.recurrent_layer import RecurrentLayer
from torchkeras_layer.layers.recurrent.simple_rnn import SimpleRNN

_KERNELS = {"lstm": torch.lstm, "gru": torch.gru, "tanh": torch.rnn_tanh, "relu": torch.rnn_relu}
_WITH_KERNELS = (LSTM, GRU, SimpleRNN)


def fused_kind(forward: Any, backward: Any, sequences: torch.Tensor, training: Any) -> str | None:
    """Return the kind of torch's kernel that computes two layers of opposite directions at once, without a mask.

    Return `None` if there is none, or if the layers must be called, for instance because of hooks.

    >>> backward = LSTM(2, go_backwards=True)
    >>> fused_kind(LSTM(2), backward, torch.ones(1, 1, 1), False), fused_kind(LSTM(3), backward, torch.ones(1), False)
    ('lstm', None)
    """
    kind = _kind_of(forward, training)
    if kind is None or kind != _kind_of(backward, training):
        return None
    one, other = forward.cell, backward.cell
    is_one = (
        not forward.go_backwards
        and one.units == other.units
        and one.use_bias == other.use_bias
        and forward._torchkeras.compute_dtype is backward._torchkeras.compute_dtype is sequences.dtype
        and not (forward._torchkeras.casts_weights or backward._torchkeras.casts_weights)
        and not per_thread.context.is_tracing
    )
    if not is_one or needs_operator(sequences) or is_transformed():
        return None
    # Global hooks need calls of both layers.
    return None if _has_any_global_hook() else kind


def _kind_of(layer: Any, training: Any) -> str | None:
    """Return the kind of torch's kernel that computes a layer, or `None` if the layer must be called."""
    if type(layer) not in _WITH_KERNELS or has_hooks(layer):
        return None
    cell = layer.cell
    is_dropping = training and (cell.dropout or cell.recurrent_dropout)
    is_more = (
        layer._torchkeras.stateful
        or layer.time_major
        or layer._torchkeras.activity_regularizer is not None
        or has_hooks(cell)
    )
    return None if is_dropping or is_more or not layer._torchkeras.derived.uses_fused_kernel else cell.kernel_kind()


def run_fused_directions(
    kind: str, forward: RecurrentLayer, backward: RecurrentLayer, sequences: torch.Tensor, before: tuple[Any, Any]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return the outputs of all steps, (batch, steps, 2 * units), and the list of the last states.

    The outputs of both layers for a step are concatenated; the states of the forward layer come first.

    Args:
        kind: the kind of torch's kernel, found by `fused_kind`.
        forward, backward: the two layers.
        sequences: (batch, steps, in).
        before: the initial states of each layer; `None` for zeros.

    >>> layers = [SimpleRNN(1, "relu", kernel_initializer="ones", go_backwards=back) for back in (False, True)]
    >>> for layer in layers:
    ...     layer.build((None, None, 1))
    >>> run_fused_directions("relu", *layers, torch.ones(1, 1, 1), (None, None))[0].detach()
    tensor([[[1., 1.]]])
    """
    if before[0] is None:
        zeros = sequences.new_zeros((2, sequences.shape[0], forward.cell.units))
        first = [zeros, zeros]
    else:
        given = zip((forward, backward), before, strict=True)
        states = (state_before_call(layer, sequences, state) for layer, state in given)
        first = [torch.stack(pair) for pair in zip(*states, strict=True)]
    cells = forward.cell, backward.cell
    weights = [weight for cell in cells for weight in torch_weights(kind, *cell.kernel_weights(sequences))]
    options = (forward.cell.use_bias, 1, 0.0, may_need_gradients(), True, True)
    outputs, *last = _KERNELS[kind](sequences, first if kind == "lstm" else first[0], weights, *options)
    return outputs, [*(part[0] for part in last), *(part[1] for part in last)]
