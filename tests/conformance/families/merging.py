"""Which layers that merge tensors go through the conformance suite?"""

from __future__ import annotations

from tests.conformance.case import Case

_PAIR = [(4, 5), (4, 5)]
_SEQUENCES = [(4, 3, 5), (4, 3, 5), (4, 3, 5)]
# Broadcast, and of different ranks.
_MIXED = [(4, 3, 5), (4, 1, 5), (4, 3, 1)]
_RANKS = [(4, 3, 2, 5), (4, 5), (4, 2, 1)]


def _merges(layer: str) -> list[Case]:
    return [Case(layer, shape=shapes) for shapes in (_PAIR, _SEQUENCES, _MIXED, _RANKS, [(4, 5)])]


CASES = [
    *_merges("Add"),
    Case("Add", {"activity_regularizer": "l2"}, _PAIR),
    Case("Add", shape=_PAIR, below=7),
    *_merges("Average"),
    Case("Concatenate", shape=_PAIR),
    Case("Concatenate", {"axis": 1}, [(4, 3, 5), (4, 2, 5), (4, 1, 5)]),
    Case("Concatenate", {"axis": -1}, [(4, 3, 5), (4, 3, 2)]),
    Case("Concatenate", {"axis": -3}, [(4, 3, 2, 5), (4, 1, 2, 5)]),
    Case("Dot", {"axes": 1}, _PAIR),
    Case("Dot", {"axes": -1, "normalize": True}, [(4, 3, 5), (4, 2, 5)]),
    Case("Dot", {"axes": (2, 1)}, [(4, 3, 5), (4, 5, 2, 3)]),
    Case("Dot", {"axes": [1, 2]}, [(4, 5), (4, 3, 5)]),
    Case("Dot", {"axes": (-2, -1), "normalize": True}, [(4, 2, 5, 3), (4, 5)]),
    *_merges("Maximum"),
    *_merges("Minimum"),
    *_merges("Multiply"),
    *(Case("Subtract", shape=shapes) for shapes in (_PAIR, _MIXED[:2], _RANKS[:2])),
]
