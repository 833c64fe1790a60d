"""Which entries are there, and which layers have none, since nothing in torch stands beside them?"""

from __future__ import annotations

from benchmarks.layer_comparison import (
    activations,
    attention,
    convolution,
    core,
    merging,
    normalization,
    pooling,
    preprocessing,
    recurrent,
    regularization,
    reshaping,
    wrappers,
)

_FAMILIES = (
    activations,
    attention,
    convolution,
    core,
    merging,
    normalization,
    pooling,
    preprocessing,
    recurrent,
    regularization,
    reshaping,
    wrappers,
)

ENTRIES = [entry for family in _FAMILIES for entry in family.ENTRIES]

_WORDS = "works on words or hashes, for which torch has nothing"
_CELL = "is a step of a recurrent layer, which is measured"
_CONV_LSTM = "has no counterpart in torch"

WITHOUT_COUNTERPART = {
    "AbstractRNNCell": "is what a user derives cells from",
    "ActivityRegularization": "adds a loss, which modules have not",
    "ConvLSTM1D": _CONV_LSTM,
    "ConvLSTM2D": _CONV_LSTM,
    "ConvLSTM3D": _CONV_LSTM,
    "ConvLSTMCell": _CONV_LSTM,
    "CuDNNGRU": "is GRU with other defaults, for old code",
    "GRUCell": _CELL,
    "HashedCrossing": _WORDS,
    "Hashing": _WORDS,
    "InputLayer": "stands for the inputs of a graph, and is not called",
    "IntegerLookup": _WORDS,
    "LSTMCell": _CELL,
    "Layer": "is what a user derives from; `python -m benchmarks identity` measures it",
    "SimpleRNNCell": _CELL,
    "StackedRNNCells": _CELL,
    "StringLookup": _WORDS,
    "TextVectorization": _WORDS,
    "TorchFunction": "stands for a function in a graph; what runs is the function",
    "Wrapper": "is what a user derives from",
}
