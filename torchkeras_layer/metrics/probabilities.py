"""Which metrics are means of losses of classes: hinges, divergences and cross-entropies?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.losses.functions import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.function_mean import MeanMetricWrapper


@catalog.register()
class Hinge(MeanMetricWrapper):
    """The mean of max(1 - y_true * y_pred, 0), for targets -1 and 1; targets 0 and 1 become these.

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> Hinge()([[0, 1]], [[-1.0, 0.5]])
    tensor(0.2500)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(hinge, name, dtype)


@catalog.register()
class SquaredHinge(MeanMetricWrapper):
    """The mean of max(1 - y_true * y_pred, 0)², for targets -1 and 1; targets 0 and 1 become these.

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> SquaredHinge()([[0, 1]], [[-1.0, 0.5]])
    tensor(0.1250)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(squared_hinge, name, dtype)


@catalog.register()
class CategoricalHinge(MeanMetricWrapper):
    """The mean of how far the greatest wrong score plus 1 is above that of the right class.

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> CategoricalHinge()([[0, 1]], [[0.5, 0.75]])
    tensor(0.7500)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(categorical_hinge, name, dtype)


@catalog.register("kld", "KLD", "kullback_leibler_divergence")
class KLDivergence(MeanMetricWrapper):
    """The mean divergence of predicted from true probabilities.

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])
    tensor(0.1438)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(kl_divergence, name, dtype)


@catalog.register()
class Poisson(MeanMetricWrapper):
    """The mean of y_pred - y_true * log(y_pred), for counts.

    Args:
        name, dtype: see `Metric`.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> Poisson()([[1.0, 2.0]], [[1.0, 1.0]])
    tensor(1.0000)
    """

    _torchkeras_arguments = ()

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(poisson, name, dtype)


@catalog.register("bce", "BCE")
class BinaryCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of single classes, which are true or not.

    Args:
        name, dtype: see `Metric`.
        from_logits: whether predictions are logits.
        label_smoothing: how far targets move to 0.5, from 0 to 1.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> BinaryCrossentropy()([[0, 1]], [[0.5, 0.5]])
    tensor(0.6931)
    """

    _torchkeras_arguments = ("from_logits", "label_smoothing")

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


@catalog.register()
class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of classes, one of which is true, for vectors with 1 at that class.

    Args:
        name, dtype: see `Metric`.
        from_logits: whether predictions are logits.
        label_smoothing: how far targets move to equal shares, from 0 to 1.
        axis: the axis of the classes.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]])
    tensor(0.6931)
    """

    _torchkeras_arguments = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            categorical_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


@catalog.register()
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of classes, one of which is true, for classes as ints.

    Args:
        name, dtype: see `Metric`.
        from_logits: whether predictions are logits.
        ignore_class: a class, also one that does not exist, whose losses are 0; they count in the mean, as in Keras.
        axis: the axis of the classes.

    Raises:
        ValueError: from `update_state`, if shapes do not fit.

    >>> SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])
    tensor(0.6931)
    """

    _torchkeras_arguments = ("from_logits", "ignore_class", "axis")

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis
        )
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
