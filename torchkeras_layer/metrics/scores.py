"""Which metrics weigh precision against recall, or errors against the variance of targets?"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._ranks import same_rank
from torchkeras_layer._settings import epsilon
from torchkeras_layer._shapes import broadcasts_to
from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.metric import Metric
from torchkeras_layer.metrics.values import check_choice, check_int, check_shapes, numbers, weights_error

_AVERAGES = (None, "micro", "macro", "weighted")
_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


@catalog.register()
class FBetaScore(Metric):
    """The harmonic mean of precision and recall, in which recall counts beta² times as much, for each class.

    Args:
        average: how the scores of classes become one: `None` for not at all; 'micro' for the score of all predictions
            together; 'macro' for their mean; 'weighted' for the mean in which a class counts as often as it is true.
        beta: a float above 0.
        threshold: predictions above it mean 1, a float; `None` for the greatest of each row.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for other arguments; from `update_state`, unless targets and predictions are (batch, classes).

    >>> FBetaScore(beta=2.0, threshold=0.5)([[1, 1], [1, 0]], [[0.2, 0.6], [0.6, 0.6]])
    tensor([0.5556, 0.8333])
    """

    true_positives: Tensor
    false_positives: Tensor
    false_negatives: Tensor
    intermediate_weights: Tensor

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        check_choice(type(self), "average", average, _AVERAGES)
        if not isinstance(beta, float) or not beta > 0:
            raise ValueError(f"{type(self).__name__}: beta must be a float above 0. Received: beta={beta!r}.")
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise ValueError(
                f"{type(self).__name__}: threshold must be None, or a float above 0 and not above 1. Received: "
                f"threshold={threshold!r}."
            )
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self._built = False

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count predictions.

        Args:
            y_true: 0 and 1, (batch, classes).
            y_pred: scores, in the same shape.
            sample_weight: how much each sample counts, (batch,).
        """
        y_true, y_pred = numbers(self, y_true), numbers(self, y_pred)
        _check_rank_2(self, y_true, y_pred)
        check_shapes(self, y_true, y_pred)
        self._build(y_pred)
        if self.threshold is None:
            above = (y_pred >= y_pred.amax(-1, keepdim=True)) & (y_pred.abs() > 1e-9)
        else:
            above = y_pred > self.threshold
        above = above.to(y_pred.dtype)
        weights = None if sample_weight is None else numbers(self, sample_weight)
        if weights is not None:
            if weights.dim() > 1 or not broadcasts_to(weights.shape, y_true.shape[:1]):
                raise weights_error(self, weights, y_true)
            weights = weights.unsqueeze(-1)
        axis = None if self.average == "micro" else 0
        for state, found in (
            (self.true_positives, above * y_true),
            (self.false_positives, above * (1 - y_true)),
            (self.false_negatives, (1 - above) * y_true),
            (self.intermediate_weights, y_true),
        ):
            state.add_(torch.sum(found if weights is None else found * weights, axis))

    def result(self) -> Tensor:
        """Return the score: (classes,) without an average, else a scalar."""
        if not self._built:
            return torch.zeros(())
        true = self.true_positives
        precision = true / (true + self.false_positives + epsilon())
        recall = true / (true + self.false_negatives + epsilon())
        square = self.beta**2
        scores = precision * recall / (square * precision + recall + epsilon()) * (1 + square)
        if self.average == "weighted":
            return (scores * (self.intermediate_weights / (self.intermediate_weights.sum() + epsilon()))).sum()
        return scores if self.average is None else scores.mean()

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}

    def _build(self, y_pred: Tensor) -> None:
        classes = y_pred.shape[-1]
        if not self._built:
            shape = () if self.average == "micro" else (classes,)
            for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
                setattr(self, name, self.add_variable(shape, "zeros", dtype=self.dtype, name=name))
            self._built = True
        _check_columns(self, self.true_positives, y_pred)


