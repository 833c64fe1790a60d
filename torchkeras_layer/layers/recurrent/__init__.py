"""Layers that go through a sequence step by step, with a state."""

from torchkeras_layer.layers.recurrent.abstract_rnn_cell import AbstractRNNCell
from torchkeras_layer.layers.recurrent.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from torchkeras_layer.layers.recurrent.conv_lstm_cell import ConvLSTMCell
from torchkeras_layer.layers.recurrent.gru import GRU, CuDNNGRU
from torchkeras_layer.layers.recurrent.gru_cell import GRUCell
from torchkeras_layer.layers.recurrent.lstm import LSTM, CuDNNLSTM
from torchkeras_layer.layers.recurrent.lstm_cell import LSTMCell
from torchkeras_layer.layers.recurrent.rnn import RNN
from torchkeras_layer.layers.recurrent.simple_rnn import SimpleRNN
from torchkeras_layer.layers.recurrent.simple_rnn_cell import SimpleRNNCell
from torchkeras_layer.layers.recurrent.stacked_rnn_cells import StackedRNNCells

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
