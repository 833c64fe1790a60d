"""How is an operation called on symbolic tensors? It becomes one node of their graph."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer._structures import leaves

_has_torch_function = torch._C._has_torch_function
_are_single = frozenset({list, tuple}).isdisjoint


class SymbolicTensor:
    """The base of what stands for a tensor in a graph. Its class has `__torch_function__`, which adds a node."""


def recorded(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return an operation that adds a node to a graph when it is called on symbolic tensors.

    Args:
        function: the operation, on tensors.
        name: its name in `keras.ops`.

    >>> import torchkeras_layer as keras
    >>> recorded(torch.relu, "relu")(keras.Input((3,)))
    <KerasTensor relu shape=(None, 3) dtype=float32>
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        # Real tensors take the short way: torch's own test finds what has a `__torch_function__`, in 0.1 µs.
        if _may_be_symbolic(args) or (kwargs and _may_be_symbolic(tuple(kwargs.values()))):
            found = next((leaf for leaf in leaves((args, kwargs)) if isinstance(leaf, SymbolicTensor)), None)
            if found is not None:
                return type(found).__torch_function__(function, (), args, kwargs)  # type: ignore[attr-defined]
        return function(*args, **kwargs)

    # So that pickle finds it.
    call.__module__, call.__name__, call.__qualname__ = __package__ or "", name, name
    return call


def _may_be_symbolic(values: tuple[Any, ...]) -> bool:
    return _has_torch_function(values) or not _are_single(map(type, values))
