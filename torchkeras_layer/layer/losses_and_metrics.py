"""Which public members add losses, updates and metrics to a layer and list them, and where are metrics stored?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._autograd import in_backward
from torchkeras_layer.layer import losses as layer_losses
from torchkeras_layer.layer.attributes import LayerBase
from torchkeras_layer.layer.building import build_lock
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.dtypes import weights_device
from torchkeras_layer.layer.weight_creation import creating_weights, free_key
from torchkeras_layer.layer.weight_lists import contents_of, modules_in
from torchkeras_layer.metrics import Mean, is_metric, last_result


class LossesAndMetrics(LayerBase):
    """Losses, updates and metrics."""

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add losses, which the training loop adds to its main loss: `loss + sum(model.losses)`.

        Args:
            losses: a scalar tensor, a number, a zero-argument callable, or a nested structure of them; `None` is
                ignored. Losses added in a call count until the next call. Outside a call, only callables can be
                added; they count permanently, as do callables added in `build`, and run whenever `losses` is read. A
                tensor with several values counts as their sum. A symbolic tensor counts in each call of the functional
                models that contain the layer and can compute it from their inputs.
            inputs: the inputs that the losses depend on; `None` for losses that do not depend on any. Only
                `get_losses_for` uses it.

        Raises:
            ValueError: for a tensor or number outside a call.
            TypeError: for anything else.

        >>> import torchkeras_layer as keras
        >>> class Activity(keras.Layer):
        ...     def call(self, inputs):
        ...         self.add_loss(inputs.abs().mean())
        ...         return inputs
        >>> layer = Activity(); _ = layer(torch.ones(2)); _ = layer(-2 * torch.ones(2))
        >>> layer.losses
        [tensor(2.)]
        """
        layer_losses.add_loss(self, losses, inputs)

    @property
    def losses(self) -> list[torch.Tensor]:
        """The losses of this layer and of all layers inside it: a list of scalar tensors, in the order of the layers.

        For each layer, these are the losses added in the last call, then callables and weight regularizers, which are
        evaluated now. Regularizers of frozen layers count too. A layer that was only called on symbolic tensors has
        symbolic losses.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5))
        >>> layer.build((None, 2)); layer.losses
        [tensor(1., grad_fn=<MulBackward0>)]
        """
        return layer_losses.losses_of(self)

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Return the losses of symbolic calls that were added with `inputs` and depend on the given symbolic tensors.

        Args:
            inputs: a symbolic tensor, or a nested structure of them; `None` for the losses that were added without
                `inputs`, callables and regularizers included.

        Raises:
            RuntimeError: if the layer was called, but neither it nor one inside it on a symbolic tensor.
            TypeError: if `inputs` contains anything but symbolic tensors.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1, kernel_regularizer="l2"); x = keras.Input((2,)); _ = layer(x)
        >>> len(layer.get_losses_for(None)), len(layer.get_losses_for(x))
        (1, 0)
        """
        return layer_losses.losses_for(self, inputs)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Update state, such as moving statistics, as part of a call.

        Args:
            updates: a zero-argument callable; or a tuple (variable, new value), which is an assignment, as in Keras 2;
                or a nested structure of them. Each runs at once, unless the innermost layer whose call is running is
                frozen. Anything else counts as the result of an update that has run already, and is ignored.
            inputs: ignored; what an update depends on is found automatically.

        Raises:
            ValueError: if the shapes of a variable and its new value differ, or if the variable is a copy that a
                mixed policy has made for the call.

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
        """The updates that symbolic calls of this layer, or of layers inside it, recorded.

        Updates of other calls run at once and are not listed. A frozen layer has none, unless it is `stateful`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).updates
        []
        """
        return layer_losses.updates_of(self)

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Return the updates of symbolic calls that depend on the given symbolic tensors.

        Args:
            inputs: a symbolic tensor, or a nested structure of them; `None` for the updates that need no inputs.

        Raises:
            RuntimeError: if the layer was called, but neither it nor one inside it on a symbolic tensor.
            TypeError: if `inputs` contains anything but symbolic tensors.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.BatchNormalization(); x = keras.Input((2,)); _ = layer(x)
        >>> len(layer.get_updates_for(x)), len(layer.get_updates_for(None))
        (2, 0)
        """
        return layer_losses.updates_for(self, inputs)

    def add_metric(self, value: Any, aggregation: str | None = None, name: str | None = None) -> None:
        """Keep a running mean of a value over calls; read it as `metrics[i].result()`.

        Args:
            value: a number, or a tensor, whose entries are averaged; or the result that a metric on an attribute of
                this layer has just returned, which is not counted again.
            aggregation: `None` or `'mean'`; both mean the mean.
            name: the metric's name. Calls with the same name share one metric. It is not needed for the result of a
                metric.

        Raises:
            ValueError: outside a call; for another aggregation; if the name is missing, or several metrics have it.

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
        """The metrics of this layer, then those of the layers inside it.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer(); layer.seen = keras.metrics.Sum(name="seen")
        >>> [m.name for m in layer.metrics]
        ['seen']
        """
        return metrics_of(self)

    @property
    def metrics_variables(self) -> list[torch.Tensor]:
        """The tensors that hold the state of all `metrics`.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer(); layer.seen = keras.metrics.Sum()
        >>> layer.metrics_variables
        [tensor(0.)]
        """
        return [state for metric in self.metrics for state in metric.buffers()]


def add_metric_to(layer: LayerBase, value: Any, aggregation: str | None, name: str | None) -> None:
    """Add a value to the metric of this name, which is created if there is none; see `add_metric`."""
    layer_name = layer._torchkeras.name
    check_aggregation(layer_name, aggregation)
    source = _returned_by(layer, value)
    if source is not None:
        _find_metric(layer, getattr(source, "name", None))
        return
    if name is None:
        raise ValueError(
            f"{layer_name}: add_metric needs a name, unless the value was just returned by a metric on an "
            "attribute of this layer. Received: name=None. Write `self.add_metric(value, name='...')`."
        )
    context = per_thread.context
    if context.layer is None:
        raise ValueError(
            f"{layer_name}: add_metric can only be used in `call`. Received: name={name!r}, outside a call. Outside, "
            "call `update_state` of a metric on an attribute."
        )
    metric = _find_metric(layer, name) or make_metric(layer, name)
    if context.dry_run is None and not in_backward():
        metric.update_state(value)


def metrics_of(layer: LayerBase) -> list[Any]:
    """Return the metrics of a layer, then those of the layers inside it."""
    found = [*_own_metrics(layer), *(module for module in modules_in(layer) if is_metric(module))]
    return list({id(metric): metric for metric in found}.values())


def _own_metrics(layer: LayerBase) -> list[Any]:
    """List the metrics on this layer's attributes, also in containers."""
    return [child for child in contents_of(layer) if is_metric(child)]


