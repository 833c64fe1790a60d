"""What stands beside each activation layer?"""

from __future__ import annotations

from torch import nn

from benchmarks.layer_comparison.entry import Entry

_IMAGES = (32, 32, 16)

ENTRIES = [
    Entry("ELU", {}, _IMAGES, nn.ELU),
    Entry("LeakyReLU", {"negative_slope": 0.01}, _IMAGES, nn.LeakyReLU),
    Entry(
        "PReLU",
        {"shared_axes": [1, 2]},
        _IMAGES,
        lambda: nn.PReLU(16),
        channels_second=True,
        why="its weights and inputs are reshaped to rows, and back.",
    ),
    Entry("ReLU", {}, _IMAGES, nn.ReLU),
    Entry("Softmax", {}, _IMAGES, lambda: nn.Softmax(-1)),
    Entry("ThresholdedReLU", {"theta": 0.5}, _IMAGES, lambda: nn.Threshold(0.5, 0.0)),
]
