"""Which activation functions are S-shaped and bounded, such as sigmoid and tanh?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.activations._catalog import catalog, of_array


@catalog.register()
def sigmoid(x: Tensor) -> Tensor:
    """Logistic function: `1 / (1 + exp(-x))`.

    >>> sigmoid(torch.tensor([-2.0, 0.0, 2.0]))
    tensor([0.1192, 0.5000, 0.8808])
    """
    try:
        return torch.sigmoid(x)
    except (TypeError, AttributeError):
        return of_array(sigmoid, x)


@catalog.register()
def hard_sigmoid(x: Tensor) -> Tensor:
    """Piecewise linear sigmoid of Keras 3: `min(max(x / 6 + 1/2, 0), 1)`; see also `hard_sigmoid_keras2`.

    >>> hard_sigmoid(torch.tensor([-4.0, 0.0, 1.5]))
    tensor([0.0000, 0.5000, 0.7500])
    """
    try:
        return F.hardsigmoid(x)
    except (TypeError, AttributeError):
        return of_array(hard_sigmoid, x)


@catalog.register()
def hard_sigmoid_keras2(x: Tensor) -> Tensor:
    """`hard_sigmoid` of Keras 1 and 2 and TF-Keras: `min(max(x / 5 + 1/2, 0), 1)`.

    >>> hard_sigmoid_keras2(torch.tensor([-4.0, 0.0, 1.0]))
    tensor([0.0000, 0.5000, 0.7000])
    """
    try:
        return torch.clamp(0.2 * x + 0.5, 0, 1)
    except (TypeError, AttributeError):
        return of_array(hard_sigmoid_keras2, x)


@catalog.register()
def log_sigmoid(x: Tensor) -> Tensor:
    """Logarithm of the sigmoid, `-log(1 + exp(-x))`; finite even where the sigmoid underflows.

    >>> log_sigmoid(torch.tensor([-200.0, 0.0]))
    tensor([-200.0000,   -0.6931])
    """
    try:
        return F.logsigmoid(x)
    except (TypeError, AttributeError):
        return of_array(log_sigmoid, x)


@catalog.register()
def sparse_sigmoid(x: Tensor) -> Tensor:
    """Piecewise linear sigmoid on [-1, 1]: `min(max((x + 1) / 2, 0), 1)` (Blondel et al., 2019).

    >>> sparse_sigmoid(torch.tensor([-2.0, 0.0, 0.5]))
    tensor([0.0000, 0.5000, 0.7500])
    """
    try:
        # hardtanh and not clamp, because its gradient at the bounds is 0, as Keras's is.
        return 0.5 * (F.hardtanh(x) + 1)
    except (TypeError, AttributeError):
        return of_array(sparse_sigmoid, x)


@catalog.register()
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent.

    >>> tanh(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.7616,  0.0000,  0.7616])
    """
    try:
        return torch.tanh(x)
    except (TypeError, AttributeError):
        return of_array(tanh, x)


@catalog.register()
def hard_tanh(x: Tensor) -> Tensor:
    """Piecewise linear tanh: `min(max(x, -1), 1)`.

    >>> hard_tanh(torch.tensor([-3.0, 0.5, 3.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    try:
        return F.hardtanh(x)
    except (TypeError, AttributeError):
        return of_array(hard_tanh, x)


@catalog.register()
def softsign(x: Tensor) -> Tensor:
    """`x / (1 + |x|)`: similar to tanh, but approaches its bounds only as `1 / x`.

    >>> softsign(torch.tensor([-1.0, 0.0, 3.0]))
    tensor([-0.5000,  0.0000,  0.7500])
    """
    try:
        return F.softsign(x)
    except (TypeError, AttributeError):
        return of_array(softsign, x)
