"""Which custom classes and functions are known, and under which names?

They are looked up in the innermost `custom_object_scope` of this thread (the `custom_objects` argument of a loading
function is one), then in the scopes around it, and then in the process-wide registrations.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

_T = TypeVar("_T")

_registered: dict[str, Any] = {}
_registered_names: dict[Any, str] = {}


class _Scopes(threading.local):
    """The merged custom objects of the scopes that this thread has entered, outermost first."""

    def __init__(self) -> None:
        self.stack: list[dict[str, Any]] = []


_scopes = _Scopes()


class CustomObjectScope:
    """Make classes and functions known by name inside a `with` block, for this thread.

    Scopes nest: an inner one adds to the outer ones and takes precedence. A custom object also takes precedence over a
    built-in of the same name.

    Args:
        custom_objects: classes and functions by name.
        *more: further dicts of them.

    Raises:
        TypeError: if an argument is not a dict.

    >>> from torchkeras_layer.registry import custom_object_scope, get_registered_object
    >>> def double(x): return 2 * x
    >>> with custom_object_scope({"double": double}):
    ...     get_registered_object("double") is double
    True
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None = None, *more: Mapping[str, Any]) -> None:
        merged: dict[str, Any] = {}
        for part in (custom_objects, *more):
            if part is not None and not isinstance(part, Mapping):
                raise TypeError(
                    f"custom_object_scope: expected a dict of objects by name. Received: {part!r}. "
                    f'Write custom_object_scope({{"MyLayer": MyLayer}}).'
                )
            merged.update(part or {})
        self.custom_objects = merged

    def __enter__(self) -> CustomObjectScope:
        outer = _scopes.stack[-1] if _scopes.stack else {}
        _scopes.stack.append({**outer, **self.custom_objects})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _scopes.stack.pop()


custom_object_scope = CustomObjectScope


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[_T], _T]:
    """Return a decorator that registers a class or function as `'package>name'` in configs.

    Registering a name again replaces the earlier object.

    Args:
        package: name of your package; may be empty.
        name: name of the object; default: its `__name__`.

    Raises:
        TypeError: if the package or name is not a string, or the object is not a class or function.
        ValueError: if the name is empty, if the package or name contains '>', or if a class has no `get_config()`.

    >>> @register_keras_serializable("sample")
    ... def halve(x): return x / 2
    >>> get_registered_name(halve)
    'sample>halve'
    """
    _check_word("package", package)

    def register(target: _T) -> _T:
        if not (inspect.isclass(target) or inspect.isroutine(target)):
            raise TypeError(f"register_keras_serializable: expected a class or a function. Received: {target!r}.")
        if inspect.isclass(target) and not hasattr(target, "get_config"):
            raise ValueError(
                f"register_keras_serializable: {target.__name__} has no get_config() method. Define "
                "one that returns the arguments of its __init__ as a dict."
            )
        own_name = target.__name__ if name is None else name
        _check_word("name", own_name)
        full_name = f"{package}>{own_name}"
        _registered[full_name] = target
        _registered_names[target] = full_name
        return target

    return register


def get_custom_objects() -> dict[str, Any]:
    """Return the process-wide dict of registered objects, which can be changed; it does not contain those of scopes.

    >>> get_custom_objects()["sample_name"] = print
    >>> get_custom_objects().pop("sample_name") is print
    True
    """
    return _registered


def get_registered_name(obj: Any) -> str:
    """Return the name of a class or function in configs: `'package>name'`, or its own if it is not registered.

    Raises:
        TypeError: if the object is not a class or function.

    >>> get_registered_name(dict)
    'dict'
    """
    if not (inspect.isclass(obj) or inspect.isroutine(obj)):
        raise TypeError(
            f"get_registered_name: expected a class or a function. Received: {obj!r}. For an object, pass type(obj)."
        )
    return _registered_names.get(obj, obj.__name__)


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """Return the custom object with a name; `None` if there is none.

    Args:
        name: the name.
        custom_objects: objects by name, which are looked up first, before the scopes and registrations.
        module_objects: objects by name, which are looked up last.

    >>> get_registered_object("answer", custom_objects={"answer": int})
    <class 'int'>
    """
    scope = _scopes.stack[-1] if _scopes.stack else {}
    for place in (custom_objects, scope, _registered, module_objects):
        if place and name in place:
            return place[name]
    return None


def known_names() -> list[str]:
    """Return the names of all custom objects that can be looked up at this point, sorted."""
    return sorted({*(_scopes.stack[-1] if _scopes.stack else ()), *_registered})


def _check_word(argument: str, word: str) -> None:
    if not isinstance(word, str):
        raise TypeError(
            f"register_keras_serializable: {argument} must be a string. Received: {word!r}. "
            "Write @register_keras_serializable() with parentheses."
        )
    if (not word and argument == "name") or ">" in word:
        what = "must not be empty or contain" if argument == "name" else "must not contain"
        raise ValueError(f"register_keras_serializable: {argument} {what} '>'. Received: {word!r}.")
