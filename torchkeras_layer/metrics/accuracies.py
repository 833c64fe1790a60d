"""Which metrics say how often predictions are right?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.function_mean import MeanMetricWrapper
from torchkeras_layer.metrics.functions import (
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from torchkeras_layer.metrics.values import check_int


@catalog.register("acc", "ACC")
class Accuracy(MeanMetricWrapper):
    """How often predictions equal targets.

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> Accuracy()([1, 2, 3, 4], [0, 2, 3, 4])
    tensor(0.7500)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


@catalog.register()
class BinaryAccuracy(MeanMetricWrapper):
    """How often predictions are on the right side of a threshold.

    Args:
        name, dtype: see `Metric`.
        threshold: predictions above it mean 1.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> BinaryAccuracy()([1, 1, 0, 0], [0.98, 1, 0, 0.6])
    tensor(0.7500)
    """

    _torchkeras_arguments = ("threshold",)

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)
        self.threshold = threshold


@catalog.register()
class CategoricalAccuracy(MeanMetricWrapper):
    """How often the greatest prediction is that of the right class, for vectors with 1 at that class.

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> CategoricalAccuracy()([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    tensor(0.5000)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


@catalog.register()
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the greatest prediction is that of the right class, for classes as ints.

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> SparseCategoricalAccuracy()([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]])
    tensor(0.5000)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


@catalog.register()
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the `k` greatest predictions, for vectors with 1 at that class.

    Args:
        k: how many predictions count.
        name, dtype: see `Metric`.

    Raises:
        ValueError: if `k` is no int above 0; from `update_state`, if shapes do not fit.

    >>> TopKCategoricalAccuracy(k=1)([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    tensor(0.5000)
    """

    _torchkeras_arguments = ("k",)

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=check_int(type(self), "k", k, 1))
        self.k = k


@catalog.register()
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the `k` greatest predictions, for classes as ints.

    Args:
        k: how many predictions count.
        name, dtype: see `Metric`.
        from_sorted_ids: whether predictions are classes instead of scores, the best first.

    Raises:
        ValueError: if `k` is no int above 0; from `update_state`, if shapes do not fit.

    >>> SparseTopKCategoricalAccuracy(k=1)([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    tensor(0.5000)
    """

    _torchkeras_arguments = ("k",)

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(
            sparse_top_k_categorical_accuracy,
            name,
            dtype,
            k=check_int(type(self), "k", k, 1),
            from_sorted_ids=from_sorted_ids,
        )
        self.k = k
        self.from_sorted_ids = from_sorted_ids

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; `from_sorted_ids` only if it is true."""
        return {**super().get_config(), **({"from_sorted_ids": True} if self.from_sorted_ids else {})}
