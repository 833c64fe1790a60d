"""How is an object made from a config, without running any code in the config?"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping
from typing import Any

from torchkeras_layer.registry.custom_objects import CustomObjectScope, get_registered_object
from torchkeras_layer.registry.envelope import DeserializationError, Envelope, excerpt
from torchkeras_layer.registry.serialization import MAX_DEPTH, Codec, codec_named
from torchkeras_layer.registry.table import find_target


class _Session(threading.local):
    """The present depth in a config, and its shared objects, for one thread."""

    def __init__(self) -> None:
        self.depth = 0
        self.shared: dict[tuple[Any, str | int], Any] = {}


_session = _Session()


def deserialize_keras_object(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,
    *,
    module_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Return the object that a config describes: the inverse of `serialize_keras_object`.

    Reads the configs of this library, Keras 3 and TF-Keras, and the older `{'class_name', 'config'}`. Classes and
    functions are looked up among the built-ins, `custom_objects` and registered objects; nothing is imported,
    unpickled, evaluated or downloaded. If the config has a `build_config`, the object is built. What the program gave
    takes precedence over a built-in: with `custom_objects={"Dense": MyDense}`, the name `Dense` means `MyDense`.

    Args:
        config: the config; with `module_objects` also a name.
        custom_objects: classes and functions by the names that the config has for them.
        safe_mode: no effect. What Keras 3 runs with `False` only, the bytecode of a lambda and the pickle of a module,
            is refused with either value: there is no code for it here.
        module_objects: further classes and functions by name, looked up after custom ones, as in Keras 2.
        printable_module_name: what they are, for the message that a name is not among them.

    Raises:
        DeserializationError: (a TypeError and a ValueError) if the config is malformed or contains an unknown name, or
            if creating or building the object fails.

    >>> deserialize_keras_object([0, {"class_name": "__bytes__", "config": {"value": "ab"}}])
    [0, b'ab']
    """
    if module_objects is None:
        return read_config(config, (), custom_objects)
    with CustomObjectScope(custom_objects), CustomObjectScope(_further_objects(module_objects)):
        found = read_config(config, (), None)
    if isinstance(found, str):
        raise DeserializationError(
            f"deserialize_keras_object: there is no {printable_module_name} {found!r} in module_objects. "
            "Pass it in custom_objects. See docs/differences.md#custom-objects"
        )
    return found() if isinstance(config, str) and inspect.isclass(found) else found


def _further_objects(module_objects: Mapping[str, Any]) -> dict[str, Any]:
    """Return the classes and functions, such as those among `globals()`, whose names mean nothing yet."""
    return {
        name: value
        for name, value in module_objects.items()
        if (inspect.isclass(value) or inspect.isroutine(value)) and get_registered_object(name) is None
    }


def read_config(config: Any, kinds: tuple[str, ...], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Do the work of `deserialize_keras_object`; only for objects of the families `kinds`, or of any for `()`."""
    is_outermost = _session.depth == 0
    if is_outermost:
        _session.shared = {}
    try:
        with CustomObjectScope(custom_objects):
            return _read(config, kinds)
    except RecursionError:
        raise _too_deep() from None
    finally:
        if is_outermost:
            _session.shared = {}


def _read(config: Any, kinds: tuple[str, ...] = ()) -> Any:
    if _session.depth >= MAX_DEPTH:
        raise _too_deep()
    _session.depth += 1
    try:
        return _read_value(config, kinds)
    finally:
        _session.depth -= 1


def _read_value(config: Any, kinds: tuple[str, ...]) -> Any:
    if isinstance(config, str):
        # Old formats write only the name of a custom function.
        custom = get_registered_object(config)
        return config if custom is None else custom
    if config is None or isinstance(config, (int, float, bool)):
        return config
    if isinstance(config, list):
        return [_read(item) for item in config]
    if isinstance(config, tuple):
        return tuple(_read(item) for item in config)
    if not isinstance(config, dict):
        raise DeserializationError(
            f"deserialize_keras_object: a config must consist of dicts, lists, strings, numbers and None. "
            f"Received: {excerpt(config)} of type {type(config).__name__}."
        )
    if config.get("class_name") in ("__tuple__", "TensorShape") and "items" in config:
        return _read_tuple(config["items"])
    if "class_name" in config and ("config" in config or kinds):
        return _read_object(config, kinds)
    return {key: _read(value) for key, value in config.items()}


def _read_tuple(items: Any) -> tuple[Any, ...]:
    if not isinstance(items, list):
        raise DeserializationError(f"deserialize_keras_object: 'items' must be a list. Received: {excerpt(items)}.")
    return tuple(_read(item) for item in items)


def _read_object(config: dict[str, Any], kinds: tuple[str, ...]) -> Any:
    envelope = Envelope.read(config)
    codec = codec_named(envelope.class_name)
    if codec is not None:
        return _decode(codec, envelope)
    if envelope.class_name == "__lambda__":
        raise DeserializationError(
            "deserialize_keras_object: the config contains a Python lambda as bytecode, which is never run, "
            "with safe_mode=False neither. "
            "Write a function instead, register it with @register_keras_serializable(), and put its name "
            "into the config. See docs/differences.md#code-in-configs"
        )
    target = find_target(envelope, kinds)
    if envelope.is_function or inspect.isroutine(target):
        return target
    if envelope.shared_object_id is None:
        return _create(target, envelope)
    key = (target, envelope.shared_object_id)
    if key not in _session.shared:
        _session.shared[key] = _create(target, envelope)
    return _session.shared[key]


def _decode(codec: Codec, envelope: Envelope) -> Any:
    try:
        return codec.decode(envelope.config)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RuntimeError) as error:
        raise DeserializationError(
            f"deserialize_keras_object: {envelope.class_name!r} cannot be read. Received: "
            f"{excerpt(envelope.config)}. {type(error).__name__}: {error}"
        ) from error


def _create(target: Any, envelope: Envelope) -> Any:
    if not hasattr(target, "from_config"):
        raise DeserializationError(
            f"deserialize_keras_object: {target!r}, known as {envelope.name!r}, has no from_config() method. "
            "Define one in its class: @classmethod def from_config(cls, config): return cls(**config)."
        )
    try:
        created = target.from_config(dict(envelope.config))
        build_config = _read(envelope.build_config)
        if build_config and hasattr(created, "build_from_config") and not getattr(created, "built", False):
            created.build_from_config(build_config)
    except (DeserializationError, RecursionError):
        raise
    except Exception as error:
        raise DeserializationError(
            f"{envelope.name}: could not be created from its config. Received: {excerpt(envelope.config)}. "
            "The keys that get_config() returns must be arguments of __init__, unless from_config() handles "
            f"them.\n{type(error).__name__}: {error}"
        ) from error
    return created


def _too_deep() -> DeserializationError:
    return DeserializationError(
        f"deserialize_keras_object: the config is nested deeper than {MAX_DEPTH} levels, or contains itself. "
        "Flatten it."
    )
