"""Which functions of metrics are there, and under which names? On symbolic tensors, each is a node of their graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from torchkeras_layer.metrics import correlations, matches
from torchkeras_layer.metrics._catalog import function_catalog
from torchkeras_layer.ops.calls import recorded
from torchkeras_layer.symbolic.functions import give_name

_F = TypeVar("_F", bound=Callable[..., Any])


def _public(function: _F) -> _F:
    give_name(f"keras.metrics.{function.__name__}", function)
    call: Any = recorded(function, function.__name__, "torchkeras_layer.metrics")
    return call


# Not registered: a config that names the function means that of losses.
cosine_similarity = _public(correlations.cosine_similarity)
accuracy = function_catalog.register()(_public(matches.accuracy))
binary_accuracy = function_catalog.register()(_public(matches.binary_accuracy))
categorical_accuracy = function_catalog.register()(_public(matches.categorical_accuracy))
concordance_correlation = function_catalog.register()(_public(correlations.concordance_correlation))
pearson_correlation = function_catalog.register()(_public(correlations.pearson_correlation))
sparse_categorical_accuracy = function_catalog.register()(_public(matches.sparse_categorical_accuracy))
sparse_top_k_categorical_accuracy = function_catalog.register()(_public(matches.sparse_top_k_categorical_accuracy))
top_k_categorical_accuracy = function_catalog.register()(_public(matches.top_k_categorical_accuracy))
