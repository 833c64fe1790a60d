"""How must torch pad an axis to get the windows of Keras's padding 'same'?"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F


def same_padding(size: int, window: int, stride: int) -> tuple[int, int]:
    """Return torch's padding of both ends of an axis, and how many windows to drop then, for Keras's padding 'same'.

    Keras puts the odd one at the end. Torch, in its ceil mode, lets the last window go beyond its padding: padding both
    ends as Keras does the first makes the same windows, and no copy. With stride 1 it would make one too few, so there
    both are padded as Keras does the last, which makes one too many.

    >>> same_padding(5, 3, 2), same_padding(6, 3, 2), same_padding(6, 4, 1)
    ((1, 0), (0, 0), (2, 1))
    """
    if stride == 1:
        return window // 2, (window - 1) % 2
    return max(((size - 1) // stride) * stride + window - size, 0) // 2, 0


def padded(images: torch.Tensor, sizes: Sequence[int], strides: Sequence[int], value: float) -> torch.Tensor:
    """Return images (batch, channels, …) with a value around them as padding 'same' of Keras says; sizes may be free.

    >>> padded(torch.ones(1, 1, 5, 6), (3, 2), (2, 1), 0).shape
    torch.Size([1, 1, 7, 7])
    """
    # Padded by fixed widths, then cut by indices: torch asks of a free width whether it is 0, and of a slice whether it
    # is the whole; the answers would be right for some sizes alone.
    around = F.pad(images, [width for size in reversed(sizes) for width in ((size - 1) // 2, size // 2)], value=value)
    for axis, (size, stride) in enumerate(zip(sizes, strides, strict=True), 2):
        reach = ((images.shape[axis] - 1) // stride) * stride + size
        start = (size - 1) // 2 - torch.sym_max(reach - images.shape[axis], 0) // 2
        around = around.index_select(axis, torch.arange(start, start + reach, device=images.device))
    return around
