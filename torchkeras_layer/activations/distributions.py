"""Which activation functions turn scores along an axis into probabilities?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from torchkeras_layer.activations._catalog import catalog, of_array


@catalog.register()
def softmax(x: Tensor, axis: int | Sequence[int] | None = -1) -> Tensor:
    """Softmax: non-negative values that sum to 1 along `axis`.

    Args:
        x: tensor of any shape.
        axis: int, or ints for a sum over several axes together, or `None` for all axes.

    Raises:
        TypeError: if `axis` is something else.

    >>> softmax(torch.tensor([0.0, 1.0]))
    tensor([0.2689, 0.7311])
    >>> softmax(torch.zeros(2, 2), axis=(0, 1))
    tensor([[0.2500, 0.2500],
            [0.2500, 0.2500]])
    """
    try:
        return torch.softmax(x, axis) if isinstance(axis, int) else _over_axes(torch.softmax, x, axis)
    except (TypeError, AttributeError):
        return of_array(softmax, x, axis)


@catalog.register()
def log_softmax(x: Tensor, axis: int | Sequence[int] | None = -1) -> Tensor:
    """Logarithm of the softmax; finite even where the softmax underflows.

    Args:
        x: tensor of any shape.
        axis: see `softmax`.

    Raises:
        TypeError: if `axis` is not an int, a sequence of ints or `None`.

    >>> log_softmax(torch.tensor([0.0, 1.0]))
    tensor([-1.3133, -0.3133])
    """
    try:
        return torch.log_softmax(x, axis) if isinstance(axis, int) else _over_axes(torch.log_softmax, x, axis)
    except (TypeError, AttributeError):
        return of_array(log_softmax, x, axis)


@catalog.register()
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """Keras's sparsemax: `max(x - t, 0)`, with one threshold `t` for each vector along `axis`.

    If only the largest value is above `t`, this is the projection onto the simplex of Martins and Astudillo (2016).
    Otherwise Keras 3 (3.15.1, every backend) computes another `t` than theirs, and the result need not sum to 1; the
    numbers here are Keras's.

    >>> sparsemax(torch.tensor([[1.0, 2.0, 3.0], [1.0, 0.9, 0.0]]))
    tensor([[0.0000, 0.0000, 1.0000],
            [0.0500, 0.0000, 0.0000]])
    """
    try:
        ordered, _ = torch.sort(x, dim=axis, descending=True)
        sums = torch.cumsum(ordered, dim=axis)
        ranks = torch.cumsum(torch.ones_like(x), dim=axis)
        supported = ordered - (sums - 1) / ranks > 0
        count = supported.sum(dim=axis, keepdim=True)
        # Martins and Astudillo take the last supported sum; Keras adds them all.
        total = torch.where(supported, sums, 0).sum(dim=axis, keepdim=True)
        return torch.clamp(x - (total - 1) / count, min=0)
    except (TypeError, AttributeError):
        return of_array(sparsemax, x, axis)


def _over_axes(kernel: Callable[..., Tensor], x: Tensor, axes: Sequence[int] | None) -> Tensor:
    """Apply `kernel(x, dim)` to several axes as if they were one, also if their sizes are free."""
    if axes is None:
        return kernel(x.flatten(), -1).reshape_as(x)
    if not isinstance(axes, (tuple, list)):
        raise TypeError(f"{kernel.__name__}: axis must be an int, a tuple of ints or None. Received: axis={axes!r}.")
    # Counted from the start, because torch's older ONNX exporter writes negative axes as they are, which is invalid.
    rank = x.dim() if isinstance(x, Tensor) else 0
    chosen = tuple(axis + rank if axis < 0 else axis for axis in axes)
    last = tuple(range(rank - len(axes), rank))
    moved = torch.movedim(x, chosen, last)
    flat = torch.unsqueeze(moved, -1).flatten(-len(axes) - 1)
    return torch.movedim(kernel(flat, -1).reshape_as(moved), last, chosen)
