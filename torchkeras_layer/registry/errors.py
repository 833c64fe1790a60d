"""Which error says that a config cannot become an object, and how much of the config does it show?"""

from __future__ import annotations

_LONGEST_EXCERPT = 400


class DeserializationError(TypeError, ValueError):
    """A config that cannot be turned into an object.

    It is both a `TypeError` and a `ValueError`: the Keras versions raise now the one, now the other for the
    same broken config, and ported code catches either.

    >>> issubclass(DeserializationError, TypeError) and issubclass(DeserializationError, ValueError)
    True
    """


def excerpt(value: object) -> str:
    """Return the `repr` of a value, cut where it would drown the message around it.

    >>> excerpt({"units": 3}), len(excerpt(list(range(1000))))
    ("{'units': 3}", 403)
    """
    text = repr(value)
    return text if len(text) <= _LONGEST_EXCERPT else text[:_LONGEST_EXCERPT] + "..."
