"""What do TensorFlow's functions do that choose, split and pad values in another way than Keras's?"""

from __future__ import annotations

import builtins
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.ops import creation, indexing, joining, shapes, slicing, special, windows
from torchkeras_layer.ops.size_tuple import has_no_values, remember
from torchkeras_layer.ops.values import as_number, as_sizes, as_tensor


def _ints_in(value: Any) -> Any:
    """Return nested ints as tuples; `None` if anything else is among them."""
    if isinstance(value, (list, tuple)):
        parts = tuple(_ints_in(part) for part in value)
        return None if any(part is None for part in parts) else parts
    return value if isinstance(value, (int, torch.SymInt)) and not isinstance(value, bool) else None


def where(condition: Any, x: Any = None, y: Any = None) -> Tensor:
    """Return values of `x` where a condition is true, else of `y`; without both, the places where it is true, as rows.

    >>> where([True, False, True])
    tensor([[0],
            [2]])
    """
    if x is None and y is None:
        return torch.nonzero(as_tensor(condition))
    return indexing.where(condition, x, y)


def where_rows(condition: Any, x: Any = None, y: Any = None) -> Tensor:
    """Return what `where` does; as in TensorFlow 1, a condition with one axis chooses whole rows.

    >>> where_rows([True, False], [[1, 2], [3, 4]], [[5, 6], [7, 8]]).tolist()
    [[1, 2], [7, 8]]
    """
    condition = as_tensor(condition)
    if x is not None and condition.dim() == 1:
        condition = condition.reshape(-1, *[1] * (as_tensor(x).dim() - 1))
    return where(condition, x, y)


def constant(value: Any, dtype: Any = None, shape: Any = None) -> Tensor:
    """Return a tensor of values; with a shape, in that shape, or a number as often as it needs.

    >>> constant(1.0, shape=(2,))
    tensor([1., 1.])
    """
    tensor = as_tensor(value) if dtype is None else as_tensor(value).to(torch_dtype(dtype))
    if isinstance(value, (list, tuple)) and has_no_values():
        remember(tensor, _ints_in(value))
    if shape is None:
        return tensor
    return tensor.expand(as_sizes(shape)) if tensor.numel() == 1 else tensor.reshape(as_sizes(shape))


def identity(x: Any) -> Tensor:
    """Return the tensor."""
    return as_tensor(x)


def ensure_shape(x: Any, shape: Any) -> Tensor:
    """Return the tensor.

    Raises:
        ValueError: if its shape is another one; `None` means any size, or any shape.

    >>> ensure_shape(torch.ones(2, 3), [None, 3]).shape
    torch.Size([2, 3])
    """
    x = as_tensor(x)
    wanted = None if shape is None else tuple(shape)
    if wanted is None:
        return x
    if len(wanted) != x.dim() or any(size not in (None, -1, own) for size, own in zip(wanted, x.shape, strict=True)):
        raise ValueError(f"ensure_shape: expected a tensor of shape {wanted}. Received: shape={tuple(x.shape)}.")
    return x