@catalog.register()
class F1Score(FBetaScore):
    """The harmonic mean of precision and recall, for each class.

    Args:
        average, threshold: see `FBetaScore`.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for other arguments; from `update_state`, unless targets and predictions are (batch, classes).

    >>> F1Score(threshold=0.5, average="macro")([[1, 1], [1, 0]], [[0.2, 0.6], [0.6, 0.6]])
    tensor(0.6667)
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {key: value for key, value in super().get_config().items() if key != "beta"}


@catalog.register()
class R2Score(Metric):
    """The coefficient of determination: 1 - the sum of squared errors / that of squared deviations from the mean.

    Args:
        class_aggregation: how the scores of columns become one: 'uniform_average', 'variance_weighted_average', or
            `None` for not at all.
        num_regressors: if above 0, the score is adjusted for as many independent variables.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for other arguments; from `update_state`, unless targets and predictions are (batch, columns).

    >>> R2Score()([[1], [4], [3]], [[2], [4], [4]])
    tensor(0.5714)
    """

    num_samples: Tensor
    squared_sum: Tensor
    sum: Tensor
    total_mse: Tensor
    count: Tensor

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        check_choice(type(self), "class_aggregation", class_aggregation, _AGGREGATIONS)
        self.class_aggregation = class_aggregation
        self.num_regressors = check_int(type(self), "num_regressors", num_regressors, 0)
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add squared errors and targets.

        Args:
            y_true: the targets, (batch, columns).
            y_pred: the predictions, in the same shape.
            sample_weight: how much each sample counts, (batch,), or each number.
        """
        y_true, y_pred = same_rank(numbers(self, y_true), numbers(self, y_pred))
        _check_rank_2(self, y_true, y_pred)
        check_shapes(self, y_true, y_pred)
        self._build(y_pred)
        weights = torch.ones_like(y_true) if sample_weight is None else numbers(self, sample_weight)
        weights = weights.unsqueeze(1) if weights.dim() == 1 else weights
        if not broadcasts_to(weights.shape, y_true.shape):
            raise weights_error(self, weights, y_true)
        weights = weights.expand(y_true.shape)
        weighted = y_true * weights
        self.sum.add_(weighted.sum(0))
        self.squared_sum.add_((y_true * weighted).sum(0))
        self.total_mse.add_(((y_true - y_pred) ** 2 * weights).sum(0))
        self.count.add_(weights.sum(0))
        self.num_samples.add_(y_true.numel())

    def result(self) -> Tensor:
        """Return the score: (columns,) without an aggregation, else a scalar; NaN before the first call."""
        if not self._built:
            return torch.full((), torch.nan)
        total = self.squared_sum - self.sum * (self.sum / self.count)
        scores = 1 - self.total_mse / total
        scores = torch.where(torch.isinf(scores), 0, scores)
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation == "variance_weighted_average":
            scores = (total * scores).sum() / total.sum()
        return self._adjusted(scores) if self.num_regressors else scores

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}

    def _build(self, y_pred: Tensor) -> None:
        if not self._built:
            for name in ("squared_sum", "sum", "total_mse", "count"):
                setattr(self, name, self.add_variable((y_pred.shape[-1],), "zeros", name=name))
            self._built = True
        _check_columns(self, self.sum, y_pred)

    def _adjusted(self, scores: Tensor) -> Tensor:
        left = self.num_samples - self.num_regressors - 1
        if not torch.compiler.is_compiling() and left <= 0:
            warnings.warn(
                f"{self.name}: the score is not adjusted, because there are {int(self.num_samples)} numbers for "
                f"num_regressors={self.num_regressors}.",
                stacklevel=3,
            )
        return torch.where(left > 0, 1 - (1 - scores) * (self.num_samples - 1) / left, scores)


def _check_rank_2(metric: Metric, y_true: Tensor, y_pred: Tensor) -> None:
    if y_true.dim() != 2 or y_pred.dim() != 2:
        raise ValueError(
            f"{metric.name}: y_true and y_pred must have two axes, (batch, columns). Received: y_true of shape "
            f"{tuple(y_true.shape)}, y_pred of shape {tuple(y_pred.shape)}."
        )


def _check_columns(metric: Metric, state: Tensor, y_pred: Tensor) -> None:
    if state.dim() and state.shape[0] != y_pred.shape[-1]:
        raise ValueError(
            f"{metric.name}: y_pred must have as many columns as in the first call, {state.shape[0]}. Received: y_pred "
            f"of shape {tuple(y_pred.shape)}."
        )
