"""Which metrics are compared with Keras's, with which arguments, and on which targets and predictions?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from tests.losses.cases import (
    binary,
    binary_logits,
    class_logits,
    classes,
    counts,
    distributions,
    numbers,
    one_hot,
    one_hot_logits,
    signs,
)

Pair = tuple[Tensor, Tensor]


def near_thresholds(shape: tuple[int, ...]) -> Pair:
    """Scores that often are exactly at a threshold, at 0 or at 1, or outside of both."""
    return torch.randint(0, 2, shape).float(), torch.randint(-1, 6, shape) / 4


def labels(shape: tuple[int, ...]) -> Pair:
    """Classes and predicted classes, some of which do not exist."""
    return torch.randint(-1, 4, shape), torch.randint(0, 4, shape)


def whole_numbers(shape: tuple[int, ...]) -> Pair:
    return torch.randint(0, 3, shape), torch.randint(0, 3, shape).float()


def ranked(shape: tuple[int, ...]) -> Pair:
    """Classes, and classes in the order of their scores."""
    return torch.randint(0, shape[-1], shape[:-1]), torch.rand(shape).argsort(-1)


def soft_one_hot(shape: tuple[int, ...]) -> Pair:
    return one_hot(shape)[0], torch.softmax(torch.randn(shape), -1)


def one_hot_and_classes(shape: tuple[int, ...]) -> Pair:
    return one_hot(shape)[0], classes(shape)[0]


@dataclass(frozen=True)
class Case:
    """A metric of Keras, its arguments, and what makes targets and predictions, of which shapes."""

    name: str
    data: Callable[[tuple[int, ...]], Pair]
    arguments: dict[str, Any] = field(default_factory=dict)
    shapes: tuple[tuple[int, ...], ...] = ((6, 3),)

    def __str__(self) -> str:
        return f"{self.name}-{self.data.__name__}-{self.arguments}"


FLAT = ((7,), (6, 3), (2, 3, 4))
DEEP = ((6, 3), (4, 2, 3))
_THRESHOLDS: tuple[dict[str, Any], ...] = (
    {},
    {"thresholds": 0.25},
    {"thresholds": [0.75, 0.25, 0.5]},
    {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]},
)
_RATIOS: tuple[dict[str, Any], ...] = (
    *_THRESHOLDS,
    {"top_k": 2},
    {"top_k": 1, "thresholds": 0.25},
    {"class_id": 1},
    {"class_id": 0, "top_k": 2, "thresholds": [0.0, 0.5, 1.0]},
)
_AREAS: tuple[dict[str, Any], ...] = (
    {},
    {"num_thresholds": 5},
    {"thresholds": [0.75, 0.3]},
    {"thresholds": [0.25, 0.5, 0.75]},
    {"num_thresholds": 6, "label_weights": [0.2, 0.0, 3.0]},
    {"thresholds": [0.3], "label_weights": [0.2, 0.0, 3.0]},
    {"num_thresholds": 6, "multi_label": True},
    {"thresholds": [0.3, 0.8], "multi_label": True, "num_labels": 3},
    {"num_thresholds": 6, "multi_label": True, "num_labels": 3, "label_weights": [0.2, 0.0, 3.0]},
)
_CURVES = [(curve, method) for curve in ("ROC", "pr", "PRGAIN") for method in ("interpolation", "minoring", "Majoring")]
CASES = [
    *(
        Case(name, near_thresholds, arguments, FLAT)
        for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
        for arguments in _THRESHOLDS
    ),
    *(
        Case(name, near_thresholds, arguments, FLAT if arguments in _THRESHOLDS else DEEP)
        for name in ("Precision", "Recall")
        for arguments in _RATIOS
    ),
    *(
        Case(name, near_thresholds, {argument: value, **more}, shapes)
        for name, argument in (
            ("SensitivityAtSpecificity", "specificity"),
            ("SpecificityAtSensitivity", "sensitivity"),
            ("PrecisionAtRecall", "recall"),
            ("RecallAtPrecision", "precision"),
        )
        for value, more, shapes in (
            (0.5, {}, FLAT),
            (0.3, {"num_thresholds": 5}, FLAT),
            (1, {"num_thresholds": 1}, FLAT),
            (0.0, {"num_thresholds": 2, "class_id": 2}, DEEP),
        )
    ),
    *(
        Case("AUC", near_thresholds, arguments, ((6, 3),) if "multi_label" in arguments else DEEP)
        for arguments in _AREAS
    ),
    *(
        Case("AUC", near_thresholds, {"num_thresholds": 5, "curve": curve, "summation_method": method})
        for curve, method in _CURVES
    ),
    *(
        Case(
            "AUC", binary, {"curve": curve, "summation_method": method, "multi_label": True, "label_weights": [1, 2, 3]}
        )
        for curve, method in _CURVES
    ),
    Case("AUC", binary_logits, {"from_logits": True}, FLAT),
    Case("IoU", labels, {"num_classes": 3, "target_class_ids": [0, 2]}, FLAT),
    Case("IoU", labels, {"num_classes": 4, "target_class_ids": (1,), "ignore_class": 0}, FLAT),
    Case(
        "IoU", one_hot, {"num_classes": 3, "target_class_ids": [0, 1], "sparse_y_true": False, "sparse_y_pred": False}
    ),
    Case("IoU", labels, {"num_classes": 4, "target_class_ids": [1], "dtype": "float32"}, FLAT),
    Case("MeanIoU", labels, {"num_classes": 4}, FLAT),
    Case("MeanIoU", labels, {"num_classes": 4, "ignore_class": -1, "dtype": "float32"}, FLAT),
    Case("MeanIoU", class_logits, {"num_classes": 3, "sparse_y_pred": False}, DEEP),
    Case("OneHotIoU", one_hot, {"num_classes": 3, "target_class_ids": [2, 1]}, DEEP),
    Case("OneHotMeanIoU", one_hot_logits, {"num_classes": 3}, DEEP),
    Case(
        "OneHotMeanIoU", lambda shape: (one_hot(shape)[0], classes(shape)[0]), {"num_classes": 3, "sparse_y_pred": True}
    ),
    Case("BinaryIoU", near_thresholds, {}, FLAT),
    Case("BinaryIoU", near_thresholds, {"target_class_ids": [1], "threshold": 0.25, "dtype": "float32"}, FLAT),
    Case("Accuracy", whole_numbers, {}, FLAT),
    Case("BinaryAccuracy", near_thresholds, {}, FLAT),
    Case("BinaryAccuracy", near_thresholds, {"threshold": 0.25}, FLAT),
    Case("CategoricalAccuracy", one_hot, {}, DEEP),
    Case("SparseCategoricalAccuracy", classes, {}, DEEP),
    Case("TopKCategoricalAccuracy", one_hot, {"k": 2}, DEEP),
    Case("SparseTopKCategoricalAccuracy", classes, {"k": 2}, DEEP),
    Case("SparseTopKCategoricalAccuracy", ranked, {"k": 1, "from_sorted_ids": True}, DEEP),
    *(
        Case(name, soft_one_hot, {"average": average, "threshold": threshold, **more})
        for name, more in (("FBetaScore", {"beta": 2.0}), ("F1Score", {}))
        for average in (None, "micro", "macro", "weighted")
        for threshold in (None, 0.4)
    ),
    Case("R2Score", numbers, {}, ((6, 3), (6, 1))),
    Case("R2Score", numbers, {"class_aggregation": "variance_weighted_average", "num_regressors": 2}),
    Case("R2Score", numbers, {"class_aggregation": None, "num_regressors": 0}),
    Case("MeanSquaredError", numbers, {}, DEEP),
    Case("MeanAbsoluteError", numbers, {}, DEEP),
    Case("MeanAbsolutePercentageError", numbers, {}, DEEP),
    Case("MeanSquaredLogarithmicError", counts, {}, DEEP),
    Case("RootMeanSquaredError", numbers, {}, FLAT),
    Case("LogCoshError", numbers, {}, DEEP),
    Case("CosineSimilarity", numbers, {}, DEEP),
    Case("CosineSimilarity", numbers, {"axis": 1}, DEEP),
    Case("PearsonCorrelation", numbers, {}, DEEP),
    Case("PearsonCorrelation", numbers, {"axis": 0}, DEEP),
    Case("ConcordanceCorrelation", numbers, {}, DEEP),
    Case("Hinge", signs, {}, DEEP),
    Case("SquaredHinge", binary_logits, {}, DEEP),
    Case("CategoricalHinge", one_hot_logits, {}, DEEP),
    Case("KLDivergence", distributions, {}, DEEP),
    Case("Poisson", counts, {}, DEEP),
    Case("BinaryCrossentropy", binary, {"label_smoothing": 0.2}, DEEP),
    Case("BinaryCrossentropy", binary_logits, {"from_logits": True}, DEEP),
    Case("CategoricalCrossentropy", one_hot, {"label_smoothing": 0.1}, DEEP),
    Case("CategoricalCrossentropy", one_hot_logits, {"from_logits": True, "axis": -1}, DEEP),
    Case("SparseCategoricalCrossentropy", classes, {}, DEEP),
    Case("SparseCategoricalCrossentropy", class_logits, {"from_logits": True, "ignore_class": 1}, DEEP),
]
