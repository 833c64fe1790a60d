"""How are the axes of a tensor named, split, merged and put into another order?"""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from torchkeras_layer.ops.values import as_tensor


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Tensor:
    """Return a tensor with its axes in another order, split or merged, as the pattern says: `'b (h w) c -> b c h w'`.

    >>> import torch
    >>> rearrange(torch.arange(6).reshape(1, 6), "b (h w) -> b w h", h=2)
    tensor([[[0, 3],
             [1, 4],
             [2, 5]]])
    """
    tensor = as_tensor(tensor)
    before, found, after = pattern.partition("->")
    left, right = _groups(before), _groups(after)
    names = [name for group in left for name in group]
    if not found or len(left) != tensor.dim() or sorted(names) != sorted(name for group in right for name in group):
        raise ValueError(
            f"rearrange: the pattern must have the same axes on both sides, and those of the tensor on the left. "
            f"Received: {pattern!r} and a tensor of shape {tuple(tensor.shape)}."
        )
    sizes: dict[str, Any] = dict(axes_lengths)
    for group, total in zip(left, tensor.shape, strict=True):
        open_ones = [name for name in group if name not in sizes]
        for name in open_ones[:1]:
            sizes[name] = total // math.prod([sizes[known] for known in group if known != name])
    tensor = tensor.reshape([sizes[name] for name in names])
    tensor = tensor.permute([names.index(name) for group in right for name in group])
    return tensor.reshape([math.prod([sizes[name] for name in group]) for group in right])


def _groups(side: str) -> list[list[str]]:
    """Return the names of one side of a pattern, those in parentheses together."""
    groups: list[list[str]] = []
    inside = False
    for word in side.replace("(", " ( ").replace(")", " ) ").split():
        if word in "()":
            inside = word == "("
            groups += [[]] if inside else []
        elif inside:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups
