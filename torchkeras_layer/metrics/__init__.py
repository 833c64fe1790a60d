"""Which metrics are there, and how are they found by name and written into configs?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.foreign import is_metric, last_result, metric_reset, metric_result, muted
from torchkeras_layer.metrics.metric import Metric
from torchkeras_layer.metrics.reductions import Mean, Sum

__all__ = [
    "Mean",
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
    return catalog.deserialize(config, custom_objects)


if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "metrics")
