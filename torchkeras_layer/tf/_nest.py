"""What are TensorFlow's functions of nested structures, `tf.nest`? Those of dicts go by the sorted keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer._structures import is_namedtuple
from torchkeras_layer._tensor_shape import TensorShape
from torchkeras_layer.ops.size_tuple import SizeTuple

_LEAVES = (SizeTuple, TensorShape, torch.Size)


def is_nested(structure: Any) -> bool:
    """Whether something is a dict, list or tuple; a shape is not.

    >>> is_nested([1]), is_nested(torch.ones(2)), is_nested(TensorShape([2]))
    (True, False, False)
    """
    return isinstance(structure, (dict, list, tuple)) and type(structure) not in _LEAVES


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """Return the leaves of a structure; dicts are in the order of their keys.

    >>> flatten({"b": 1, "a": [2, (3,)]})
    [2, 3, 1]
    """
    if not is_nested(structure):
        return [structure]
    return [leaf for part in _parts(structure) for leaf in flatten(part)]


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """Return a structure with other leaves, in the order of `flatten`.

    Raises:
        ValueError: if there are more or fewer leaves.

    >>> pack_sequence_as({"b": 1, "a": [2]}, [10, 20])
    {'b': 20, 'a': [10]}
    """
    flat = list(flat_sequence)
    count = len(flatten(structure))
    if len(flat) != count:
        raise ValueError(f"pack_sequence_as: the structure has {count} leaves. Received: {len(flat)} values.")
    rest = iter(flat)
    return _mapped(lambda _: next(rest), [structure])


def map_structure(func: Callable[..., Any], *structure: Any, **options: Any) -> Any:
    """Return the results of a function of the leaves, in the same structure.

    Raises:
        ValueError, TypeError: if the structures differ.

    >>> map_structure(lambda x, y: x + y, {"a": 1, "b": (2,)}, {"a": 10, "b": (20,)})
    {'a': 11, 'b': (22,)}
    """
    for other in structure[1:]:
        assert_same_structure(structure[0], other, options.get("check_types", True))
    return _mapped(func, list(structure))


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raise an error if two structures differ: a ValueError, or a TypeError if their types do.

    >>> assert_same_structure([1, (2,)], [3, (4,)])
    """
    if is_nested(nest1) != is_nested(nest2) or (is_nested(nest1) and len(nest1) != len(nest2)):
        raise ValueError(f"The two structures do not have the same nested structure: {nest1!r} and {nest2!r}.")
    if not is_nested(nest1):
        return
    if check_types and type(nest1) is not type(nest2) and not (isinstance(nest1, dict) and isinstance(nest2, dict)):
        raise TypeError(f"The two structures have different types: {type(nest1)} and {type(nest2)}.")
    if check_types and isinstance(nest1, dict) and nest1.keys() != nest2.keys():
        raise ValueError(f"The two dicts have different keys: {sorted(nest1)} and {sorted(nest2)}.")
    for one, other in zip(_parts(nest1), _parts(nest2), strict=True):
        assert_same_structure(one, other, check_types)


def _parts(structure: Any) -> list[Any]:
    return [structure[key] for key in sorted(structure)] if isinstance(structure, dict) else list(structure)


def _mapped(func: Callable[..., Any], structures: list[Any]) -> Any:
    first = structures[0]
    if not is_nested(first):
        return func(*structures)
    parts = [_mapped(func, list(both)) for both in zip(*map(_parts, structures), strict=True)]
    if isinstance(first, dict):
        by_key = dict(zip(sorted(first), parts, strict=True))
        return type(first)((key, by_key[key]) for key in first)
    return type(first)(*parts) if is_namedtuple(first) else type(first)(parts)
