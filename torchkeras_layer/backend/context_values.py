"""What do the caches of values, and the decorators, of TF-Keras's backend mean where there is one way to run?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])


class ContextValueCache(dict[Any, Any]):
    """A dict of values that a function makes when they are asked for; K has one for each graph, which here is one.

    Args:
        default_factory: makes a value, from the keywords given to `setdefault`.

    >>> cache = ContextValueCache(lambda size: [0] * size); cache.setdefault(kwargs={"size": 2}), cache.setdefault()
    ([0, 0], [0, 0])
    """

    def __init__(self, default_factory: Callable[..., Any] | None) -> None:
        super().__init__()
        self.default_factory = default_factory

    def setdefault(self, key: Any = None, default: Any = None, kwargs: dict[str, Any] | None = None) -> Any:
        """Return the value of a key, which is made if there is none."""
        if key not in self:
            make = self.default_factory
            self[key] = make(**(kwargs or {})) if default is None and make is not None else default
        return self[key]


def symbolic(func: _Function) -> _Function:
    """Return a function as it is: the same functions run on symbolic tensors and on others."""
    return func


def eager(func: _Function) -> _Function:
    """Return a function as it is: the same functions run on symbolic tensors and on others."""
    return func
