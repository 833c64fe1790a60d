"""On which inputs of a call does a value depend?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakIdKeyDictionary

from torchkeras_layer._structures import leaves

Sources = frozenset[int]
_NONE: Sources = frozenset()


class Dependence(TorchDispatchMode):
    """A context manager that tracks on which of the numbered inputs each computed tensor depends.

    >>> a, b = torch.ones(2), torch.ones(2)
    >>> with Dependence() as dependence:
    ...     dependence.begin([a, b])
    ...     total = a + 1
    >>> sorted(dependence.of(total)), sorted(dependence.of(b * 2))
    ([0], [])
    """

    def __init__(self) -> None:
        super().__init__()
        self._sources: Any = WeakIdKeyDictionary()
        self._used: Sources = _NONE

    def begin(self, inputs: list[torch.Tensor]) -> None:
        """Number the inputs."""
        for number, tensor in enumerate(inputs):
            self._sources[tensor] = self.of(tensor) | {number}

    def of(self, value: Any) -> Sources:
        """Return the numbers of the inputs that a tensor depends on."""
        return self._sources.get(value, _NONE) if isinstance(value, torch.Tensor) else _NONE

    def used_by(self, function: Callable[[], Any]) -> Sources:
        """Run a function, and return the numbers of the inputs on which anything that it uses depends."""
        self._used = _NONE
        function()
        return self._used

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operation of torch, and record which inputs its results depend on."""
        kwargs = kwargs or {}
        sources = _NONE.union(*map(self.of, leaves((args, kwargs))))
        self._used |= sources
        result = func(*args, **kwargs)
        if sources:
            for output in [*leaves(result), *_written_to(func, args)]:
                if isinstance(output, torch.Tensor):
                    self._sources[output] = self.of(output) | sources
        return result


def _written_to(func: Any, args: Any) -> list[Any]:
    """List the arguments that an operation writes to; batch normalization writes to statistics without declaring it."""
    if "batch_norm" in func.__name__:
        return list(args)
    declared = func._schema.arguments
    return [arg for arg, of in zip(args, declared, strict=False) if of.alias_info and of.alias_info.is_write]
