"""What are the leaves of a nested structure, in which order, and how is it rebuilt with other leaves?"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import Any


def is_namedtuple(value: Any) -> bool:
    """Whether `value` is a named tuple.

    >>> from collections import namedtuple
    >>> is_namedtuple(namedtuple("Pair", "a b")(1, 2)), is_namedtuple((1, 2))
    (True, False)
    """
    return isinstance(value, tuple) and hasattr(value, "_fields")


def leaves(structure: Any) -> list[Any]:
    """List the leaves of nested dicts, lists and tuples; dicts are in insertion order, and `None` is a leaf.

    >>> leaves({"b": 1, "a": [2, (3, None)]})
    [1, 2, 3, None]
    """
    found: list[Any] = []
    _collect(structure, found)
    return found


def pack(structure: Any, flat: list[Any]) -> Any:
    """Return a structure of the same types whose leaves are those in `flat`, in the order of `leaves`.

    >>> pack({"b": 1, "a": [2, (3,)]}, [10, 20, 30])
    {'b': 10, 'a': [20, (30,)]}
    """
    return pack_all(structure, flat)[0]


def pack_all(structure: Any, *flats: list[Any]) -> list[Any]:
    """Do the same as `pack` for several lists of leaves at once, and return a list of structures.

    >>> pack_all([1, (2,)], [10, 20], [None, None])
    [[10, (20,)], [None, (None,)]]
    """
    if not isinstance(structure, (dict, list, tuple)):
        return [flat[0] for flat in flats]
    return _packed(structure, list(map(iter, flats)))


def map_leaves(function: Callable[..., Any], structure: Any, *others: Any) -> Any:
    """Apply `function` to each leaf, and return the results in a structure of the same types.

    `others` have the same structure, down to the leaves of the first one; their parts are further arguments.

    >>> map_leaves(lambda x: x + 1, {"b": 1, "a": [2, (3,)]})
    {'b': 2, 'a': [3, (4,)]}
    >>> map_leaves(lambda x, y: x * y, [1, (2,)], [10, (20,)])
    [10, (40,)]
    """
    if isinstance(structure, dict):
        return _map_dict(function, structure, others)
    if isinstance(structure, (list, tuple)):
        parts = [map_leaves(function, *items) for items in zip(structure, *others, strict=True)]
        return _rebuild_sequence(structure, parts)
    return function(structure, *others)


def map_parts(function: Callable[..., Any], structure: Any) -> Any:
    """Apply `function` to the parts of a dict, list or tuple, nested or not, and return the results in one like it.

    >>> map_parts(len, {"b": [1], "a": (2, [3, 4])})
    {'b': 1, 'a': 2}
    """
    parts = structure.values() if isinstance(structure, dict) else structure
    return _rebuild(structure, [function(part) for part in parts])


def copy_structure(structure: Any) -> Any:
    """Return the same leaves in new dicts, lists and tuples.

    >>> inner = [1]; copy_structure({"a": inner})["a"] is inner
    False
    """
    return map_leaves(lambda leaf: leaf, structure)


def _map_dict(function: Callable[..., Any], structure: dict[Any, Any], others: tuple[Any, ...]) -> Any:
    if type(structure) is dict:
        return {k: map_leaves(function, v, *[o[k] for o in others]) for k, v in structure.items()}
    rebuilt = copy.copy(structure)
    for key, value in structure.items():
        rebuilt[key] = map_leaves(function, value, *[other[key] for other in others])
    return rebuilt


def _rebuild_sequence(structure: Any, parts: list[Any]) -> Any:
    if isinstance(structure, list):
        return parts
    if hasattr(type(structure), "n_sequence_fields"):
        # The named results of torch functions such as max.
        return type(structure)(parts)
    return type(structure)(*parts) if is_namedtuple(structure) else tuple(parts)


def _collect(structure: Any, found: list[Any]) -> None:
    if isinstance(structure, dict):
        parts: Any = structure.values()
    elif isinstance(structure, (list, tuple)):
        parts = structure
    else:
        found.append(structure)
        return
    for part in parts:
        if isinstance(part, (dict, list, tuple)):
            _collect(part, found)
        else:
            found.append(part)


def _packed(structure: Any, flats: list[Iterator[Any]]) -> list[Any]:
    results: list[Any] = [[] for _ in flats]
    for part in structure.values() if isinstance(structure, dict) else structure:
        if isinstance(part, (dict, list, tuple)):
            for parts, packed in zip(results, _packed(part, flats), strict=True):
                parts.append(packed)
        else:
            for parts, flat in zip(results, flats, strict=True):
                parts.append(next(flat))
    if type(structure) is not list:
        for place, parts in enumerate(results):
            results[place] = _rebuild(structure, parts)
    return results


def _rebuild(structure: Any, parts: list[Any]) -> Any:
    if not isinstance(structure, dict):
        return _rebuild_sequence(structure, parts)
    if type(structure) is dict:
        return dict(zip(structure, parts, strict=True))
    rebuilt = copy.copy(structure)
    # Not by `update`, which some subclasses of dict forbid or change.
    for key, part in zip(structure, parts, strict=True):
        rebuilt[key] = part
    return rebuilt


def in_order(structure: Any) -> list[Any]:
    """List the leaves of a structure, those of dicts by sorted keys, as Keras 3 and TF-Keras do; `None` is a leaf.

    >>> in_order({"price": 1, "age": [2, {"z": 3, "a": None}]})
    [2, None, 3, 1]
    """
    if isinstance(structure, dict):
        return [leaf for key in keys_in_order(structure) for leaf in in_order(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in in_order(part)]
    return [structure]


def keys_in_order(structure: dict[Any, Any]) -> list[Any]:
    """Return the keys of a dict, sorted; keys that cannot be compared, which Keras rejects, in insertion order.

    >>> keys_in_order({2: "b", 1: "a"}), keys_in_order({2: "b", "x": "a"})
    ([1, 2], [2, 'x'])
    """
    try:
        return sorted(structure)
    except TypeError:
        return list(structure)


def places_in_order(structure: Any) -> list[int]:
    """Return the positions, in insertion order, of the leaves in the order of `in_order`.

    >>> places_in_order({"price": 1, "age": 2})
    [1, 0]
    """
    counter = itertools.count()
    return in_order(map_leaves(lambda _: next(counter), structure))
