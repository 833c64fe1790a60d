"""How does a layer hold negative values back?"""

from __future__ import annotations

import math
from typing import Any

import torch

from torchkeras_layer import activations
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number, number_between
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


@catalog.register()
class ReLU(BuiltInLayer):
    """`x` above `threshold`, at most `max_value`; else `negative_slope * (x - threshold)`. Shapes: any -> the same.

    Args:
        max_value: of at least 0; `None` (or infinity) sets no bound.
        negative_slope: finite, of at least 0.
        threshold: finite, of at least 0.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if one of them is no such number.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ReLU(max_value=6.0, negative_slope=0.5)(torch.tensor([-2.0, 3.0, 8.0]))
    tensor([-1.,  3.,  6.])
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else number_between(self, "max_value", max_value, 0, math.inf)
        self.negative_slope = finite_number(self, "negative_slope", negative_slope, 0)
        self.threshold = finite_number(self, "threshold", threshold, 0)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the rectified inputs."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)
