"""Which layer concatenates its inputs?"""

from __future__ import annotations

import functools
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer.dtypes import as_tensors
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import axes_in
from torchkeras_layer.layers.merging.merge import Merge, as_axis, read_masks, read_shapes


@catalog.register()
class Concatenate(Merge):
    """Concatenate the inputs along an axis.

    Shapes: a list of shapes that differ only in that axis -> the same shape with the sum of the sizes there. The
    output's mask has all axes but the last: an entry is true if it is in the mask of its input; with `axis=-1`, if it
    is in the mask of any input. An input without a mask is not masked.

    Args:
        axis: the axis; 0 is the batch.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if `axis` is not an int.
        ValueError: in the build, if the inputs are not in a list, have no such axis, or differ in another one.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Concatenate()([torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0]])])
    tensor([[1., 2., 3.]])
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = as_axis(self, "axis", axis)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the common shape, with the sum of all sizes on the axis; beside a known size, a free one is that size.

        Raises:
            ValueError: if the first input has no such axis, or the inputs differ elsewhere.
        """
        shapes = read_shapes(self, input_shape)
        (axis,) = axes_in(self, self.axis, shapes[0])
        columns = list(zip(*shapes, strict=False))
        differs = any(len({*column} - {None}) > 1 for place, column in enumerate(columns) if place != axis)
        if differs or len({*map(len, shapes)}) > 1:
            raise ValueError(
                f"{self.name}: the inputs must have the same shape except for axis {self.axis}. "
                f"Received: input_shape={shapes}."
            )
        sizes = [shape[axis] for shape in shapes]
        known = [size for size in sizes if size is not None]
        common = [next((size for size in column if size is not None), None) for column in columns]
        return (*common[:axis], sum(known) if len(known) == len(sizes) else None, *common[axis + 1 :])

    def compute_mask(self, inputs: Any, mask: Any = None) -> torch.Tensor | None:
        """Return the concatenated masks of the inputs; `None` if no input has a mask.

        Raises:
            ValueError: if there is not a mask, or `None`, for each input.
        """
        if mask is None:
            return None
        masks = read_masks(self, inputs, mask)
        if not any(one is not None for one in masks):
            return None
        inputs = [one if isinstance(one, torch.Tensor) else as_tensors(self, one) for one in inputs]
        rows = [_mask_of_rows(tensor, one) for tensor, one in zip(inputs, masks, strict=True)]
        rank = inputs[0].dim()
        if self.axis % rank == rank - 1:
            return functools.reduce(torch.logical_or, rows)
        return torch.cat(rows, self.axis % rank)

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        return torch.cat(inputs, self.axis)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Return `Concatenate(axis, **kwargs)(inputs)`.

    >>> concatenate([torch.ones(2, 3), torch.ones(1, 3)], axis=0).shape
    torch.Size([3, 3])
    """
    return Concatenate(axis, **kwargs)(inputs)


def _mask_of_rows(tensor: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Return a mask with all axes of a tensor but the last."""
    rows = tensor.shape[:-1]
    if mask is None:
        return torch.ones(rows, dtype=torch.bool, device=tensor.device)
    if mask.dim() == tensor.dim():
        return mask.any(-1)
    return mask.reshape(*mask.shape, *[1] * (len(rows) - mask.dim())).expand(rows)
