"""How does a layer set values up to a threshold to 0?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


@catalog.register()
class ThresholdedReLU(BuiltInLayer):
    """`x` above `theta`, else 0: a layer of Keras 2. Shapes: any -> the same.

    Args:
        theta: finite, of at least 0.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `theta` is no such number.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ThresholdedReLU(2.0)(torch.tensor([-1.0, 2.0, 3.0]))
    tensor([0., 0., 3.])
    """

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theta = finite_number(self, "theta", theta, 0)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, with 0 for those that do not exceed the threshold."""
        return F.threshold(inputs, self.theta, 0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)
