"""Which recurrent layers go through the conformance suite?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.case import Case

_SHAPE = (3, 4, 2)
_WEIGHTS = (-1.0, 1.0)


def _case(layer: str, arguments: Any, **others: Any) -> Case:
    return Case(layer, arguments, others.pop("shape", _SHAPE), weights=_WEIGHTS, **others)


def _cell(layer: str, **keywords: Any) -> Callable[[Any], dict[str, Any]]:
    """Give an RNN the cell."""
    return lambda library: {"cell": getattr(library.layers, layer)(**keywords, name="inner")}


def _cells(library: Any) -> dict[str, Any]:
    """Give an RNN a stack of cells."""
    layers = library.layers
    cells = [layers.LSTMCell(2, name="first"), layers.GRUCell(3, name="second")]
    return {"cell": layers.StackedRNNCells(cells, name="stack"), "return_sequences": True}


_ALL = {"return_sequences": True, "return_state": True}
_BACKWARDS = {"return_sequences": True, "go_backwards": True}
# A loop over the steps: torch's kernels know no such activation.
_LOOP = {"recurrent_activation": "hard_sigmoid", "kernel_regularizer": "l2", "use_bias": False}

# Cells go through the suites within RNN. Keras 3 has no CuDNN layers.
WITHOUT_CASE = {
    "AbstractRNNCell",
    "ConvLSTMCell",
    "CuDNNGRU",
    "CuDNNLSTM",
    "GRUCell",
    "LSTMCell",
    "SimpleRNNCell",
    "StackedRNNCells",
}
CASES = [
    *(_case(layer, {"units": 3}) for layer in ("SimpleRNN", "GRU", "LSTM")),
    *(_case(layer, {"units": 2, **_ALL}) for layer in ("SimpleRNN", "GRU", "LSTM")),
    *(_case(layer, {"units": 2, **_BACKWARDS, "zero_output_for_mask": True}) for layer in ("SimpleRNN", "GRU", "LSTM")),
    _case("SimpleRNN", {"units": 2, "activation": "softsign", "return_sequences": True}),
    *(_case(layer, {"units": 2, **_LOOP}) for layer in ("GRU", "LSTM")),
    _case("GRU", {"units": 3, "reset_after": False, **_ALL}),
    _case("LSTM", {"units": 3, "dropout": 0.4, "seed": 3, "return_sequences": True}, training=True),
    _case("GRU", {"units": 3, "dropout": 0.4, "recurrent_dropout": 0.2, "seed": 3}, training=True),
    # Keras forgets the seed in the config of a SimpleRNN.
    _case("RNN", _cell("SimpleRNNCell", units=3, dropout=0.4, recurrent_dropout=0.2, seed=3), training=True),
    _case("RNN", _cell("SimpleRNNCell", units=3)),
    _case("RNN", _cell("GRUCell", units=3, reset_after=False)),
    _case("RNN", _cell("LSTMCell", units=3, unit_forget_bias=False)),
    _case("RNN", _cells),
]
