"""Which activations are smooth versions of max(x, 0), and which is the exponential that they grow out of?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.activations._catalog import catalog


@catalog.register()
def softplus(x: Tensor) -> Tensor:
    """`log(1 + exp(x))`.

    >>> softplus(torch.tensor([-2.0, 0.0, 50.0]))
    tensor([ 0.1269,  0.6931, 50.0000])
    """
    return F.softplus(x)


@catalog.register()
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """`(x + sqrt(x² + b)) / 2`: softplus without exponentials, smoother for a larger `b` (Barron, 2021).

    >>> squareplus(torch.tensor([-1.5, 0.0, 1.5]))
    tensor([0.5000, 1.0000, 2.0000])
    """
    return (x + torch.sqrt(x**2 + b)) / 2


@catalog.register()
def sparse_plus(x: Tensor) -> Tensor:
    """0 up to -1, `(x + 1)² / 4` up to 1, `x` beyond: a softplus that reaches its asymptotes.

    >>> sparse_plus(torch.tensor([-2.0, 0.0, 3.0]))
    tensor([0.0000, 0.2500, 3.0000])
    """
    # Clamped first, so that the branch not taken stays finite: 0 * inf would make the gradient NaN.
    return torch.where(x < 1, 0.25 * (torch.clamp(x, -1, 1) + 1) ** 2, x)


@catalog.register()
def exponential(x: Tensor) -> Tensor:
    """`exp(x)`.

    >>> exponential(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """
    return torch.exp(x)
