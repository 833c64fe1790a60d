"""Which recurrent layers and cells are there?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.layers.recurrent.cells import AbstractRNNCell, StackedRNNCells
from torchkeras_layer.layers.recurrent.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from torchkeras_layer.layers.recurrent.conv_lstm_cell import ConvLSTMCell
from torchkeras_layer.layers.recurrent.gru import GRU, CuDNNGRU, GRUCell
from torchkeras_layer.layers.recurrent.lstm import LSTM, CuDNNLSTM, LSTMCell
from torchkeras_layer.layers.recurrent.rnn import RNN
from torchkeras_layer.layers.recurrent.simple_rnn import SimpleRNN, SimpleRNNCell

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "AbstractRNNCell",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "ConvLSTMCell",
    "CuDNNGRU",
    "CuDNNLSTM",
    "GRUCell",
    "LSTMCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedRNNCells",
]

if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "layers")
