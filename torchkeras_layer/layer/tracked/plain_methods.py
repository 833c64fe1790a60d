"""How do tracked containers come by all methods of the plain type, and how are they one with what was assigned?

What a container does not write out runs on a plain copy of its entries, from which it then takes them again.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import register_pytree_node

from torchkeras_layer.layer.containers import TrackedContainer

COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")


def _reading(name: str) -> Callable[..., Any]:
    """Return a method or operator that reads a plain copy of the container."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        plain, others = self._as_built_in(), [_as_plain(other) for other in args]
        if name == "__add__" and not isinstance(others[0], type(plain)):
            # For an array, which adds itself to a list.
            return NotImplemented
        return getattr(plain, name)(*others, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def _changing(name: str) -> Callable[..., Any]:
    """Return a method or operator that changes a plain copy, from which the container takes the entries."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not torch.compiler.is_dynamo_compiling():
            self._follow_source()
        plain = self._plain(self._stored_values())
        try:
            result = getattr(plain, name)(*args, **kwargs)
        finally:
            self._take(plain)
        return self if result is plain else result

    method.__name__ = method.__qualname__ = name
    return method


def _as_plain(value: Any) -> Any:
    return value._as_built_in() if isinstance(value, TrackedContainer) else value


def behaves_as(kind: type, changing: Iterable[str], reading: Iterable[str]) -> Callable[[Any], Any]:
    """Decorate a tracked class with methods of the plain type `kind`, and have pytrees see the entries."""

    def decorate(cls: Any) -> Any:
        for make, names in ((_changing, changing), (_reading, reading)):
            for name in names:
                setattr(cls, name, make(name))
        # Python takes the hash away from a class that compares its entries; modules must have one.
        cls.__hash__ = nn.Module.__hash__
        cls._plain_type = kind
        abc.update_abstractmethods(cls)
        register_pytree_node(cls, _flatten, _unflatten)
        return cls

    return decorate


def _flatten(container: Any) -> tuple[list[Any], Any]:
    """Return the entries, and what else makes a plain container of them; for torch's pytrees."""
    is_dict = issubclass(container._plain_type, dict)
    entries = list(container.values()) if is_dict else list(container)
    keys = list(container) if is_dict else None
    return entries, (container._plain_type, container._shell(), keys)


def _unflatten(entries: Iterable[Any], context: Any) -> Any:
    kind, shell, keys = context
    return kind(entries, *shell) if keys is None else kind(*shell, zip(keys, entries, strict=True))


def is_same(given: Any, kept: Any) -> bool:
    """Whether an entry of what was assigned is that of the container.

    >>> is_same(3, 3), is_same(None, 3)
    (True, False)
    """
    return given is kept or (isinstance(kept, TrackedContainer) and kept._source is given and given is not None)


def with_known(values: Iterable[Any], before: Iterable[Any]) -> list[Any]:
    """List entries, with the tracked container that holds it already in place of each plain one."""
    known = {id(kept._source): kept for kept in before if isinstance(kept, TrackedContainer)}
    return [value if value is None else known.get(id(value), value) for value in values]


def as_source(kept: Any) -> Any:
    """Return what an entry is in the list or dict that was assigned."""
    return kept._source if isinstance(kept, TrackedContainer) and kept._source is not None else kept
