"""What do functions of Keras's K do that multiply, choose and move values, in another way than `keras.ops`?"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import image_data_format
from torchkeras_layer.ops import tensorflow_images
from torchkeras_layer.ops.values import as_sizes, as_tensor, promoted

_FORMATS = ("channels_last", "channels_first")
# The words of Keras 1.
_OLD_FORMATS = {"tf": "channels_last", "th": "channels_first"}


def dot(x: Any, y: Any) -> Tensor:
    """Return the sums of products over the last axis of `x` and the last but one of `y`.

    Raises:
        ValueError: if these axes have different sizes.

    >>> dot(torch.ones(2, 3, 4), torch.ones(5, 4, 6)).shape
    torch.Size([2, 3, 5, 6])
    """
    if not (isinstance(x, Tensor) and isinstance(y, Tensor) and x.dtype is y.dtype):
        x, y = promoted(x, y)
    if x.dim() == 0 or y.dim() == 0:
        raise ValueError(f"K.dot: both must have at least one axis. Received: shapes {_shown(x)} and {_shown(y)}.")
    _must_agree("dot", x, y, x.dim() - 1, max(y.dim() - 2, 0))
    if y.dim() <= 2:
        return torch.matmul(x, y)
    axes: Any = ([x.dim() - 1], [y.dim() - 2])
    return torch.tensordot(x, y, axes)


def batch_dot(x: Any, y: Any, axes: Any = None) -> Tensor:
    """Return, for each entry of a batch, the sums of products over an axis of `x` and one of `y`.

    Args:
        x: a tensor of rank 2 or more, with the batch first.
        y: likewise.
        axes: an int, or one for each tensor; by default the last of `x` and the last but one of `y`, or its last if its
            rank is 2.

    Raises:
        ValueError: if the ranks, axes or sizes do not fit.

    >>> batch_dot(torch.ones(8, 3, 4), torch.ones(8, 4, 5)).shape, batch_dot(torch.ones(8, 3), torch.ones(8, 3)).shape
    (torch.Size([8, 3, 5]), torch.Size([8, 1]))
    """
    x, y = promoted(x, y)
    if x.dim() < 2 or y.dim() < 2:
        raise ValueError(f"K.batch_dot: both must have rank 2 or more. Received: shapes {_shown(x)} and {_shown(y)}.")
    own, other = _axes_of_batch_dot(axes, x, y)
    _must_agree("batch_dot", x, y, 0, 0)
    _must_agree("batch_dot", x, y, own, other)
    letters = iter(string.ascii_letters)
    batch, summed = next(letters), next(letters)
    first = [batch] + [summed if axis == own else next(letters) for axis in range(1, x.dim())]
    second = [batch] + [summed if axis == other else next(letters) for axis in range(1, y.dim())]
    kept = [letter for letter in first + second[1:] if letter != summed]
    result = torch.einsum(f"{''.join(first)},{''.join(second)}->{''.join(kept)}", x, y)
    return result.unsqueeze(-1) if x.dim() == y.dim() == 2 else result


def _axes_of_batch_dot(axes: Any, x: Tensor, y: Tensor) -> tuple[int, int]:
    if axes is None:
        axes = (x.dim() - 1, y.dim() - (1 if y.dim() == 2 else 2))
    pair = [axes, axes] if isinstance(axes, int) else list(axes)
    if len(pair) != 2 or not all(isinstance(axis, int) for axis in pair):
        raise ValueError(f"K.batch_dot: axes must be an int, or one for each tensor. Received: axes={axes!r}.")
    found = [axis + tensor.dim() if axis < 0 else axis for axis, tensor in zip(pair, (x, y), strict=True)]
    if not (0 < found[0] < x.dim() and 0 < found[1] < y.dim()):
        raise ValueError(
            f"K.batch_dot: axes must be axes of the tensors other than 0, which is the batch. Received: axes={axes!r}, "
            f"shapes {_shown(x)} and {_shown(y)}. Give tensors without a batch one by K.expand_dims(x, 0)."
        )
    return found[0], found[1]


def _must_agree(name: str, x: Tensor, y: Tensor, own: int, other: int) -> None:
    first, second = x.shape[own], y.shape[other]
    # Free sizes are not compared here: torch would take them for equal from then on.
    if isinstance(first, int) and isinstance(second, int) and first != second:
        raise ValueError(
            f"K.{name}: axis {own} of x and axis {other} of y must have the same size. Received: shapes {_shown(x)} "
            f"and {_shown(y)}."
        )


def _shown(x: Tensor) -> tuple[Any, ...]:
    return tuple(x.shape)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Tensor:
    """Return the numbers from `start` to `stop`, without it, in steps; with one number, from 0 to it.

    >>> arange(3)
    tensor([0, 1, 2], dtype=torch.int32)
    """
    (first,) = as_sizes(start)
    bounds = (0, max(first, 0)) if stop is None else (first, as_sizes(stop)[0])
    return torch.arange(*bounds, as_sizes(step)[0], dtype=torch_dtype(dtype))


def batch_flatten(x: Any) -> Tensor:
    """Return all values of each entry of a batch along one axis."""
    x = as_tensor(x)
    return x.flatten(1) if x.dim() > 1 else x.unsqueeze(-1)


def gather(reference: Any, indices: Any) -> Tensor:
    """Return the values at indices along the first axis.

    >>> gather([[1.0, 2.0], [3.0, 4.0]], [1])
    tensor([[3., 4.]])
    """
    reference, indices = as_tensor(reference), as_tensor(indices)
    indices = indices if indices.dtype in (torch.int32, torch.int64) else indices.to(torch.int64)
    if reference.dim() == 2:
        return F.embedding(indices, reference)
    found = torch.index_select(reference, 0, indices.reshape(-1))
    return found.reshape(*indices.shape, *reference.shape[1:])


def repeat(x: Any, n: int) -> Tensor:
    """Return each vector of a batch `n` times, along a new second axis.

    Raises:
        ValueError: if the rank is not 2.

    >>> repeat(torch.ones(2, 3), 4).shape
    torch.Size([2, 4, 3])
    """
    x = as_tensor(x)
    if x.dim() != 2:
        raise ValueError(f"K.repeat: x must have shape (samples, features). Received: shape {_shown(x)}.")
    return x.unsqueeze(1).repeat(1, n, 1)


def pattern_broadcast(x: Any, broadcastable: Any = None) -> Tensor:
    """Return the tensor: Theano needed to be told which axes broadcast."""
    return as_tensor(x)


def stop_gradient(variables: Any) -> Any:
    """Return a tensor, or each of a list of tensors, without a gradient."""
    if isinstance(variables, (list, tuple)):
        return [as_tensor(variable).detach() for variable in variables]
    return as_tensor(variables).detach()


def temporal_padding(x: Any, padding: Any = (1, 1)) -> Tensor:
    """Return sequences (batch, steps, features) with zeros before the first step and after the last."""
    before, after = (padding, padding) if isinstance(padding, int) else as_sizes(padding)
    return F.pad(as_tensor(x), (0, 0, before, after))


def asymmetric_temporal_padding(x: Any, left_pad: int = 1, right_pad: int = 1) -> Tensor:
    """Return sequences with zeros before and after, as `temporal_padding` does: a function of Keras 1."""
    return temporal_padding(x, (left_pad, right_pad))


def spatial_2d_padding(x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None) -> Tensor:
    """Return images with zeros around them; `padding` has two ints for each spatial axis.

    >>> spatial_2d_padding(torch.ones(1, 2, 2, 3), ((1, 1), (0, 2))).shape
    torch.Size([1, 4, 4, 3])
    """
    return _padded(as_tensor(x), padding, 2, "K.spatial_2d_padding", data_format)


def asymmetric_spatial_2d_padding(
    x: Any,
    top_pad: int = 1,
    bottom_pad: int = 1,
    left_pad: int = 1,
    right_pad: int = 1,
    dim_ordering: str | None = None,
) -> Tensor:
    """Return images with zeros around them, as `spatial_2d_padding` does: a function of Keras 1."""
    return spatial_2d_padding(x, ((top_pad, bottom_pad), (left_pad, right_pad)), dim_ordering)


def spatial_3d_padding(x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None) -> Tensor:
    """Return volumes with zeros around them; `padding` has two ints for each spatial axis."""
    return _padded(as_tensor(x), padding, 3, "K.spatial_3d_padding", data_format)


def _padded(x: Tensor, padding: Any, rank: int, name: str, data_format: str | None) -> Tensor:
    is_last = _format(data_format, name) == "channels_last"
    pairs = [as_sizes(both) if isinstance(both, Sequence) else [both, both] for both in padding]
    if len(pairs) != rank or any(len(both) != 2 for both in pairs):
        raise ValueError(f"{name}: padding must be {rank} pairs of ints. Received: padding={padding!r}.")
    return F.pad(x, [0, 0] * is_last + [amount for both in reversed(pairs) for amount in both])


def resize_images(
    x: Any, height_factor: int, width_factor: int, data_format: str | None = None, interpolation: str = "nearest"
) -> Tensor:
    """Return images that are larger by int factors; `interpolation` is a method of `tf.image.resize`.

    >>> resize_images(torch.ones(1, 2, 3, 1), 2, 3, "channels_last").shape
    torch.Size([1, 4, 9, 1])
    """
    x = as_tensor(x)
    is_first = _format(data_format, "K.resize_images") == "channels_first"
    images = x.movedim(1, -1) if is_first else x
    if interpolation == "nearest":
        resized = images.repeat_interleave(height_factor, 1).repeat_interleave(width_factor, 2)
    else:
        sizes = (images.shape[1] * height_factor, images.shape[2] * width_factor)
        resized = tensorflow_images.resize(images, sizes, interpolation)
    return resized.movedim(-1, 1) if is_first else resized


def resize_volumes(
    x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str | None = None
) -> Tensor:
    """Return volumes with each voxel repeated along the three spatial axes."""
    x = as_tensor(x)
    first = 2 if _format(data_format, "K.resize_volumes") == "channels_first" else 1
    for axis, factor in enumerate((depth_factor, height_factor, width_factor), first):
        x = x.repeat_interleave(factor, axis)
    return x


def _format(data_format: str | None, name: str) -> str:
    """Return the layout of images, which may be in a word of Keras 1; that of `K.image_data_format()` for `None`."""
    found = image_data_format() if data_format in (None, "default") else data_format
    found = _OLD_FORMATS.get(found, found)
    if found not in _FORMATS:
        raise ValueError(f"{name}: data_format must be one of {_FORMATS}. Received: data_format={data_format!r}.")
    return found
