"""How are names of layers made from class names, and which numbers are used already?"""

from __future__ import annotations

import re
from collections import defaultdict

_WORD_BOUNDARY = re.compile(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])")
_uids: defaultdict[str, int] = defaultdict(int)


def to_snake_case(name: str) -> str:
    """Return a class name in snake case, by the rules of Keras.

    >>> [to_snake_case(n) for n in ("Dense", "Conv2DTranspose", "ReLU", "MyLSTMCell", "_Private")]
    ['dense', 'conv2d_transpose', 're_lu', 'my_lstm_cell', 'private__private']
    """
    words = _WORD_BOUNDARY.sub("_", re.sub(r"\W+", "", name)).lower()
    return f"private{words}" if words.startswith("_") else words


def get_uid(prefix: str = "") -> int:
    """Return the next number for a prefix, counted from 1.

    Args:
        prefix: any string; each has its own numbers.

    >>> get_uid("sample_prefix"), get_uid("sample_prefix")
    (1, 2)
    """
    _uids[prefix] += 1
    return _uids[prefix]


def reset_uids() -> None:
    """Start all numbers again, so that the next `Dense()` is named `dense`.

    >>> _ = get_uid("sample_reset"); reset_uids(); get_uid("sample_reset")
    1
    """
    _uids.clear()


def unique_name(base: str) -> str:
    """Return a name that was not returned before: `base`, then `base_1`, `base_2`, …

    >>> unique_name("sample_name"), unique_name("sample_name")
    ('sample_name', 'sample_name_1')
    """
    number = get_uid(base) - 1
    return f"{base}_{number}" if number else base
