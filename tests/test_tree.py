"""Does `keras.tree` go through structures as Keras's does?"""

from __future__ import annotations

import inspect
from collections import OrderedDict, defaultdict, deque, namedtuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import keras

# What Keras runs on torch leaves out some checks.
keras_tree = pytest.importorskip("keras.src.tree.optree_impl")

Pair = namedtuple("Pair", "b a")
LEAVES = st.one_of(st.none(), st.integers(0, 9), st.text("ab", max_size=1))
KEYS = st.text("abc", min_size=1, max_size=2)
STRUCTURES = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3),
        st.lists(parts, max_size=3).map(tuple),
        st.dictionaries(KEYS, parts, max_size=3),
        st.dictionaries(KEYS, parts, max_size=2).map(OrderedDict),
        st.dictionaries(KEYS, parts, max_size=2).map(lambda found: defaultdict(int, found)),
        st.lists(parts, max_size=2).map(deque),
        st.tuples(parts, parts).map(lambda both: Pair(*both)),
    ),
    max_leaves=6,
)


def _outcome(function, *args, **kwargs):
    try:
        found = function(*args, **kwargs)
    except (ValueError, TypeError) as error:
        return type(error)
    return found, repr(found)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(STRUCTURES, STRUCTURES)
def test_all_functions_do_what_keras_s_do(structure, other):
    without_none = ours.tree.map_structure(lambda leaf: 0, structure)
    calls = {
        "is_nested": (structure,),
        "flatten": (structure,),
        "flatten_with_path": (structure,),
        "lists_to_tuples": (structure,),
        "map_structure": (lambda x: [x], structure),
        "assert_same_structure": (structure, other),
        "assert_same_paths": (structure, other),
        "pack_sequence_as": (structure, range(len(keras.tree.flatten(structure)))),
        "map_shape_structure": (repr, structure),
        "traverse": (lambda part: 0 if part in ([], 3) else None, structure),
        "map_structure_up_to": (without_none, lambda part: [part], structure),
    }
    for name, args in calls.items():
        mine, theirs = (_outcome(getattr(module, name), *args) for module in (ours.tree, keras_tree))
        assert mine == theirs, name
    two = [_outcome(module.map_structure, lambda x, y: (x, y), structure, other) for module in (ours.tree, keras_tree)]
    assert two[0] == two[1]


def test_the_names_and_arguments_are_keras_s():
    names = {name for name in dir(keras.tree) if not name.startswith("_")}
    assert names == set(ours.tree.__all__)
    for name in names - {"MAP_TO_NONE"}:
        mine, theirs = (inspect.signature(getattr(module.tree, name)) for module in (ours, keras))
        assert [(one.name, one.default) for one in mine.parameters.values()] == [
            (one.name, one.default) for one in theirs.parameters.values()
        ]


def test_none_is_a_leaf_or_not():
    structure = {"a": None, "b": [1, None]}
    mine = ours.tree.map_structure(lambda x: 7, structure, none_is_leaf=False)
    assert mine == keras.tree.map_structure(lambda x: 7, structure, none_is_leaf=False) == {"a": None, "b": [7, None]}
    with pytest.raises(ValueError, match="nested in the same way"):
        ours.tree.map_structure(lambda x, y: x, [None], [1], none_is_leaf=False)


def test_parts_become_none():
    tree = ours.tree
    assert tree.traverse(lambda x: tree.MAP_TO_NONE if x == 2 else None, [1, (2,)]) == [1, (None,)]
    assert tree.traverse(lambda x: tree.MAP_TO_NONE if x == (2,) else None, [1, (2,)], top_down=False) == [1, None]


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda tree: tree.map_structure(3, [1]), TypeError, "map_structure: func must be callable. Received: func=3."),
        (lambda tree: tree.traverse(3, [1]), TypeError, "traverse: func must be callable"),
        (lambda tree: tree.map_structure(len), ValueError, "at least one structure"),
        (lambda tree: tree.map_structure_up_to([1], len), ValueError, "at least one structure"),
        (lambda tree: tree.map_structure_up_to([1, 2], len, [[3]]), ValueError, "nested in the same way"),
        (lambda tree: tree.assert_same_structure([1], (1,)), ValueError, r"Received: \[1\] and \(1,\)\."),
        (lambda tree: tree.assert_same_paths([1], [1, 2]), ValueError, r"in the second one only\."),
        (lambda tree: tree.pack_sequence_as([1, 2], [1]), ValueError, "1 values for 2 leaves"),
        (lambda tree: tree.pack_sequence_as([1, 2], 3), TypeError, "flat_sequence must be iterable. Received: 3."),
    ],
)
def test_errors_say_what_is_wrong(act, error, message):
    with pytest.raises(error, match=message):
        act(ours.tree)


def test_compiled_functions_go_through_structures():
    def function(x):
        found = ours.tree.map_structure(lambda leaf: leaf + 1, {"b": x, "a": [x]})
        return ours.tree.pack_sequence_as(found, [leaf * 2 for leaf in ours.tree.flatten(found)])

    found = torch.compile(function, backend="eager", fullgraph=True)(torch.zeros(2))
    assert found["a"][0].tolist() == found["b"].tolist() == [2, 2]
