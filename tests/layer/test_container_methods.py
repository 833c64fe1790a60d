"""Does a container on an attribute do what the plain one does, under every method and operator? (contract §3.2)"""

from __future__ import annotations

import collections
import copy
import operator
import pickle
from collections import ChainMap, OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils import _pytree as pytree

import torchkeras_layer as keras
from tests.layer.samples import Linear, built

Pair = collections.namedtuple("Pair", "left right")
L = keras.layers
POOL = [nn.Linear(1, 1) for _ in range(4)]
# What a container may hold; the layers are in the pool, so that both containers hold the same ones.
entries = st.sampled_from([*POOL, None, 3, "text"])


def held(value):
    layer = built(keras.Layer())
    layer.held = value
    return layer


def outcome(function, container):
    """Return what a function returns or raises, and what the container holds then."""
    try:
        result = function(container)
    except Exception as error:  # noqa: BLE001
        return type(error)
    if result is container and not isinstance(result, tuple):
        return "itself"
    if isinstance(result, Iterator):
        result = list(result)
    return result


def modules_in(values):
    return {id(value) for value in values if isinstance(value, nn.Module)}


def agree(layer, plain, function):
    """Check that a function does the same to the container on the attribute and to a plain one."""
    expected = outcome(function, plain)
    received = outcome(function, layer.held)
    assert received == expected
    if isinstance(expected, (list, dict, deque)):
        assert type(received) is type(expected)
    values = plain.values() if isinstance(plain, dict) else plain
    assert list(layer.held) == list(plain)
    assert {id(child) for child in layer.held.children()} == modules_in(values)
    parameters = {id(p) for value in values if isinstance(value, nn.Module) for p in value.parameters()}
    assert {id(weight) for weight in layer.weights} == parameters


SEQUENCES = {
    "len": lambda c, i, x, y: len(c),
    "bool": lambda c, i, x, y: bool(c),
    "index": lambda c, i, x, y: c.index(x),
    "index from": lambda c, i, x, y: c.index(x, i),
    "count": lambda c, i, x, y: c.count(x),
    "in": lambda c, i, x, y: x in c,
    "get": lambda c, i, x, y: c[i],
    "get numpy": lambda c, i, x, y: c[np.int64(i)],
    "slice": lambda c, i, x, y: c[i::2],
    "text": lambda c, i, x, y: c["a"],
    "reversed": lambda c, i, x, y: list(reversed(c)),
    "add": lambda c, i, x, y: c + type(c)(y) if type(c) in (list, tuple, deque) else c + PLAIN[type(c)](y),
    "add another": lambda c, i, x, y: c + {1: 2},
    "times": lambda c, i, x, y: c * i,
    "times from left": lambda c, i, x, y: i * c,
    "less": lambda c, i, x, y: c < c,
    "equal": lambda c, i, x, y: c == y,
    "unequal": lambda c, i, x, y: c != y,
    "equal to itself": lambda c, i, x, y: c == c,  # noqa: PLR0124
    "sum": lambda c, i, x, y: [*c, *y],
}
CHANGES = {
    "append": lambda c, i, x, y: c.append(x),
    "extend": lambda c, i, x, y: c.extend(y),
    "extend by none": lambda c, i, x, y: c.extend(3),
    "insert": lambda c, i, x, y: c.insert(i, x),
    "pop": lambda c, i, x, y: c.pop(),
    "remove": lambda c, i, x, y: c.remove(x),
    "clear": lambda c, i, x, y: c.clear() if i == 3 else None,
    "reverse": lambda c, i, x, y: c.reverse(),
    "set": lambda c, i, x, y: operator.setitem(c, i, x),
    "delete": lambda c, i, x, y: operator.delitem(c, i),
    "iadd": lambda c, i, x, y: operator.iadd(c, y),
    "iadd text": lambda c, i, x, y: operator.iadd(c, "ab"),
    "imul": lambda c, i, x, y: operator.imul(c, i),
    "copy": lambda c, i, x, y: c.copy(),
    "copy.copy": lambda c, i, x, y: copy.copy(c),
}
LISTS = {
    "pop at": lambda c, i, x, y: c.pop(i),
    "set slice": lambda c, i, x, y: operator.setitem(c, slice(i, None), y),
    "set steps": lambda c, i, x, y: operator.setitem(c, slice(None, None, 2), y),
    "delete slice": lambda c, i, x, y: operator.delitem(c, slice(i, None)),
    "sort": lambda c, i, x, y: c.sort(key=str),
    "sort without key": lambda c, i, x, y: c.sort(),
    "sort backwards": lambda c, i, x, y: c.sort(key=id, reverse=True),
}
DEQUES = {
    "appendleft": lambda c, i, x, y: c.appendleft(x),
    "extendleft": lambda c, i, x, y: c.extendleft(y),
    "popleft": lambda c, i, x, y: c.popleft(),
    "rotate": lambda c, i, x, y: c.rotate(i),
    "maxlen": lambda c, i, x, y: c.maxlen,
}
PLAIN = {}


