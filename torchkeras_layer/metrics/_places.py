"""In which file is each metric? A file is imported when one of its metrics is first used."""

from __future__ import annotations

import importlib
from typing import Any

_PACKAGE = __name__.rpartition(".")[0]
_NAMES = {
    "accuracies": (
        "Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy SparseTopKCategoricalAccuracy "
        "TopKCategoricalAccuracy"
    ),
    "confusion": "FalseNegatives FalsePositives Precision Recall TrueNegatives TruePositives",
    "constrained": "PrecisionAtRecall RecallAtPrecision SensitivityAtSpecificity SpecificityAtSensitivity",
    "curves": "AUC",
    "errors": (
        "ConcordanceCorrelation CosineSimilarity LogCoshError MeanAbsoluteError MeanAbsolutePercentageError "
        "MeanRelativeError MeanSquaredError MeanSquaredLogarithmicError PearsonCorrelation RootMeanSquaredError"
    ),
    "function_mean": "MeanMetricWrapper",
    "functions": (
        "accuracy binary_accuracy categorical_accuracy concordance_correlation cosine_similarity pearson_correlation "
        "sparse_categorical_accuracy sparse_top_k_categorical_accuracy top_k_categorical_accuracy"
    ),
    "overlaps": "BinaryIoU IoU MeanIoU OneHotIoU OneHotMeanIoU",
    "probabilities": (
        "BinaryCrossentropy CategoricalCrossentropy CategoricalHinge Hinge KLDivergence Poisson "
        "SparseCategoricalCrossentropy SquaredHinge"
    ),
    "scores": "F1Score FBetaScore R2Score",
}
# Functions that are those of losses.
_OF_LOSSES = (
    "KLD MAE MAPE MSE MSLE binary_crossentropy binary_focal_crossentropy categorical_crossentropy "
    "categorical_focal_crossentropy categorical_hinge hinge huber kl_divergence kld kullback_leibler_divergence "
    "log_cosh logcosh mae mape mean_absolute_error mean_absolute_percentage_error mean_squared_error "
    "mean_squared_logarithmic_error mse msle poisson sparse_categorical_crossentropy squared_hinge"
)
_ALIASES = {"cosine": "cosine_similarity", "cosine_proximity": "cosine_similarity"}
PLACES = {name: f"{_PACKAGE}.{file}" for file, names in _NAMES.items() for name in names.split()}
PLACES |= {name: f"{_PACKAGE.rpartition('.')[0]}.losses" for name in _OF_LOSSES.split()}
PLACES |= {alias: PLACES[name] for alias, name in _ALIASES.items()}


def find(name: str) -> Any:
    """Return the metric or function with a name in `PLACES`.

    >>> find("AUC").__name__, find("cosine").__name__
    ('AUC', 'cosine_similarity')
    """
    return getattr(importlib.import_module(PLACES[name]), _ALIASES.get(name, name))


def import_all() -> None:
    """Import all files, which registers their metrics."""
    for place in dict.fromkeys(PLACES.values()):
        importlib.import_module(place)
