"""What is a layer called, and where does it stand among the layers around it?"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch

from torchkeras_layer._names import to_snake_case, unique_name
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.state import LayerState


class NameScope(contextlib.AbstractContextManager["NameScope"]):
    """While entered, the paths of what is built begin with `name`.

    `name` ends with `/`, as in `'encoder/'`.
    """

    def __init__(self, layer: LayerState) -> None:
        around = per_thread.context.layer
        prefix = path_prefix(around)
        # In its own call or build, a layer is its own surroundings.
        self._path = prefix if around is layer else join_path(prefix, layer._name)
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


class Naming(LayerState):
    """Name, path and name scopes."""

    @property
    def name(self) -> str:
        """The layer's name: as given, else the class name in snake case, counted.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2, name="head").name
        'head'
        """
        return self._name

    @property
    def path(self) -> str | None:
        """Names of the layers around this one and its own, joined by `/`; `None` before the build.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2, name="head"); layer.build((None, 3)); layer.path
        'head'
        """
        return self._path

    @property
    def scope_name(self) -> str:
        """The path of a layer that was built.

        Raises:
            NotUsedYetError: a ValueError, before the build.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2, name="head"); layer.build((None, 3)); layer.scope_name
        'head'
        """
        if self._path is None:
            raise NotUsedYetError(f"{self._name}: no scope name yet, because the layer is not built. Call or build it.")
        return self._path

    @property
    def name_scope(self) -> NameScope:
        """A context manager in which the paths of what is built begin with this layer's name.

        >>> import torchkeras_layer as keras
        >>> outer, inner = keras.Layer(name="encoder"), keras.layers.Dense(2, name="head")
        >>> with outer.name_scope as scope:
        ...     inner.build((None, 3))
        >>> scope.name, inner.path
        ('encoder/', 'encoder/head')
        """
        return NameScope(self)

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a method, so that it runs in the layer's `name_scope`.

        >>> import torchkeras_layer as keras
        >>> class Encoder(keras.Layer):
        ...     @keras.Layer.with_name_scope
        ...     def prepare(self):
        ...         self.head = keras.layers.Dense(2, name="head")
        ...         self.head.build((None, 3))
        >>> encoder = Encoder(name="encoder"); encoder.prepare(); encoder.head.path
        'encoder/head'
        """

        @functools.wraps(method)
        def scoped(self: Naming, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped

    def _choose_path(self) -> None:
        self._path = self._path or (self._path_below(per_thread.context.layer) if self._built else None)

    def _path_below(self, parent: LayerState | None) -> str:
        return join_path(path_prefix(parent), self._name)


def path_prefix(parent: LayerState | None) -> str:
    """Return the path of what is around: a scope entered by hand, else `parent`, in whose call or build this is."""
    scope = per_thread.context.scope
    if scope is not None and scope[0] is parent:
        return scope[1]
    return "" if parent is None else parent._path or parent._name


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
