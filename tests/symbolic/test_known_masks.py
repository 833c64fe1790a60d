"""Which layers tell the shapes and masks of a symbolic call on masked inputs without being run?"""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest

import torchkeras_layer as keras
from torchkeras_layer.layer import symbolic_calls

L = keras.layers
KNOWN = {
    "dense": lambda: L.Dense(2),
    "dropout": lambda: L.Dropout(0.5),
    "activation": lambda: L.Activation("relu"),
    "batch normalization": lambda: L.BatchNormalization(),
    "layer normalization": lambda: L.LayerNormalization(),
    "time distributed": lambda: L.TimeDistributed(L.Dense(3)),
    "time distributed states": lambda: L.TimeDistributed(L.TimeDistributed(L.Dense(3))),
    "last": lambda: L.LSTM(2),
    "sequences": lambda: L.GRU(2, return_sequences=True, return_state=True),
    "cells": lambda: L.RNN([L.GRUCell(2), L.LSTMCell(3)], return_sequences=True),
    "both directions": lambda: L.Bidirectional(L.LSTM(2, return_sequences=True)),
    "apart": lambda: L.Bidirectional(L.GRU(2, return_sequences=True), merge_mode=None),
    "average": lambda: L.GlobalAveragePooling1D(),
    "convolution": lambda: L.Conv1D(2, 3),
    "flatten": lambda: L.Flatten(),
    "own mask": lambda: L.Masking(),
    "mixed": lambda: L.Dense(2, dtype="mixed_bfloat16"),
}


def masked(kind):
    """Return symbolic inputs of rank 3, or 4 for nested wrappers, with a mask of their steps."""
    if kind.endswith("states"):
        return L.Masking()(keras.Input((6, 5, 4)))
    return L.Embedding(9, 4, mask_zero=True)(keras.Input((6,), dtype="int32"))


def described(outputs):
    tensors = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return [(one.shape, one.dtype, one._mask_spec and one._mask_spec.shape) for one in tensors]


@pytest.mark.parametrize("kind", KNOWN)
def test_what_is_known_is_what_a_run_finds(kind, monkeypatch):
    runs = []
    run = symbolic_calls._run_symbolically
    monkeypatch.setattr(
        symbolic_calls, "_run_symbolically", lambda layer, *rest: runs.append(layer) or run(layer, *rest)
    )
    layer, inputs = KNOWN[kind](), masked(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        known = described(layer(inputs))
        assert runs == []
        monkeypatch.setattr(symbolic_calls, "_shapes_are_enough", lambda *_: False)
        monkeypatch.setattr(type(layer), "_torchkeras_infer", keras.Layer._torchkeras_infer)
        assert described(layer(inputs)) == known
        assert runs == [layer]


def test_a_lost_mask_is_warned_of():
    with pytest.warns(UserWarning, match="does not support masking"):
        assert L.Conv1D(2, 3)(masked(""))._mask_spec is None


def test_a_mask_that_does_not_fit_is_refused_at_once():
    with pytest.raises(ValueError, match="mask must broadcast"):
        L.Softmax()(masked(""))
    with pytest.raises(ValueError, match="one axis less"):
        L.BatchNormalization()(L.TimeDistributed(L.TimeDistributed(L.Reshape((2, 2))))(masked("states")))


def test_the_compute_mask_of_a_subclass_is_run():
    class Shifted(L.Dense):
        def compute_mask(self, inputs, mask=None):
            return mask[:, 1:]

    layer = Shifted(2)
    layer.supports_masking = True
    assert layer(masked(""))._mask_spec.shape == (None, 5)


def test_a_model_of_masked_sequences_does_not_import_the_compiler():
    program = (
        "import sys\n"
        "import torchkeras_layer as keras\n"
        "L = keras.layers\n"
        "x = keras.Input((6,), dtype='int32')\n"
        "y = L.Bidirectional(L.LSTM(2, return_sequences=True))(L.Embedding(9, 4, mask_zero=True)(x))\n"
        "keras.Model(x, L.TimeDistributed(L.Dense(3, activation='softmax'))(L.Dropout(0.1)(y)))\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"
