"""Which functions are in `keras.tree`? They go through nested dicts, lists and tuples; all else is a leaf, also `None`.

The entries of dicts are in the order of their keys, those of an OrderedDict in its own.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer._structures import is_namedtuple, keys_in_order, map_parts

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]


class MAP_TO_NONE:
    """What a function returns to `traverse` to put `None` in the place of a part.

    >>> traverse(lambda part: MAP_TO_NONE if part == 1 else None, [1, 2])
    [None, 2]
    """


def is_nested(structure: Any) -> bool:
    """Return whether a value is a dict, list or tuple.

    >>> is_nested([]), is_nested(None)
    (True, False)
    """
    return isinstance(structure, (dict, list, tuple, deque))


def flatten(structure: Any) -> list[Any]:
    """Return the leaves of a structure.

    >>> flatten({"b": 1, "a": [2, (None,)]})
    [2, None, 1]
    """
    return [leaf for _, leaf in flatten_with_path(structure)]


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Return the leaves of a structure, each after the keys and indices that lead to it.

    >>> flatten_with_path({"a": [2, (3,)]})
    [(('a', 0), 2), (('a', 1, 0), 3)]
    """
    if not is_nested(structure):
        return [((), structure)]
    return [((key, *path), leaf) for key in _keys(structure) for path, leaf in flatten_with_path(structure[key])]


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """Return the results of a function of each leaf, or of the leaves of several structures in the same place.

    Args:
        func: the function.
        *structures: one or more that are nested in the same way.
        none_is_leaf: if false, `None` stays `None`, and the function does not get it.

    Raises:
        TypeError: if `func` is not callable.
        ValueError: if there is no structure, or one is nested in another way.

    >>> map_structure(lambda x, y: x + y, {"a": [1, 2]}, {"a": [10, 20]})
    {'a': [11, 22]}
    """
    _check_callable("map_structure", func)
    if not structures:
        raise ValueError("map_structure: at least one structure must be given. Received: none.")
    first, *others = structures

    def of_leaf(*leaves: Any) -> Any:
        if leaves[0] is None and not none_is_leaf and all(leaf is None for leaf in leaves):
            return None
        if any(map(is_nested, leaves)) or (not none_is_leaf and any(leaf is None for leaf in leaves)):
            raise _mismatch("map_structure", leaves)
        return func(*leaves)

    return _mapped("map_structure", of_leaf, first, others)


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Return the results of a function of the parts of structures in the places of the leaves of a shallower one.

    Raises:
        TypeError: if `func` is not callable.
        ValueError: if there is no structure, or one does not have these places.

    >>> map_structure_up_to([None, None], len, [[1, 2], [3]])
    [2, 1]
    """
    _check_callable("map_structure_up_to", func)
    if not structures:
        raise ValueError("map_structure_up_to: at least one structure must be given. Received: none.")
    return _mapped("map_structure_up_to", lambda _, *parts: func(*parts), shallow_structure, list(structures))


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Return a structure with parts replaced: by what a function returns for them, unless that is `None`.

    Args:
        func: gets every part and leaf; it returns `MAP_TO_NONE` for a `None`.
        structure: the structure.
        top_down: whether it gets a part before what is inside; what replaces a part is then not gone through.

    Raises:
        TypeError: if `func` is not callable.

    >>> traverse(lambda part: tuple(part) if isinstance(part, list) else None, [1, [2]], top_down=False)
    (1, (2,))
    """
    _check_callable("traverse", func)

    def with_parts() -> Any:
        return (
            _parts_mapped(lambda part: traverse(func, part, top_down), structure) if is_nested(structure) else structure
        )

    if top_down:
        found = func(structure)
        found = with_parts() if found is None else found
    else:
        changed = with_parts()
        found = func(changed)
        found = changed if found is None else found
    return None if found is MAP_TO_NONE else found


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """Return a structure with other leaves, in the order of `flatten`.

    Raises:
        TypeError: if `flat_sequence` is not iterable.
        ValueError: if it does not have as many leaves.

    >>> pack_sequence_as({"b": 1, "a": (2, 3)}, [10, 20, 30])
    {'b': 30, 'a': (10, 20)}
    """
    if not isinstance(flat_sequence, Iterable):
        raise TypeError(f"pack_sequence_as: flat_sequence must be iterable. Received: {flat_sequence!r}.")
    given, count = list(flat_sequence), len(flatten(structure))
    if len(given) != count:
        raise ValueError(
            f"pack_sequence_as: flat_sequence must have as many values as the structure has leaves. Received: "
            f"{len(given)} values for {count} leaves."
        )
    return _packed(structure, iter(given))


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """Raise a ValueError unless two structures are nested in the same way; `check_types` has no effect.

    >>> assert_same_structure([1, (2,)], [3, (None,)])
    """
    map_structure(lambda one, other: None, a, b)


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise a ValueError unless the same keys and indices lead to the leaves of two structures.

    >>> assert_same_paths([1, (2,)], (3, [4]))
    """
    first, second = ({path for path, _ in flatten_with_path(structure)} for structure in (a, b))
    if first != second:
        raise ValueError(
            f"assert_same_paths: both structures must have the same paths. Received: {_shown(first - second)} in the "
            f"first one only, {_shown(second - first)} in the second one only."
        )


def lists_to_tuples(structure: Any) -> Any:
    """Return a structure with tuples in place of lists.

    >>> lists_to_tuples({"a": [1, [2]]})
    {'a': (1, (2,))}
    """
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Return the results of a function of each shape in a structure: a list or tuple of ints and `None` is one.

    >>> map_shape_structure(len, {"a": (None, 3), "b": [(2,)]})
    {'a': 2, 'b': [1]}
    """
    if not is_nested(structure) or _is_shape(structure):
        return func(structure)
    return _parts_mapped(lambda part: map_shape_structure(func, part), structure)


