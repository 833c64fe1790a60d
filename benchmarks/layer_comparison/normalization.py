"""What stands beside each layer that normalizes?"""

from __future__ import annotations

import torch.nn.functional as F
from torch import nn

from benchmarks.layer_comparison.entry import Entry, by_function

_IMAGES = (16, 16, 32)
_SEQUENCES = (64, 128)

ENTRIES = [
    Entry(
        "BatchNormalization",
        {},
        _IMAGES,
        lambda: nn.BatchNorm2d(32, 1e-3, 0.01),
        channels_second=True,
        why="in inference, torch's kernel is slower with the channels last in memory, where it is as fast as ours; in "
        "training, views and Keras's moving variance take 30 µs.",
    ),
    Entry(
        "GroupNormalization",
        {"groups": 4},
        _IMAGES,
        lambda: nn.GroupNorm(4, 32, 1e-3),
        channels_second=True,
        why="if channels are last in memory, torch's kernel subtracts squares and loses precision, so the inputs are "
        "copied.",
    ),
    Entry("LayerNormalization", {}, _SEQUENCES, lambda: nn.LayerNorm(128, 1e-3)),
    Entry("RMSNormalization", {}, _SEQUENCES, lambda: nn.RMSNorm(128, 1e-6)),
    Entry("UnitNormalization", {}, _SEQUENCES, by_function(lambda x: F.normalize(x, dim=-1))),
]
