"""Which metrics does a layer keep?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._autograd import in_backward
from torchkeras_layer.layer.attributes import free_key
from torchkeras_layer.layer.building import build_lock
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.dtypes import weights_device
from torchkeras_layer.layer.walk import contents_of, modules_in
from torchkeras_layer.layer.weight_creation import creating_weights
from torchkeras_layer.metrics import Mean, is_metric, last_result


def add_metric(layer: Any, value: Any, aggregation: str | None, name: str | None) -> None:
    """Count a value into the metric of a name, which is made if there is none; see `Layer`."""
    layer_name = layer._torchkeras.name
    check_aggregation(layer_name, aggregation)
    source = _returned_by(layer, value)
    if source is not None:
        _find_metric(layer, getattr(source, "name", None))
        return
    if name is None:
        raise ValueError(
            f"{layer_name}: add_metric needs a name, unless the value was just returned by a metric on an "
            "attribute of this layer. Write `self.add_metric(value, name='...')`."
        )
    context = per_thread.context
    if context.layer is None:
        raise ValueError(f"{layer_name}: add_metric is for use in `call`. Received {name!r} outside a call.")
    metric = _find_metric(layer, name) or make_metric(layer, name)
    if context.dry_run is None and not in_backward():
        metric.update_state(value)


def metrics_of(layer: Any) -> list[Any]:
    """Return the metrics of a layer, then those of the layers inside."""
    found = [*_own_metrics(layer), *(module for module in modules_in(layer) if is_metric(module))]
    return list({id(metric): metric for metric in found}.values())


def _own_metrics(layer: Any) -> list[Any]:
    """List the metrics on this layer's attributes, also in containers."""
    return [child for child in contents_of(layer) if is_metric(child)]


def _returned_by(layer: Any, value: Any) -> Any:
    """Return the metric that has just returned this very tensor, or `None`."""
    is_tensor = isinstance(value, torch.Tensor)
    return next((metric for metric in _own_metrics(layer) if is_tensor and last_result(metric) is value), None)


def _find_metric(layer: Any, name: str | None) -> Any:
    """Return the one metric of this name on this layer, or `None`."""
    known = [metric for metric in _own_metrics(layer) if getattr(metric, "name", None) == name]
    if len(known) > 1 and name is not None:
        raise ValueError(
            f"{layer._torchkeras.name}: add_metric: {len(known)} metrics are named {name!r}. Give each its own name."
        )
    return known[0] if known else None


def make_metric(layer: Any, name: str) -> Mean:
    """Make the metric of a name on a layer."""
    if torch.compiler.is_dynamo_compiling():
        return _add_mean(layer, name)
    with build_lock:
        # Another thread may have made it meanwhile.
        return _find_metric(layer, name) or _add_mean(layer, name)


def _add_mean(layer: Any, name: str) -> Mean:
    with creating_weights(weights_device(layer)):
        mean = layer._modules[free_key(layer, f"metric_{name}")] = Mean(name=name)
    return mean


def check_aggregation(layer_name: str, aggregation: Any) -> None:
    """Check how the values of `add_metric` are to be put together.

    Raises:
        ValueError: if otherwise than by their mean.
    """
    if aggregation not in (None, "mean"):
        raise ValueError(f"{layer_name}: add_metric: aggregation must be None or 'mean'. Received: {aggregation!r}.")
