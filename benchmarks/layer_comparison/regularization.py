"""What stands beside each layer that regularizes?"""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.layer_comparison.entry import Entry

_SEQUENCES = (64, 128)


class _Noise(nn.Module):
    """Gaussian noise, added or multiplied, as one would write it."""

    def __init__(self, multiplies: bool) -> None:
        super().__init__()
        self.multiplies = multiplies

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return inputs
        noise = torch.randn_like(inputs)
        return inputs * (1 + noise) if self.multiplies else inputs + 0.5 * noise


ENTRIES = [
    Entry("AlphaDropout", {"rate": 0.5}, _SEQUENCES, lambda: nn.AlphaDropout(0.5)),
    Entry("Dropout", {"rate": 0.5}, _SEQUENCES, lambda: nn.Dropout(0.5)),
    Entry("GaussianDropout", {"rate": 0.5}, _SEQUENCES, lambda: _Noise(multiplies=True)),
    Entry("GaussianNoise", {"stddev": 0.5}, _SEQUENCES, lambda: _Noise(multiplies=False)),
    Entry("SpatialDropout1D", {"rate": 0.5}, (64, 32), lambda: nn.Dropout1d(0.5), channels_second=True),
    Entry("SpatialDropout2D", {"rate": 0.5}, (16, 16, 32), lambda: nn.Dropout2d(0.5), channels_second=True),
    Entry("SpatialDropout3D", {"rate": 0.5}, (8, 8, 8, 16), lambda: nn.Dropout3d(0.5), channels_second=True),
]

WITHOUT_COUNTERPART = {"ActivityRegularization": "adds a loss, which modules have not"}
