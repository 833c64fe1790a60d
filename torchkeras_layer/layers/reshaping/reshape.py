"""How does a layer give each sample another shape?"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic import InputSpec


@catalog.register()
class Reshape(BuiltInLayer):
    """The same values of each sample, in the same order, in another shape.

    Shapes: (batch, …) -> (batch, *target_shape).

    Args:
        target_shape: without the batch. One size may be -1: it is what the others leave.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `target_shape` is no tuple of sizes, or has more than one -1; in a call, if a sample has not as
            many values as the shape.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Reshape((-1, 2))(torch.tensor([[1, 2, 3, 4]]))
    tensor([[[1, 2],
             [3, 4]]])
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = self._read_target(target_shape)
        self.input_spec = InputSpec(min_ndim=1)

    def _read_target(self, target_shape: Any) -> tuple[int, ...]:
        try:
            sizes = tuple(operator.index(size) for size in target_shape)
        except TypeError:
            sizes = (-2,)
        if min(sizes, default=0) < -1 or sizes.count(-1) > 1:
            raise ValueError(
                f"{type(self).__name__}: target_shape must be a tuple of ints of at least 0, the sizes behind the "
                f"batch; one may be -1. Received: target_shape={target_shape!r}."
            )
        return sizes

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs in the new shape, as a view where that can be."""
        return inputs.reshape(inputs.shape[0], *self._sizes_for(inputs.shape[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, *target_shape); the size for -1 is free where one of the inputs' is.

        Raises:
            ValueError: if a sample has not as many values as the shape.
        """
        batch, *sizes = input_shape
        if None in sizes:
            return (batch, *(None if size == -1 else size for size in self.target_shape))
        return (batch, *self._sizes_for(sizes))

    def _sizes_for(self, sizes: Sequence[Any]) -> tuple[int, ...]:
        """Return `target_shape` with the size that -1 stands for. Torch could not tell it for an empty batch."""
        target = self.target_shape
        total, known = math.prod(sizes), math.prod([size for size in target if size != -1])
        is_open = -1 in target
        fits = known != 0 and total % known == 0 if is_open else total == known
        if not fits:
            raise ValueError(
                f"{self.name}: a sample of shape {tuple(sizes)} has {total} values, which do not fill target_shape. "
                f"Received: target_shape={target}."
            )
        return tuple(total // known if size == -1 else size for size in target) if is_open else target
