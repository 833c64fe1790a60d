"""How does a layer put the axes of its inputs into another order?"""

from __future__ import annotations

import operator
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic import InputSpec


@catalog.register()
class Permute(BuiltInLayer):
    """The inputs with their axes in another order; the batch stays first. Nothing is copied.

    Shapes: with `dims=(2, 1)`, (batch, a, b) -> (batch, b, a).

    Args:
        dims: for each axis of the output behind the batch, the axis of the inputs, counted from 1.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `dims` does not hold each int from 1 to its length; in a call, if the inputs have another number
            of axes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Permute((2, 1))(torch.tensor([[[1, 2], [3, 4]]]))
    tensor([[[1, 3],
             [2, 4]]])
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = self._read_dims(dims)
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def _read_dims(self, dims: Any) -> tuple[int, ...]:
        try:
            axes = tuple(operator.index(axis) for axis in dims)
        except TypeError:
            axes = (0,)
        if sorted(axes) != list(range(1, len(axes) + 1)):
            raise ValueError(
                f"{type(self).__name__}: dims must hold each int from 1 to its length once: the axes of the inputs "
                f"without the batch, in their new order. Received: dims={dims!r}."
            )
        return axes

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return a view of the inputs with the axes in the new order."""
        return inputs.permute(0, *self.dims)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the sizes in the new order."""
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))
