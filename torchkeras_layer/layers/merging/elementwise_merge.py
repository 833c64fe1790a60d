"""How do inputs of different shapes and ranks line up, value by value?"""

from __future__ import annotations

import functools
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.merging.merge import Merge


class ElementwiseMerge(Merge):
    """Base of the layers that combine values at the same place.

    The first axes are the batch; the other axes line up from the last one, as broadcasting has it. An input of a lower
    rank gets axes of size 1 behind its batch: (batch, features) goes with (batch, steps, features).

    >>> from torchkeras_layer import layers
    >>> layers.Add()([torch.ones(2, 3), torch.ones(2, 4, 3)]).shape
    torch.Size([2, 4, 3])
    """

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the combination of the inputs."""
        return self._merge_function(self._of_one_rank(inputs))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the shape that the inputs broadcast to; a size is free where that of one input is.

        Raises:
            ValueError: if they do not broadcast, or their batch sizes differ.
        """
        shapes = self._read_shapes(input_shape)
        if not any(shapes):
            return ()
        batches = {shape[0] for shape in shapes if shape} - {None}
        if len(batches) > 1 or not all(shapes):
            raise ValueError(
                f"{self.name}: the inputs must have the same batch size on their first axes. "
                f"Received: input_shape={shapes}."
            )
        try:
            inner = functools.reduce(_broadcast, [shape[1:] for shape in shapes])
        except ValueError:
            raise ValueError(
                f"{self.name}: the shapes of the inputs do not broadcast: behind the batch, sizes on the same axis, "
                f"counted from the last, must be equal or 1. Received: input_shape={shapes}."
            ) from None
        return (next(iter(batches), None), *inner)

    def compute_mask(self, inputs: Any, mask: Any = None) -> torch.Tensor | None:
        """Return the entries that count in any input; `None`, all of them, if one input has no mask.

        Raises:
            ValueError: if there is not a mask, or `None`, for each input.
        """
        if mask is None:
            return None
        masks = self._read_masks(inputs, mask)
        found = [one for one in masks if one is not None]
        if len(found) < len(masks):
            return None
        rank = max(tensor.dim() for tensor in inputs)
        pairs = zip(inputs, found, strict=True)
        lined_up = [_with_rank(one, one.dim() + rank - tensor.dim()) for tensor, one in pairs]
        return functools.reduce(torch.logical_or, lined_up)

    def _of_one_rank(self, inputs: Any) -> Any:
        """Return the inputs with axes of size 1 behind the batch where they have fewer axes than others."""
        self._check_list(inputs)
        ranks = [tensor.dim() for tensor in inputs]
        highest = max(ranks)
        return inputs if min(ranks) == highest else [_with_rank(tensor, highest) for tensor in inputs]

    def _masks_of_values(self, inputs: Any, mask: Any) -> list[torch.Tensor | None]:
        """Return masks that broadcast to the inputs, for layers whose values heed them.

        As in Keras, that of an input with fewer axes than others does not count.
        """
        masks = self._read_masks(inputs, mask)
        rank = max(tensor.dim() for tensor in inputs)
        return [
            None if one is None or tensor.dim() < rank else one.reshape(*one.shape, *[1] * (rank - one.dim()))
            for tensor, one in zip(inputs, masks, strict=True)
        ]


def _with_rank(tensor: torch.Tensor, rank: int) -> torch.Tensor:
    while tensor.dim() < rank:
        tensor = tensor.unsqueeze(1)
    return tensor


def _broadcast(one: Shape, other: Shape) -> Shape:
    """Return the shape that two shapes broadcast to.

    Raises:
        ValueError: if they do not.

    >>> _broadcast((4, 1, None), (3, 5))
    (4, 3, None)
    """
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    outer = len(longer) - len(shorter)
    return (*longer[:outer], *map(_broadcast_size, longer[outer:], shorter))


def _broadcast_size(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return None
    if 1 not in (one, other) and one != other:
        raise ValueError(f"Sizes {one} and {other} do not broadcast.")
    return other if one == 1 else one
