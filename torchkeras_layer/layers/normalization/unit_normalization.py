"""How does a layer bring vectors to length 1?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import axes_in, one_or_more_axes
from torchkeras_layer.layers.built_in_layer import BuiltInLayer

# The shortest length that is divided by, as Keras has it.
_SHORTEST = 1e-12


@catalog.register()
class UnitNormalization(BuiltInLayer):
    """Divide by the Euclidean length over `axis`, which then is 1; zeros stay zeros. Shapes: any -> the same.

    The length is computed in float32 at least. Unlike Keras, the gradient at a vector of zeros is a number.

    Args:
        axis: int or list of ints.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if `axis` is neither an int nor a list of ints.
        ValueError: if it is an empty list or holds an axis twice; in a call, if an axis does not exist.

    >>> import torchkeras_layer as keras
    >>> keras.layers.UnitNormalization()(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = one_or_more_axes(self, axis)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs divided by their lengths."""
        axes = axes_in(self, self.axis, inputs.shape)
        values = inputs.to(torch.promote_types(inputs.dtype, torch.float32))
        outputs = values / torch.linalg.vector_norm(values, dim=axes, keepdim=True).clamp_min(_SHORTEST)
        return outputs.to(inputs.dtype) if inputs.is_floating_point() else outputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs.

        Raises:
            ValueError: if an axis does not exist in it.
        """
        axes_in(self, self.axis, input_shape)
        return tuple(input_shape)
