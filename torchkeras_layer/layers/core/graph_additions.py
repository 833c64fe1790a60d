"""How does a graph represent the symbolic losses and metrics of a model?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layer.losses_and_metrics import make_metric
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


@catalog.register()
class AddLoss(BuiltInLayer, adds_losses=True):
    """Add the input as a loss, and return it: `model.add_loss(symbolic_tensor)` adds this layer to the graph.

    Args:
        unconditional: no effect; the configs of TF-Keras have it.
        **kwargs: those of `Layer`.

    >>> layer = AddLoss()
    >>> _ = layer(torch.tensor(2.0)); layer.losses
    [tensor(2.)]
    """

    # Keeps torch.fx from removing the call, whose result is not used.
    _is_impure = True
    _torchkeras_without_effect = ("unconditional",)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Add the loss."""
        self.add_loss(inputs, inputs=inputs)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the input."""
        return input_shape


@catalog.register()
class AddMetric(BuiltInLayer):
    """Keep the running mean of the input: `model.add_metric(symbolic_tensor)` adds this layer to the graph.

    Args:
        aggregation: `None` or 'mean'.
        metric_name: the name of the metric.
        **kwargs: those of `Layer`.

    >>> layer = AddMetric(metric_name="size")
    >>> _ = layer(torch.tensor([2.0, 4.0])); layer.metrics[0].result()
    tensor(3.)
    """

    _is_impure = True

    def __init__(self, aggregation: str | None = None, metric_name: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.aggregation = aggregation
        self.metric_name = metric_name
        if metric_name is not None:
            make_metric(self, metric_name)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Update the metric with the value."""
        self.add_metric(inputs.detach(), self.aggregation, self.metric_name)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the input."""
        return input_shape
