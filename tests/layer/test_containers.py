"""Does a list, tuple or dict of layers on an attribute behave like the original? (contract §3.2)"""

from __future__ import annotations

import collections
import copy

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Linear, built, names

Pair = collections.namedtuple("Pair", "left right")


def one(name=None):
    return built(Linear(1, name=name), 1, 1)


@pytest.fixture
def layer():
    return built(keras.Layer())


def keys(layer):
    """Return the paths of the kernels, as `weights` lists them and as torch does: the same."""
    found = [key for key in names(layer) if key.endswith("kernel")]
    assert found == [key for key, _ in layer.named_parameters() if key.endswith("kernel")]
    assert found == [key for key in layer.state_dict() if key.endswith("kernel")]
    return found


def test_what_is_appended_counts(layer):
    """[36]"""
    layer.held = [one()]
    layer.held.append(one())
    layer.held += [one()]
    layer.held.extend([one()])
    layer.held.insert(0, one())
    assert keys(layer) == [f"held.{index}.kernel" for index in range(5)]


def test_what_is_added_to_a_dict_counts(layer):
    """[36]"""
    layer.held = {"b": one()}
    layer.held["a"] = one()
    layer.held.update(c=one())
    layer.held.setdefault("d", one())
    assert keys(layer) == [f"held.{key}.kernel" for key in "bacd"]


def test_a_weight_that_is_appended_counts(layer):
    """[36]"""
    layer.held, layer.named = [layer.add_weight("a", (1,))], {"x": layer.add_weight("b", (1,))}
    layer.held.append(layer.add_weight("c", (1,)))
    layer.named["y"] = layer.add_weight("d", (1,), trainable=False)
    layer.held.append(nn.Parameter(torch.ones(1)))
    assert sorted(layer.state_dict()) == ["held.0", "held.1", "held.2", "named.x", "named.y"]
    assert len(layer.weights) == 5


REMOVALS = [
    (lambda held: held.pop(), ["a", "b"]),
    (lambda held: held.pop(0), ["b", "c"]),
    (lambda held: held.remove(held[1]), ["a", "c"]),
    (lambda held: held.__delitem__(1), ["a", "c"]),
    (lambda held: held.__delitem__(slice(0, 2)), ["c"]),
    (lambda held: held.clear(), []),
    (lambda held: held.reverse(), ["c", "b", "a"]),
    (lambda held: held.__setitem__(0, None), ["b", "c"]),
]


@pytest.mark.parametrize(("change", "left"), REMOVALS)
def test_what_is_removed_from_a_list_does_not_count(layer, change, left):
    """[35]"""
    layer.held = [one("a"), one("b"), one("c")]
    change(layer.held)
    assert [held.name for held in layer.held if held is not None] == left
    assert [child.name for child in layer.submodules] == left
    assert len(layer.weights) == 2 * len(left)


DICT_REMOVALS = [
    (lambda held: held.pop("a"), ["b", "c"]),
    (lambda held: held.popitem(), ["a", "b"]),
    (lambda held: held.__delitem__("b"), ["a", "c"]),
    (lambda held: held.clear(), []),
    (lambda held: held.__setitem__("b", None), ["a", "c"]),
]


@pytest.mark.parametrize(("change", "left"), DICT_REMOVALS)
def test_what_is_removed_from_a_dict_does_not_count(layer, change, left):
    """[35]"""
    layer.held = {name: one(name) for name in "abc"}
    change(layer.held)
    assert [name for name, held in layer.held.items() if held is not None] == left
    assert [child.name for child in layer.submodules] == left
    assert len(layer.weights) == 2 * len(left)


def test_a_replaced_dict_entry_keeps_its_place(layer):
    layer.held = {"a": one("a"), "b": one("b")}
    layer.held["a"] = one("new")
    assert keys(layer) == ["held.a.kernel", "held.b.kernel"]


def test_a_weight_taken_out_of_a_list_does_not_count(layer):
    layer.held = [layer.add_weight("a", (1,), regularizer="l2"), layer.add_weight("b", (2,))]
    layer.held.pop(0)
    assert [tuple(weight.shape) for weight in layer.weights] == [(2,)]
    assert layer.losses == []


def test_a_weight_that_does_not_train_may_change_its_place(layer):
    """[31] The order is that of creation."""
    first, second = layer.add_weight("a", (1,), trainable=False), layer.add_weight("b", (2,), trainable=False)
    layer.held = [first, second]
    layer.held[0], layer.held[1] = layer.held[1], layer.held[0]
    assert (layer.held[0] is second, layer.held[1] is first) == (True, True)
    assert [tuple(weight.shape) for weight in layer.weights] == [(1,), (2,)]
    layer.held.reverse()
    assert [id(weight) for weight in layer.weights] == [id(first), id(second)]
    layer.named = {"a": layer.add_weight("c", (3,), trainable=False)}
    layer.named["b"] = layer.named.pop("a")
    assert sorted(layer.state_dict()) == ["held.0", "held.1", "named.b"]


