"""Which layers divide vectors by their root mean square or by their L2 norm?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import (
    axes_in,
    filled_sizes,
    number_between,
    one_or_more_axes,
    sizes_as_counted,
)
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, weight_of
from torchkeras_layer.layers.normalization.axis_normalization import NormalizedSizes, in_one_dtype


@catalog.register()
class RMSNormalization(BuiltInLayer):
    """`scale * x / sqrt(mean of x² over axis + epsilon)`, computed in float32 or more.

    Shapes: any -> the same. `scale`, which is initialized to 1, has the sizes of the axes, sorted by their given
        numbers:
    [-1, 1] gives (size of -1, size of 1). Its flattened values are in the order of the axes from first to last.

    Args:
        axis: int or list of ints. epsilon: added to the mean square.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `epsilon` is not a number >= 0, or an axis does not exist, has no known size or is
            empty.
        TypeError: if `axis` is not an int or a list of ints.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RMSNormalization()(torch.tensor([[1.0, 7.0]])).detach()
    tensor([[0.2000, 1.4000]])
    """

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = one_or_more_axes(self, axis)
        self.epsilon = number_between(self, "epsilon", epsilon, 0, math.inf)

    def build(self, input_shape: Shape) -> None:
        """Create `scale`."""
        sizes = filled_sizes(self, input_shape, axes_in(self, self.axis, input_shape))
        shape = sizes_as_counted(self.axis, input_shape)
        self._torchkeras.derived = NormalizedSizes(sizes, shape != sizes)
        self.scale = self.add_weight("scale", shape, initializer="ones")

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs divided by their root mean square, times `scale`."""
        values, scale = in_one_dtype(self, inputs, weight_of(self, "scale"))
        if self.axis == -1:
            outputs = torch.rms_norm(values, scale.shape, scale, self.epsilon)
        else:
            normalized: NormalizedSizes = self._torchkeras.derived
            axes, rank = axes_in(self, self.axis, inputs.shape), inputs.dim()
            last = tuple(range(rank - scale.dim(), rank))
            scale = scale.reshape(normalized.sizes) if normalized.are_reordered else scale
            moved = values.movedim(axes, last)
            outputs = torch.rms_norm(moved, normalized.sizes, scale, self.epsilon).movedim(last, axes)
        return outputs.to(inputs.dtype) if inputs.is_floating_point() else outputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs.

        Raises:
            ValueError: if an axis does not exist in it.
        """
        axes_in(self, self.axis, input_shape)
        return tuple(input_shape)


# The smallest norm that vectors are divided by, as in Keras.
_SHORTEST = 1e-12


@catalog.register()
class UnitNormalization(BuiltInLayer):
    """Divide by the L2 norm over `axis`, which is 1 then; zeros stay zeros. Shapes: any -> the same.

    The norm is computed in float32 or more. Unlike in Keras, the gradient at a vector of zeros is finite.

    Args:
        axis: int or list of ints.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if `axis` is not an int or a list of ints.
        ValueError: if it is empty or contains an axis twice; in a call, if an axis does not exist.

    >>> import torchkeras_layer as keras
    >>> keras.layers.UnitNormalization()(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = one_or_more_axes(self, axis)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs divided by their norms."""
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
