"""Which convolutions are products of matrices, with the kernel as it lies?"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._autograd import may_need_gradients
from torchkeras_layer.layers.convolution.kernels import is_plain
from torchkeras_layer.layers.window_counts import count_windows

# Kernels with fewer numbers are turned in less time than windows are copied.
_LEAST_NUMBERS = 65_536


def mix_channels(inputs: torch.Tensor, kernel: torch.Tensor, bias: Any) -> torch.Tensor:
    """Return a convolution with windows of one value, channels last, as a product.

    It takes 0.5 to 1.05 times as long as torch's convolution, also in training, if the kernel is contiguous.

    >>> mix_channels(torch.ones(1, 5, 2), torch.ones(1, 2, 3), None).shape
    torch.Size([1, 5, 3])
    """
    return F.linear(inputs, kernel.flatten(0, -2).t(), bias)


def may_be_product(shape: Sequence[int]) -> bool:
    """Whether `is_faster_as_product` may be true for kernels of this shape.

    >>> may_be_product((3, 3, 64, 64)), may_be_product((3, 3, 128, 128))
    (False, True)
    """
    return prod(shape) >= _LEAST_NUMBERS


def is_faster_as_product(inputs: torch.Tensor, kernel: torch.Tensor, windows: tuple[Any, Any, Any, str]) -> bool:
    """Whether a convolution, channels last, is computed faster by `multiply_windows`: if turning costs more than that.

    So it is if there are fewer windows than filters, and no gradients are asked for: their products would take 1.2 to 4
    times as long as torch's convolution.

    Args:
        inputs: (batch, spatial …, channels).
        kernel: (spatial …, channels, filters).
        windows: the layer's kernel_size, strides, dilation_rate and padding.
    """
    if torch.compiler.is_compiling() or may_need_gradients():
        return False
    if kernel.dtype is not torch.float32 or inputs.dtype is not torch.float32 or not is_plain(kernel):
        return False
    count: Any = inputs.shape[0]
    size, strides, dilation, padding = windows
    for axis in zip(inputs.shape[1:-1], size, strides, dilation, strict=True):
        count *= count_windows(*axis, padding)
    return count < kernel.shape[-1]


def multiply_windows(inputs: torch.Tensor, kernel: torch.Tensor, bias: Any, strides: Sequence[int]) -> torch.Tensor:
    """Return a convolution, channels last, of padded inputs as the product of its windows and the kernel.

    >>> multiply_windows(torch.ones(1, 3, 2), torch.ones(2, 2, 1), None, (1,)).tolist()
    [[[4.0], [4.0]]]
    """
    rank = kernel.dim() - 2
    for axis in range(rank):
        inputs = inputs.unfold(axis + 1, kernel.shape[axis], strides[axis])
    # (batch, counts …, channels, sizes …)
    windows = inputs.permute(*range(rank + 1), *range(rank + 2, 2 * rank + 2), rank + 1)
    flat = windows.flatten(rank + 1).flatten(0, rank)
    outputs = flat @ kernel.flatten(0, -2) if bias is None else torch.addmm(bias, flat, kernel.flatten(0, -2))
    return outputs.view(*windows.shape[: rank + 1], -1)
