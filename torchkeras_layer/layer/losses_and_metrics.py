"""What do calls add to a layer? The public members for losses, updates and metrics, and how metrics are kept."""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._autograd import in_backward
from torchkeras_layer.layer import losses as layer_losses
from torchkeras_layer.layer.attributes import Attributes
from torchkeras_layer.layer.building import build_lock
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.dtypes import weights_device
from torchkeras_layer.layer.weight_creation import creating_weights, free_key
from torchkeras_layer.layer.weight_lists import contents_of, modules_in
from torchkeras_layer.metrics import Mean, is_metric, last_result


class LossesAndMetrics(Attributes):
    """Losses, updates and metrics."""

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add a loss, to be added to the main loss by whoever trains: `sum(model.losses)`.

        Args:
            losses: a tensor or number, a zero-argument callable, or a nested structure of them; `None` is passed over.
                In a call, what is added counts until the next one. Outside, only callables can be added; they count
                for good, as those from `build` do, and run whenever `losses` is read.
            inputs: what the losses depend on; `None` if they are to count whatever the inputs. See `get_losses_for`.

        Raises:
            ValueError: for a tensor outside a call.
            TypeError: for anything that is none of these.

        >>> import torchkeras_layer as keras
        >>> class Activity(keras.Layer):
        ...     def call(self, inputs):
        ...         self.add_loss(inputs.abs().mean())
        ...         return inputs
        >>> layer = Activity(); _ = layer(torch.ones(2)); _ = layer(-2 * torch.ones(2))
        >>> layer.losses
        [tensor(2.)]
        """
        layer_losses.add_loss(self, losses, inputs is not None)

    @property
    def losses(self) -> list[torch.Tensor]:
        """Losses of this layer and all inside: added in the last call, then callables and regularizers, evaluated now.

        A list of tensors, in the order of the layers. Regularizers of frozen layers count too. A layer that was called
        on symbolic tensors only gives symbolic losses.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5))
        >>> layer.build((None, 2)); layer.losses
        [tensor(1., grad_fn=<MulBackward0>)]
        """
        return layer_losses.losses_of(self)

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Return the losses that were added for `inputs` and are computed from these symbolic tensors.

        `None` asks for those that were added without `inputs`: callables and regularizers are among them.

        Raises:
            RuntimeError: if neither the layer nor one inside was ever called on a symbolic input.
        """
        return layer_losses.losses_for(self, inputs)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Update state, such as moving statistics, as part of a call.

        Args:
            updates: a zero-argument callable, or a nested structure of them. Each runs at once, unless the innermost
                layer that is in its call is frozen. Anything else is the result of an update that has happened, and is
                passed over.
            inputs: not needed; what an update depends on is found out.

        >>> import torchkeras_layer as keras
        >>> class Counter(keras.Layer):
        ...     def build(self, input_shape):
        ...         self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)
        ...     def call(self, inputs):
        ...         self.add_update(lambda: self.calls.add_(1))
        ...         return inputs
        >>> import torch
        >>> layer = Counter(); _ = layer(torch.ones(2)); layer.trainable = False; _ = layer(torch.ones(2))
        >>> layer.calls
        tensor(1.)
        """
        layer_losses.add_update(self, updates)

    @property
    def updates(self) -> list[Any]:
        """Updates that symbolic calls of this layer, or of layers inside, recorded. Those of eager calls have run.

        None of a frozen layer, unless it is `stateful`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).updates
        []
        """
        return layer_losses.updates_of(self)

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Return the updates that are computed from symbolic `inputs`; `None` asks for those that need no inputs.

        Raises:
            RuntimeError: if the layer was never called on a symbolic input.
        """
        return layer_losses.updates_for(self, inputs)

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
        add_metric_to(self, value, aggregation, name)

    @property
    def metrics(self) -> list[Any]:
        """Metrics of this layer, then those of the layers inside.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer(); layer.seen = keras.metrics.Sum(name="seen")
        >>> [m.name for m in layer.metrics]
        ['seen']
        """
        return metrics_of(self)

    @property
    def metrics_variables(self) -> list[torch.Tensor]:
        """State tensors of all `metrics`."""
        return [state for metric in self.metrics for state in metric.buffers()]


def add_metric_to(layer: Any, value: Any, aggregation: str | None, name: str | None) -> None:
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
