"""What stands beside each pooling layer?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.layer_comparison.entry import Entry, by_function

_SHAPES = {1: (64, 32), 2: (32, 32, 16), 3: (8, 8, 8, 16)}
_WHY = "torch's kernel is slower if the channels are last in memory, as in Keras's inputs."
_TWICE = "two poolings, over two axes and one, take longer than torch's 3D pooling for one sample, and half for 32."
_WHOLE = (
    "with the channels last in memory, torch's kernels are slower, and the gradients of several largest values need a "
    "copy."
)
_MODULES = {
    "Max": {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d},
    "Average": {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d},
    "AdaptiveMax": {1: nn.AdaptiveMaxPool1d, 2: nn.AdaptiveMaxPool2d, 3: nn.AdaptiveMaxPool3d},
    "AdaptiveAverage": {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d},
}


def _windows(kind: str, rank: int) -> Entry:
    module = _MODULES[kind][rank]
    arguments, why = {"pool_size": 2}, _TWICE if (kind, rank) == ("Average", 3) else _WHY
    return Entry(f"{kind}Pooling{rank}D", arguments, _SHAPES[rank], lambda: module(2), channels_second=True, why=why)


def _adaptive(kind: str, rank: int) -> Entry:
    module = _MODULES[kind][rank]
    arguments = {"output_size": 4}
    return Entry(f"{kind}Pooling{rank}D", arguments, _SHAPES[rank], lambda: module(4), channels_second=True, why=_WHY)


def _whole(kind: str, rank: int, reduce: Callable[..., torch.Tensor]) -> Entry:
    by_hand = by_function(lambda images: reduce(images, tuple(range(2, rank + 2))))
    return Entry(f"Global{kind}Pooling{rank}D", {}, _SHAPES[rank], by_hand, channels_second=True, why=_WHOLE)


ENTRIES = [
    *(_windows(kind, rank) for kind in ("Average", "Max") for rank in _SHAPES),
    *(_adaptive(kind, rank) for kind in ("AdaptiveAverage", "AdaptiveMax") for rank in _SHAPES),
    *(_whole(kind, rank, way) for kind, way in (("Average", torch.mean), ("Max", torch.amax)) for rank in _SHAPES),
]
