"""Which boxes does TensorFlow keep of many that overlap?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.values import as_float, as_sizes


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: float = 0.5,
    score_threshold: float = float("-inf"),
) -> Tensor:
    """Return the indices of the boxes with the best scores, without those that overlap a better one.

    Boxes are (top, left, bottom, right), at most `max_output_size` of them are kept.

    >>> non_max_suppression([[0, 0, 1, 1], [0, 0, 1, 0.9], [2, 2, 3, 3]], [0.9, 0.8, 0.7], 3).tolist()
    [0, 2]
    """
    return non_max_suppression_with_scores(boxes, scores, max_output_size, iou_threshold, score_threshold)[0]


def non_max_suppression_with_scores(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: float = 0.5,
    score_threshold: float = float("-inf"),
    soft_nms_sigma: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Return the indices of the boxes that are kept, and their scores, which `soft_nms_sigma` lowers by overlaps."""
    overlaps = _overlaps(as_float(boxes))
    rest, kept, best = as_float(scores).clone(), [], []
    while len(kept) < as_sizes(max_output_size)[0]:
        place = int(torch.argmax(rest)) if rest.numel() else -1
        if place < 0 or not bool(rest[place] > score_threshold):
            break
        kept.append(place)
        best.append(rest[place])
        overlap = overlaps[place]
        if soft_nms_sigma > 0:
            rest = torch.where(
                overlap <= iou_threshold, rest * torch.exp(-(overlap**2) / (2 * soft_nms_sigma)), -torch.inf
            )
        else:
            rest = torch.where(overlap <= iou_threshold, rest, -torch.inf)
        rest[place] = -torch.inf
    indices = torch.tensor(kept, dtype=torch.int32, device=rest.device)
    return indices, torch.stack(best) if best else rest[:0]


def non_max_suppression_padded(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: float = 0.5,
    score_threshold: float = float("-inf"),
    pad_to_max_output_size: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return the indices of the boxes that are kept, filled up with zeros if asked to, and their number."""
    indices = non_max_suppression(boxes, scores, max_output_size, iou_threshold, score_threshold)
    count = torch.full((), indices.numel(), dtype=torch.int32)
    missing = as_sizes(max_output_size)[0] - indices.numel() if pad_to_max_output_size else 0
    return torch.nn.functional.pad(indices, (0, missing)), count


def _overlaps(boxes: Tensor) -> Tensor:
    """Return the intersection of each two boxes over their union."""
    corners = boxes.reshape(-1, 2, 2)
    low, high = corners.amin(1), corners.amax(1)
    sides = (torch.minimum(high[:, None], high) - torch.maximum(low[:, None], low)).clamp(min=0)
    shared, area = sides.prod(-1), (high - low).prod(-1)
    union = area[:, None] + area - shared
    return torch.where(union > 0, shared / union, torch.zeros_like(union))
