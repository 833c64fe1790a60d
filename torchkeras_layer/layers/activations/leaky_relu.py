"""How does a layer let a part of negative values through?"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import number_between
from torchkeras_layer.layers.zoo_layer import ZooLayer

_DEFAULT_SLOPE = 0.3


@catalog.register()
class LeakyReLU(ZooLayer):
    """`x` if positive, else `negative_slope * x`. Shapes: any -> the same.

    Args:
        negative_slope: of at least 0; Keras 2's name for it, `alpha`, is taken too.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if the slope is no number of at least 0, or is given under both names with different values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.LeakyReLU(0.5)(torch.tensor([-2.0, 3.0]))
    tensor([-1.,  3.])
    """

    def __init__(self, negative_slope: float = _DEFAULT_SLOPE, **kwargs: Any) -> None:
        slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        if negative_slope not in (_DEFAULT_SLOPE, slope):
            raise ValueError(
                f"{type(self).__name__}: alpha is another name of negative_slope. "
                f"Received: negative_slope={negative_slope!r}, alpha={slope!r}. Give one of them."
            )
        self.negative_slope = number_between(self, "negative_slope", slope, 0, math.inf)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, with negative ones multiplied by the slope."""
        return F.leaky_relu(inputs, self.negative_slope)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)
