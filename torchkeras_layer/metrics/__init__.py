"""Which metrics are there, and how are they found by name and written into configs?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torchkeras_layer._placeholders import find_missing
from torchkeras_layer.metrics import _places
from torchkeras_layer.metrics._catalog import catalog, function_catalog
from torchkeras_layer.metrics.foreign import is_metric, last_result, metric_reset, metric_result, muted
from torchkeras_layer.metrics.metric import Metric
from torchkeras_layer.metrics.reductions import Mean, MeanTensor, Sum
from torchkeras_layer.registry import deserialize_keras_object

if TYPE_CHECKING:
    from torchkeras_layer.losses import (
        KLD,
        MAE,
        MAPE,
        MSE,
        MSLE,
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        categorical_hinge,
        hinge,
        huber,
        kl_divergence,
        kld,
        kullback_leibler_divergence,
        log_cosh,
        logcosh,
        mae,
        mape,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
        mean_squared_logarithmic_error,
        mse,
        msle,
        poisson,
        sparse_categorical_crossentropy,
        squared_hinge,
    )
    from torchkeras_layer.metrics.accuracies import (
        Accuracy,
        BinaryAccuracy,
        CategoricalAccuracy,
        SparseCategoricalAccuracy,
        SparseTopKCategoricalAccuracy,
        TopKCategoricalAccuracy,
    )
    from torchkeras_layer.metrics.confusion import (
        FalseNegatives,
        FalsePositives,
        Precision,
        Recall,
        TrueNegatives,
        TruePositives,
    )
    from torchkeras_layer.metrics.constrained import (
        PrecisionAtRecall,
        RecallAtPrecision,
        SensitivityAtSpecificity,
        SpecificityAtSensitivity,
    )
    from torchkeras_layer.metrics.curves import AUC
    from torchkeras_layer.metrics.errors import (
        ConcordanceCorrelation,
        CosineSimilarity,
        LogCoshError,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanRelativeError,
        MeanSquaredError,
        MeanSquaredLogarithmicError,
        PearsonCorrelation,
        RootMeanSquaredError,
    )
    from torchkeras_layer.metrics.function_mean import MeanMetricWrapper
    from torchkeras_layer.metrics.functions import (
        accuracy,
        binary_accuracy,
        categorical_accuracy,
        concordance_correlation,
        cosine_similarity,
        pearson_correlation,
        sparse_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
        top_k_categorical_accuracy,
    )
    from torchkeras_layer.metrics.functions import cosine_similarity as cosine
    from torchkeras_layer.metrics.functions import cosine_similarity as cosine_proximity
    from torchkeras_layer.metrics.overlaps import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
    from torchkeras_layer.metrics.probabilities import (
        BinaryCrossentropy,
        CategoricalCrossentropy,
        CategoricalHinge,
        Hinge,
        KLDivergence,
        Poisson,
        SparseCategoricalCrossentropy,
        SquaredHinge,
    )
    from torchkeras_layer.metrics.scores import F1Score, FBetaScore, R2Score

__all__ = [
    "Mean",
    "MeanTensor",
    "Metric",
    "Sum",
    "deserialize",
    "get",
    "is_metric",
    "last_result",
    "metric_reset",
    "metric_result",
    "muted",
    "serialize",
]
if TYPE_CHECKING:
    __all__ += [
        "AUC",
        "Accuracy",
        "BinaryAccuracy",
        "BinaryCrossentropy",
        "BinaryIoU",
        "CategoricalAccuracy",
        "CategoricalCrossentropy",
        "CategoricalHinge",
        "ConcordanceCorrelation",
        "CosineSimilarity",
        "F1Score",
        "FBetaScore",
        "FalseNegatives",
        "FalsePositives",
        "Hinge",
        "IoU",
        "KLD",
        "KLDivergence",
        "LogCoshError",
        "MAE",
        "MAPE",
        "MSE",
        "MSLE",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanIoU",
        "MeanMetricWrapper",
        "MeanRelativeError",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
        "OneHotIoU",
        "OneHotMeanIoU",
        "PearsonCorrelation",
        "Poisson",
        "Precision",
        "PrecisionAtRecall",
        "R2Score",
        "Recall",
        "RecallAtPrecision",
        "RootMeanSquaredError",
        "SensitivityAtSpecificity",
        "SparseCategoricalAccuracy",
        "SparseCategoricalCrossentropy",
        "SparseTopKCategoricalAccuracy",
        "SpecificityAtSensitivity",
        "SquaredHinge",
        "TopKCategoricalAccuracy",
        "TrueNegatives",
        "TruePositives",
        "accuracy",
        "binary_accuracy",
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "categorical_accuracy",
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_hinge",
        "concordance_correlation",
        "cosine",
        "cosine_proximity",
        "cosine_similarity",
        "hinge",
        "huber",
        "kl_divergence",
        "kld",
        "kullback_leibler_divergence",
        "log_cosh",
        "logcosh",
        "mae",
        "mape",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_error",
        "mean_squared_logarithmic_error",
        "mse",
        "msle",
        "pearson_correlation",
        "poisson",
        "sparse_categorical_accuracy",
        "sparse_categorical_crossentropy",
        "sparse_top_k_categorical_accuracy",
        "squared_hinge",
        "top_k_categorical_accuracy",
    ]
else:
    __all__ += list(_places.PLACES)


def get(identifier: Any) -> Any:
    """Return the metric for a name, a config, a class, a callable (unchanged) or `None` (`None`).

    Raises:
        ValueError: if the identifier is unknown.

    >>> get("mean"), get(None)
    (Mean(name='mean'), None)
    """
    return catalog.get(identifier)


def serialize(metric: Any, use_legacy_format: bool = False) -> Any:
    """Return the config of a metric, without its state.

    Args:
        metric: the object.
        use_legacy_format: whether the config has the two keys of Keras 2 only, `class_name` and `config`.

    >>> serialize(Sum())["config"]
    {'name': 'sum', 'dtype': 'float32'}
    """
    return catalog.serialize(metric, use_legacy_format)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """Return the metric for a name or for a config from `serialize`.

    Args:
        config: the name or config.
        custom_objects: classes and functions by the names that the config has for them.
        use_legacy_format: ignored: the config says which format it has.

    Raises:
        ValueError: if it is unknown.

    >>> deserialize({"class_name": "Sum", "config": {"name": "tokens"}})
    Sum(name='tokens')
    """
    is_function = isinstance(config, Mapping) and config.get("class_name") == "function"
    return (deserialize_keras_object if is_function else catalog.deserialize)(config, custom_objects)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _places.PLACES:
            return find_missing(__name__, name, "metrics", __all__)
        globals()[name] = found = _places.find(name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


catalog.complete_with(_places.import_all)
function_catalog.complete_with(_places.import_all)
