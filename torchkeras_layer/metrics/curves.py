"""How large is the area under a curve of two shares, such as recall and precision, over all thresholds?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import epsilon
from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.counts import KINDS, Thresholds, are_even, count
from torchkeras_layer.metrics.metric import Metric
from torchkeras_layer.metrics.values import check_choice, check_int, check_share, numbers, ratio
from torchkeras_layer.registry import deserialize_keras_object

_CURVES = {"ROC": "ROC", "roc": "ROC", "PR": "PR", "pr": "PR", "PRGAIN": "PRGAIN", "prgain": "PRGAIN"}
_METHODS = ("interpolation", "majoring", "minoring")


@catalog.register()
class AUC(Metric):
    """The area under a curve of shares of true and false positives, over thresholds.

    Args:
        num_thresholds: how many thresholds, in equal steps, the curve has.
        curve: 'ROC', the recall over the share of what is false that is above the threshold; 'PR', the precision over
            the recall; or 'PRGAIN', the same as gains over the share of what is true.
        summation_method: 'interpolation' of the points, or the sum of the smaller ('minoring') or larger ('majoring')
            of each two.
        name, dtype: see `Metric`.
        thresholds: thresholds from 0 to 1, between a first below 0 and a last above 1, instead of equal steps.
        multi_label: whether each entry of the last axis has a curve of its own; the result is the mean of the areas.
        num_labels: the size of the last axis, with `multi_label`; default that of the first predictions.
        label_weights: how much each label counts, in the mean, or without `multi_label` in the counts.
        from_logits: whether predictions are logits.

    Raises:
        ValueError: for other arguments; from `update_state`, if shapes do not fit.

    >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    tensor(0.7500)
    """

    true_positives: Tensor
    true_negatives: Tensor
    false_positives: Tensor
    false_negatives: Tensor

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        owner = type(self)
        check_choice(owner, "curve", curve, _CURVES)
        check_choice(owner, "summation_method", summation_method, (*_METHODS, *map(str.title, _METHODS)))
        self.curve = _CURVES[curve]
        self.summation_method = summation_method.lower()
        self._given = None if thresholds is None else _given(owner, thresholds)
        values = _steps(owner, num_thresholds) if self._given is None else self._given
        is_even = self._given is None or are_even((0.0, *values, 1.0))
        self._thresholds = Thresholds((-epsilon(), *values, 1.0 + epsilon()), is_even, have_margin=True)
        self.num_thresholds = len(values) + 2
        self.multi_label = multi_label
        if num_labels is not None and not multi_label:
            raise ValueError(f"AUC: num_labels needs multi_label=True. Received: num_labels={num_labels!r}.")
        self.num_labels = None if num_labels is None else check_int(owner, "num_labels", num_labels, 1)
        self.label_weights = None if label_weights is None else _label_weights(owner, label_weights, self.dtype)
        self._from_logits = from_logits
        self._built = False
        if not multi_label or num_labels is not None:
            self._create_state(num_labels)

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, from just below 0 to just above 1."""
        return list(self._thresholds.values)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count predictions.

        Args:
            y_true: 0 and 1, or bools.
            y_pred: scores from 0 to 1, or logits with `from_logits`, in the same shape; (batch, labels) with
                `multi_label`.
            sample_weight: how much each counts, in the same shape or in its first axes.
        """
        if self.multi_label or self._from_logits:
            y_pred = numbers(self, y_pred)
        if self.multi_label:
            self._check_labels(y_pred)
        if self._from_logits:
            y_pred = torch.sigmoid(y_pred)
        weights = None if self.multi_label else self._weights_of_labels()
        counts = count(
            self,
            KINDS,
            self._thresholds,
            y_true,
            y_pred,
            sample_weight,
            label_weights=weights,
            by_label=self.multi_label,
        )
        for kind, found in zip(KINDS, counts, strict=True):
            getattr(self, kind).add_(found)

    def result(self) -> Tensor:
        """Return the area, a scalar."""
        if not self._built:
            return torch.zeros(())
        if self.curve == "PR" and self.summation_method == "interpolation":
            parts = self._interpolated_precisions()
        else:
            x, y = self._curve()
            left, right = y[:-1], y[1:]
            if self.summation_method == "interpolation":
                heights = (left + right) / 2
            else:
                choose = torch.minimum if self.summation_method == "minoring" else torch.maximum
                heights = choose(left, right)
            parts = (x[:-1] - x[1:]) * heights
        areas = parts.sum(0)
        weights = self._weights_of_labels()
        if not self.multi_label:
            return areas
        return areas.mean() if weights is None else ratio((areas * weights).sum(), weights.sum())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self._from_logits,
        }
        given = {} if self._given is None else {"thresholds": list(self._given)}
        return {**super().get_config(), **own, **given}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a metric, without its state, from the result of `get_config()`, also of Keras's, which has a tensor."""
        weights = config.get("label_weights")
        if isinstance(weights, dict):
            config = {**config, "label_weights": deserialize_keras_object(weights)}
        return cls(**config)

    def _create_state(self, labels: int | None) -> None:
        shape = (self.num_thresholds,) if labels is None else (self.num_thresholds, labels)
        for kind in ("true_positives", "false_positives", "true_negatives", "false_negatives"):
            setattr(self, kind, self.add_variable(shape, "zeros", name=kind))
        self._built = True

    def _check_labels(self, y_pred: Tensor) -> None:
        labels = self.true_positives.shape[1] if self._built else None
        if y_pred.dim() != 2 or labels not in (None, y_pred.shape[1]):
            expected = "labels" if labels is None else labels
            raise ValueError(
                f"{self.name}: y_pred must have the shape (batch, {expected}), because multi_label is True. Received: "
                f"y_pred of shape {tuple(y_pred.shape)}."
            )
        if self.label_weights is not None and len(self.label_weights) != y_pred.shape[1]:
            raise ValueError(
                f"{self.name}: label_weights must have a weight for each label. Received: {len(self.label_weights)} "
                f"weights, y_pred of shape {tuple(y_pred.shape)}."
            )
        if not self._built:
            self._create_state(y_pred.shape[1])

    def _weights_of_labels(self) -> Tensor | None:
        return None if self.label_weights is None else self.true_positives.new_tensor(self.label_weights)

    def _curve(self) -> tuple[Tensor, Tensor]:
        """Return the horizontal and vertical coordinates of the points."""
        true, other, missed = self.true_positives, self.false_positives, self.false_negatives
        recall = ratio(true, true + missed)
        if self.curve == "ROC":
            return ratio(other, other + self.true_negatives), recall
        if self.curve == "PR":
            return recall, ratio(true, true + other)
        odds = ratio(true + missed, self.true_negatives + other)
        recall_gain = torch.where(true == 0, 0, 1 - odds * ratio(missed, true))
        precision_gain = torch.where(true == 0, 1, 1 - odds * ratio(other, true))
        return recall_gain.clamp(min=0), precision_gain

    def _interpolated_precisions(self) -> Tensor:
        """Return the area between each two points, whose counts, and not their ratio, are interpolated.

        See Davis and Goadrich, "The relationship between precision-recall and ROC curves", 2006.
        """
        true, positives = self.true_positives, self.true_positives + self.false_positives
        slope = ratio(true[:-1] - true[1:], (positives[:-1] - positives[1:]).clamp(min=0))
        intercept = true[1:] - slope * positives[1:]
        both = (positives[:-1] > 0) & (positives[1:] > 0)
        growth = torch.where(both, ratio(positives[:-1], positives[1:]), 1)
        steps = slope * (true[:-1] - true[1:] + intercept * torch.log(growth))
        return ratio(steps, true[1:] + self.false_negatives[1:])


def _steps(owner: type, num_thresholds: Any) -> tuple[float, ...]:
    steps = check_int(owner, "num_thresholds", num_thresholds, 2) - 1
    return tuple(step / steps for step in range(1, steps))


def _given(owner: type, thresholds: Any) -> tuple[float, ...]:
    if np.ndim(thresholds) != 1:
        raise ValueError(
            f"{owner.__name__}: thresholds must be a list of numbers. Received: thresholds={thresholds!r}."
        )
    return tuple(sorted(float(check_share(owner, "thresholds", value)) for value in thresholds))


def _label_weights(owner: type, weights: Any, dtype: str) -> list[float]:
    try:
        found = torch.as_tensor(weights, dtype=torch_dtype(dtype))
    except (TypeError, ValueError, RuntimeError):
        found = torch.ones(())
    if found.dim() != 1:
        raise ValueError(
            f"{owner.__name__}: label_weights must be a list of numbers. Received: label_weights={weights!r}."
        )
    return found.tolist()
