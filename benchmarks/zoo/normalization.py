"""What stands beside each layer that normalizes?"""

from __future__ import annotations

import torch.nn.functional as F
from torch import nn

from benchmarks.zoo.entry import Entry, by_function

_IMAGES = (16, 16, 32)
_SEQUENCES = (64, 128)

ENTRIES = [
    Entry("BatchNormalization", {}, _IMAGES, lambda: nn.BatchNorm2d(32, 1e-3, 0.01), channels_second=True),
    Entry(
        "GroupNormalization",
        {"groups": 4},
        _IMAGES,
        lambda: nn.GroupNorm(4, 32, 1e-3),
        channels_second=True,
        why="torch's kernel for channels last in memory subtracts squares, and loses digits: the inputs are copied.",
    ),
    Entry("LayerNormalization", {}, _SEQUENCES, lambda: nn.LayerNorm(128, 1e-3)),
    Entry("RMSNormalization", {}, _SEQUENCES, lambda: nn.RMSNorm(128, 1e-6)),
    Entry("UnitNormalization", {}, _SEQUENCES, by_function(lambda x: F.normalize(x, dim=-1))),
]
