"""In which order are the modules inside a module visited?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from torchkeras_layer.layer.containers import TrackedContainer
from torchkeras_layer.layer.record import KEY, is_layer
from torchkeras_layer.metrics import is_metric


def modules_in(module: nn.Module) -> Iterator[nn.Module]:
    """Yield `module` and all below it, parents first, in attribute order, each once. Metrics count.

    >>> [type(m).__name__ for m in modules_in(nn.Sequential(nn.Linear(1, 1), nn.ReLU()))]
    ['Sequential', 'Linear', 'ReLU']
    """
    return (visited for visited, _ in _visit(module, with_metrics=True))


def layers_in(module: nn.Module) -> Iterator[Any]:
    """Yield the layers among `module` and all below it, parents first, in attribute order, each once."""
    return (visited for visited, _ in _visit(module) if is_layer(visited))


def weight_holders(module: nn.Module) -> Iterator[tuple[nn.Module, bool]]:
    """Yield every module whose tensors are weights, and whether a layer at or above it is frozen."""
    return _visit(module)


def nearest_layers(module: nn.Module) -> Iterator[Any]:
    """Yield the layers below `module` that no other layer stands between."""
    for child in _children(module):
        if is_layer(child):
            yield child
        else:
            yield from nearest_layers(child)


def breadth_first(module: nn.Module) -> list[nn.Module]:
    """List all modules below `module`, level by level, each once, without the containers of a layer's attributes.

    >>> [type(m).__name__ for m in breadth_first(nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh()))]
    ['Sequential', 'Tanh', 'ReLU']
    """
    found: list[nn.Module] = [module]
    seen = {id(module)}
    for visited in found:
        for child in contents_of(visited):
            if id(child) not in seen:
                seen.add(id(child))
                found.append(child)
    return found[1:]


def contents_of(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules on a module's attributes, those in containers standing in the containers' place."""
    for child in _children(module):
        if isinstance(child, TrackedContainer):
            yield from contents_of(child)
        else:
            yield child


def _children(module: nn.Module) -> list[nn.Module]:
    # Not by the attribute: torch.export has stand-ins, another one for each read, which would be visited too.
    registry = module.__dict__.get("_modules") or module._modules
    return [child for child in registry.values() if child is not None]


def _visit(module: nn.Module, with_metrics: bool = False) -> Iterator[tuple[nn.Module, bool]]:
    # A stack and not recursion: linear in the modules, and a deep chain is no deeper than Python's limit.
    stack: list[tuple[Any, bool]] = [(module, False)]
    seen: set[int] = set()
    while stack:
        visited, frozen = stack.pop()
        record = visited.__dict__.get(KEY)
        if id(visited) in seen or (record is None and not with_metrics and is_metric(visited)):
            continue
        seen.add(id(visited))
        frozen = frozen or (record is not None and not record.trainable)
        yield visited, frozen
        stack.extend((child, frozen) for child in reversed(_children(visited)))
