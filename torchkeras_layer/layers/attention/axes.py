"""Which axes do queries, keys, masks and scores have, and in which order?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer.layer import Layer

_NOTHING = slice(None)


class AttentionAxes:
    """The axes of inputs (batch, …, features) over which queries attend to keys; the others are batch axes.

    Scores are (batch axes, heads, query axes, key axes).

    Args:
        rank: rank of the inputs.
        attention: the axes over which queries attend to keys; neither the first nor the last.

    >>> axes = AttentionAxes(4, (2,))
    >>> axes.batch, axes.heads_first(torch.ones(2, 3, 5, 8, 16)).shape
    ((0, 1), torch.Size([2, 3, 8, 5, 16]))
    """

    def __init__(self, rank: int, attention: Sequence[int]) -> None:
        self.rank = rank
        self.attention = tuple(attention)
        self.count = len(self.attention)
        self.batch = tuple(axis for axis in range(rank - 1) if axis not in self.attention)
        self.is_plain = rank == 3
        # Projections have two axes, heads and the features of a head, in place of the features of the inputs.
        self._order = (*self.batch, rank - 1, *self.attention, rank)
        self._order_back = tuple(self._order.index(axis) for axis in range(rank + 1))

    def heads_first(self, projected: torch.Tensor) -> torch.Tensor:
        """Transpose a projection (batch…, steps…, heads, size) to (batch…, heads, steps, size), with joined steps."""
        if self.is_plain:
            return projected.transpose(1, 2)
        ordered = projected.permute(self._order)
        return ordered.flatten(-1 - self.count, -2) if self.count > 1 else ordered

    def heads_last(self, attended: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
        """Undo `heads_first` for the output of the attention, (batch…, heads, steps, size)."""
        if self.is_plain:
            return attended.transpose(1, 2)
        if self.count > 1:
            attended = attended.unflatten(-2, self._steps(query))
        return attended.permute(self._order_back)

    def scores_shape(self, query: torch.Tensor, key: torch.Tensor, heads: int) -> tuple[int, ...]:
        """Return the shape of the scores of a query and a key, projected or not."""
        batch = (query.shape[axis] for axis in self.batch)
        return (*batch, heads, *self._steps(query), *self._steps(key))

    def mask_of_queries(self, mask: torch.Tensor) -> torch.Tensor:
        """Reshape a mask over queries, (batch, …) without features, so that it broadcasts to the scores."""
        mask = mask.permute(*self.batch, *self.attention)
        return mask[(_NOTHING,) * len(self.batch) + (None, ..., *(None,) * self.count)]

    def mask_of_keys(self, mask: torch.Tensor) -> torch.Tensor:
        """Reshape a mask over keys, (batch, …) without features, so that it broadcasts to the scores."""
        mask = mask.permute(*self.batch, *self.attention)
        return mask[(_NOTHING,) * len(self.batch) + (None,) * (1 + self.count) + (...,)]

    def mask_of_pairs(self, mask: torch.Tensor) -> torch.Tensor:
        """Reshape a mask (…, query axes, key axes) so that it broadcasts to the scores, by inserting axes of size 1."""
        missing = len(self.batch) + 1 + 2 * self.count - mask.dim()
        return mask[(..., *(None,) * missing, *(_NOTHING,) * (2 * self.count))] if missing else mask

    def joined_steps(self, mask: torch.Tensor, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        """Return a mask of the scores with all query axes joined into one, and all key axes joined into one."""
        if self.count == 1:
            return mask
        before = mask.dim() - 2 * self.count
        full = mask.expand(*mask.shape[:before], *self._steps(query), *self._steps(key))
        return full.flatten(before + self.count).flatten(before, before + self.count - 1)

    def split_steps(self, scores: torch.Tensor, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        """Split the joined axes of scores (batch…, heads, query steps, key steps) into the query and key axes."""
        if self.count == 1:
            return scores
        return scores.unflatten(-1, self._steps(key)).unflatten(-1 - self.count, self._steps(query))

    def _steps(self, tensor: torch.Tensor) -> list[int]:
        return [tensor.shape[axis] for axis in self.attention]


def check_shapes(
    layer: Layer, rank: int, batch: Sequence[int], query: Sequence[Any], value: Sequence[Any], key: Sequence[Any]
) -> None:
    """Check that the shapes of a query, a value and a key fit together; `None` is a free dimension.

    Args:
        layer: the layer, for the error message.
        rank: the rank that all must have.
        batch: the batch axes.
        query, value, key: the shapes.

    Raises:
        ValueError: if a rank is wrong, or the steps of key and value, or the batch axes of query and value, differ.
    """
    if not len(query) == len(value) == len(key) == rank:
        fault = f"query, value and key must have rank {rank}"
    elif any(not _fit(key[axis], value[axis]) for axis in range(rank - 1)):
        fault = "value and key must have the same shape except for their features"
    elif any(not _fit(query[axis], value[axis]) and 1 not in (query[axis], value[axis]) for axis in batch):
        fault = f"query and value must have the same sizes along the axes {list(batch)}"
    else:
        return
    raise ValueError(f"{layer.name}: {fault}. Received: query {tuple(query)}, value {tuple(value)}, key {tuple(key)}.")


def _fit(one: Any, other: Any) -> bool:
    return one is None or other is None or one == other
