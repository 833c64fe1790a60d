"""How does a layer make one row of all values of a sample?"""

from __future__ import annotations

import math
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import layout
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic import InputSpec


@catalog.register()
class Flatten(BuiltInLayer):
    """Flatten all axes but the batch. Shapes: (batch, …) -> (batch, features), and (batch,) -> (batch, 1).

    Args:
        data_format: 'channels_last', or 'channels_first' if the inputs are (batch, channels, …): channels then vary
            fastest in the output, as if they had come last. Default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for another `data_format`.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Flatten("channels_first")(torch.tensor([[[1, 2], [3, 4]]]))
    tensor([[1, 3, 2, 4]])
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = layout(self, data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs with two axes."""
        if inputs.dim() == 1:
            return inputs.unsqueeze(1)
        channels_last = inputs if self.data_format == "channels_last" else inputs.movedim(1, -1)
        return channels_last.flatten(1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, number of features)."""
        features = [size for size in input_shape[1:] if size is not None]
        is_known = len(features) == len(input_shape) - 1
        return (input_shape[0], math.prod(features) if is_known else None)
