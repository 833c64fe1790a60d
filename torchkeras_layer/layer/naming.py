"""What is a layer called, and where does it stand among the layers around it?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from torchkeras_layer._names import to_snake_case, unique_name
from torchkeras_layer.layer.context import per_thread


class NameScope(contextlib.AbstractContextManager["NameScope"]):
    """While entered, the paths of what is built begin with `name`.

    `name` ends with `/`, as in `'encoder/'`.
    """

    def __init__(self, layer: Any) -> None:
        around = per_thread.context.layer
        prefix = path_prefix(around)
        # In its own call or build, a layer is its own surroundings.
        self._path = prefix if around is layer else join_path(prefix, layer._torchkeras.name)
        self.name = f"{self._path}/"

    def __enter__(self) -> NameScope:
        context = per_thread.context
        self._outer = context.scope
        context.scope = (context.layer, self._path)
        return self

    def __exit__(self, *_: Any) -> None:
        per_thread.context.scope = self._outer


class NotUsedYetError(ValueError, AttributeError):
    """A layer has no scope yet. An AttributeError too, so that `hasattr(layer, "scope_name")` can answer."""


def choose_path(layer: Any) -> None:
    """Give a layer that is built its path, unless it has one."""
    record = layer._torchkeras
    if record.path is None and record.built:
        record.path = path_below(per_thread.context.layer, record.name)


def path_below(parent: Any, name: str) -> str:
    """Return the path of a layer of this name in the call or build of `parent`."""
    return join_path(path_prefix(parent), name)


def path_prefix(parent: Any) -> str:
    """Return the path of what is around: a scope entered by hand, else `parent`, in whose call or build this is."""
    scope = per_thread.context.scope
    if scope is not None and scope[0] is parent:
        return scope[1]
    return "" if parent is None else parent._torchkeras.path or parent._torchkeras.name


def join_path(prefix: str, name: str) -> str:
    """Join two parts of a path.

    >>> join_path("", "dense"), join_path("encoder", "dense")
    ('dense', 'encoder/dense')
    """
    return f"{prefix}/{name}" if prefix else name


@contextlib.contextmanager
def naming_errors(where: str) -> Iterator[None]:
    """Have the message of a TypeError or ValueError begin with where it came about.

    >>> with naming_errors("dense"):
    ...     raise ValueError("units must be positive.")
    Traceback (most recent call last):
    ValueError: dense: units must be positive.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = type(error) if type(error) in (TypeError, ValueError) else ValueError
        raise kind(f"{where}: {error}") from error


def choose_name(name: Any, class_name: str) -> str:
    """Return a layer's name: the one given, or a counted one made from the class's name.

    Raises:
        TypeError: if the given name is no string.

    >>> choose_name("head", "Dense")
    'head'
    """
    if name is None and torch.compiler.is_dynamo_compiling():
        # Were it counted there, no call could be served by the graph of the call before.
        return to_snake_case(class_name)
    if name is None:
        return unique_name(to_snake_case(class_name))
    if not isinstance(name, str):
        raise TypeError(f"{class_name}: name must be a string. Received: name={name!r}.")
    return name
