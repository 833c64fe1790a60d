"""Which keys does the config of an object have, and which error is raised for a malformed one?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_FORM = (
    "Expected {'module': 'keras.layers', 'class_name': 'Dense', 'config': {...}, "
    "'registered_name': None}, or {'class_name': 'Dense', 'config': {...}}."
)


@dataclass(frozen=True)
class Envelope:
    """The keys of an object's config that are read; others are ignored."""

    class_name: str
    config: Any
    module: str | None
    registered_name: str | None
    build_config: dict[str, Any] | None
    shared_object_id: Any

    @classmethod
    def read(cls, source: dict[str, Any]) -> Envelope:
        """Read the keys and check the types of their values.

        Raises:
            DeserializationError: if a key is missing, or its value has the wrong type.

        >>> Envelope.read({"class_name": "Dense", "config": {"units": 3}}).class_name
        'Dense'
        """
        class_name = source.get("class_name")
        if not isinstance(class_name, str):
            raise _malformed("class_name", "a string", class_name)
        config = {} if source.get("config") is None else source["config"]
        if class_name == "function" and not isinstance(config, str):
            raise _malformed("config", "the name of the function", config)
        if class_name != "function" and not _is_arguments(config):
            raise _malformed("config", f"a dict with strings as keys for {class_name!r}", config)
        for word in ("module", "registered_name"):
            if not isinstance(source.get(word), (str, type(None))):
                raise _malformed(word, "a string or None", source[word])
        build_config = source.get("build_config")
        if build_config is not None and not isinstance(build_config, dict):
            raise _malformed("build_config", "a dict or None", build_config)
        shared = source.get("shared_object_id")
        if not isinstance(shared, (str, int, type(None))):
            raise _malformed("shared_object_id", "a number or None", shared)
        registered = source.get("registered_name")
        return cls(class_name, config, source.get("module"), registered, build_config, shared)

    @property
    def is_function(self) -> bool:
        """Whether this is the config of a function, not of an object."""
        return self.class_name == "function"

    @property
    def name(self) -> str:
        """The name under which the class or function is looked up."""
        return self.config if self.is_function else self.class_name

    @property
    def custom_name(self) -> str | None:
        """The registered name, `None` if there is none or only Keras's placeholder `'function'`."""
        return None if self.is_function and self.registered_name == "function" else self.registered_name


def _is_arguments(config: Any) -> bool:
    return isinstance(config, dict) and all(isinstance(key, str) for key in config)


def _malformed(word: str, expected: str, received: Any) -> DeserializationError:
    return DeserializationError(
        f"deserialize_keras_object: {word!r} must be {expected}. Received: {excerpt(received)}. {_FORM}"
    )


_LONGEST_EXCERPT = 400


class DeserializationError(TypeError, ValueError):
    """A config that cannot be turned into an object.

    It is both a `TypeError` and a `ValueError`: versions of Keras raise one or the other for the same config, and
    ported code catches either.

    >>> issubclass(DeserializationError, TypeError) and issubclass(DeserializationError, ValueError)
    True
    """


def excerpt(value: object) -> str:
    """Return the `repr` of a value, cut off if it is long.

    >>> excerpt({"units": 3}), len(excerpt(list(range(1000))))
    ("{'units': 3}", 403)
    """
    text = repr(value)
    return text if len(text) <= _LONGEST_EXCERPT else text[:_LONGEST_EXCERPT] + "..."
