"""What do calls add to a layer? The public members for losses, updates and metrics."""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layer import losses as layer_losses
from torchkeras_layer.layer import measuring
from torchkeras_layer.layer.attributes import Attributes


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
        measuring.add_metric(self, value, aggregation, name)

    @property
    def metrics(self) -> list[Any]:
        """Metrics of this layer, then those of the layers inside.

        >>> import torchkeras_layer as keras
        >>> layer = keras.Layer(); layer.seen = keras.metrics.Sum(name="seen")
        >>> [m.name for m in layer.metrics]
        ['seen']
        """
        return measuring.metrics_of(self)

    @property
    def metrics_variables(self) -> list[torch.Tensor]:
        """State tensors of all `metrics`."""
        return [state for metric in self.metrics for state in metric.buffers()]
