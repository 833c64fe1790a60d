"""How does a layer bend negative values towards a lower bound?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


@catalog.register()
class ELU(BuiltInLayer):
    """`x` if positive, else `alpha * (exp(x) - 1)`. Shapes: any -> the same.

    Args:
        alpha: a finite number.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `alpha` is no such number.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ELU(2.0)(torch.tensor([-1.0, 3.0]))
    tensor([-1.2642,  3.0000])
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = finite_number(self, "alpha", alpha)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, with negative ones bent."""
        return F.elu(inputs, self.alpha)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)
