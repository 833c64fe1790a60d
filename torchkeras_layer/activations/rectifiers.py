"""Which activation functions pass positive values and damp negative ones?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.activations._catalog import catalog, of_array


@catalog.register()
def relu(x: Tensor, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """Rectified linear unit: `x` above `threshold`, but at most `max_value`.

    Below the threshold, it is `negative_slope * (x - threshold)`.

    >>> relu(torch.tensor([-2.0, 0.5, 9.0]))
    tensor([0.0000, 0.5000, 9.0000])
    >>> relu(torch.tensor([-2.0, 0.5, 9.0]), negative_slope=0.1, max_value=8.0, threshold=1.0)
    tensor([-0.3000, -0.0500,  8.0000])
    """
    try:
        if not negative_slope and max_value is None and not threshold:
            return torch.relu(x)
        return _bent_relu(x, negative_slope, max_value, threshold)
    except (TypeError, AttributeError):
        return of_array(relu, x, negative_slope, max_value, threshold)


def _bent_relu(x: Tensor, negative_slope: float, max_value: float | None, threshold: float) -> Tensor:
    if max_value is None and not threshold:
        return F.leaky_relu(x, negative_slope)
    # As in Keras, these forms differ in their gradients at the bounds, and the first maps NaN to 0.
    if threshold:
        passed = torch.where(x > threshold, x, 0)
        passed = passed if max_value is None else torch.clamp(passed, 0, max_value)
    elif max_value == 6:
        passed = F.relu6(x)
    else:
        passed = torch.clamp(torch.relu(x), 0, max_value)
    return passed - negative_slope * torch.relu(threshold - x) if negative_slope else passed


@catalog.register()
def relu6(x: Tensor) -> Tensor:
    """Rectified linear unit limited to 6: `min(max(x, 0), 6)`.

    >>> relu6(torch.tensor([-1.0, 2.0, 8.0]))
    tensor([0., 2., 6.])
    """
    try:
        return F.relu6(x)
    except (TypeError, AttributeError):
        return of_array(relu6, x)


@catalog.register()
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """Rectified linear unit with a slope for negative values (0.2 here, 0.01 in `torch.nn.functional`).

    >>> leaky_relu(torch.tensor([-1.0, 2.0]))
    tensor([-0.2000,  2.0000])
    """
    try:
        return F.leaky_relu(x, negative_slope)
    except (TypeError, AttributeError):
        return of_array(leaky_relu, x, negative_slope)


@catalog.register()
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """`x` where it exceeds `threshold`, else `default_value`.

    >>> threshold(torch.tensor([-1.0, 2.0]), 1.0, 5.0)
    tensor([5., 2.])
    """
    try:
        return F.threshold(x, threshold, default_value)
    except (TypeError, AttributeError):
        return of_array(catalog.get("threshold"), x, threshold, default_value)


@catalog.register()
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit: `x` if positive, else `alpha * (exp(x) - 1)` (Clevert et al., 2016).

    >>> elu(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    try:
        return F.elu(x, alpha)
    except (TypeError, AttributeError):
        return of_array(elu, x, alpha)


@catalog.register()
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit with a continuous slope: `alpha * (exp(x / alpha) - 1)` below 0 (Barron, 2017).

    >>> celu(torch.tensor([-1.0, 2.0]), alpha=0.5)
    tensor([-0.4323,  2.0000])
    """
    try:
        return F.celu(x, alpha)
    except (TypeError, AttributeError):
        return of_array(celu, x, alpha)


@catalog.register()
def selu(x: Tensor) -> Tensor:
    """Exponential linear unit scaled to preserve the mean and variance of its input (Klambauer et al., 2017).

    To be used with weights from `LecunNormal`, and with `AlphaDropout`.

    >>> selu(torch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    try:
        return F.selu(x)
    except (TypeError, AttributeError):
        return of_array(selu, x)
