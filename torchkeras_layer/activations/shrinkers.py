"""Which activations pull values towards zero, and which leaves them alone?"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.activations._catalog import catalog


@catalog.register()
def linear(x: Tensor) -> Tensor:
    """Return `x` itself.

    >>> import torch
    >>> x = torch.ones(2)
    >>> linear(x) is x
    True
    """
    return x


@catalog.register()
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """`x` where `|x| > threshold`, else 0.

    >>> import torch
    >>> hard_shrink(torch.tensor([-1.0, 0.25, 1.0]))
    tensor([-1.,  0.,  1.])
    """
    return F.hardshrink(x, threshold)


@catalog.register()
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """`x` moved towards 0 by `threshold`, without crossing it.

    >>> import torch
    >>> soft_shrink(torch.tensor([-1.0, 0.25, 1.0]))
    tensor([-0.5000,  0.0000,  0.5000])
    """
    return F.softshrink(x, threshold)


@catalog.register()
def tanh_shrink(x: Tensor) -> Tensor:
    """`x - tanh(x)`.

    >>> import torch
    >>> tanh_shrink(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2384,  0.0000,  0.2384])
    """
    return F.tanhshrink(x)
