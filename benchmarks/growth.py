"""Does the time for a big model grow with its size only, as hand-written PyTorch's does?"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import cache, partial
from statistics import median
from typing import Any

import torch
from torch import nn

import torchkeras_layer as keras
from benchmarks.rows import Measured, Row
from benchmarks.timing import Call, Effort, enough_loops

_Shape = Callable[[int, Any, Callable[[], Any]], Any]
_Work = Callable[[_Shape, int], list[Call]]

_SMALL = 100
# torch itself walks a deep model in quadratic time, in memory as well for its `state_dict`.
_DEEPEST = 1_000
# Quadratic time would give 10 or 100. Below that the caches decide: a layer is a bigger object than a module.
_MOST = 2.0
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


def _list(count: int, group: Any, leaf: Callable[[], Any]) -> Any:
    return group([leaf() for _ in range(count)])


def _tree(count: int, group: Any, leaf: Callable[[], Any]) -> Any:
    members = [leaf() for _ in range(10)] if count <= 10 else [_tree(count // 10, group, leaf) for _ in range(10)]
    return group(members)


def _chain(count: int, group: Any, leaf: Callable[[], Any]) -> Any:
    model = leaf()
    for _ in range(count - 1):
        model = group([leaf(), model])
    return model


def _ours(shape: _Shape, count: int) -> Any:
    model = shape(count, _Group, lambda: keras.layers.Dense(1, kernel_regularizer="l2"))
    _forward(model)  # builds
    return model


def _by_hand(shape: _Shape, count: int) -> nn.Module:
    model = shape(count, _PlainGroup, lambda: nn.Linear(1, 1))
    _forward(model)
    return model


@cache
def _models(shape: _Shape, count: int) -> tuple[Any, nn.Module]:
    return _ours(shape, count), _by_hand(shape, count)


def _construct(shape: _Shape, count: int) -> list[Call]:
    return [Call(partial(_ours, shape), count), Call(partial(_by_hand, shape), count)]


def _use(ours: Callable[[Any], Any], by_hand: Callable[[Any], Any]) -> _Work:
    def calls(shape: _Shape, count: int) -> list[Call]:
        return [Call(use, model) for use, model in zip((ours, by_hand), _models(shape, count), strict=True)]

    return calls


def _forward(model: nn.Module) -> torch.Tensor:
    return model(torch.ones(1, 1))


def _state(model: nn.Module) -> dict[str, torch.Tensor]:
    return model.state_dict()


def _plain_losses(model: nn.Module) -> list[torch.Tensor]:
    return [0.01 * part.weight.square().sum() for part in model.modules() if isinstance(part, nn.Linear)]


def _growth(work: _Work, shape: _Shape, large: int, effort: Effort) -> Measured:
    """Measure how the time a layer grows from 100 to `large`, over how it grows by hand.

    By hand that is not just 1: the small model fits in the cache, the keys of a deep `state_dict` are long.
    """
    calls = [*work(shape, _SMALL), *work(shape, large)]
    loops = [enough_loops(call, effort.batch) for call in calls]
    turns = range(effort.pairs // 10 + 2)
    rounds = [[call.seconds(n) for call, n in zip(calls, loops, strict=True)] for _ in turns]
    size = large / _SMALL
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


def _rows(name: str, work: _Work, large: int) -> list[Row]:
    """Return the rows for layers in a flat list, ten in each group of a tree, and each inside the one before."""
    deep = min(large, _DEEPEST)
    in_depth = partial(_deeply, partial(_growth, work, _chain, deep))
    return [
        Row(f"{name}, 100 to {large:,} layers in a list", _MOST, partial(_growth, work, _list, large)),
        Row(f"{name}, 100 to {large:,} layers in a tree", _MOST, partial(_growth, work, _tree, large)),
        Row(f"{name}, 100 to {deep:,} layers deep", _MOST, in_depth),
    ]


ROWS = [
    *_rows("construction", _construct, 1_000),
    *_rows("forward", _use(_forward, _forward), 10_000),
    *_rows("weights", _use(lambda model: model.weights, lambda model: list(model.parameters())), 10_000),
    *_rows("losses", _use(lambda model: model.losses, _plain_losses), 10_000),
    *_rows("state_dict", _use(_state, _state), 10_000),
]
