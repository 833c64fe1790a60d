"""Which functions of losses are there, and under which names? On symbolic tensors, each is a node of their graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from torchkeras_layer.losses import (
    binary,
    categorical,
    distributions,
    embeddings,
    hinges,
    overlaps,
    regression,
    sequences,
    sparse,
)
from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.ops.calls import recorded
from torchkeras_layer.symbolic.functions import give_name

_F = TypeVar("_F", bound=Callable[..., Any])


def _public(function: _F, *aliases: str) -> _F:
    give_name(f"keras.losses.{function.__name__}", function)
    call: Any = recorded(function, function.__name__, "torchkeras_layer.losses")
    return catalog.register(*aliases)(call)


binary_crossentropy = _public(binary.binary_crossentropy, "bce", "BCE")
binary_focal_crossentropy = _public(binary.binary_focal_crossentropy)
categorical_crossentropy = _public(categorical.categorical_crossentropy)
categorical_focal_crossentropy = _public(categorical.categorical_focal_crossentropy)
categorical_generalized_cross_entropy = _public(sparse.categorical_generalized_cross_entropy)
categorical_hinge = _public(hinges.categorical_hinge)
circle = _public(embeddings.circle)
cosine_similarity = _public(regression.cosine_similarity, "cosine", "cosine_proximity")
ctc = _public(sequences.ctc)
dice = _public(overlaps.dice)
hinge = _public(hinges.hinge)
huber = _public(regression.huber, "huber_loss")
kl_divergence = _public(distributions.kl_divergence, "kld", "KLD", "kullback_leibler_divergence")
log_cosh = _public(regression.log_cosh, "logcosh")
mean_absolute_error = _public(regression.mean_absolute_error, "mae", "MAE")
mean_absolute_percentage_error = _public(regression.mean_absolute_percentage_error, "mape", "MAPE")
mean_squared_error = _public(regression.mean_squared_error, "mse", "MSE")
mean_squared_logarithmic_error = _public(regression.mean_squared_logarithmic_error, "msle", "MSLE")
poisson = _public(distributions.poisson)
sparse_categorical_crossentropy = _public(sparse.sparse_categorical_crossentropy)
squared_hinge = _public(hinges.squared_hinge)
tversky = _public(overlaps.tversky)
