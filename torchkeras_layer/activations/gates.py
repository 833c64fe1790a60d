"""Which activation functions are gates, shrinkages, or smooth versions of relu?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.activations._catalog import catalog, of_array


@catalog.register("swish")
def silu(x: Tensor) -> Tensor:
    """Sigmoid-weighted unit, also known as swish: `x * sigmoid(x)` (Ramachandran et al., 2017).

    >>> import torch
    >>> silu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2689,  0.0000,  0.7311])
    """
    try:
        return F.silu(x)
    except (TypeError, AttributeError):
        return of_array(silu, x)


@catalog.register("hard_swish")
def hard_silu(x: Tensor) -> Tensor:
    """Piecewise quadratic silu, also known as hard swish: `x * relu6(x + 3) / 6` (Howard et al., 2019).

    >>> import torch
    >>> hard_silu(torch.tensor([-1.5, 1.5, 4.0]))
    tensor([-0.3750,  1.1250,  4.0000])
    """
    try:
        return F.hardswish(x)
    except (TypeError, AttributeError):
        return of_array(hard_silu, x)


@catalog.register()
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """Gaussian error linear unit: `x` times the normal distribution function at `x` (Hendrycks and Gimpel, 2016).

    Computed with erf or, if `approximate`, with tanh.

    >>> import torch
    >>> gelu(torch.tensor([-1.0, 1.0])), gelu(torch.tensor([1.0]), approximate=True)
    (tensor([-0.1587,  0.8413]), tensor([0.8412]))
    """
    try:
        return F.gelu(x, approximate="tanh" if approximate else "none")
    except (TypeError, AttributeError):
        return of_array(gelu, x, approximate)


@catalog.register()
def mish(x: Tensor) -> Tensor:
    """`x * tanh(softplus(x))` (Misra, 2019).

    >>> import torch
    >>> mish(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.3034,  0.0000,  0.8651])
    """
    try:
        return F.mish(x)
    except (TypeError, AttributeError):
        return of_array(mish, x)


@catalog.register()
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """Gated linear unit: the first half along `axis` times the sigmoid of the second (Dauphin et al., 2017).

    The size of `axis` must be even, and is half as large in the result.

    >>> import torch
    >>> glu(torch.tensor([2.0, 4.0, 0.0, 0.0]))
    tensor([1., 2.])
    """
    try:
        return F.glu(x, axis)
    except (TypeError, AttributeError):
        return of_array(glu, x, axis)


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
    try:
        return F.hardshrink(x, threshold)
    except (TypeError, AttributeError):
        return of_array(hard_shrink, x, threshold)


@catalog.register()
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """`x` moved towards 0 by `threshold`, without crossing it.

    >>> import torch
    >>> soft_shrink(torch.tensor([-1.0, 0.25, 1.0]))
    tensor([-0.5000,  0.0000,  0.5000])
    """
    try:
        return F.softshrink(x, threshold)
    except (TypeError, AttributeError):
        return of_array(soft_shrink, x, threshold)


@catalog.register()
def tanh_shrink(x: Tensor) -> Tensor:
    """`x - tanh(x)`.

    >>> import torch
    >>> tanh_shrink(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2384,  0.0000,  0.2384])
    """
    try:
        return F.tanhshrink(x)
    except (TypeError, AttributeError):
        return of_array(tanh_shrink, x)


@catalog.register()
def softplus(x: Tensor) -> Tensor:
    """`log(1 + exp(x))`.

    >>> softplus(torch.tensor([-2.0, 0.0, 50.0]))
    tensor([ 0.1269,  0.6931, 50.0000])
    """
    try:
        return F.softplus(x)
    except (TypeError, AttributeError):
        return of_array(softplus, x)


@catalog.register()
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """`(x + sqrt(x² + b)) / 2`: softplus without exponentials, smoother for a larger `b` (Barron, 2021).

    >>> squareplus(torch.tensor([-1.5, 0.0, 1.5]))
    tensor([0.5000, 1.0000, 2.0000])
    """
    try:
        return (x + torch.sqrt(x**2 + b)) / 2
    except (TypeError, AttributeError):
        return of_array(squareplus, x, b)


@catalog.register()
def sparse_plus(x: Tensor) -> Tensor:
    """A softplus that reaches its asymptotes: 0 below -1, `(x + 1)² / 4` up to 1, and `x` above.

    >>> sparse_plus(torch.tensor([-2.0, 0.0, 3.0]))
    tensor([0.0000, 0.2500, 3.0000])
    """
    try:
        # Clamped, because an infinite value in the branch that is not taken would make the gradient NaN.
        return torch.where(x < 1, 0.25 * (torch.clamp(x, -1, 1) + 1) ** 2, x)
    except (TypeError, AttributeError):
        return of_array(sparse_plus, x)


@catalog.register()
def exponential(x: Tensor) -> Tensor:
    """`exp(x)`.

    >>> exponential(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """
    try:
        return torch.exp(x)
    except (TypeError, AttributeError):
        return of_array(exponential, x)
