"""Which activations multiply a value by a gate made from it?"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.activations._catalog import catalog


@catalog.register("swish")
def silu(x: Tensor) -> Tensor:
    """Sigmoid-weighted unit, also known as swish: `x * sigmoid(x)` (Ramachandran et al., 2017).

    >>> import torch
    >>> silu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2689,  0.0000,  0.7311])
    """
    return F.silu(x)


@catalog.register("hard_swish")
def hard_silu(x: Tensor) -> Tensor:
    """Piecewise quadratic silu, also known as hard swish: `x * relu6(x + 3) / 6` (Howard et al., 2019).

    >>> import torch
    >>> hard_silu(torch.tensor([-1.5, 1.5, 4.0]))
    tensor([-0.3750,  1.1250,  4.0000])
    """
    return F.hardswish(x)


@catalog.register()
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """`x` times the normal distribution function at `x` (Hendrycks and Gimpel, 2016).

    Computed by erf or, if `approximate`, by tanh.

    >>> import torch
    >>> gelu(torch.tensor([-1.0, 1.0])), gelu(torch.tensor([1.0]), approximate=True)
    (tensor([-0.1587,  0.8413]), tensor([0.8412]))
    """
    return F.gelu(x, approximate="tanh" if approximate else "none")


@catalog.register()
def mish(x: Tensor) -> Tensor:
    """`x * tanh(softplus(x))` (Misra, 2019).

    >>> import torch
    >>> mish(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.3034,  0.0000,  0.8651])
    """
    return F.mish(x)


@catalog.register()
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """Gated linear unit: the first half along `axis` times the sigmoid of the second (Dauphin et al., 2017).

    The result is half as long along `axis`, whose length must be even.

    >>> import torch
    >>> glu(torch.tensor([2.0, 4.0, 0.0, 0.0]))
    tensor([1., 2.])
    """
    return F.glu(x, axis)
