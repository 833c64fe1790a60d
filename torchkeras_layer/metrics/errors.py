"""Which metrics say how far predicted numbers are from targets, and in which direction?"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from torchkeras_layer.losses.functions import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.function_mean import MeanMetricWrapper
from torchkeras_layer.metrics.functions import concordance_correlation, cosine_similarity, pearson_correlation
from torchkeras_layer.metrics.reductions import Mean, add_to_mean
from torchkeras_layer.metrics.values import numbers, pair, ratio


@catalog.register("mse", "MSE")
class MeanSquaredError(MeanMetricWrapper):
    """The mean of (y_true - y_pred)².

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> MeanSquaredError()([[0, 1], [0, 0]], [[1, 1], [0, 0]])
    tensor(0.2500)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_error, name, dtype)


@catalog.register("mae", "MAE")
class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of |y_true - y_pred|.

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> MeanAbsoluteError()([[0, 1], [0, 0]], [[1, 1], [0, 0]])
    tensor(0.2500)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_error, name, dtype)


@catalog.register("mape", "MAPE")
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of 100 * |y_true - y_pred| / |y_true|.

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> MeanAbsolutePercentageError()([[1.0, 4.0]], [[2.0, 4.0]])
    tensor(50.)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_percentage_error, name, dtype)


@catalog.register("msle", "MSLE")
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of (log(1 + y_true) - log(1 + y_pred))².

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> MeanSquaredLogarithmicError()([[0, 1], [0, 0]], [[1, 1], [0, 0]])
    tensor(0.1201)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_logarithmic_error, name, dtype)


@catalog.register("logcosh", "log_cosh")
class LogCoshError(MeanMetricWrapper):
    """The mean of log(cosh(y_pred - y_true)).

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> LogCoshError()([[0, 1], [0, 0]], [[1, 1], [0, 0]])
    tensor(0.1084)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(log_cosh, name, dtype)


@catalog.register("cosine", "cosine_proximity")
class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between targets and predictions: 1 for the same direction.

    Args:
        name, dtype: see `Metric`.
        axis: the axis of the vectors.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> CosineSimilarity(axis=1)([[0, 1], [1, 1]], [[1, 0], [1, 1]])
    tensor(0.5000)
    """

    _torchkeras_arguments = ("axis",)

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(cosine_similarity, name, dtype, axis=axis)
        self.axis = axis


@catalog.register()
class PearsonCorrelation(MeanMetricWrapper):
    """The mean, over samples, of the correlation of targets and predictions; NaN if one of them is constant.

    Args:
        name, dtype: see `Metric`.
        axis: the axis of one sample.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> PearsonCorrelation()([[0, 1, 0.5], [1, 1, 0.2]], [[0, 1, 0.5], [1, 1, 0.2]])
    tensor(1.0000)
    """

    _torchkeras_arguments = ("axis",)

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)
        self.axis = axis


@catalog.register()
class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean, over samples, of how closely predictions agree with targets: 1 if they are equal and not constant.

    Args:
        name, dtype: see `Metric`.
        axis: the axis of one sample.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> ConcordanceCorrelation()([[0, 1, 0.5], [1, 1, 0.2]], [[0, 1, 0.5], [1, 1, 0.2]])
    tensor(1.0000)
    """

    _torchkeras_arguments = ("axis",)

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
        self.axis = axis


@catalog.register()
class RootMeanSquaredError(Mean):
    """The root of the mean of (y_true - y_pred)², over all calls.

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> RootMeanSquaredError()([[0, 1], [0, 0]], [[1, 1], [0, 0]])
    tensor(0.5000)
    """

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add squared errors to the mean.

        Args:
            y_true: the targets.
            y_pred: the predictions, in the same shape.
            sample_weight: weights in the same shape, or in its first axes.
        """
        y_true, y_pred = pair(self, y_true, y_pred)
        add_to_mean(self, (y_pred - y_true) ** 2, sample_weight)

    def result(self) -> Tensor:
        """Return the root of the mean so far, a scalar."""
        return super().result().sqrt()


@catalog.register()
class MeanRelativeError(Mean):
    """The mean of |y_true - y_pred| / normalizer, over all calls; 0 where the normalizer is 0.

    A metric of Keras 2.

    Args:
        normalizer: numbers in the shape of the predictions.
        name, dtype: see `Metric`.

    Raises:
        TypeError: if the normalizer is no number, or none are given.
        ValueError: from `update_state`, if shapes do not fit.

    >>> MeanRelativeError(normalizer=[1, 3, 2, 3])([1, 3, 2, 3], [2, 4, 6, 8])
    tensor(1.2500)
    """

    def __init__(self, normalizer: Any, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.normalizer = numbers(self, normalizer).tolist()

    def update_state(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add relative errors to the mean.

        Args:
            y_true: the targets.
            y_pred: the predictions, in the same shape.
            sample_weight: weights in the same shape, or in its first axes.
        """
        y_true, y_pred = pair(self, y_true, y_pred)
        normalizer = y_pred.new_tensor(self.normalizer)
        if normalizer.shape != y_pred.shape:
            raise ValueError(
                f"{self.name}: the predictions must have the shape of the normalizer, {tuple(normalizer.shape)}. "
                f"Received: y_pred of shape {tuple(y_pred.shape)}."
            )
        add_to_mean(self, ratio((y_true - y_pred).abs(), normalizer), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "normalizer": self.normalizer}