def steps(table):
    return st.lists(
        st.tuples(st.sampled_from(list(table)), st.integers(-3, 3), entries, st.lists(entries, max_size=3)), max_size=6
    )


def assert_agree_after(layer, plain, table, changes):
    for name, index, entry, more in changes:
        agree(layer, plain, lambda c, name=name, i=index, x=entry, y=more: table[name](c, i, x, y))
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert len(twin.held) == len(plain)
        assert type(twin.held) is type(layer.held)
        assert list(twin.state_dict()) == list(layer.state_dict())


READING = {name: function for name, function in SEQUENCES.items() if name != "add"}


@given(st.lists(entries, max_size=3), steps(READING | CHANGES | LISTS))
def test_lists(first, changes):
    """[36]"""
    assert_agree_after(held([POOL[0], *first]), [POOL[0], *first], READING | CHANGES | LISTS, changes)


@given(st.lists(entries, max_size=3), st.sampled_from([None, 2, 4]), steps(READING | CHANGES | DEQUES))
def test_deques(first, maxlen, changes):
    """[36]"""
    first = [*first, POOL[0]]
    assert_agree_after(held(deque(first, maxlen)), deque(first, maxlen), READING | CHANGES | DEQUES, changes)


@given(st.lists(entries, max_size=3), steps(READING))
def test_tuples(first, changes):
    layer, plain = held((POOL[0], *first)), (POOL[0], *first)
    assert isinstance(layer.held, tuple)
    assert_agree_after(layer, plain, READING, changes)


DICTS = {
    "get item": lambda c, k, x, y: c[k],
    "get": lambda c, k, x, y: c.get(k, x),
    "in": lambda c, k, x, y: k in c,
    "keys": lambda c, k, x, y: (list(c.keys()), list(reversed(c.keys())), c.keys() & y.keys()),
    "values": lambda c, k, x, y: (list(c.values()), list(reversed(c.values()))),
    "items": lambda c, k, x, y: (list(c.items()), list(reversed(c.items()))),
    "reversed": lambda c, k, x, y: list(reversed(c)),
    "set": lambda c, k, x, y: operator.setitem(c, k, x),
    "delete": lambda c, k, x, y: operator.delitem(c, k),
    "setdefault": lambda c, k, x, y: c.setdefault(k, x),
    "setdefault none": lambda c, k, x, y: c.setdefault(k),
    "update": lambda c, k, x, y: c.update(y),
    "update by keywords": lambda c, k, x, y: c.update(**y),
    "update by pairs": lambda c, k, x, y: c.update(list(y.items()), z=x),
    "update by none": lambda c, k, x, y: c.update(3),
    "pop": lambda c, k, x, y: c.pop(k),
    "pop with default": lambda c, k, x, y: c.pop(k, x),
    "popitem": lambda c, k, x, y: c.popitem(),
    "clear": lambda c, k, x, y: c.clear() if k == "c" else None,
    "or": lambda c, k, x, y: c | y,
    "or from left": lambda c, k, x, y: y | c,
    "or none": lambda c, k, x, y: c | 3,
    "ior": lambda c, k, x, y: operator.ior(c, y),
    "ior pairs": lambda c, k, x, y: operator.ior(c, list(y.items())),
    "copy": lambda c, k, x, y: c.copy(),
    "copy.copy": lambda c, k, x, y: copy.copy(c),
    "fromkeys": lambda c, k, x, y: c.fromkeys("ab", 3),
    "equal": lambda c, k, x, y: c == y,
    "unequal": lambda c, k, x, y: c != y,
    "equal backwards": lambda c, k, x, y: c == type(y)(reversed(list(c.items()))),
    "spread": lambda c, k, x, y: {**c, **y},
}
ORDERED = {
    "move to end": lambda c, k, x, y: c.move_to_end(k),
    "move to front": lambda c, k, x, y: c.move_to_end(k, last=False),
    "pop first": lambda c, k, x, y: c.popitem(last=False),
    "equal to ordered": lambda c, k, x, y: c == OrderedDict(reversed(list(c.items()))),
}
DEFAULTS = {"factory": lambda c, k, x, y: c.default_factory, "missing": lambda c, k, x, y: c[k + "new"]}
dicts = st.dictionaries(st.sampled_from("abc"), entries, max_size=3)