def linspace(start: Any, stop: Any, num: Any, axis: int = 0) -> Tensor:
    """Return `num` evenly spaced numbers from `start` to `stop`, along a new axis.

    >>> linspace(0.0, 1.0, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    return creation.linspace(start, stop, as_sizes(num)[0], axis=axis)


def transpose(a: Any, perm: Any = None, conjugate: bool = False) -> Tensor:
    """Return a tensor with other orders of axes, by default reversed; with `conjugate`, also the conjugates.

    >>> transpose(torch.ones(2, 3)).shape
    torch.Size([3, 2])
    """
    turned = shapes.transpose(a, perm)
    return turned.conj() if conjugate else turned


class TopValues(NamedTuple):
    """The greatest values, and their places."""

    values: Tensor
    indices: Tensor


def top_k(input: Any, k: Any = 1, sorted: bool = True, index_type: Any = "int32") -> TopValues:
    """Return the greatest values along the last axis, in descending order, and their places.

    >>> top_k([3.0, 1.0, 2.0], k=2).indices
    tensor([0, 2], dtype=torch.int32)
    """
    values, places = special.top_k(input, as_sizes(k)[0], sorted)
    return TopValues(values, places.to(torch_dtype(index_type)))


def gather(params: Any, indices: Any, axis: int | None = None, batch_dims: int = 0) -> Tensor:
    """Return the values at indices along an axis; the first `batch_dims` axes of both belong together.

    >>> gather([[1, 2], [3, 4]], [[0], [1]], batch_dims=1)
    tensor([[1],
            [4]], dtype=torch.int32)
    """
    params, indices = as_tensor(params), as_tensor(indices).to(torch.int64)
    batch = batch_dims % (indices.dim() + 1) if batch_dims < 0 else batch_dims
    along = batch if axis is None else axis % params.dim()
    if batch == 0:
        return indexing.take(params, indices, along)
    params = params.movedim(along, batch)
    # The batch becomes one axis; index_select does not have one.
    shape, rest = params.shape[:batch], params.shape[batch + 1 :]
    flat = params.reshape(-1, params.shape[batch], *rest)
    wanted = indices.reshape(flat.shape[0], -1)
    number = torch.arange(flat.shape[0], device=flat.device).unsqueeze(1)
    found = flat[number, wanted].reshape(*shape, *indices.shape[batch:], *rest)
    new = indices.dim() - batch
    between = along - batch
    moved = tuple(range(batch + new, batch + new + between))
    return found.movedim(moved, tuple(range(batch, batch + between))) if between else found


def gather_nd(params: Any, indices: Any, batch_dims: int = 0) -> Tensor:
    """Return the values, or slices, at the places that the last axis of `indices` names.

    >>> gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]])
    tensor([2, 3], dtype=torch.int32)
    """
    params, indices = as_tensor(params), as_tensor(indices).to(torch.int64)
    if batch_dims == 0:
        return params[tuple(indices.unbind(-1))]
    shape = params.shape[:batch_dims]
    flat = params.reshape(-1, *params.shape[batch_dims:])
    wanted = indices.reshape(flat.shape[0], *indices.shape[batch_dims:])
    number = torch.arange(flat.shape[0], device=flat.device).reshape(-1, *[1] * (wanted.dim() - 2))
    found = flat[(number, *wanted.unbind(-1))]
    return found.reshape(*shape, *found.shape[1:])


def split(value: Any, num_or_size_splits: Any, axis: int = 0) -> list[Tensor]:
    """Return a number of equal parts along an axis, or parts of the given sizes, one of which may be -1."""
    value = as_tensor(value)
    if isinstance(num_or_size_splits, int):
        return joining.split(value, num_or_size_splits, axis)
    sizes = as_sizes(num_or_size_splits)
    known = sum(size for size in sizes if size != -1)
    return list(torch.split(value, [value.shape[axis] - known if size == -1 else size for size in sizes], axis))


def one_hot(
    indices: Any, depth: int, on_value: Any = None, off_value: Any = None, axis: int = -1, dtype: Any = None
) -> Tensor:
    """Return vectors with `on_value`, by default 1, at each index and `off_value`, by default 0, elsewhere."""
    indices = as_tensor(indices)
    is_on = (indices.unsqueeze(-1) == torch.arange(depth, device=indices.device)).movedim(-1, axis)
    target = torch_dtype(dtype or "float32")
    on, off = (torch.tensor(value, dtype=target) for value in (1 if on_value is None else on_value, off_value or 0))
    return torch.where(is_on, on, off)


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0) -> Tensor:
    """Return a tensor with values before and after; `mode` is 'CONSTANT', 'REFLECT' or 'SYMMETRIC'."""
    return joining.pad(tensor, paddings, mode.lower(), constant_values if mode.upper() == "CONSTANT" else None)


def slice(input_: Any, begin: Any, size: Any) -> Tensor:
    """Return the part of a tensor that begins at `begin` and has `size`; -1 means up to the end."""
    input_ = as_tensor(input_)
    for axis, (start, length) in enumerate(zip(as_sizes(begin), as_sizes(size), strict=True)):
        whole = input_.shape[axis]
        input_ = torch.narrow(input_, axis, start, whole - start if length == -1 else length)
    return input_


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Tensor:
    """Return the part of a tensor that begins, ends and steps say; the bits of masks name the parts of the index.

    >>> strided_slice([[1, 2], [3, 4]], [0, 1], [0, 2], [1, 1], begin_mask=1, end_mask=1, shrink_axis_mask=2)
    tensor([2, 4], dtype=torch.int32)
    """
    first, last = as_sizes(begin), as_sizes(end)
    steps = [1] * len(first) if strides is None else as_sizes(strides)
    key: list[Any] = []
    for place, (start, stop, step) in enumerate(zip(first, last, steps, strict=True)):
        bit = 1 << place
        if ellipsis_mask & bit:
            key.append(...)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(start)
        else:
            bounds = (None if begin_mask & bit else start, None if end_mask & bit else stop)
            key.append(builtins.slice(*bounds, step))
    return indexing.get_item(input_, tuple(key))


def get_item(x: Any, key: Any) -> Tensor:
    """Return `x[key]`, where slices are written as dicts, so that sizes in a graph may be among their parts.

    >>> get_item([1, 2, 3], [{"start": 1, "stop": None, "step": None}])
    tensor([2, 3], dtype=torch.int32)
    """
    parts = [builtins.slice(*map(_plain, part.values())) if isinstance(part, dict) else _plain(part) for part in key]
    return indexing.get_item(x, tuple(parts))


def _plain(part: Any) -> Any:
    return part.item() if isinstance(part, Tensor) and part.dim() == 0 else part


def boolean_mask(tensor: Any, mask: Any, axis: int = 0) -> Tensor:
    """Return the values where a mask is true; the axes of the mask are those of the tensor from `axis` on."""
    tensor, mask = as_tensor(tensor), as_tensor(mask).to(torch.bool)
    moved = tensor.movedim(tuple(range(axis)), tuple(range(-axis, 0))) if axis else tensor
    found = moved[mask]
    return found.movedim(tuple(range(-axis, 0)), tuple(range(axis))) if axis else found


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = "bool") -> Tensor:
    """Return whether each step, up to `maxlen`, lies within the length of a sequence."""
    lengths = as_tensor(lengths)
    steps = torch.arange(int(lengths.max()) if maxlen is None else as_sizes(maxlen)[0], device=lengths.device)
    return (steps < lengths.unsqueeze(-1)).to(torch_dtype(dtype))


def argsort(values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False) -> Tensor:
    """Return the indices that sort values along an axis, 'ASCENDING' or 'DESCENDING'."""
    return torch.argsort(as_tensor(values), dim=axis, descending=direction == "DESCENDING", stable=True).to(torch.int32)


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING") -> Tensor:
    """Return sorted values along an axis, 'ASCENDING' or 'DESCENDING'."""
    return torch.sort(as_tensor(values), dim=axis, descending=direction == "DESCENDING").values


def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any) -> Tensor:
    """Return a tensor with values added at the places that the rows of `indices` name."""
    return slicing.scatter_update(tensor, indices, updates, "add")


def tensor_scatter_nd_sub(tensor: Any, indices: Any, updates: Any) -> Tensor:
    """Return a tensor with values subtracted at the places that the rows of `indices` name."""
    return slicing.scatter_update(tensor, indices, -as_number(updates), "add")


def tensor_scatter_nd_max(tensor: Any, indices: Any, updates: Any) -> Tensor:
    """Return a tensor with the greater values at the places that the rows of `indices` name."""
    return slicing.scatter_update(tensor, indices, updates, "max")


def tensor_scatter_nd_min(tensor: Any, indices: Any, updates: Any) -> Tensor:
    """Return a tensor with the lesser values at the places that the rows of `indices` name."""
    return slicing.scatter_update(tensor, indices, updates, "min")


def depth_to_space(input: Any, block_size: int, data_format: str = "NHWC") -> Tensor:
    """Return images with blocks of pixels in place of channels."""
    return windows.depth_to_space(input, block_size, _format(data_format))


def space_to_depth(input: Any, block_size: int, data_format: str = "NHWC") -> Tensor:
    """Return images with channels in place of blocks of pixels."""
    return windows.space_to_depth(input, block_size, _format(data_format))


def space_to_batch(input: Any, block_shape: Any, paddings: Any) -> Tensor:
    """Return the values of each place in a block as one more entry of the batch."""
    input, blocks = as_tensor(input), _blocks(block_shape, paddings)
    around = [(0, 0), *(as_sizes(both) for both in paddings)]
    x = F.pad(input, [0, 0] * (input.dim() - len(around)) + [amount for both in reversed(around) for amount in both])
    spatial, rest = x.shape[1 : 1 + len(blocks)], x.shape[1 + len(blocks) :]
    cut = [part for size, block in zip(spatial, blocks, strict=True) for part in (size // block, block)]
    x = x.reshape(x.shape[0], *cut, *rest)
    count = len(blocks)
    order = [*range(2, 2 * count + 1, 2), 0, *range(1, 2 * count, 2), *range(2 * count + 1, x.dim())]
    kept = [size // block for size, block in zip(spatial, blocks, strict=True)]
    return x.permute(order).reshape(-1, *kept, *rest)


def batch_to_space(input: Any, block_shape: Any, crops: Any) -> Tensor:
    """Return entries of the batch as the places in blocks: the inverse of `space_to_batch`."""
    input, blocks = as_tensor(input), _blocks(block_shape, crops)
    count = len(blocks)
    total = int(torch.Size(blocks).numel())
    spatial, rest = input.shape[1 : 1 + count], input.shape[1 + count :]
    x = input.reshape(*blocks, input.shape[0] // total, *spatial, *rest)
    order = [count, *(place for axis in range(count) for place in (count + 1 + axis, axis))]
    x = x.permute([*order, *range(2 * count + 1, x.dim())])
    x = x.reshape(-1, *(size * block for size, block in zip(spatial, blocks, strict=True)), *rest)
    for axis, both in enumerate(crops, 1):
        before, after = as_sizes(both)
        x = torch.narrow(x, axis, before, x.shape[axis] - before - after)
    return x


def _format(data_format: str) -> str:
    return "channels_first" if data_format.startswith("NC") and data_format != "NC" else "channels_last"


def _blocks(block_shape: Any, spatial: Any) -> tuple[int, ...]:
    """Return the sizes of blocks, of which a number is that of all axes."""
    return tuple(as_sizes([block_shape] * len(spatial) if isinstance(block_shape, int) else block_shape))
