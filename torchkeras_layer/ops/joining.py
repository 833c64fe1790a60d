"""Which operations join tensors, split, repeat and pad them?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.size_tuple import has_no_values, remember, remembered_by_all
from torchkeras_layer.ops.values import as_sizes, as_tensor, promoted


def concatenate(xs: Any, axis: int = 0) -> Tensor:
    """Return tensors one after the other along an axis; all values for `None`.

    >>> concatenate([[1, 2], [3]])
    tensor([1, 2, 3], dtype=torch.int32)
    """
    if axis is None:
        return torch.cat([x.reshape(-1) for x in promoted(*xs)])
    joined = torch.cat(_joinable(xs), axis)
    return remember(joined, remembered_by_all(xs)) if joined.dim() == 1 and has_no_values() else joined


def append(x1: Any, x2: Any, axis: int | None = None) -> Tensor:
    """Return two tensors one after the other along an axis; all values for `None`."""
    return concatenate([x1, x2], axis)  # type: ignore[arg-type]


def stack(x: Any, axis: int = 0) -> Tensor:
    """Return tensors along a new axis.

    >>> stack([[1, 2], [3, 4]], axis=1)
    tensor([[1, 3],
            [2, 4]], dtype=torch.int32)
    """
    stacked = torch.stack(_joinable(x), axis)
    return remember(stacked, remembered_by_all(x)) if stacked.dim() == 1 and has_no_values() else stacked


def _joinable(xs: Any) -> Any:
    # Torch's functions find the common dtype of tensors.
    for x in xs:
        if not isinstance(x, Tensor):
            return promoted(*xs)
    return xs if isinstance(xs, (list, tuple)) else list(xs)


def hstack(xs: Any) -> Tensor:
    """Return tensors one after the other along the second axis; vectors along the first."""
    return torch.hstack(promoted(*xs))


def vstack(xs: Any) -> Tensor:
    """Return tensors one after the other along the first axis; vectors become rows."""
    return torch.vstack(promoted(*xs))


def dstack(xs: Any) -> Tensor:
    """Return tensors one after the other along the third axis."""
    return torch.dstack(promoted(*xs))


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Return a number of equal parts along an axis, or the parts between indices.

    >>> split([1, 2, 3, 4], [1, 3])
    [tensor([1], dtype=torch.int32), tensor([2, 3], dtype=torch.int32), tensor([4], dtype=torch.int32)]
    """
    x = as_tensor(x)
    if isinstance(indices_or_sections, int):
        if x.shape[axis] % indices_or_sections != 0:
            raise ValueError(
                f"split: the size of axis {axis} must be a multiple of indices_or_sections. Received: "
                f"indices_or_sections={indices_or_sections} and a tensor of shape {tuple(x.shape)}."
            )
        return list(torch.chunk(x, indices_or_sections, axis))
    return list(torch.tensor_split(x, as_sizes(indices_or_sections), axis))


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Return a number of almost equal parts along an axis, or the parts between indices."""
    x = as_tensor(x)
    if isinstance(indices_or_sections, int):
        return list(torch.tensor_split(x, indices_or_sections, axis))
    return list(torch.tensor_split(x, as_sizes(indices_or_sections), axis))


def hsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """Return parts along the second axis; of a vector along the first."""
    x = as_tensor(x)
    return split(x, indices_or_sections, 0 if x.dim() == 1 else 1)


def vsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """Return parts along the first axis."""
    return split(x, indices_or_sections, 0)


def dsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """Return parts along the third axis."""
    return split(x, indices_or_sections, 2)


def tile(x: Any, repeats: Any) -> Tensor:
    """Return the tensor, put `repeats` times one after the other along each axis."""
    return torch.tile(as_tensor(x), tuple(as_sizes(repeats)))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Return each value `repeats` times along an axis; all values for `None`.

    >>> repeat([1, 2], [1, 2])
    tensor([1, 2, 2], dtype=torch.int32)
    """
    counts = as_sizes(repeats)
    x = as_tensor(x)
    if len(counts) == 1:
        return torch.repeat_interleave(x, counts[0], axis)
    # The size of the result is known from a list, also while a graph is made.
    each, total = torch.tensor(counts, device=x.device), sum(counts)
    return torch.repeat_interleave(x, each, axis, output_size=total)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Tensor]:
    """Return the coordinates of the points of a grid, from those along each axis."""
    return list(torch.meshgrid(*map(as_tensor, x), indexing=indexing))


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """Return a tensor with more values before and after those along each axis.

    Args:
        x: the tensor.
        pad_width: the numbers of values before and after: a pair for each axis, one pair, or one number for all.
        mode: 'constant', 'edge', 'reflect', 'symmetric' or 'wrap'.
        constant_values: the value for 'constant', by default 0.

    >>> pad([1, 2, 3], 2, mode="reflect")
    tensor([3, 2, 1, 2, 3, 2, 1], dtype=torch.int32)
    """
    x = as_tensor(x)
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise ValueError(
            f"pad: mode must be 'constant', 'edge', 'reflect', 'symmetric' or 'wrap'. Received: mode={mode!r}."
        )
    if mode == "constant":
        flat: list[Any] = []
        for both in reversed(_pairs(pad_width, x.dim())):
            flat += both
        value = constant_values.item() if isinstance(constant_values, Tensor) else constant_values
        return torch.constant_pad_nd(x, flat, 0 if value is None else value)
    for axis, (before, after) in enumerate(_pairs(pad_width, x.dim())):
        if before or after:
            x = torch.index_select(x, axis, _places(mode, before, after, x.shape[axis], x.device))
    return x


def _places(mode: str, before: int, after: int, size: Any, device: torch.device) -> Tensor:
    """Return the index of the value at each place of a padded axis."""
    places = torch.arange(-before, size + after, device=device)
    if mode == "edge":
        return places.clamp(0, size - 1)
    if mode == "wrap":
        return places % size
    period = max(2 * size - 2, 1) if mode == "reflect" else 2 * size
    places = places % period
    return torch.where(places < size, places, period - places - int(mode == "symmetric"))


def _pairs(pad_width: Any, rank: int) -> list[tuple[int, int]]:
    if isinstance(pad_width, Tensor):
        pad_width = as_sizes(pad_width)
    if isinstance(pad_width, (tuple, list)) and len(pad_width) == rank:
        # The common case, without a walk through all kinds of sizes.
        for both in pad_width:
            if not isinstance(both, (tuple, list)) or len(both) != 2 or isinstance(both[0], Tensor):
                break
        else:
            return list(pad_width)
    if not isinstance(pad_width, Sequence):
        return [(pad_width, pad_width)] * rank
    pairs = [as_sizes(both) for both in pad_width]
    if all(len(both) == 1 for both in pairs):
        first = [both[0] for both in pairs]
        return [(first[0], first[-1])] * rank
    if len(pairs) == 1:
        pairs *= rank
    if len(pairs) != rank or any(len(both) != 2 for both in pairs):
        raise ValueError(f"pad: pad_width must have a pair for each of {rank} axes. Received: pad_width={pad_width}.")
    return [(both[0], both[1]) for both in pairs]