def _returned_by(layer: LayerBase, value: Any) -> Any:
    """Return the metric that has just returned this very tensor, or `None`."""
    is_tensor = isinstance(value, torch.Tensor)
    return next((metric for metric in _own_metrics(layer) if is_tensor and last_result(metric) is value), None)


def _find_metric(layer: LayerBase, name: str | None) -> Any:
    """Return the one metric of this name on this layer, or `None`."""
    known = [metric for metric in _own_metrics(layer) if getattr(metric, "name", None) == name]
    if len(known) > 1 and name is not None:
        raise ValueError(
            f"{layer._torchkeras.name}: add_metric: each metric must have its own name. Received: {len(known)} metrics "
            f"named {name!r}. Rename all but one."
        )
    return known[0] if known else None


def make_metric(layer: LayerBase, name: str) -> Mean:
    """Create the metric of this name on a layer, unless another thread has done so."""
    if torch.compiler.is_dynamo_compiling():
        return _add_mean(layer, name)
    with build_lock:
        # Another thread may have created it in the meantime.
        return _find_metric(layer, name) or _add_mean(layer, name)


def _add_mean(layer: LayerBase, name: str) -> Mean:
    with creating_weights(weights_device(layer)):
        mean = layer._modules[free_key(layer, f"metric_{name}")] = Mean(name=name)
    return mean


def check_aggregation(layer_name: str, aggregation: Any) -> None:
    """Check the argument `aggregation` of `add_metric`.

    Raises:
        ValueError: if it is neither `None` nor `'mean'`.
    """
    if aggregation not in (None, "mean"):
        raise ValueError(f"{layer_name}: add_metric: aggregation must be None or 'mean'. Received: {aggregation!r}.")
