"""How do kernels lie in memory, and how are they turned into the filters of torch's convolutions?

Kernels are contiguous in Keras's shape, which all tools of torch can work with; each call turns them. After
`.to(memory_format=torch.channels_last)`, torch's own request, they lie in the order of torch's filters, and nothing is
turned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch

# Smaller kernels are turned faster by torch's convolution itself, if it does not have to guess the memory format from
# an axis of size 1.
_LEAST_TO_TURN = 16_384


def filters_of(kernel: torch.Tensor, channels_last: bool) -> torch.Tensor:
    """Return a kernel (spatial …, inner, outer) as torch's filters, (outer, inner, spatial …).

    A large kernel is copied in the memory format of the images, which `channels_last` tells. Torch's convolution would
    make the same copy, but element by element: 27 ms instead of 1.6 for a 3×3 convolution of 512 to 512 channels.
    Otherwise the result is a view: of small kernels, of those that lie in torch's order, and under compilers and
    tracers.

    >>> filters_of(torch.ones(3, 3, 8, 16), True).shape
    torch.Size([16, 8, 3, 3])
    """
    *spatial, inner, outer = kernel.shape
    if torch.compiler.is_compiling() or not _is_to_be_turned(kernel):
        return torch.permute(kernel, (kernel.dim() - 1, kernel.dim() - 2, *range(kernel.dim() - 2)))
    if kernel.numel() < _LEAST_TO_TURN and outer > 1:
        # A copy element by element takes half the time, and keeps no strides of axes of size 1.
        rank = len(spatial)
        turned = torch.permute(kernel, (rank + 1, *range(rank), rank)).clone(memory_format=torch.contiguous_format)
    else:
        turned = _transposed(kernel, 1, outer)
    if channels_last:
        return torch.permute(turned.view(outer, *spatial, inner), (0, len(spatial) + 1, *range(1, len(spatial) + 1)))
    return _transposed(turned, outer, inner).view(outer, inner, *spatial)


def depthwise_filters(kernel: torch.Tensor, channels_last: bool) -> torch.Tensor:
    """Return a kernel (spatial …, channels, depth_multiplier) as torch's filters, (all filters, 1, spatial …).

    >>> depthwise_filters(torch.ones(3, 3, 8, 2), True).shape
    torch.Size([16, 1, 3, 3])
    """
    if kernel.is_contiguous():
        return filters_of(kernel.flatten(-2).unsqueeze(-2), channels_last)
    rank = kernel.dim() - 2
    return torch.permute(kernel, (rank, rank + 1, *range(rank))).flatten(0, 1).unsqueeze(1)


def is_plain(kernel: torch.Tensor) -> bool:
    """Whether a tensor is one of torch's own classes on a CPU, contiguous, and not being traced.

    >>> is_plain(torch.ones(2, 3)), is_plain(torch.ones(2, 3).t())
    (True, False)
    """
    return (
        (type(kernel) is torch.nn.Parameter or type(kernel) is torch.Tensor)
        and kernel.is_cpu
        and kernel.is_contiguous()
        and kernel.is_floating_point()
        and not torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]
    )


def may_be_turned(shape: Sequence[int]) -> bool:
    """Whether `filters_of` turns contiguous kernels of this shape; it permutes the axes of others.

    >>> may_be_turned((3, 3, 8, 16)), may_be_turned((3, 3, 1, 16)), may_be_turned((3, 3, 64, 64))
    (False, True, True)
    """
    return prod(shape) >= _LEAST_TO_TURN or 1 in shape[-2:]


def _is_to_be_turned(kernel: torch.Tensor) -> bool:
    return (kernel.numel() >= _LEAST_TO_TURN or 1 in kernel.shape[-2:]) and is_plain(kernel)


def _transposed(values: torch.Tensor, n: int, columns: int) -> torch.Tensor:
    """Return the values of n matrices with this number of columns in the order of the transposed ones.

    As the channels of images of one pixel, whose shuffling is a vectorized transposition on a CPU: 3 to 5 times as
    fast as `.mT.contiguous()`. Each further view would take a microsecond.

    >>> _transposed(torch.arange(6.0).view(2, 3), 1, 3).flatten().tolist()
    [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    """
    rows = values.numel() // (n * columns)
    if rows == 1 or columns == 1:
        return values
    pixels = torch.permute(values.view(n, 1, 1, rows * columns), (0, 3, 1, 2))
    return torch.permute(torch.channel_shuffle(pixels, rows), (0, 2, 3, 1))


def put_in_order(layer: Any, kernels: Mapping[str, bool]) -> None:
    """Give kernels the memory order of torch's filters if `.to(memory_format=)` asked for it, else that of their axes.

    Args:
        layer: a convolution.
        kernels: the names of its kernels, and whether each is depthwise.
    """
    is_torch_s = layer._torchkeras.memory_format == ("channels_last_3d" if layer.rank == 3 else "channels_last")
    for name, is_depthwise in kernels.items():
        kernel = layer._parameters.get(name)
        if type(kernel) is torch.nn.Parameter:
            order = _filters_order(layer, is_depthwise) if is_torch_s else tuple(range(kernel.dim()))
            _store_in_order(kernel, order)
            if kernel.grad is not None:
                _store_in_order(kernel.grad, order)


def _filters_order(layer: Any, is_depthwise: bool) -> tuple[int, ...]:
    """Return the order of a kernel's axes in the memory of torch's filters, the outermost axis first."""
    spatial, before_last, last = range(layer.rank), layer.rank, layer.rank + 1
    if is_depthwise:
        return (before_last, last, *spatial)
    default = layer.data_format == "channels_last"
    has_channels_last_memory = getattr(layer._torchkeras.derived, "uses_channels_last_memory", default)
    return (last, *spatial, before_last) if has_channels_last_memory else (last, before_last, *spatial)


def _store_in_order(weight: torch.Tensor, order: tuple[int, ...]) -> None:
    """Change the memory layout of a weight to this order of its axes, the outermost first; its shape stays the same.

    >>> kernel = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    >>> _store_in_order(kernel, (1, 0))
    >>> kernel.stride(), kernel.tolist()
    ((1, 2), [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    """
    # Not `contiguous`, which keeps the strides of axes of size 1, from which torch infers the memory format.
    memory = torch.empty([weight.shape[axis] for axis in order], dtype=weight.dtype, device=weight.device)
    stored = memory.permute([order.index(axis) for axis in range(len(order))])
    if stored.stride() != weight.stride():
        weight.data = stored.copy_(weight.data)
