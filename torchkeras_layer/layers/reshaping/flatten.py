"""How does a layer make one row of all values of a sample?"""

from __future__ import annotations

import math
from typing import Any

import torch

from torchkeras_layer._settings import image_data_format
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.zoo_layer import ZooLayer
from torchkeras_layer.symbolic import InputSpec

_DATA_FORMATS = ("channels_last", "channels_first")


@catalog.register()
class Flatten(ZooLayer):
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
        name = image_data_format() if data_format is None else str(data_format).lower()
        if name not in _DATA_FORMATS:
            raise ValueError(
                f"{type(self).__name__}: data_format must be one of {', '.join(map(repr, _DATA_FORMATS))}. "
                f"Received: data_format={data_format!r}."
            )
        self.data_format = name
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
