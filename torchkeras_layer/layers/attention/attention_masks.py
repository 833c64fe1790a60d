"""Which keys may each query look at?"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import torch

from torchkeras_layer.layer import Layer


def read_mask(layer: Layer, name: str, mask: Any, like: torch.Tensor, ranks: Sequence[int]) -> torch.Tensor:
    """Return a mask, given as a tensor or array of any dtype, as booleans on the device of `like`.

    Raises:
        ValueError: if it holds no numbers, or its rank is none of `ranks`.

    >>> read_mask(Layer(), "query_mask", [[1, 0]], torch.ones(1, 2, 3), [2])
    tensor([[ True, False]])
    """
    try:
        tensor = mask if isinstance(mask, torch.Tensor) else torch.as_tensor(mask, device=like.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{layer.name}: {name} must be a tensor or an array of booleans. Received: {name}={mask!r}."
        ) from error
    if tensor.dim() not in ranks:
        wanted = f"{ranks[0]}" if len(ranks) == 1 else f"{ranks[0]} to {ranks[-1]}"
        raise ValueError(
            f"{layer.name}: {name} must have rank {wanted} here. Received: {name} of shape {tuple(tensor.shape)}."
        )
    return tensor if tensor.dtype is torch.bool else tensor.bool()


def check_broadcast(layer: Layer, name: str, mask: torch.Tensor, what: str, shape: Sequence[int]) -> None:
    """Check that a mask broadcasts to the shape of something, of which it has all axes.

    Raises:
        ValueError: if it does not.
    """
    if any(one != 1 and one != size for one, size in zip(mask.shape, shape, strict=True)):
        raise ValueError(
            f"{layer.name}: {name} must broadcast to the {what}, of shape {tuple(shape)}. "
            f"Received: one that has shape {tuple(mask.shape)} there."
        )


def merged(masks: Iterable[torch.Tensor | None]) -> torch.Tensor | None:
    """Return a mask that is true where all are, `None` if there is none.

    >>> merged([torch.tensor([True, False]), None, torch.tensor([[True], [False]])])
    tensor([[ True, False],
            [False, False]])
    """
    known = [mask for mask in masks if mask is not None]
    return functools.reduce(operator.and_, known) if known else None


def causal_mask(query_steps: int, key_steps: int, device: torch.device) -> torch.Tensor:
    """Return the mask (query steps, key steps) that lets a query look at the keys up to its own step.

    >>> causal_mask(2, 3, torch.device("cpu"))
    tensor([[ True, False, False],
            [ True,  True, False]])
    """
    return torch.ones(query_steps, key_steps, dtype=torch.bool, device=device).tril()


def window_mask(query_steps: int, key_steps: int, width: int, device: torch.device) -> torch.Tensor:
    """Return the mask (query steps, key steps) that lets a query look at the keys less than `width` steps away.

    >>> window_mask(2, 3, 2, torch.device("cpu"))
    tensor([[ True,  True, False],
            [ True,  True,  True]])
    """
    distance = torch.arange(query_steps, device=device)[:, None] - torch.arange(key_steps, device=device)
    return distance.abs() < width
