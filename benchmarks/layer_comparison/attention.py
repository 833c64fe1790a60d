"""What stands beside each layer that attends?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.layer_comparison.entry import Entry, by_function

_PAIR = [(64, 128), (64, 128)]
_INNER = "several inputs and masks are checked, and the four projections inside are layers: about 40 µs."


def _attend(pair: list[torch.Tensor]) -> torch.Tensor:
    query, value = pair
    return F.scaled_dot_product_attention(query, value, value, scale=1.0)


class _Additive(nn.Module):
    """Bahdanau's attention with a scale, as one would write it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(size))

    def forward(self, pair: list[torch.Tensor]) -> torch.Tensor:
        query, value = pair
        scores = torch.tanh(query.unsqueeze(2) + value.unsqueeze(1)) @ self.scale
        return torch.softmax(scores, -1) @ value


class _MultiHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.module = nn.MultiheadAttention(128, 8, batch_first=True)

    def forward(self, query: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return self.module(query, value, value, need_weights=False)[0]


class _Grouped(nn.Module):
    """Heads that share keys and values, as one would write them."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = nn.Linear(128, 128), nn.Linear(128, 32), nn.Linear(128, 32)
        self.output = nn.Linear(128, 128)

    def forward(self, query: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        projected = self.query(query), self.key(value), self.value(value)
        heads = [one.unflatten(-1, (-1, 16)).transpose(1, 2) for one in projected]
        attended = F.scaled_dot_product_attention(*heads, enable_gqa=True)
        return self.output(attended.transpose(1, 2).flatten(2))


MULTI_HEAD = Entry("MultiHeadAttention", {"num_heads": 8, "key_dim": 16}, _PAIR, _MultiHead, apart=True, why=_INNER)

ENTRIES = [
    Entry(
        "AdditiveAttention",
        {},
        [(16, 64), (16, 64)],
        lambda: _Additive(64),
        why="several inputs and masks are checked, and the Dropout inside is a layer: about 30 µs.",
    ),
    Entry("Attention", {}, _PAIR, by_function(_attend), why="several inputs and masks are checked."),
    Entry(
        "GroupQueryAttention",
        {"head_dim": 16, "num_query_heads": 8, "num_key_value_heads": 2},
        _PAIR,
        _Grouped,
        apart=True,
        why=_INNER,
    ),
    MULTI_HEAD,
]
