"""Which built-ins does a family, such as the initializers, have, and how is one found by name or config?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from torchkeras_layer.registry import custom_objects as customs
from torchkeras_layer.registry import table
from torchkeras_layer.registry.deserialization import read_config
from torchkeras_layer.registry.envelope import excerpt
from torchkeras_layer.registry.serialization import serialize_keras_object
from torchkeras_layer.registry.table import close_names, find_by_name

_T = TypeVar("_T")
_MOST_NAMES_SHOWN = 30


class Catalog:
    """One family of built-ins.

    Args:
        kind: the family's name in messages, such as 'initializer'.
        module: the public module of Keras that has the family, such as 'keras.initializers'.
        other_modules: further modules that files may give for members of the family.
        also_accepts: kinds of other families whose configs are accepted too.

    Raises:
        ValueError: if there already is a catalog of this kind.

    >>> catalog = Catalog("sample", module="keras.samples")
    >>> @catalog.register("second")
    ... def double(x): return 2 * x
    >>> catalog.get("second") is double, catalog.serialize(double), catalog.names()
    (True, 'double', ['double'])
    """

    def __init__(
        self, kind: str, *, module: str, other_modules: Sequence[str] = (), also_accepts: Sequence[str] = ()
    ) -> None:
        table.open_family(kind)
        self.kind = kind
        self.module = module
        self._other_modules = tuple(other_modules)
        self._kinds = (kind, *also_accepts)

    def register(
        self, *aliases: str, name: str | None = None, module: str | None = None, also_in: Sequence[str] = ()
    ) -> Callable[[_T], _T]:
        """Return a decorator that adds a class or function under its name, its snake_case form and `aliases`.

        Args:
            *aliases: further names.
            name: the name that Keras has for it; default: its own.
            module: the module of Keras that has it, which configs name; default: the family's.
            also_in: further modules that files may give for it.

        Raises:
            ValueError: if one of the names is taken.
        """

        def add(target: _T) -> _T:
            public_name = name or getattr(target, "__name__", "")
            entry = table.Entry(target, self.kind, module or self.module, public_name)
            table.add(entry, aliases, (*self._other_modules, *also_in))
            return target

        return add

    def complete_with(self, add_the_rest: Callable[[], None]) -> None:
        """Set the function that registers the remaining members; it is called when a name is not found."""
        table.complete_with(self.kind, add_the_rest)

    def get(self, identifier: Any) -> Any:
        """Return the member for a name, a config, a class or a callable.

        `None` stays `None`, a class is instantiated, and a callable is returned unchanged.

        Raises:
            ValueError: if the identifier is unknown, or if a class cannot be created without arguments.
        """
        if identifier is None:
            return None
        found = identifier
        if isinstance(identifier, str):
            found = find_by_name(identifier, self.kind)
        elif isinstance(identifier, dict):
            found = self.deserialize(identifier)
        if inspect.isclass(found):
            found = self._create(found)
        if not callable(found):
            raise ValueError(self._complaint(identifier))
        return found

    def serialize(self, obj: Any, use_legacy_format: bool = False) -> Any:
        """Return the name of a function of this family; for anything else, the result of `serialize_keras_object`.

        Args:
            obj: the object.
            use_legacy_format: whether the config has the two keys of Keras 2 only.
        """
        entry = table.find_in_family(self.kind, obj.__name__) if inspect.isroutine(obj) else None
        if entry is not None and entry.target is obj:
            return entry.name
        config = serialize_keras_object(obj)
        is_short = use_legacy_format and isinstance(config, dict)
        return {key: config[key] for key in ("class_name", "config")} if is_short else config

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the member for a name or a config.

        Args:
            config: the name or config.
            custom_objects: classes and functions by the names that the config has for them.

        Raises:
            ValueError: if the name is unknown.
            DeserializationError: (a ValueError too) if the config is malformed or is that of another family.
        """
        if isinstance(config, str):
            with customs.CustomObjectScope(custom_objects):
                return self.get(config)
        if config is not None and not (isinstance(config, dict) and "class_name" in config):
            raise ValueError(self._complaint(config))
        return read_config(config, self._kinds, custom_objects)

    def names(self) -> list[str]:
        """Return the names of the members, without aliases, sorted."""
        return table.names_in(self.kind)

    def _create(self, member: type) -> Any:
        try:
            return member()
        except TypeError as error:
            raise ValueError(
                f"{self.kind}: {member.__name__} cannot be created without arguments. Pass an instance, or a "
                f"config: {{'class_name': {member.__name__!r}, 'config': {{...}}}}. {error}"
            ) from error

    def _complaint(self, identifier: Any) -> str:
        names = self.names()
        hint = close_names(identifier, (self.kind,)) if isinstance(identifier, str) else ""
        shown = ", ".join(names[:_MOST_NAMES_SHOWN]) + (", …" if len(names) > _MOST_NAMES_SHOWN else "")
        return (
            f"Could not interpret {self.kind} identifier: {excerpt(identifier)} "
            f"({type(identifier).__name__}). Expected a name, a dict with 'class_name' and 'config', a "
            f"class or a callable.{hint} Known names: {shown}."
        )
