"""Which losses are there, and how are they found by name and written into configs?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.binary import BinaryCrossentropy, BinaryFocalCrossentropy
from torchkeras_layer.losses.categorical import CategoricalCrossentropy, CategoricalFocalCrossentropy
from torchkeras_layer.losses.distributions import KLDivergence, Poisson
from torchkeras_layer.losses.embeddings import Circle
from torchkeras_layer.losses.function_loss import LossFunctionWrapper
from torchkeras_layer.losses.functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    circle,
    cosine_similarity,
    ctc,
    dice,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
    tversky,
)
from torchkeras_layer.losses.hinges import CategoricalHinge, Hinge, SquaredHinge
from torchkeras_layer.losses.loss import Loss
from torchkeras_layer.losses.overlaps import Dice, Tversky
from torchkeras_layer.losses.reductions import Reduction
from torchkeras_layer.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
)
from torchkeras_layer.losses.sequences import CTC
from torchkeras_layer.losses.sparse import CategoricalGeneralizedCrossEntropy, SparseCategoricalCrossentropy
from torchkeras_layer.registry import serialize_keras_object

BCE = bce = binary_crossentropy
KLD = kld = kullback_leibler_divergence = kl_divergence
MAE = mae = mean_absolute_error
MAPE = mape = mean_absolute_percentage_error
MSE = mse = mean_squared_error
MSLE = msle = mean_squared_logarithmic_error
cosine = cosine_proximity = cosine_similarity
logcosh = log_cosh

__all__ = [
    "BCE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CTC",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLD",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "Reduction",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine",
    "cosine_proximity",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
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
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]


def get(identifier: Any) -> Any:
    """Return the loss for a name, a config, a class, a callable (unchanged) or `None` (`None`).

    The name of a function gives the function, that of a class an object of it.

    Raises:
        ValueError: if the identifier is unknown.

    >>> get("mse").__name__, get("MeanSquaredError"), get(None)
    ('mean_squared_error', MeanSquaredError(name='mean_squared_error', reduction='sum_over_batch_size'), None)
    """
    return catalog.get(identifier)


def serialize(loss: Loss | Callable[..., Any], use_legacy_format: bool = False) -> Any:
    """Return the config of a loss.

    Args:
        loss: the object or function.
        use_legacy_format: whether the config has the two keys of Keras 2 only, `class_name` and `config`; a function of
            this library has its name.

    >>> serialize(Hinge())["class_name"], serialize(hinge)["config"], serialize(hinge, use_legacy_format=True)
    ('Hinge', 'hinge', 'hinge')
    """
    return catalog.serialize(loss, True) if use_legacy_format else serialize_keras_object(loss)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """Return the loss for a name or for a config from `serialize`.

    Args:
        config: the name or config.
        custom_objects: classes and functions by the names that the config has for them.
        use_legacy_format: ignored: the config says which format it has.

    Raises:
        ValueError: if it is unknown.

    >>> deserialize({"class_name": "Huber", "config": {"delta": 2.0}}).delta
    2.0
    """
    return catalog.deserialize(config, custom_objects)


if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "losses")
