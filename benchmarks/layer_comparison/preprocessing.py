"""What stands beside each layer that prepares inputs?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.layer_comparison.entry import Entry, by_function

_WORDS = "works on words or hashes, for which torch has nothing"
_SOUND = "has its counterpart in torchaudio, not in torch"
_IMAGES = (32, 32, 3)
_BOUNDARIES = [-1.0, 0.0, 1.0]


class _MultiHot(nn.Module):
    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(inputs), 20).scatter_(1, inputs, 1.0)


class _Bins(nn.Module):
    boundaries: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("boundaries", torch.tensor(_BOUNDARIES))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.bucketize(inputs, self.boundaries, right=True)


class _Moments(nn.Module):
    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.5, 0.4, 0.3]))
        self.register_buffer("deviation", torch.tensor([0.2, 0.3, 0.2]))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return (inputs - self.mean) / self.deviation


class _Resized(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return F.interpolate(images, size=(16, 24), mode="bilinear")


ENTRIES = [
    Entry("CategoryEncoding", {"num_tokens": 20}, (6,), _MultiHot, below=20),
    Entry("CenterCrop", {"height": 24, "width": 24}, _IMAGES, by_function(lambda x: x[:, 4:-4, 4:-4])),
    Entry("Discretization", {"bin_boundaries": _BOUNDARIES}, (64, 128), _Bins),
    Entry("Normalization", {"mean": [0.5, 0.4, 0.3], "variance": [0.04, 0.09, 0.04]}, _IMAGES, _Moments),
    Entry("Rescaling", {"scale": 2.0, "offset": -1.0}, _IMAGES, by_function(lambda x: x * 2.0 - 1.0)),
    Entry(
        "Resizing",
        {"height": 16, "width": 24},
        _IMAGES,
        _Resized,
        channels_second=True,
        why="5 µs a call, which is what resizing one small image takes: 2 for the views that bring channels second and "
        "back, 1.5 to look at arguments and shapes, 1.5 for the call of a layer.",
    ),
]

WITHOUT_COUNTERPART = {
    "HashedCrossing": _WORDS,
    "Hashing": _WORDS,
    "IntegerLookup": _WORDS,
    "MelSpectrogram": _SOUND,
    "STFTSpectrogram": _SOUND,
    "StringLookup": _WORDS,
    "TextVectorization": _WORDS,
}
