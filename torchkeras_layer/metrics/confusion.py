"""Which metrics are counts of true and false positives and negatives, or ratios of two of them?"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.counts import NO_SCORE, POSITIVES, count, read_thresholds
from torchkeras_layer.metrics.metric import Metric
from torchkeras_layer.metrics.values import check_int, ratio


class _Count(Metric):
    """The number of predictions of one kind at each threshold."""

    accumulator: Tensor
    _kind: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)
        self.init_thresholds = thresholds
        self._thresholds = read_thresholds(type(self), thresholds, 0.5)
        self.thresholds = list(self._thresholds.values)
        self.accumulator = self.add_variable((len(self.thresholds),), "zeros", name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count predictions.

        Args:
            y_true: 0 and 1, or bools.
            y_pred: scores from 0 to 1, in the same shape.
            sample_weight: how much each counts, in the same shape or in its first axes.
        """
        self.accumulator.add_(count(self, (self._kind,), self._thresholds, y_true, y_pred, sample_weight)[0])

    def result(self) -> Tensor:
        """Return the count, (thresholds,), or () for one threshold."""
        return self.accumulator[0].clone() if len(self.thresholds) == 1 else self.accumulator.clone()

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "thresholds": _plain(self.init_thresholds)}


@catalog.register()
class TruePositives(_Count):
    """The number of predictions above a threshold that are true.

    Args:
        thresholds: a number from 0 to 1, or several; default 0.5.
        name, dtype: see `Metric`.

    Raises:
        ValueError: if a threshold is not from 0 to 1; from `update_state`, if shapes do not fit.

    >>> TruePositives()([0, 1, 1, 1], [0, 0.2, 0.9, 0.7])
    tensor(2.)
    """

    _kind = "true_positives"


@catalog.register()
class FalsePositives(_Count):
    """The number of predictions above a threshold that are false.

    Args:
        thresholds: a number from 0 to 1, or several; default 0.5.
        name, dtype: see `Metric`.

    Raises:
        ValueError: if a threshold is not from 0 to 1; from `update_state`, if shapes do not fit.

    >>> FalsePositives(thresholds=[0.5, 0.8])([0, 1, 0, 0], [0.6, 0.9, 0.9, 0.1])
    tensor([2., 1.])
    """

    _kind = "false_positives"


@catalog.register()
class TrueNegatives(_Count):
    """The number of predictions not above a threshold that are false.

    Args:
        thresholds: a number from 0 to 1, or several; default 0.5.
        name, dtype: see `Metric`.

    Raises:
        ValueError: if a threshold is not from 0 to 1; from `update_state`, if shapes do not fit.

    >>> TrueNegatives()([0, 1, 0, 0], [0.6, 0.9, 0.9, 0.1])
    tensor(1.)
    """

    _kind = "true_negatives"


@catalog.register()
class FalseNegatives(_Count):
    """The number of predictions not above a threshold that are true.

    Args:
        thresholds: a number from 0 to 1, or several; default 0.5.
        name, dtype: see `Metric`.

    Raises:
        ValueError: if a threshold is not from 0 to 1; from `update_state`, if shapes do not fit.

    >>> FalseNegatives()([0, 1, 1, 1], [0, 0.2, 0.9, 0.7], sample_weight=[1, 0.5, 1, 1])
    tensor(0.5000)
    """

    _kind = "false_negatives"


class _Ratio(Metric):
    """True positives, divided by those and counts of another kind, at each threshold."""

    true_positives: Tensor
    _other: str

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        owner = type(self)
        self.init_thresholds = thresholds
        self.top_k = None if top_k is None else check_int(owner, "top_k", top_k, 1)
        self.class_id = None if class_id is None else check_int(owner, "class_id", class_id, 0)
        self._thresholds = read_thresholds(owner, thresholds, 0.5 if top_k is None else NO_SCORE)
        self.thresholds = list(self._thresholds.values)
        for kind in ("true_positives", self._other):
            setattr(self, kind, self.add_variable((len(self.thresholds),), "zeros", name=kind))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count predictions.

        Args:
            y_true: 0 and 1, or bools.
            y_pred: scores from 0 to 1, in the same shape; with `top_k` and without thresholds, any scores.
            sample_weight: how much each counts, in the same shape or in its first axes.
        """
        kinds = ("true_positives", self._other)
        counts = count(
            self, kinds, self._thresholds, y_true, y_pred, sample_weight, top_k=self.top_k, class_id=self.class_id
        )
        for kind, found in zip(kinds, counts, strict=True):
            getattr(self, kind).add_(found)

    def result(self) -> Tensor:
        """Return the ratio, (thresholds,), or () for one threshold."""
        found = ratio(self.true_positives, self.true_positives + getattr(self, self._other))
        return found[0] if len(self.thresholds) == 1 else found

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"thresholds": _plain(self.init_thresholds), "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


@catalog.register()
class Precision(_Ratio):
    """Of the predictions above a threshold, the share that is true; 0 if there are none.

    Args:
        thresholds: a number from 0 to 1, or several; default 0.5.
        top_k: if given, only as many predictions of each row, the greatest, can be positive, by default whatever they
            are.
        class_id: the only class, on the last axis, that counts.
        name, dtype: see `Metric`.

    Raises:
        ValueError: if a threshold is not from 0 to 1, or an argument no int; from `update_state`, if shapes do not fit.

    >>> Precision()([0, 1, 1, 1], [1, 0, 1, 1])
    tensor(0.6667)
    >>> Precision(top_k=2)([[0, 0, 1, 1]], [[1, 0.9, 0.8, 0]])
    tensor(0.)
    """

    false_positives: Tensor
    _other = POSITIVES[1]


@catalog.register()
class Recall(_Ratio):
    """Of what is true, the share whose predictions are above a threshold; 0 if nothing is.

    Args:
        thresholds: a number from 0 to 1, or several; default 0.5.
        top_k: if given, only as many predictions of each row, the greatest, can be positive, by default whatever they
            are.
        class_id: the only class, on the last axis, that counts.
        name, dtype: see `Metric`.

    Raises:
        ValueError: if a threshold is not from 0 to 1, or an argument no int; from `update_state`, if shapes do not fit.

    >>> Recall()([0, 1, 1, 1], [1, 0, 1, 1])
    tensor(0.6667)
    """

    false_negatives: Tensor
    _other = "false_negatives"


def _plain(thresholds: Any) -> Any:
    return thresholds.tolist() if hasattr(thresholds, "tolist") else thresholds
