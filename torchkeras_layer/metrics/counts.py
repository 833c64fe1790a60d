"""How many predictions are true or false positives or negatives, at each of some thresholds?

Each prediction falls into a bin: the number of thresholds below it. One sum over the predictions by their bins, and
sums over bins, give the counts at all thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchkeras_layer._ranks import same_rank
from torchkeras_layer._settings import epsilon
from torchkeras_layer.metrics.metric import Metric
from torchkeras_layer.metrics.values import check_shapes, check_share, numbers, weights_for
from torchkeras_layer.ops.values import float_dtype

NO_SCORE = -1e10
"""The score of what is not among the `top_k`, and the threshold below all that are."""
POSITIVES = ("true_positives", "false_positives")
KINDS = ("true_positives", "true_negatives", "false_positives", "false_negatives")


@dataclass(frozen=True)
class Thresholds:
    """Thresholds, and what makes it fast to compare with them.

    Attributes:
        values: the thresholds.
        are_even: whether they ascend from 0 to 1 in equal steps.
        have_margin: whether the first is just below 0, so that predictions of 0 exceed it.
    """

    values: tuple[float, ...]
    are_even: bool
    have_margin: bool = False


def read_thresholds(metric_class: type, thresholds: Any, default: float) -> Thresholds:
    """Return one threshold or several.

    Raises:
        ValueError: unless they are numbers from 0 to 1.

    >>> read_thresholds(Metric, [0.0, 0.5, 1.0], 0.5).are_even
    True
    """
    if thresholds is None:
        return Thresholds((default,), False)
    values = tuple(thresholds) if np.ndim(thresholds) else (thresholds,)
    if not values:
        raise ValueError(f"{metric_class.__name__}: thresholds must not be empty. Received: {thresholds!r}.")
    for value in values:
        check_share(metric_class, "thresholds", value)
    values = tuple(float(value) for value in values)
    return Thresholds(values, are_even(values))


def are_even(values: Sequence[float]) -> bool:
    """Whether thresholds ascend from 0 to 1 in equal steps, and are at least three.

    >>> are_even([0, 0.5, 1]), are_even([0, 1]), are_even([0, 0.6, 1])
    (True, False, False)
    """
    steps = np.arange(len(values), dtype=np.float32) / max(len(values) - 1, 1)
    return len(values) >= 3 and np.allclose(np.asarray(values), steps, atol=epsilon())


def count(
    metric: Metric,
    kinds: Sequence[str],
    thresholds: Thresholds,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    *,
    top_k: int | None = None,
    class_id: int | None = None,
    label_weights: Tensor | None = None,
    by_label: bool = False,
) -> list[Tensor]:
    """Return the counts of the given kinds, (thresholds,), or (thresholds, labels) with `by_label`.

    Args:
        metric: whose name messages begin with.
        kinds: some of `KINDS`.
        thresholds: a prediction is positive if it exceeds one.
        y_true: anything but 0 is true.
        y_pred: scores from 0 to 1.
        sample_weight: how much each prediction counts.
        top_k: only as many of each row, the greatest, can be positive.
        class_id: the only class on the last axis that counts.
        label_weights: how much each entry of the last axis counts.
        by_label: whether the entries of the last axis are counted separately.

    Raises:
        ValueError: if shapes do not fit.

    >>> from torchkeras_layer.metrics import Mean
    >>> count(Mean(), POSITIVES, Thresholds((0.5,), False), [1, 0, 1], [0.6, 0.7, 0.2])
    [tensor(1), tensor(1)]
    """
    dtype = float_dtype()
    labels, scores = same_rank(numbers(metric, y_true, dtype), numbers(metric, y_pred, dtype))
    check_shapes(metric, labels, scores)
    labels = labels != 0
    if top_k is not None:
        scores = _of_the_greatest(metric, scores, top_k)
    if class_id is not None:
        labels, scores = (_of_class(metric, part, class_id) for part in (labels, scores))
    weights = weights_for(metric, sample_weight, scores)
    if label_weights is not None:
        if not scores.dim() or len(label_weights) not in (1, scores.shape[-1]):
            raise ValueError(
                f"{metric.name}: label_weights must have a weight for each entry of the last axis. Received: "
                f"{len(label_weights)} weights, y_pred of shape {tuple(scores.shape)}."
            )
        each = label_weights.to(scores).expand(scores.shape)
        weights = each if weights is None else weights * each
    if len(thresholds.values) == 1 and not by_label:
        return _at_one(kinds, labels, scores > thresholds.values[0], weights)
    sums = _sums_by_bin(labels, _bins(scores, thresholds), weights, len(thresholds.values), by_label)
    counts = [_from_bins(sums, kind) for kind in kinds]
    if thresholds.are_even or list(thresholds.values) == sorted(thresholds.values):
        return counts
    places = np.argsort(np.argsort(thresholds.values, kind="stable"), kind="stable").tolist()
    return [one[places] for one in counts]


def _at_one(kinds: Sequence[str], labels: Tensor, above: Tensor, weights: Tensor | None) -> list[Tensor]:
    """Return counts, each (), at one threshold."""
    found = []
    for kind in kinds:
        if kind == "true_positives":
            meant = labels & above
        elif kind == "false_positives":
            meant = above > labels
        elif kind == "false_negatives":
            meant = labels > above
        else:
            meant = ~(labels | above)
        found.append(meant.sum() if weights is None else torch.where(meant, weights, 0).sum())
    return found


def _bins(scores: Tensor, thresholds: Thresholds) -> Tensor:
    """Return how many thresholds each score exceeds; NaN exceeds none."""
    if thresholds.are_even:
        # In place, because what takes time is memory.
        bins = scores.clamp(0.0, 1.0).mul_(len(thresholds.values) - 1).ceil_()
        bins = bins.clamp_(min=1.0) if thresholds.have_margin else bins
        return bins.nan_to_num_(nan=0.0).to(torch.int64)
    limits = torch.tensor(sorted(thresholds.values), dtype=scores.dtype, device=scores.device)
    return torch.searchsorted(limits, torch.nan_to_num(scores, nan=-torch.inf))


def _sums_by_bin(labels: Tensor, bins: Tensor, weights: Tensor | None, thresholds: int, by_label: bool) -> Tensor:
    """Return the sums of weights of what is false and true, for each bin: (2, bins), or (2, bins, labels)."""
    columns = labels.shape[-1] if by_label else 1
    places = bins.add_(labels, alpha=thresholds + 1)
    if by_label:
        places = places.mul_(columns).add_(torch.arange(columns, device=places.device))
    places = places.reshape(-1)
    dtype = float_dtype() if weights is None else weights.dtype
    ones = torch.ones((), dtype=dtype, device=places.device)
    each = ones.expand(places.shape) if weights is None else weights.reshape(-1)
    sums = torch.zeros(2 * (thresholds + 1) * columns, dtype=dtype, device=places.device)
    sums.scatter_add_(0, places, each)
    return sums.view((2, thresholds + 1, columns) if by_label else (2, thresholds + 1))


def _from_bins(sums: Tensor, kind: str) -> Tensor:
    """Return the count of a kind at each threshold, which divides the bins below from those above."""
    of_labels = sums[1 if kind in ("true_positives", "false_negatives") else 0]
    if kind in POSITIVES:
        return of_labels[1:].flip(0).cumsum(0).flip(0)
    return of_labels[:-1].cumsum(0)


def _of_the_greatest(metric: Metric, scores: Tensor, k: int) -> Tensor:
    if not scores.dim() or k > scores.shape[-1]:
        raise ValueError(
            f"{metric.name}: y_pred must have at least top_k scores on the last axis. Received: top_k={k}, y_pred of "
            f"shape {tuple(scores.shape)}."
        )
    places = torch.topk(scores, k).indices
    is_kept = torch.zeros_like(scores, dtype=torch.bool).scatter_(-1, places, True)
    return torch.where(is_kept, scores, NO_SCORE)


def _of_class(metric: Metric, values: Tensor, class_id: int) -> Tensor:
    if values.dim() < 2 or not -values.shape[-1] <= class_id < values.shape[-1]:
        raise ValueError(
            f"{metric.name}: y_pred must have a class class_id on the last of at least two axes. Received: "
            f"class_id={class_id}, y_pred of shape {tuple(values.shape)}."
        )
    return values[..., class_id].unsqueeze(-1)
