"""What stands beside each layer that convolves?"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from benchmarks.layer_comparison.entry import Entry

_SHAPES = {1: (64, 32), 2: (32, 32, 16), 3: (8, 8, 8, 16)}
_KERNEL = {"kernel_size": 3}
_VIEWS = "its kernel has Keras's shape, and its inputs have the channels last: views of both take 40 µs in training."
_PLAIN = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


def _convolution(rank: int) -> Entry:
    arguments, channels = {"filters": 32, "padding": "same"} | _KERNEL, _SHAPES[rank][-1]
    by_hand = _PLAIN[rank]

    def make() -> nn.Module:
        return by_hand(channels, 32, 3, padding=1)

    return Entry(f"Conv{rank}D", arguments, _SHAPES[rank], make, channels_second=True, why=_VIEWS)


def _transposed(rank: int) -> Entry:
    arguments, channels = {"filters": 16, "strides": 2} | _KERNEL, _SHAPES[rank][-1]
    by_hand = _TRANSPOSED[rank]

    def make() -> nn.Module:
        return by_hand(channels, 16, 3, 2)

    return Entry(f"Conv{rank}DTranspose", arguments, _SHAPES[rank], make, channels_second=True, why=_VIEWS)


def _depthwise(rank: int) -> Entry:
    channels, by_hand = _SHAPES[rank][-1], _PLAIN[rank]

    def make() -> nn.Module:
        return by_hand(channels, channels, 3, groups=channels)

    return Entry(f"DepthwiseConv{rank}D", _KERNEL, _SHAPES[rank], make, channels_second=True, why=_VIEWS)


def _separable(rank: int) -> Entry:
    channels, by_hand = _SHAPES[rank][-1], _PLAIN[rank]

    def make() -> nn.Module:
        return nn.Sequential(by_hand(channels, channels, 3, groups=channels, bias=False), by_hand(channels, 32, 1))

    return Entry(
        f"SeparableConv{rank}D", {"filters": 32} | _KERNEL, _SHAPES[rank], make, channels_second=True, why=_VIEWS
    )


class _LocallyConnected(nn.Module):
    """A matrix of its own at each place, as one would write it with `unfold` and a batched product."""

    def __init__(self, shape: tuple[int, ...], filters: int) -> None:
        super().__init__()
        *lengths, channels = shape
        self.rank, self.outputs = len(lengths), [length - 2 for length in lengths]
        places = int(torch.tensor(self.outputs).prod())
        self.kernel = nn.Parameter(torch.randn(places, 3**self.rank * channels, filters))
        self.bias = nn.Parameter(torch.zeros(places, filters))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        windows: Any = inputs
        for axis in range(1, self.rank + 1):
            windows = windows.unfold(axis, 3, 1)
        rows = windows.flatten(self.rank + 1).flatten(1, self.rank).transpose(0, 1)
        outputs = (rows @ self.kernel).transpose(0, 1) + self.bias
        return outputs.unflatten(1, self.outputs)


def _locally_connected(rank: int) -> Entry:
    shape = (64, 16) if rank == 1 else (12, 12, 8)
    return Entry(f"LocallyConnected{rank}D", {"filters": 16} | _KERNEL, shape, lambda: _LocallyConnected(shape, 16))


ENTRIES = [
    *map(_convolution, (1, 2, 3)),
    *map(_transposed, (1, 2, 3)),
    *map(_depthwise, (1, 2)),
    *map(_locally_connected, (1, 2)),
    *map(_separable, (1, 2)),
]
