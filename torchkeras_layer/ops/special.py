"""Which operations are special functions, logarithms of sums, determinants, distances and greatest values?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.values import as_float, as_tensor, axes_of, promoted_floats


def erf(x: Any) -> Tensor:
    """Return the error function of the values."""
    return torch.erf(as_float(x))


def erfc(x: Any) -> Tensor:
    """Return 1 minus the error function of the values."""
    return torch.erfc(as_float(x))


def erfinv(x: Any) -> Tensor:
    """Return the inverse of the error function."""
    return torch.erfinv(as_float(x))


def rsqrt(x: Any) -> Tensor:
    """Return 1 divided by the square roots."""
    return torch.rsqrt(as_float(x))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the logarithm of the sum of the exponentials along axes, without overflow."""
    x = as_float(x)
    return torch.logsumexp(x, axes_of(axis, x.dim()), keepdims)


def slogdet(x: Any) -> tuple[Tensor, Tensor]:
    """Return the signs of the determinants of matrices, and the logarithms of their absolute values."""
    return tuple(torch.linalg.slogdet(as_float(x)))  # type: ignore[return-value]


def logdet(x: Any) -> Tensor:
    """Return the logarithms of the determinants of positive definite matrices."""
    return torch.logdet(as_float(x))


def cdist(x: Any, y: Any) -> Tensor:
    """Return the distances of each row of `x` to each row of `y`."""
    x, y = promoted_floats(x, y)
    return torch.cdist(x, y)


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """Return the `k` greatest values along the last axis, and their indices.

    >>> top_k([1.0, 5.0, 3.0], 2)
    (tensor([5., 3.]), tensor([1, 2], dtype=torch.int32))
    """
    values, indices = torch.topk(as_tensor(x), k, sorted=sorted)
    return values, indices.to(torch.int32)


def in_top_k(targets: Any, predictions: Any, k: int) -> Tensor:
    """Return whether the target of each row is among its `k` greatest predictions.

    >>> in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1)
    tensor([ True, False])
    """
    targets, predictions = as_tensor(targets).to(torch.int64), as_float(predictions)
    lowest = torch.topk(predictions, k).values[..., -1]
    return torch.gather(predictions, -1, targets.unsqueeze(-1)).squeeze(-1) >= lowest
