"""What is the best sensitivity, specificity, precision or recall where another of them is large enough?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.counts import KINDS, Thresholds, count
from torchkeras_layer.metrics.metric import Metric
from torchkeras_layer.metrics.values import check_int, check_share, ratio


class _Constrained(Metric):
    """The greatest value of one share, over the thresholds at which another is at least `value`."""

    true_positives: Tensor
    true_negatives: Tensor
    false_positives: Tensor
    false_negatives: Tensor
    _argument: str

    def __init__(
        self,
        value: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        owner = type(self)
        self.value = check_share(owner, self._argument, value)
        self.num_thresholds = check_int(owner, "num_thresholds", num_thresholds, 1)
        self.class_id = None if class_id is None else check_int(owner, "class_id", class_id, 0)
        steps = num_thresholds - 1
        values = (0.0, *(step / steps for step in range(1, steps)), 1.0) if steps else (0.5,)
        self._thresholds = Thresholds(values, steps > 0)
        self.thresholds = list(values)
        for kind in ("true_positives", "false_positives", "true_negatives", "false_negatives"):
            setattr(self, kind, self.add_variable((num_thresholds,), "zeros", name=kind))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count predictions.

        Args:
            y_true: 0 and 1, or bools.
            y_pred: scores from 0 to 1, in the same shape.
            sample_weight: how much each counts, in the same shape or in its first axes.
        """
        counts = count(self, KINDS, self._thresholds, y_true, y_pred, sample_weight, class_id=self.class_id)
        for kind, found in zip(KINDS, counts, strict=True):
            getattr(self, kind).add_(found)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"class_id": self.class_id, "num_thresholds": self.num_thresholds, self._argument: self.value}
        return {**super().get_config(), **own}

    def _sensitivities(self) -> Tensor:
        return ratio(self.true_positives, self.true_positives + self.false_negatives)

    def _specificities(self) -> Tensor:
        return ratio(self.true_negatives, self.true_negatives + self.false_positives)

    def _precisions(self) -> Tensor:
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    def _greatest(self, wanted: Tensor, constrained: Tensor) -> Tensor:
        return torch.where(constrained >= self.value, wanted, 0).amax().clamp(min=0)


@catalog.register()
class SensitivityAtSpecificity(_Constrained):
    """The greatest sensitivity, tp / (tp + fn), where the specificity, tn / (tn + fp), is at least as given.

    Args:
        specificity: a number from 0 to 1.
        num_thresholds: at how many thresholds, in equal steps, both are computed.
        class_id: the only class, on the last axis, that counts.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for other arguments; from `update_state`, if shapes do not fit.

    >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    tensor(0.5000)
    """

    _argument = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity

    def result(self) -> Tensor:
        """Return the greatest sensitivity, a scalar; 0 if no threshold has the specificity."""
        return self._greatest(self._sensitivities(), self._specificities())


@catalog.register()
class SpecificityAtSensitivity(_Constrained):
    """The greatest specificity, tn / (tn + fp), where the sensitivity, tp / (tp + fn), is at least as given.

    Args:
        sensitivity: a number from 0 to 1.
        num_thresholds: at how many thresholds, in equal steps, both are computed.
        class_id: the only class, on the last axis, that counts.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for other arguments; from `update_state`, if shapes do not fit.

    >>> SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    tensor(0.6667)
    """

    _argument = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity

    def result(self) -> Tensor:
        """Return the greatest specificity, a scalar; 0 if no threshold has the sensitivity."""
        return self._greatest(self._specificities(), self._sensitivities())


@catalog.register()
class PrecisionAtRecall(_Constrained):
    """The greatest precision, tp / (tp + fp), where the recall, tp / (tp + fn), is at least as given.

    Args:
        recall: a number from 0 to 1.
        num_thresholds: at how many thresholds, in equal steps, both are computed.
        class_id: the only class, on the last axis, that counts.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for other arguments; from `update_state`, if shapes do not fit.

    >>> PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    tensor(0.5000)
    """

    _argument = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = recall

    def result(self) -> Tensor:
        """Return the greatest precision, a scalar; 0 if no threshold has the recall."""
        return self._greatest(self._precisions(), self._sensitivities())


@catalog.register()
class RecallAtPrecision(_Constrained):
    """The greatest recall, tp / (tp + fn), where the precision, tp / (tp + fp), is at least as given.

    Args:
        precision: a number from 0 to 1.
        num_thresholds: at how many thresholds, in equal steps, both are computed.
        class_id: the only class, on the last axis, that counts.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for other arguments; from `update_state`, if shapes do not fit.

    >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    tensor(0.5000)
    """

    _argument = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = precision

    def result(self) -> Tensor:
        """Return the greatest recall, a scalar; 0 if no threshold has the precision."""
        return self._greatest(self._sensitivities(), self._precisions())
