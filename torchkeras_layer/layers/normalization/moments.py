"""How are mean and variance computed of unmasked values, or over all processes of a distributed training?"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable
from typing import Any

import torch
import torch.distributed as distributed

from torchkeras_layer._settings import epsilon


def masked_moments(
    values: torch.Tensor, mask: torch.Tensor, axes: tuple[int, ...]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and biased variance over all axes but `axes`, which are kept with size 1.

    As in Keras 3, `backend.epsilon()` is added to the number of values, so that both are 0 if all values are masked.

    Args:
        values: float tensor.
        mask: for all axes of `values` but the last; values count where it is `True`, or not 0.

    >>> values, mask = torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[True, True, False]])
    >>> mean, variance = masked_moments(values, mask, (2,))
    >>> mean.flatten(), variance.flatten()
    (tensor([2.]), tensor([1.]))
    """
    counts = _spread(mask, values)
    others = [axis for axis in range(values.dim()) if axis not in axes]
    number = counts.sum(others, keepdim=True).to(values.dtype) + epsilon()
    mean = torch.where(counts, values, 0).sum(others, keepdim=True) / number
    squares = torch.where(counts, values - mean, 0).square()
    return mean, squares.sum(others, keepdim=True) / number


def moments_over(
    values: torch.Tensor, reduction_axes: Iterable[int], keep_dims: bool, mask: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and biased variance over some axes, as TF-Keras's `_calculate_mean_and_var`.

    >>> moments_over(torch.tensor([[1.0, 5.0], [3.0, 5.0]]), [0], False)
    (tensor([2., 5.]), tensor([1., 0.]))
    """
    others = tuple(sorted(axis % values.dim() for axis in reduction_axes))
    if mask is None:
        variance, mean = torch.var_mean(values, dim=others, correction=0, keepdim=keep_dims)
        return mean, variance
    axes = tuple(axis for axis in range(values.dim()) if axis not in others)
    mean, variance = masked_moments(values, mask, axes)
    return (mean, variance) if keep_dims else (mean.squeeze(others), variance.squeeze(others))


def own_moments(
    layer: Any, values: torch.Tensor, mask: torch.Tensor | None, axes: tuple[int, ...]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the moments that a layer's `_moments` computes, over all axes but `axes`, which are kept with size 1.

    It may have the arguments of Keras 3 or of TF-Keras.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.BatchNormalization(); layer.build((None, 2))
    >>> own_moments(layer, torch.tensor([[1.0, 5.0], [3.0, 5.0]]), None, (1,))
    (tensor([[2., 5.]]), tensor([[1., 0.]]))
    """
    others = [axis for axis in range(values.dim()) if axis not in axes]
    masks = () if mask is None else (mask,)
    found = layer._moments(values, others, False, *masks) if takes_axes(type(layer)) else layer._moments(values, mask)
    shape = [size if axis in axes else 1 for axis, size in enumerate(values.shape)]
    mean, variance = (one.reshape(shape) for one in found)
    return mean, variance


@functools.lru_cache
def takes_axes(cls: Any) -> bool:
    """Whether the `_moments` of a class has the arguments of TF-Keras: inputs, axes, and whether these are kept.

    >>> import torchkeras_layer as keras
    >>> takes_axes(keras.layers.BatchNormalization)
    True
    """
    return len(inspect.signature(cls._moments).parameters) > 3


def spans_processes() -> bool:
    """Whether there are other processes in the default group of `torch.distributed`.

    >>> spans_processes()
    False
    """
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1


def synchronized_moments(
    values: torch.Tensor, mask: torch.Tensor | None, axes: tuple[int, ...]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and biased variance over all processes and all axes but `axes`, which are kept with size 1.

    All processes must call it, even without values; they may have different numbers of values. Gradients flow to the
    values of all processes, as in `nn.SyncBatchNorm`, which supports GPUs only.

    Args:
        values: float tensor.
        mask: as in `masked_moments`, or `None`, which counts all.

    >>> distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    >>> mean, variance = synchronized_moments(torch.tensor([[1.0], [3.0]]), None, (1,))
    >>> mean.item(), variance.item()
    (2.0, 1.0)
    >>> distributed.destroy_process_group()
    """
    others = [axis for axis in range(values.dim()) if axis not in axes]
    counts = torch.ones_like(values, dtype=torch.bool) if mask is None else _spread(mask, values)
    number = counts.sum(others, keepdim=True).to(values.dtype)
    own_mean = torch.where(counts, values, 0).sum(others, keepdim=True) / number.clamp(min=1)
    own_squares = torch.where(counts, values - own_mean, 0).square().sum(others, keepdim=True)
    # A row for each process, so that one exchange is enough, and no large numbers are subtracted.
    numbers, means, squares = _from_all_processes(torch.stack([number, own_mean, own_squares])).unbind(1)
    total = numbers.sum(0) + epsilon() if mask is not None else numbers.sum(0).clamp(min=1)
    mean = (numbers * means).sum(0) / total
    return mean, (squares + numbers * (means - mean).square()).sum(0) / total


def _spread(mask: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Expand a mask for all axes of the values but the last to all axes."""
    return mask.unsqueeze(-1).to(torch.bool).expand(values.shape)


def _from_all_processes(row: torch.Tensor) -> torch.Tensor:
    """Return the values of all processes as rows: the sum of tensors that are 0 except in the process's own row."""
    place = torch.arange(distributed.get_world_size(), device=row.device) == distributed.get_rank()
    rows = torch.where(place.view(-1, *[1] * row.dim()), row, 0)
    return _SumOverProcesses.apply(rows)  # type: ignore[return-value]


class _SumOverProcesses(torch.autograd.Function):
    """The sum over all processes. Its gradient is summed too, because each value is a part of all results."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        """Return the sum."""
        return _sum(values)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        """Return the sum of the gradients."""
        return _sum(gradients[0])


def _sum(values: torch.Tensor) -> torch.Tensor:
    result = values.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(result)
    return result
