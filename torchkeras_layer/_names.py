"""How does a layer or weight get its name, and which numbers have been given out?"""

from __future__ import annotations

import re
from collections import defaultdict

_WORD_BOUNDARY = re.compile(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])")
_uids: defaultdict[str, int] = defaultdict(int)


def to_snake_case(name: str) -> str:
    """Turn a class name into a layer name as Keras does.

    >>> [to_snake_case(n) for n in ("Dense", "Conv2DTranspose", "ReLU", "MyLSTMCell", "_Private")]
    ['dense', 'conv2d_transpose', 're_lu', 'my_lstm_cell', 'private__private']
    """
    words = _WORD_BOUNDARY.sub("_", re.sub(r"\W+", "", name)).lower()
    return f"private{words}" if words.startswith("_") else words


def get_uid(prefix: str = "") -> int:
    """Return the next number for `prefix`, counted from 1.

    >>> get_uid("sample_prefix"), get_uid("sample_prefix")
    (1, 2)
    """
    _uids[prefix] += 1
    return _uids[prefix]


def reset_uids() -> None:
    """Start all numbers again: the next `Dense()` is called `dense`.

    >>> _ = get_uid("sample_reset"); reset_uids(); get_uid("sample_reset")
    1
    """
    _uids.clear()


def unique_name(base: str) -> str:
    """Return `base`, then `base_1`, `base_2`, …

    >>> unique_name("sample_name"), unique_name("sample_name")
    ('sample_name', 'sample_name_1')
    """
    number = get_uid(base) - 1
    return f"{base}_{number}" if number else base
