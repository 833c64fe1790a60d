"""In which order do the parts of nested structures count, where dicts hold them?"""

from __future__ import annotations

import itertools
from typing import Any

from torchkeras_layer._structures import map_leaves


def in_order(structure: Any) -> list[Any]:
    """List the leaves of a structure, those of dicts by sorted keys, as both Kerases count them; `None` is a leaf.

    >>> in_order({"price": 1, "age": [2, {"z": 3, "a": None}]})
    [2, None, 3, 1]
    """
    if isinstance(structure, dict):
        return [leaf for key in keys_in_order(structure) for leaf in in_order(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in in_order(part)]
    return [structure]


def keys_in_order(structure: dict[Any, Any]) -> list[Any]:
    """Return the keys of a dict, sorted; keys of several kinds, which both Kerases refuse, as they were given.

    >>> keys_in_order({2: "b", 1: "a"}), keys_in_order({2: "b", "x": "a"})
    ([1, 2], [2, 'x'])
    """
    try:
        return sorted(structure)
    except TypeError:
        return list(structure)


def places_in_order(structure: Any) -> list[int]:
    """Return where the leaves stand by insertion, in the order in which they count.

    >>> places_in_order({"price": 1, "age": 2})
    [1, 0]
    """
    counter = itertools.count()
    return in_order(map_leaves(lambda _: next(counter), structure))
