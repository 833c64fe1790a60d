"""What do TensorFlow's sums of rows with the same number give in another way than Keras's?

A number that no row has gives 0 where the numbers are sorted, and the limit of the dtype where they are not.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops import segments
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor


def segment_mean(data: Any, segment_ids: Any, num_segments: int | None = None) -> Tensor:
    """Return the mean of the rows of `data` with each segment id, 0 if there are none."""
    data, ids = as_float(data), as_tensor(segment_ids).to(torch.int64)
    count = int(ids.max()) + 1 if num_segments is None else num_segments
    zeros = torch.zeros(count, *data.shape[1:], dtype=data.dtype, device=data.device)
    ones = torch.ones_like(ids, dtype=data.dtype)
    number = torch.zeros(count, dtype=data.dtype, device=data.device).index_add(0, ids, ones)
    return zeros.index_add(0, ids, data) / number.clamp(min=1).reshape(-1, *[1] * (data.dim() - 1))


def segment_sqrt_n(data: Any, segment_ids: Any, num_segments: Any) -> Tensor:
    """Return the sums of the rows of `data` with each segment id, divided by the root of their number."""
    data, ids = as_float(data), as_tensor(segment_ids).to(torch.int64)
    count = as_sizes(num_segments)[0]
    sums = torch.zeros(count, *data.shape[1:], dtype=data.dtype, device=data.device).index_add(0, ids, data)
    ones = torch.ones_like(ids, dtype=data.dtype)
    number = torch.zeros(count, dtype=data.dtype, device=data.device).index_add(0, ids, ones)
    return sums / number.clamp(min=1).sqrt().reshape(-1, *[1] * (data.dim() - 1))


def segment_max(data: Any, segment_ids: Any) -> Tensor:
    """Return the greatest of the rows with each number, 0 if there are none.

    >>> segment_max([1.0, 3.0], [0, 2])
    tensor([1., 0., 3.])
    """
    found = segments.segment_max(data, segment_ids)
    return torch.where(_has_none(found, segment_ids), 0, found)


def segment_min(data: Any, segment_ids: Any) -> Tensor:
    """Return the least of the rows with each number, 0 if there are none."""
    found = segments.segment_min(data, segment_ids)
    return torch.where(_has_none(found, segment_ids), 0, found)


def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: Any) -> Tensor:
    """Return the greatest of the rows with each number, the lowest number of the dtype if there are none."""
    found = segments.segment_max(data, segment_ids, num_segments)
    return found.clamp(min=_limits(found).min)


def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: Any) -> Tensor:
    """Return the least of the rows with each number, the greatest number of the dtype if there are none."""
    found = segments.segment_min(data, segment_ids, num_segments)
    return found.clamp(max=_limits(found).max)


def _limits(x: Tensor) -> Any:
    return torch.finfo(x.dtype) if x.is_floating_point() else torch.iinfo(x.dtype)


def _has_none(found: Tensor, segment_ids: Any) -> Tensor:
    ids = as_tensor(segment_ids).to(torch.int64)
    counts = torch.zeros(found.shape[0], dtype=torch.int64, device=ids.device).index_add(0, ids, torch.ones_like(ids))
    return (counts == 0).reshape(-1, *[1] * (found.dim() - 1))
