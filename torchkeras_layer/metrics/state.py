"""How are states of metrics merged, summed over ranks, and passed in and out as values?"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

# The name, shape and dtype of a state tensor.
_Spec = tuple[str, tuple[int, ...], torch.dtype]


def merge(metric: Any, others: Sequence[Any]) -> None:
    """Add the states of metrics to that of another one.

    Raises:
        TypeError: if `others` is no list of metrics.
        ValueError: if one has other state tensors.
    """
    if isinstance(others, nn.Module) or not all(isinstance(other, nn.Module) for other in others):
        raise TypeError(f"{metric.name}: merge_state takes a list of metrics. Received: {others!r}.")
    for other in others:
        if type(other) is not type(metric):
            raise ValueError(
                f"{metric.name}: merge_state takes metrics of the class {type(metric).__name__}. Received: {other!r}."
            )
        specs = _specs(other)
        if specs:
            _complete(metric, specs)
        own = dict(metric.named_buffers())
        _check(metric, _specs(metric), specs)
        with torch.no_grad():
            for name, state in other.named_buffers():
                own[name].add_(state.to(own[name].device))


def summed_over_ranks(metric: Any, group: Any) -> Any:
    """Return a copy of a metric with the sum of the states of all ranks; without a process group, the metric itself.

    Raises:
        ValueError: if a rank has other state tensors.
    """
    if not (dist.is_available() and dist.is_initialized()):
        return metric
    by_rank: list[Any] = [None] * dist.get_world_size(group)
    dist.all_gather_object(by_rank, _specs(metric), group=group)
    longest = max(by_rank, key=len)
    twin = copy.deepcopy(metric)
    for specs in by_rank:
        # A rank without data may not have its state yet.
        _check(metric, longest, specs)
    _complete(twin, longest)
    states = dict(twin.named_buffers())
    for name, *_ in longest:
        dist.all_reduce(states[name], group=group)
    return twin


def with_state(metric: Any, values: Sequence[Any], action: Callable[[], Any]) -> tuple[Any, list[Tensor]]:
    """Return the result of an action while the state is `values`, and the state after it; the own state stays.

    Raises:
        ValueError: if there are more or fewer values than state tensors.
    """
    before = _places(metric)
    if len(values) != len(before):
        raise ValueError(
            f"{metric.name}: expected a list of {len(before)} tensors, as metric.variables. Received: {len(values)}."
        )
    own = [module._buffers[name] for module, name in before]
    for (module, name), value in zip(before, values, strict=True):
        module._buffers[name] = torch.as_tensor(value).clone()
    try:
        result = action()
        after = list(metric.buffers())
    finally:
        for (module, name), state in zip(before, own, strict=True):
            module._buffers[name] = state
    for module, name in _places(metric):
        if (module, name) not in before:
            module._buffers[name] = torch.zeros_like(module._buffers[name])
    return result, after


def _places(metric: nn.Module) -> list[tuple[Any, str]]:
    return [
        (module, name) for module in metric.modules() for name, state in module._buffers.items() if state is not None
    ]


def _specs(metric: nn.Module) -> list[_Spec]:
    return [(name, tuple(state.shape), state.dtype) for name, state in metric.named_buffers()]


def _complete(metric: nn.Module, specs: list[_Spec]) -> None:
    """Create state tensors that the first update would create, as zeros."""
    own = dict(metric.named_buffers())
    device = next((state.device for state in own.values()), None)
    for name, shape, dtype in specs:
        if name not in own:
            path, _, attribute = name.rpartition(".")
            state = torch.zeros(shape, dtype=dtype, device=device)
            owner: Any = metric.get_submodule(path)
            owner.register_buffer(attribute, state, persistent=False)
            owner._built = True


def _check(metric: nn.Module, expected: list[_Spec], specs: list[_Spec]) -> None:
    if not set(specs) <= set(expected):
        found, wanted = ([f"{name} {shape}" for name, shape, _ in one] for one in (specs, expected))
        raise ValueError(
            f"{metric.name}: the other state must consist of the same tensors. Received: {found} for {wanted}."
        )
