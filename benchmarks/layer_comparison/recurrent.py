"""What stands beside each recurrent layer?"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from benchmarks.layer_comparison.entry import Entry

_CELL = "is a step of a recurrent layer, which is measured"
_CONV_LSTM = "has no counterpart in torch"
_SEQUENCES = (50, 16)
_STATES = "weights of Keras's shapes and initial states are converted for torch's kernel: about 15 µs."


class Recurrent(nn.Module):
    """One of torch's recurrent modules, of which the outputs alone are wanted, or that of the last step."""

    def __init__(self, module: nn.Module, last: bool) -> None:
        super().__init__()
        self.module, self.last = module, last
        for name, weight in module.named_parameters():
            # Keras has one bias; the second one of the module stays at 0, where its kernel needs it.
            weight.requires_grad_("bias_hh" not in name or isinstance(module, nn.GRU))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs."""
        outputs, _ = self.module(inputs)
        return outputs[:, -1] if self.last else outputs


class _Loop(nn.Module):
    """A cell of torch's, step by step, as one would write it for a cell of one's own."""

    def __init__(self, size: int, units: int) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(size, units)
        self.cell.bias_hh.requires_grad_(False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        states: Any = None
        for step in inputs.unbind(1):
            states = self.cell(step, states)
        return states[0]


ENTRIES = [
    Entry(
        "Bidirectional",
        lambda k: {"layer": k.layers.LSTM(32, return_sequences=True)},
        _SEQUENCES,
        lambda: Recurrent(nn.LSTM(16, 32, batch_first=True, bidirectional=True), last=False),
        why="eight weights and four states are converted for torch's kernel, which is called once: about 40 µs.",
    ),
    Entry(
        "GRU", {"units": 32}, _SEQUENCES, lambda: Recurrent(nn.GRU(16, 32, batch_first=True), last=True), why=_STATES
    ),
    Entry(
        "LSTM", {"units": 32}, _SEQUENCES, lambda: Recurrent(nn.LSTM(16, 32, batch_first=True), last=True), why=_STATES
    ),
    Entry("RNN", lambda k: {"cell": k.layers.LSTMCell(32)}, (10, 16), lambda: _Loop(16, 32)),
    Entry("SimpleRNN", {"units": 32}, _SEQUENCES, lambda: Recurrent(nn.RNN(16, 32, batch_first=True), last=True)),
]

WITHOUT_COUNTERPART = {
    "AbstractRNNCell": "is what a user derives cells from",
    "ConvLSTM1D": _CONV_LSTM,
    "ConvLSTM2D": _CONV_LSTM,
    "ConvLSTM3D": _CONV_LSTM,
    "ConvLSTMCell": _CONV_LSTM,
    "CuDNNGRU": "is GRU with other defaults, for old code",
    "GRUCell": _CELL,
    "LSTMCell": _CELL,
    "SimpleRNNCell": _CELL,
    "StackedRNNCells": _CELL,
}
