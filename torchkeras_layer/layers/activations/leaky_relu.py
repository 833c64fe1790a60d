"""How does a layer let a part of negative values through?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number
from torchkeras_layer.layers.built_in_layer import BuiltInLayer

# Known by its identity, so that both names are seen to be given where one of them has the default for its value.
_DEFAULT_SLOPE = float("0.3")


@catalog.register()
class LeakyReLU(BuiltInLayer):
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

    def __init__(self, negative_slope: float = _DEFAULT_SLOPE, **kwargs: Any) -> None:
        alpha = kwargs.pop("alpha", _DEFAULT_SLOPE)
        super().__init__(**kwargs)
        slopes = {"negative_slope": negative_slope, "alpha": alpha}
        given = {finite_number(self, name, slope, 0) for name, slope in slopes.items() if slope is not _DEFAULT_SLOPE}
        if len(given) > 1:
            raise ValueError(
                f"{type(self).__name__}: alpha is another name of negative_slope. "
                f"Received: negative_slope={negative_slope!r}, alpha={alpha!r}. Give one of them."
            )
        self.negative_slope = next(iter(given), _DEFAULT_SLOPE)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, with negative ones multiplied by the slope."""
        return F.leaky_relu(inputs, self.negative_slope)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)
