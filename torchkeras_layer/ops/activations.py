"""Which operations are activation functions?

They take arrays, numbers and ints as well, which become float32; `torchkeras_layer.activations` has those that take
further arguments.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer import activations
from torchkeras_layer.ops.values import as_float, as_number


def relu(x: Any) -> Tensor:
    """Return the values, 0 in place of negative ones.

    >>> relu([1, -2])
    tensor([1, 0], dtype=torch.int32)
    """
    return torch.relu(as_number(x))


def relu6(x: Any) -> Tensor:
    """Return the values between 0 and 6, which are also the limits."""
    return F.relu6(as_number(x))


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """Return the values, negative ones times a slope."""
    return F.leaky_relu(as_float(x), negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """Return the values, in place of negative ones alpha * (exp(x) - 1)."""
    return F.elu(as_float(x), alpha)


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """Return the values, in place of negative ones alpha * (exp(x / alpha) - 1)."""
    return F.celu(as_float(x), alpha)


def selu(x: Any) -> Tensor:
    """Return the scaled exponential linear units."""
    return F.selu(as_float(x))


def gelu(x: Any, approximate: bool = True) -> Tensor:
    """Return the Gaussian error linear units; unlike the activation function, by the formula with tanh.

    >>> gelu([1.0, -1.0]), gelu(1.0, approximate=False)
    (tensor([ 0.8412, -0.1588]), tensor(0.8413))
    """
    return F.gelu(as_float(x), approximate="tanh" if approximate else "none")


def silu(x: Any) -> Tensor:
    """Return x * sigmoid(x), also known as swish."""
    return F.silu(as_float(x))


def hard_silu(x: Any) -> Tensor:
    """Return x * relu6(x + 3) / 6, also known as hard swish."""
    return F.hardswish(as_float(x))


def glu(x: Any, axis: int = -1) -> Tensor:
    """Return the first half along an axis, times the sigmoid of the second."""
    return F.glu(as_float(x), axis)


def sigmoid(x: Any) -> Tensor:
    """Return 1 / (1 + exp(-x)).

    >>> sigmoid(0)
    tensor(0.5000)
    """
    return torch.sigmoid(as_float(x))


def hard_sigmoid(x: Any) -> Tensor:
    """Return x / 6 + 1 / 2 between 0 and 1."""
    return F.hardsigmoid(as_float(x))


def log_sigmoid(x: Any) -> Tensor:
    """Return the logarithms of the sigmoids."""
    return F.logsigmoid(as_float(x))


def sparse_sigmoid(x: Any) -> Tensor:
    """Return (x + 1) / 2 between 0 and 1."""
    return activations.sparse_sigmoid(as_float(x))


def hard_tanh(x: Any) -> Tensor:
    """Return the values between -1 and 1, which are also the limits."""
    return F.hardtanh(as_float(x))


def tanh_shrink(x: Any) -> Tensor:
    """Return x - tanh(x)."""
    return F.tanhshrink(as_float(x))


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """Return the values, 0 in place of those whose absolute value is at most `threshold`."""
    return F.hardshrink(as_float(x), threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """Return the values, moved towards 0 by `threshold`."""
    return F.softshrink(as_float(x), threshold)


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """Return the values above `threshold`, and `default_value` in place of the others."""
    return F.threshold(as_number(x), threshold, default_value)


def softplus(x: Any) -> Tensor:
    """Return log(1 + exp(x))."""
    return F.softplus(as_float(x))


def softsign(x: Any) -> Tensor:
    """Return x / (1 + |x|)."""
    return F.softsign(as_float(x))


def squareplus(x: Any, b: float = 4) -> Tensor:
    """Return (x + sqrt(x ** 2 + b)) / 2."""
    return activations.squareplus(as_float(x), b)


def sparse_plus(x: Any) -> Tensor:
    """Return 0 below -1, (x + 1) ** 2 / 4 up to 1, and x above."""
    return activations.sparse_plus(as_float(x))


def softmax(x: Any, axis: Any = -1) -> Tensor:
    """Return values that sum to 1 along an axis, or several, or all for `None`.

    >>> softmax([0, 0])
    tensor([0.5000, 0.5000])
    """
    return activations.softmax(as_float(x), axis)


def log_softmax(x: Any, axis: Any = -1) -> Tensor:
    """Return the logarithms of the softmax along an axis."""
    return activations.log_softmax(as_float(x), axis)


def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """Return values that sum to 1 along an axis, many of them 0."""
    return activations.sparsemax(as_float(x), axis)


hard_swish = hard_silu
swish = silu
