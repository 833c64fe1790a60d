"""Which weights does a locally connected layer hold in each `implementation`, and which belong to a window?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from torchkeras_layer.layers.window_counts import count_windows


@dataclass(frozen=True)
class Windows:
    """Where the windows of a layer lie: over `lengths`, each of `sizes`, from one to the next `strides`.

    >>> Windows((5,), (3,), (2,), "same").counts, Windows((5,), (3,), (2,), "valid").values().tolist()
    ((3,), [[0, 1, 2], [2, 3, 4]])
    """

    lengths: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str

    @property
    def counts(self) -> tuple[int, ...]:
        """How many windows each axis has."""
        axes = zip(self.lengths, self.sizes, self.strides, strict=True)
        return tuple(count_windows(*axis, 1, self.padding) or 0 for axis in axes)

    @property
    def zeros(self) -> list[tuple[int, int]]:
        """How many zeros come before and behind each axis.

        With 'same', the middle of the first window is on the first value whatever the stride, unlike in `Conv2D`.
        """
        if self.padding == "valid":
            return [(0, 0)] * len(self.lengths)
        ends = []
        for length, size, stride, count in zip(self.lengths, self.sizes, self.strides, self.counts, strict=True):
            before = size // 2
            ends.append((before, max((count - 1) * stride + size - before - length, 0)))
        return ends

    def values(self) -> torch.Tensor:
        """Return the number of each value of each window, -1 for one in the padding. Shape: (windows, values)."""
        numbers, is_inside = np.zeros((1, 1), int), np.ones((1, 1), bool)
        axes = zip(self.lengths, self.sizes, self.strides, self.counts, self.zeros, strict=True)
        for length, size, stride, count, (before, _) in axes:
            on_axis = np.arange(count)[:, None] * stride - before + np.arange(size)
            # Windows by windows, then values by values: the last axis runs fastest.
            numbers = (numbers[:, None, :, None] * length + on_axis[None, :, None, :]).reshape(len(numbers) * count, -1)
            is_inside = is_inside[:, None, :, None] & ((on_axis >= 0) & (on_axis < length))[None, :, None, :]
            is_inside = is_inside.reshape(numbers.shape)
        # On the CPU, whatever the default device is.
        return torch.from_numpy(np.where(is_inside, numbers, -1))


def kernel_shape(
    implementation: int, windows: Windows, channels: int, filters: int, channels_are_last: bool
) -> tuple[int, ...]:
    """Return the shape of the kernel: 1 holds it window by window, 2 as of a Dense layer, 3 what of that connects.

    >>> [kernel_shape(one, Windows((5,), (3,), (2,), "valid"), 4, 6, True) for one in (1, 2, 3)]
    [(2, 12, 6), (5, 4, 2, 6), (144,)]
    """
    if implementation == 1:
        return (math.prod(windows.counts), math.prod(windows.sizes) * channels, filters)
    if implementation == 3:
        return (int((windows.values() >= 0).sum()) * channels * filters,)
    if channels_are_last:
        return (*windows.lengths, channels, *windows.counts, filters)
    return (channels, *windows.lengths, filters, *windows.counts)


def by_windows(
    implementation: int, kernel: torch.Tensor, values: torch.Tensor, sizes: tuple[int, int], channels_are_last: bool
) -> torch.Tensor:
    """Return the kernel as implementation 1 holds it, (windows, values · channels, filters).

    `values` is `Windows.values()`, `sizes` are the numbers of channels and filters. What 1 holds is not copied; of 2
    and 3 a call copies what connects. Weights for what lies in the padding may be any finite numbers.

    >>> kernel = by_windows(3, torch.arange(8.0), Windows((3,), (2,), (1,), "valid").values(), (1, 2), True)
    >>> kernel[0].tolist()
    [[0.0, 2.0], [1.0, 3.0]]
    """
    if implementation == 1:
        return kernel
    pick = _from_dense if implementation == 2 else _from_connections
    return pick(kernel, values, *sizes, channels_are_last).reshape(len(values), -1, sizes[1])


def _from_dense(
    kernel: torch.Tensor, values: torch.Tensor, channels: int, filters: int, channels_are_last: bool
) -> torch.Tensor:
    places, window = values.clamp(min=0), torch.arange(len(values), device=values.device)[:, None]
    if channels_are_last:
        return kernel.reshape(-1, channels, len(values), filters)[places, :, window]
    return kernel.reshape(channels, -1, filters, len(values))[:, places, :, window].transpose(1, 2)


def _from_connections(
    kernel: torch.Tensor, values: torch.Tensor, channels: int, filters: int, channels_are_last: bool
) -> torch.Tensor:
    """Take the numbers in their order: by where they lead to, then by where they come from."""
    count, size = values.shape
    if channels_are_last:
        shape, is_inside, order = (count, filters, size, channels), (values >= 0)[:, None, :, None], (0, 2, 3, 1)
    else:
        shape, is_inside, order = (filters, count, channels, size), (values >= 0)[None, :, None, :], (1, 2, 3, 0)
    if len(kernel) == math.prod(shape):
        return kernel.reshape(shape).permute(order)
    return kernel.new_zeros(shape).masked_scatter(is_inside, kernel).permute(order)
