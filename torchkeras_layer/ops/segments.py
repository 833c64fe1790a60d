"""Which operations compute one value from all values with the same number?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.values import as_tensor


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Return the sum of the rows of `data` with each segment id, 0 if there are none.

    >>> segment_sum([1, 2, 3], [0, 2, 0], num_segments=3)
    tensor([4, 0, 2], dtype=torch.int32)
    """
    return _reduced("sum", 0, data, segment_ids, num_segments)


def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Return the product of the rows of `data` with each segment id, 1 if there are none."""
    return _reduced("prod", 1, data, segment_ids, num_segments)


def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Return the greatest of the rows of `data` with each segment id, minus infinity if there are none."""
    data = as_tensor(data)
    return _reduced("amax", _limits(data)[0], data, segment_ids, num_segments)


def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Return the least of the rows of `data` with each segment id, infinity if there are none."""
    data = as_tensor(data)
    return _reduced("amin", _limits(data)[1], data, segment_ids, num_segments)


def _limits(data: Tensor) -> tuple[float, float]:
    if data.is_floating_point():
        return float("-inf"), float("inf")
    limits = torch.iinfo(data.dtype)
    return limits.min, limits.max


def _reduced(how: str, start: float, data: Any, segment_ids: Any, num_segments: int | None) -> Tensor:
    data, ids = as_tensor(data), as_tensor(segment_ids).to(torch.int64)
    if num_segments is None:
        # The ids of a list are known, also while a graph is made.
        num_segments = (max(segment_ids) if isinstance(segment_ids, (list, tuple)) else int(ids.max())) + 1
    result = torch.full((num_segments, *data.shape[1:]), start, dtype=data.dtype, device=data.device)
    places = ids.reshape(-1, *[1] * (data.dim() - 1)).expand_as(data)
    return result.scatter_reduce(0, places, data, how)
