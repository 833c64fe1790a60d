"""Which metrics does a layer keep?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._autograd import in_backward
from torchkeras_layer.layer.building import build_lock
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.creation import creating_weights
from torchkeras_layer.layer.dtypes import Dtypes
from torchkeras_layer.layer.walk import contents_of, modules_in
from torchkeras_layer.metrics import Mean, is_metric, last_result


class Measuring(Dtypes):
    """`add_metric` and `metrics`."""

    def add_metric(self, value: Any, aggregation: str | None = None, name: str | None = None) -> None:
        """Keep a running mean of a value over calls; read it as `metrics[i].result()`.

        Args:
            value: number or tensor, averaged over all entries; or what a metric on an attribute of this layer has just
                returned, which then is not counted twice.
            aggregation: `None` or `'mean'`.
            name: the metric's name; calls with one name share one metric. Not needed for a metric's own result.

        Raises:
            ValueError: for another aggregation, a missing name, one that several metrics have, or outside a call.

        >>> import torchkeras_layer as keras
        >>> class Watched(keras.Layer):
        ...     def call(self, inputs):
        ...         self.add_metric(inputs.sum(), "mean", "total")
        ...         return inputs
        >>> layer = Watched(); _ = layer(torch.ones(8)); _ = layer(torch.ones(16))
        >>> layer.metrics[0].result()
        tensor(12.)
        """
        check_aggregation(self._name, aggregation)
        source = self._returned_by(value)
        if source is not None:
            self._find_metric(getattr(source, "name", None))
            return
        if name is None:
            raise ValueError(
                f"{self._name}: add_metric needs a name, unless the value was just returned by a metric on an "
                "attribute of this layer. Write `self.add_metric(value, name='...')`."
            )
        context = per_thread.context
        if context.layer is None:
            raise ValueError(f"{self._name}: add_metric is for use in `call`. Received {name!r} outside a call.")
        metric = self._find_metric(name) or self._make_metric(name)
        if context.dry_run is None and not in_backward():
            metric.update_state(value)

    @property
    def metrics(self) -> list[Any]:
        """Metrics of this layer, then those of the layers inside.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer(); layer.seen = keras.metrics.Sum(name="seen")
        >>> [m.name for m in layer.metrics]
        ['seen']
        """
        found = [*self._own_metrics(), *(module for module in modules_in(self) if is_metric(module))]
        return list({id(metric): metric for metric in found}.values())

    @property
    def metrics_variables(self) -> list[torch.Tensor]:
        """State tensors of all `metrics`."""
        return [state for metric in self.metrics for state in metric.buffers()]

    def _own_metrics(self) -> list[Any]:
        """List the metrics on this layer's attributes, also in containers."""
        return [child for child in contents_of(self) if is_metric(child)]

    def _returned_by(self, value: Any) -> Any:
        """Return the metric that has just returned this very tensor, or `None`."""
        is_tensor = isinstance(value, torch.Tensor)
        return next((metric for metric in self._own_metrics() if is_tensor and last_result(metric) is value), None)

    def _find_metric(self, name: str | None) -> Any:
        """Return the one metric of this name on this layer, or `None`."""
        known = [metric for metric in self._own_metrics() if getattr(metric, "name", None) == name]
        if len(known) > 1 and name is not None:
            raise ValueError(
                f"{self._name}: add_metric: {len(known)} metrics are named {name!r}. Give each its own name."
            )
        return known[0] if known else None

    def _make_metric(self, name: str) -> Any:
        if torch.compiler.is_dynamo_compiling():
            return self._add_mean(name)
        with build_lock:
            # Another thread may have made it meanwhile.
            return self._find_metric(name) or self._add_mean(name)

    def _add_mean(self, name: str) -> Mean:
        with creating_weights(self._weights_device()):
            mean = self._modules[self._free_key(f"metric_{name}")] = Mean(name=name)
        return mean


def check_aggregation(layer_name: str, aggregation: Any) -> None:
    """Check how the values of `add_metric` are to be put together.

    Raises:
        ValueError: if otherwise than by their mean.
    """
    if aggregation not in (None, "mean"):
        raise ValueError(f"{layer_name}: add_metric: aggregation must be None or 'mean'. Received: {aggregation!r}.")
