"""Does the time for a big model grow with its size only, as hand-written PyTorch's does?"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import lru_cache, partial
from statistics import median
from typing import Any

import torch
from torch import nn

import torchkeras_layer as keras
from benchmarks.rows import Measured, Row
from benchmarks.timing import Call, Effort, enough_loops

_STACK_BYTES = 512 * 2**20


class _Group(keras.layers.Layer):
    def __init__(self, members: list[Any]):
        super().__init__()
        self.members = members

    def call(self, inputs: Any) -> Any:
        for member in self.members:
            inputs = member(inputs)
        return inputs


class _PlainGroup(nn.Module):
    def __init__(self, members: list[nn.Module]):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        for member in self.members:
            inputs = member(inputs)
        return inputs


def _wide(count: int, group: Any, leaf: Callable[[], Any]) -> Any:
    return group([leaf() for _ in range(count)])


def _tree(count: int, group: Any, leaf: Callable[[], Any]) -> Any:
    members = (
        [leaf() for _ in range(10)] if count <= 10 else [_tree(count // 10, group, leaf) for _ in range(10)]
    )
    return group(members)


def _chain(count: int, group: Any, leaf: Callable[[], Any]) -> Any:
    model = leaf()
    for _ in range(count - 1):
        model = group([leaf(), model])
    return model


@lru_cache(maxsize=2)
def _models(shape: Callable[..., Any], count: int) -> tuple[Any, nn.Module]:
    ours = shape(count, _Group, lambda: keras.layers.Dense(1, kernel_regularizer="l2"))
    ours(torch.ones(1, 1))
    return ours, shape(count, _PlainGroup, lambda: nn.Linear(1, 1))


def _plain_losses(model: nn.Module) -> list[torch.Tensor]:
    return [0.01 * part.weight.square().sum() for part in model.modules() if isinstance(part, nn.Linear)]


_WORK: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "weights": (lambda model: model.weights, lambda model: list(model.parameters())),
    "losses": (lambda model: model.losses, _plain_losses),
    "state_dict": (lambda model: model.state_dict(), lambda model: model.state_dict()),
    "forward": (lambda model: model(torch.ones(1, 1)), lambda model: model(torch.ones(1, 1))),
}


def _growth(shape: Callable[..., Any], small: int, large: int, work: str, effort: Effort) -> Measured:
    """Measure how the time a layer grows from `small` to `large`, over how it grows by hand.

    By hand that is not just 1: the small model fits in the cache, the keys of a deep `state_dict` are long.
    """
    calls = [
        Call(function, model)
        for count in (small, large)
        for function, model in zip(_WORK[work], _models(shape, count), strict=True)
    ]
    loops = [enough_loops(call, effort.batch) for call in calls]
    rounds = [
        [call.seconds(n) for call, n in zip(calls, loops, strict=True)] for _ in range(effort.pairs // 10 + 2)
    ]
    size = large / small
    ours = median(large_ours / small_ours / size for small_ours, _, large_ours, _ in rounds)
    by_hand = median(large_hand / small_hand / size for _, small_hand, _, large_hand in rounds)
    times = [median(times) * 1e3 for times in zip(*rounds, strict=True)]
    note = f"time a layer {ours:.2f}× / {by_hand:.2f}×, in all {times[2]:.3g} ms / {times[3]:.3g} ms"
    return Measured(ours / by_hand, None, note)


def _deeply(measure: Callable[[Effort], Measured], effort: Effort) -> Measured:
    """Measure in a thread whose stack holds the recursion, torch's own included, through a deep model."""
    results: list[Measured] = []
    limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES)
    sys.setrecursionlimit(10**6)
    try:
        thread = threading.Thread(target=lambda: results.append(measure(effort)))
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    return results[0]


ROWS = [
    *(
        Row(f"{work}, 100 to 10,000 layers in a list", 1.25, partial(_growth, _wide, 100, 10_000, work))
        for work in _WORK
    ),
    *(
        Row(f"{work}, 100 to 10,000 layers in a tree", 1.25, partial(_growth, _tree, 100, 10_000, work))
        for work in _WORK
    ),
    *(
        Row(
            f"{work}, 100 to 1,000 layers deep",
            1.25,
            partial(_deeply, partial(_growth, _chain, 100, 1_000, work)),
        )
        for work in _WORK
    ),
]
