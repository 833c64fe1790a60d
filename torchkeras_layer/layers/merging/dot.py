"""Which layer computes dot products of two inputs?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._settings import epsilon
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import axes_in, plain_int
from torchkeras_layer.layers.merging.merge import Merge, as_axis, read_shapes


@catalog.register()
class Dot(Merge):
    """Dot products of two inputs along an axis of each, for each sample.

    Shapes: (batch, …, n, …) and (batch, …, n, …) -> (batch, the other axes of the first, the other axes of the second),
    and (batch, 1) if there are none. The output has no mask.

    Args:
        axes: the axis of both inputs, or one for each; not the batch.
        normalize: whether the inputs are first divided by their L2 norms along the axes, which gives cosines.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if `axes` is not an int, a list or a tuple.
        ValueError: if they are not two ints; in the build, if the inputs are not two in a list, or have no such axes of
            the same size, or differ in their batch size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Dot(axes=1)([torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])])
    tensor([[11.]])
    """

    _torchkeras_input_count = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axes = _read_axes(self, axes)
        self.normalize = bool(normalize)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return (batch, the other axes of the first input, the other axes of the second).

        Raises:
            ValueError: if the inputs have no such axes of the same size, or differ in their batch size.
        """
        one, other = shapes = read_shapes(self, input_shape)
        given = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        (axis,), (other_axis,) = (axes_in(self, axis, shape) for axis, shape in zip(given, shapes, strict=True))
        if 0 in (axis, other_axis):
            raise ValueError(
                f"{self.name}: axis 0 is the batch, and cannot be summed over. "
                f"Received: axes={self.axes}, input_shape={shapes}."
            )
        for what, size, other_size in (
            (f"size on axes {self.axes}", one[axis], other[other_axis]),
            ("batch size", one[0], other[0]),
        ):
            if None not in (size, other_size) and size != other_size:
                raise ValueError(f"{self.name}: the inputs must have the same {what}. Received: input_shape={shapes}.")
        free = (*one[1:axis], *one[axis + 1 :], *other[1:other_axis], *other[other_axis + 1 :])
        return (one[0], *(free or (1,)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return `None`: each value of the output depends on many values of the inputs."""

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        one, other = inputs
        axis, other_axis = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        if self.normalize:
            one, other = _normalized(self, one, axis), _normalized(self, other, other_axis)
        if one.dtype is not other.dtype:
            dtype = torch.promote_types(one.dtype, other.dtype)
            one, other = one.to(dtype), other.to(dtype)
        return _batch_dot(one, other, axis, other_axis)


def dot(inputs: Any, axes: Any = -1, normalize: bool = False, **kwargs: Any) -> Any:
    """Return `Dot(axes, normalize, **kwargs)(inputs)`.

    >>> dot([torch.ones(2, 3, 5), torch.ones(2, 4, 5)]).shape
    torch.Size([2, 3, 4])
    """
    return Dot(axes, normalize, **kwargs)(inputs)


def _batch_dot(one: torch.Tensor, other: torch.Tensor, axis: int, other_axis: int) -> torch.Tensor:
    axis, other_axis = (
        axis + tensor.dim() if axis < 0 else axis for tensor, axis in ((one, axis), (other, other_axis))
    )
    rows, columns = one.movedim(axis, one.dim() - 1), other.movedim(other_axis, 1)
    shape = (*rows.shape[:-1], *columns.shape[2:])
    # `flatten`, because `reshape` cannot infer the size of an axis if another one is 0.
    rows = rows.flatten(1, -2) if rows.dim() > 2 else rows.unsqueeze(1)
    columns = columns.flatten(2) if columns.dim() > 2 else columns.unsqueeze(2)
    return torch.bmm(rows, columns).reshape(shape if len(shape) > 1 else (*shape, 1))


def _read_axes(layer: Dot, axes: Any) -> Any:
    if not isinstance(axes, (list, tuple)):
        return as_axis(layer, "axes", axes)
    if len(axes) != 2 or None in map(plain_int, axes):
        raise ValueError(
            f"{type(layer).__name__}: axes must be an int, or two, one for each input. Received: axes={axes!r}."
        )
    return type(axes)(as_axis(layer, "axes", axis) for axis in axes)


def _normalized(layer: Dot, inputs: torch.Tensor, axis: int) -> torch.Tensor:
    is_inexact = inputs.is_floating_point() or inputs.is_complex()
    return F.normalize(inputs if is_inexact else inputs.to(layer._torchkeras.compute_dtype), dim=axis, eps=epsilon())