def test_a_list_reads_like_a_list(layer):
    layers = [one("a"), one("b"), one("c")]
    layer.held = layers
    held = layer.held
    assert held == layers
    assert list(held) == layers
    assert (len(held), held[-1], held[0:2]) == (3, layers[2], layers[:2])
    assert layers[1] in held
    assert held.index(layers[1]) == 1
    assert list(reversed(held)) == layers[::-1]
    assert held + [one("d")] != layers
    assert [layer.name for layer in [one("z"), *held]] == ["z", "a", "b", "c"]


def test_a_dict_reads_like_a_dict(layer):
    layers = {"b": one(), "a": one(), 3: one()}
    layer.held = layers
    held = layer.held
    assert held == layers
    assert list(held) == ["b", "a", 3]
    assert list(held.values()) == list(layers.values())
    assert held.get("zz") is None
    assert "a" in held
    with pytest.raises(KeyError):
        held["zz"]


def test_a_named_tuple_reads_like_one(layer):
    layer.held = Pair(one("a"), one("b"))
    left, right = layer.held
    assert (layer.held.left, layer.held.right) == (left, right)
    assert layer.held[1] is right
    assert len(layer.held) == 2
    assert layer.held == Pair(left, right)


def test_mixed_lists_keep_what_is_no_layer(layer):
    layer.held = [one("a"), None, 3, "text", [one("b"), 4]]
    assert layer.held[1:4] == [None, 3, "text"]
    assert layer.held[4][1] == 4
    assert keys(layer) == ["held.0.kernel", "held.4.0.kernel"]


def test_a_list_that_is_filled_later_in_init():
    class Filled(keras.Layer):
        def __init__(self):
            super().__init__()
            self.first, self.blocks, self.by_name = one(), [], {}
            self.last = one()
            for index in range(2):
                self.blocks.append(one())
                self.by_name[f"x{index}"] = one()

    expected = ["first", "blocks.0", "blocks.1", "by_name.x0", "by_name.x1", "last"]
    assert keys(Filled()) == [f"{key}.kernel" for key in expected]


def test_containers_that_are_filled_in_build():
    class Filled(keras.Layer):
        def __init__(self):
            super().__init__()
            self.by_name = {}

        def build(self, input_shape):
            self.kernels = []
            for name in "ab":
                self.kernels.append(self.add_weight(name, (1,), regularizer="l2"))
                self.by_name[name] = self.add_weight(name, (1,), trainable=False)

    layer = built(Filled())
    assert sorted(layer.state_dict()) == ["by_name.a", "by_name.b", "kernels.0", "kernels.1"]
    assert (len(layer.losses), len(layer.weights), len(layer.trainable_weights)) == (2, 4, 2)


def test_an_empty_list_that_is_filled_from_outside(layer):
    """[36]"""
    layer.blocks, layer.by_name = [], {}
    layer.blocks.append(one())
    layer.by_name["a"] = one()
    assert keys(layer) == ["blocks.0.kernel", "by_name.a.kernel"]


def test_nested_lists_that_are_filled_in_init():
    class Filled(keras.Layer):
        def __init__(self):
            super().__init__()
            self.rows, self.slots = [[] for _ in range(2)], [None] * 2
            self.rows[1].append(one())
            self.slots[1] = one()

    assert keys(Filled()) == ["rows.1.0.kernel", "slots.1.kernel"]


def test_slots_that_are_filled_later(layer):
    """[36]"""
    layer.slots, layer.by_name, layer.rows = [None] * 2, {"a": None}, [[], []]
    layer.slots[1] = one()
    layer.by_name["a"] = one()
    layer.rows[0].append(one())
    assert sorted(keys(layer)) == ["by_name.a.kernel", "rows.0.0.kernel", "slots.1.kernel"]


def test_a_list_that_is_filled_in_call():
    class Filled(keras.Layer):
        def __init__(self):
            super().__init__()
            self.blocks = []

        def call(self, inputs):
            if not self.blocks:
                self.blocks.append(Linear(2))
            return self.blocks[0](inputs)

    layer = built(Filled())
    assert list(layer.state_dict()) == ["blocks.0.kernel", "blocks.0.bias"]
    assert len(layer.weights) == 2


def test_copies_of_containers_are_their_own(layer):
    layer.held = [one("a"), {"x": one("b")}]
    twin = copy.deepcopy(layer)
    twin.held[1]["x"].kernel.data.fill_(5)
    twin.held.append(one("c"))
    assert layer.held[1]["x"].kernel.item() != 5
    assert (len(layer.weights), len(twin.weights)) == (4, 6)


def test_keys_with_dots_and_of_other_types(layer):
    layer.held = {"a.b": one("a"), (1, 2): one("b"), 0: one("c"), "0": one("d"), "": one("e")}
    assert [child.name for child in layer.submodules] == list("abcde")
    assert len(keys(layer)) == 5
    assert all(key.count(".") == 2 for key in keys(layer))


@pytest.mark.parametrize("key", ["keys", "items", "training", "forward", "weight", "_slots"])
def test_keys_that_are_names_of_methods(layer, key):
    layer.held = {key: one("a")}
    assert layer.held[key].name == "a"
    assert len(keys(layer)) == 1
    assert list(layer.held.keys()) == [key]
