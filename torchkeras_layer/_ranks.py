"""How do targets, predictions and weights get equal ranks, and do they fit together?"""

from __future__ import annotations

from torch import Tensor


def same_rank(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return two tensors of equal rank, if a last axis of size 1 is all by which they differ, else as they are.

    A tensor of rank 1 gets the axis; from others, it is removed.

    >>> import torch
    >>> [tuple(x.shape) for x in same_rank(torch.ones(4), torch.ones(4, 1))]
    [(4, 1), (4, 1)]
    >>> [tuple(x.shape) for x in same_rank(torch.ones(4, 3, 1), torch.ones(4, 3))]
    [(4, 3), (4, 3)]
    """
    if first.dim() == second.dim() + 1 and first.shape[-1] == 1:
        return (first, second.unsqueeze(-1)) if second.dim() == 1 else (first.squeeze(-1), second)
    if second.dim() == first.dim() + 1 and second.shape[-1] == 1:
        return (first.unsqueeze(-1), second) if first.dim() == 1 else (first, second.squeeze(-1))
    return first, second


def broadcast(first: Tensor, second: Tensor) -> bool:
    """Say whether two tensors broadcast to a common shape.

    >>> import torch
    >>> broadcast(torch.ones(4, 3), torch.ones(3)), broadcast(torch.ones(4, 3), torch.ones(4))
    (True, False)
    """
    pairs = zip(reversed(first.shape), reversed(second.shape), strict=False)
    return all(one == other or one == 1 or other == 1 for one, other in pairs)
