"""How does a layer let a part of negative values through?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number
from torchkeras_layer.layers.zoo_layer import ZooLayer

_DEFAULT_SLOPE = 0.3


@catalog.register()
class LeakyReLU(ZooLayer):
    """`x` if positive, else `negative_slope * x`. Shapes: any -> the same.

    Args:
        negative_slope: finite, of at least 0; default 0.3. Keras 2's name for it, `alpha`, is taken too.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if the slope is no such number, or is given under both names with different values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.LeakyReLU(0.5)(torch.tensor([-2.0, 3.0]))
    tensor([-1.,  3.])
    """

    # `None`, so that both names are seen where one of them has the default for its value.
    def __init__(self, negative_slope: float | None = None, **kwargs: Any) -> None:
        slopes = {"negative_slope": negative_slope, "alpha": kwargs.pop("alpha", None)}
        super().__init__(**kwargs)
        given = {name: finite_number(self, name, slope, 0) for name, slope in slopes.items() if slope is not None}
        if len(set(given.values())) > 1:
            raise ValueError(
                f"{type(self).__name__}: alpha is another name of negative_slope. "
                f"Received: negative_slope={negative_slope!r}, alpha={slopes['alpha']!r}. Give one of them."
            )
        self.negative_slope = next(iter(given.values()), _DEFAULT_SLOPE)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, with negative ones multiplied by the slope."""
        return F.leaky_relu(inputs, self.negative_slope)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)
