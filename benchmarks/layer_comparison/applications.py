"""What stands beside each layer of the models in `keras.applications`?"""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.layer_comparison.entry import Entry, by_function

_IMAGES = (32, 32, 16)


class _Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((16,), 0.1))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs * self.gamma


ENTRIES = [
    Entry("CustomScaleLayer", {"scale": 0.3}, [_IMAGES, _IMAGES], by_function(lambda x: x[0] + x[1] * 0.3)),
    Entry("LayerScale", {"init_values": 0.1, "projection_dim": 16}, _IMAGES, _Scale),
]

WITHOUT_COUNTERPART = {
    "StochasticDepth": "torch has it in torchvision only",
}