def dict_steps(table):
    return st.lists(st.tuples(st.sampled_from(list(table)), st.sampled_from("abc"), entries, dicts), max_size=6)


@given(dicts, dict_steps(DICTS))
def test_dicts(first, changes):
    """[36]"""
    first = {**first, "z": POOL[0]}
    assert_agree_after(held(dict(first)), dict(first), DICTS, changes)


@given(dicts, dict_steps(DICTS | ORDERED))
def test_ordered_dicts(first, changes):
    """[36]"""
    first = OrderedDict({**first, "z": POOL[0]})
    layer = held(OrderedDict(first))
    assert isinstance(layer.held, OrderedDict)
    assert_agree_after(layer, first, DICTS | ORDERED, changes)


@given(dicts, st.sampled_from([None, list, int]), dict_steps(DICTS | DEFAULTS))
def test_default_dicts(first, factory, changes):
    """[36]"""
    first = defaultdict(factory, {**first, "z": POOL[0]})
    layer = held(defaultdict(factory, first))
    assert isinstance(layer.held, defaultdict)
    assert_agree_after(layer, first, DICTS | DEFAULTS, changes)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(list(CHANGES | LISTS)), st.integers(-3, 3), entries)))
def test_a_list_that_other_code_holds_too_stays_one_list(changes):
    layer, mine = keras.Layer(), []
    layer.held = mine
    for is_mine, name, index, entry in changes:
        outcome(
            lambda c, name=name, i=index, x=entry: (CHANGES | LISTS)[name](c, i, x, [x]),
            mine if is_mine else layer.held,
        )
        assert {id(m) for m in layer.submodules} == modules_in(mine)
        assert list(layer.held) == mine


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(list(DICTS)), st.sampled_from("abc"), entries)))
def test_a_dict_that_other_code_holds_too_stays_one_dict(changes):
    layer, mine = keras.Layer(), {}
    layer.held = mine
    for is_mine, name, key, entry in changes:
        outcome(lambda c, name=name, k=key, x=entry: DICTS[name](c, k, x, {k: x}), mine if is_mine else layer.held)
        assert {id(m) for m in layer.submodules} == modules_in(mine.values())
        assert list(layer.held.items()) == list(mine.items())


class Runs(keras.Layer):
    """Runs the layers in a list that it was given."""

    def call(self, inputs):
        for block in self.v:
            inputs = block(inputs)
        return inputs


def test_what_is_added_to_the_list_that_was_assigned_runs_and_counts():
    blocks, layer = [], Runs()
    layer.v = blocks
    blocks.append(L.Dense(3))
    assert layer(torch.ones(2, 4)).shape == (2, 3)
    assert len(layer.weights) == len(layer.state_dict()) == len(list(layer.parameters())) == 2
    blocks.append(L.Dense(5))
    assert [name for name, _ in layer.named_modules()] == ["", "v", "v.0", "v.1"]
    layer.eval()
    assert layer(torch.ones(2, 4)).shape == (2, 5)
    blocks[1] = L.Dense(7)
    assert layer.double()(torch.ones(2, 4)).shape == (2, 7)
    assert layer.v[1].kernel.dtype is torch.float64
    layer.v.append(L.Dense(1))
    assert len(blocks) == 3


def test_nested_lists_and_dicts_that_other_code_holds():
    inner, by_name, layer = [], {}, keras.Layer()
    layer.v = [inner, {"a": by_name}, (inner, 3)]
    inner.append(built(Linear(1), 1, 1))
    by_name["x"] = built(Linear(1), 1, 1)
    assert len(layer.weights) == 4
    layer.v[0].append(built(Linear(1), 1, 1))
    assert len(inner) == 2


def test_a_list_that_nobody_else_holds_is_let_go():
    """Its entries would keep weights alive that torch has replaced."""
    layer = keras.Layer()
    layer.v = [[built(Linear(1), 1, 1)], {}]
    len(layer.v)
    len(layer.v)
    held: Any = layer.v
    assert (held._source, held[0]._source, held[1]._source) == (None, None, None)


