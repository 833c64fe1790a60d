"""What does printing a history show?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.history_samples import Net

EXPECTED = """\
#   call                    input   output  from  mode
0   Net                     (2, 3)  (2, 1)        training
1     blocks.0: Dense 'stem'  (2, 3)  (2, 4)        training
2     blocks.1: Sequential    (2, 4)  (2, 4)  1     training
3       0: ReLU               (2, 4)  (2, 4)  1     training
4       1: Linear             (2, 4)  (2, 4)  3     training
5     head: Head              (2, 4)  (2, 1)  2     training
6       inner: Dense          (2, 4)  (2, 1)  2     training
7   Net                       (5, 3)  (5, 1)        inference
8     blocks.0: Dense 'stem'  (5, 3)  (5, 4)        inference
9     blocks.1: Sequential    (5, 4)  (5, 4)  8     inference
"""


def test_calls_stand_in_their_order_indented_and_aligned():
    """A layer's own name stands behind its class where it is not its path."""
    net = Net()
    with keras.record_history() as history:
        net(torch.ones(2, 3))
        net.eval()(torch.ones(5, 3))
    lines = repr(history).splitlines()
    assert [line.split() for line in lines[:11]] == [line.split() for line in EXPECTED.splitlines()]
    assert {line.index("(") for line in lines[1:-1]} == {lines[0].index("input")}
    assert {line.rindex("(") for line in lines[1:-1]} == {lines[0].index("output")}
    assert [len(line) - len(line[2:].lstrip()) for line in lines[1:6]] == [4, 6, 6, 8, 8]
    assert lines[-1] == "14 calls"
    assert not any(line != line.rstrip() for line in lines)


def test_dtypes_masks_keywords_structures_and_errors():
    class Odd(nn.Module):
        def forward(self, x, pair, scale=2.0, where=None, fail=False):
            if fail:
                raise KeyError("no")
            return {"sum": pair[0] + scale, "parts": [x, (x,)]}

    tokens, odd = torch.tensor([[1, 0]]), Odd()
    with keras.record_history() as history:
        embedded = keras.layers.Embedding(5, 2, mask_zero=True)(tokens)
        odd(embedded, (torch.ones(()), object()), 3, where=np.zeros(2))
        with pytest.raises(KeyError):
            odd(tokens, None, fail=True)
    rows = repr(history).splitlines()
    assert "(1, 2) int64  " in rows[1]
    assert "(1, 2, 2) masked" in rows[1]
    assert "(1, 2, 2) masked, ((), object), 3, where=(2,) float64  " in rows[2]
    assert "{'sum': (), 'parts': [(1, 2, 2) masked, ((1, 2, 2) masked..." in rows[2]
    assert "(1, 2) int64, None  " in rows[3]
    assert rows[3].endswith("  KeyError")
    assert rows[-1] == "3 calls, in training mode"


def test_an_empty_history():
    with keras.record_history() as history:
        torch.relu(torch.ones(1))
    assert (repr(history), len(history), bool(history)) == ("no calls of modules on real tensors", 0, True)
