"""What stands beside each layer that merges?"""

from __future__ import annotations

import torch

from benchmarks.layer_comparison.entry import Entry, by_function

_PAIR = [(64, 128), (64, 128)]

ENTRIES = [
    Entry("Add", {}, _PAIR, by_function(lambda pair: pair[0] + pair[1])),
    Entry("Average", {}, _PAIR, by_function(lambda pair: (pair[0] + pair[1]) / 2)),
    Entry("Concatenate", {}, _PAIR, by_function(lambda pair: torch.cat(pair, -1))),
    Entry("Dot", {"axes": 2}, _PAIR, by_function(lambda pair: pair[0] @ pair[1].transpose(1, 2))),
    Entry("Maximum", {}, _PAIR, by_function(lambda pair: torch.maximum(*pair))),
    Entry("Minimum", {}, _PAIR, by_function(lambda pair: torch.minimum(*pair))),
    Entry("Multiply", {}, _PAIR, by_function(lambda pair: pair[0] * pair[1])),
    Entry("Subtract", {}, _PAIR, by_function(lambda pair: pair[0] - pair[1])),
]