def test_the_examples_of_the_report():
    s = built(keras.Layer())
    s.d = {"a": L.Dense(3)}
    s.d |= {"b": L.Dense(3)}
    assert list(s.d) == ["a", "b"]
    s.e = {}
    s.e.setdefault("y", []).append(L.Dense(3))
    s.f = [L.Dense(3)]
    s.f *= 2
    assert len(s.f) == 2
    s.g = defaultdict(list)
    s.g["x"].append(L.Dense(3))
    s.h = deque(maxlen=2)
    for _ in range(3):
        s.h.append(L.Dense(3))
    s.i = ([], 3)
    s.i[0].append(L.Dense(3))
    assert len(s.submodules) == 2 + 1 + 1 + 1 + 2 + 1


def weights_of_all_kinds(layer):
    return [layer.add_weight("a", (2,), initializer="ones"), layer.add_weight("b", (2,), initializer="zeros")]


@pytest.mark.parametrize("kind", [list, tuple, lambda pair: Pair(*pair), deque])
def test_weights_in_a_container_are_what_torch_functions_take(kind):
    layer = held(kind(weights_of_all_kinds(keras.Layer())))
    stack = (lambda c: torch.stack(list(c))) if kind is deque else torch.stack
    assert stack(layer.held).tolist() == [[1, 1], [0, 0]]
    layer.load_state_dict({"held.0": torch.full((2,), 5.0), "held.1": torch.zeros(2)}, assign=True)
    assert stack(layer.held).tolist() == [[5, 5], [0, 0]]
    assert torch.vmap(lambda pair: pair[0] + pair[1])(layer.held).tolist() == [5, 5]
    flat, spec = pytree.tree_flatten({"x": layer.held})
    assert len(flat) == 2
    again = pytree.tree_unflatten(flat, spec)["x"]
    assert list(again) == list(layer.held)
    assert pytree.tree_map(torch.numel, layer.held)[1] == 2


@pytest.mark.parametrize("kind", [dict, OrderedDict, lambda pairs: defaultdict(list, pairs)])
def test_pytrees_see_the_entries_of_a_dict(kind):
    layer = held(kind(zip("ab", weights_of_all_kinds(keras.Layer()), strict=True)))
    mapped = pytree.tree_map(torch.numel, layer.held)
    assert mapped == kind({"a": 2, "b": 2})
    assert type(mapped) is type(kind({}))


@pytest.mark.parametrize("kind", [list, tuple, lambda pair: Pair(*pair)])
def test_functions_of_torch_see_weights_that_torch_puts_in_place_of_others(kind):
    class Stacks(keras.Layer):
        def build(self, input_shape):
            self.held = kind(weights_of_all_kinds(self))

        def call(self, inputs):
            return inputs * torch.stack(self.held).sum(0)

    layer = built(Stacks(), 2)
    given = {"held.0": torch.full((2,), 3.0, requires_grad=True), "held.1": torch.full((2,), 4.0)}
    output = torch.func.functional_call(layer, given, torch.ones(1, 2))
    assert output.tolist() == [[7, 7]]
    assert torch.autograd.grad(output.sum(), given["held.0"])[0].tolist() == [1, 1]
    assert layer(torch.ones(1, 2)).tolist() == [[1, 1]]
    mixed = built(Stacks(dtype="mixed_bfloat16"), 2)
    assert mixed(torch.ones(1, 2)).dtype is torch.bfloat16


def test_a_named_tuple_is_one():
    layer = held(Pair(built(Linear(1), 1, 1), 3))
    for pair in (layer.held, copy.deepcopy(layer).held, pickle.loads(pickle.dumps(layer)).held):
        assert isinstance(pair, Pair)
        assert (pair.right, pair._fields) == (3, ("left", "right"))
        assert type(pair._replace(right=4)) is Pair
        assert pair._asdict()["right"] == 3
        assert type(type(pair)(1, 2)) is Pair
        assert len(list(pair.left.parameters())) == 2


@pytest.mark.parametrize("kind", [set, frozenset, UserList, type("Mine", (list,), {}), type("Own", (deque,), {})])
def test_a_type_that_cannot_be_tracked_says_so(kind):
    layer = keras.Layer(name="mine")
    with pytest.warns(UserWarning, match=f"mine: .*'held'.*{kind.__name__} cannot be tracked. Use a list"):
        layer.held = kind([nn.ReLU()])
    assert type(layer.held) is kind


@pytest.mark.parametrize("make", [UserDict, ChainMap, MappingProxyType, dict.values])
def test_a_mapping_that_cannot_be_tracked_says_so(make):
    with pytest.warns(UserWarning, match=r"mine: .*'held'.* cannot be tracked\. Use a list"):
        keras.Layer(name="mine").held = make({"a": nn.ReLU()})
