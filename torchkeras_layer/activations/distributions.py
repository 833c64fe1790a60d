"""Which activations turn scores along an axis into a distribution?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from torchkeras_layer.activations._catalog import catalog


@catalog.register()
def softmax(x: Tensor, axis: int | Sequence[int] | None = -1) -> Tensor:
    """Non-negative values that sum to 1 along `axis`, or over several axes together (`None`: over all).

    Raises:
        TypeError: if `axis` is something else.

    >>> softmax(torch.tensor([0.0, 1.0]))
    tensor([0.2689, 0.7311])
    >>> softmax(torch.zeros(2, 2), axis=(0, 1))
    tensor([[0.2500, 0.2500],
            [0.2500, 0.2500]])
    """
    return torch.softmax(x, axis) if isinstance(axis, int) else _over_axes(torch.softmax, x, axis)


@catalog.register()
def log_softmax(x: Tensor, axis: int | Sequence[int] | None = -1) -> Tensor:
    """Logarithm of the softmax, finite where the softmax itself underflows.

    Raises:
        TypeError: if `axis` is neither an int, a sequence of ints nor `None`.

    >>> log_softmax(torch.tensor([0.0, 1.0]))
    tensor([-1.3133, -0.3133])
    """
    return torch.log_softmax(x, axis) if isinstance(axis, int) else _over_axes(torch.log_softmax, x, axis)


@catalog.register()
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """Keras's sparsemax: `max(x - t, 0)`, with one `t` for each vector along `axis`.

    Where only the largest value is kept, this is the projection onto the simplex of Martins and Astudillo
    (2016). Otherwise Keras 3 (checked in 3.15.1, every backend) has another `t` than they, and the result
    need not sum to 1; the numbers here are Keras's.

    >>> sparsemax(torch.tensor([[1.0, 2.0, 3.0], [1.0, 0.9, 0.0]]))
    tensor([[0.0000, 0.0000, 1.0000],
            [0.0500, 0.0000, 0.0000]])
    """
    ordered, _ = torch.sort(x, dim=axis, descending=True)
    sums = torch.cumsum(ordered, dim=axis)
    ranks = torch.cumsum(torch.ones_like(x), dim=axis)
    supported = ordered - (sums - 1) / ranks > 0
    count = supported.sum(dim=axis, keepdim=True)
    # Martins and Astudillo take the last supported sum here; Keras adds all of them up.
    total = torch.where(supported, sums, 0).sum(dim=axis, keepdim=True)
    return torch.clamp(x - (total - 1) / count, min=0)


def _over_axes(kernel: Callable[..., Tensor], x: Tensor, axes: Sequence[int] | None) -> Tensor:
    """Apply `kernel(x, dim)` over several axes as if they were one, for unknown sizes too."""
    if axes is None:
        return kernel(x.flatten(), -1).reshape_as(x)
    if not isinstance(axes, (tuple, list)):
        raise TypeError(f"{kernel.__name__}: axis must be an int, a tuple of ints or None. Received: axis={axes!r}.")
    last = tuple(range(-len(axes), 0))
    moved = torch.movedim(x, tuple(axes), last)
    flat = torch.unsqueeze(moved, -1).flatten(-len(axes) - 1)
    return torch.movedim(kernel(flat, -1).reshape_as(moved), last, tuple(axes))