def _parts_mapped(function: Callable[[Any], Any], structure: Any) -> Any:
    if isinstance(structure, deque):
        return deque(map(function, structure), structure.maxlen)
    return map_parts(function, structure)


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(size is None or isinstance(size, int) for size in value)


def _keys(structure: Any) -> list[Any]:
    if isinstance(structure, OrderedDict):
        return list(structure)
    return keys_in_order(structure) if isinstance(structure, dict) else list(range(len(structure)))


def _kind(structure: Any) -> Any:
    if isinstance(structure, dict):
        return dict
    if is_namedtuple(structure):
        return type(structure)
    return next(kind for kind in (list, tuple, deque, object) if isinstance(structure, kind))


def _mapped(name: str, func: Callable[..., Any], first: Any, others: list[Any]) -> Any:
    if not is_nested(first):
        return func(first, *others)
    keys = _keys(first)
    for other in others:
        if _kind(other) is not _kind(first) or not _fits(other, keys):
            raise _mismatch(name, (first, other))
    results = {key: _mapped(name, func, first[key], [other[key] for other in others]) for key in keys}
    return _rebuilt(first, results)


def _fits(structure: Any, keys: list[Any]) -> bool:
    return set(structure) == set(keys) if isinstance(structure, dict) else len(structure) == len(keys)


def _packed(structure: Any, leaves: Any) -> Any:
    if not is_nested(structure):
        return next(leaves)
    return _rebuilt(structure, {key: _packed(structure[key], leaves) for key in _keys(structure)})


def _rebuilt(structure: Any, results: dict[Any, Any]) -> Any:
    keys = iter(structure if isinstance(structure, dict) else range(len(structure)))
    return _parts_mapped(lambda _: results[next(keys)], structure)


def _mismatch(name: str, structures: Any) -> ValueError:
    shown = " and ".join(f"{structure!r:.200}" for structure in structures)
    return ValueError(f"{name}: the structures must be nested in the same way. Received: {shown}.")


def _shown(paths: set[Any]) -> str:
    return ", ".join(sorted(map(repr, paths))) or "none"


def _check_callable(name: str, func: Any) -> None:
    if not callable(func):
        raise TypeError(f"{name}: func must be callable. Received: func={func!r}.")


if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "tree")
