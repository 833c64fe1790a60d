"""How is an operation called on symbolic tensors? It becomes one node of their graph."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer._structures import leaves
from torchkeras_layer.ops.values import IsSymbolic, SymbolicTensor

_has_torch_function = torch._C._has_torch_function


def recorded(function: Callable[..., Any], name: str, module: str = "torchkeras_layer.ops") -> Callable[..., Any]:
    """Return an operation that adds a node to a graph when it is called on symbolic tensors.

    Args:
        function: the operation, on tensors.
        name: its name in the module.
        module: where pickle finds it.

    >>> import torchkeras_layer as keras
    >>> recorded(torch.relu, "relu")(keras.Input((3,)))
    <KerasTensor relu shape=(None, 3) dtype=float32>
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        # Torch's own test finds what has a `__torch_function__`. What is in lists or has a name is found when it is to
        # become a tensor.
        if not _has_torch_function(args):
            try:
                return function(*args, **kwargs) if kwargs else function(*args)
            except IsSymbolic:
                pass
        found = next((leaf for leaf in leaves((args, kwargs)) if isinstance(leaf, SymbolicTensor)), None)
        if found is None:
            return function(*args, **kwargs)
        return type(found).__torch_function__(function, (), args, kwargs)  # type: ignore[attr-defined]

    call.__module__, call.__name__, call.__qualname__ = module, name, name
    return call
