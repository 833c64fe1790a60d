"""Do attributes, lists and dicts agree with plain Python's after any sequence of changes? (hypothesis)"""

from __future__ import annotations

import copy
import pickle

import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Linear, built

KINDS = ["layer", "weight", "module", "buffer", "none", "number"]
kinds = st.sampled_from(KINDS)


def make(kind, owner):
    """Return a value to hold, as ported code makes it; a weight belongs to `owner`."""
    return {
        "layer": lambda: built(Linear(1), 1, 1),
        "weight": lambda: owner.add_weight("w", (1,)),
        "buffer": lambda: owner.add_weight("n", (1,), trainable=False),
        "module": lambda: nn.Linear(1, 1),
        "none": lambda: None,
        "number": lambda: 3,
    }[kind]()


def tensors_in(value):
    if isinstance(value, nn.Module):
        return [*value.parameters(), *value.buffers()]
    return [value] if hasattr(value, "requires_grad") else []


def assert_holds(layer, values):
    """Check that all ways to list the layer's tensors list exactly those in `values`, each once."""
    held = {id(tensor): tensor for value in values for tensor in tensors_in(value)}
    assert {id(weight) for weight in layer.weights} == set(held)
    assert len(layer.weights) == len(held)
    assert {id(tensor) for tensor in [*layer.parameters(), *layer.buffers()]} == set(held)
    assert {tensor.data_ptr() for tensor in layer.state_dict().values()} == {t.data_ptr() for t in held.values()}
    assert not any("n_" in key or key in ("w", "n") for key in layer.state_dict()), "names come from where things are"


def _can_grow(first):
    """Leave out what holds plain values only: it stays what it is, and nothing put into it later is seen."""
    values = list(first.values()) if isinstance(first, dict) else first
    return "number" not in values or any(kind not in ("number", "none") for kind in values)


LIST_CHANGES = {
    "append": lambda held, i, new: held.append(new()),
    "insert": lambda held, i, new: held.insert(i, new()),
    "extend": lambda held, i, new: held.extend([new(), new()]),
    "add": lambda held, i, new: held.__iadd__([new()]),
    "set": lambda held, i, new: held.__setitem__(i % len(held), new()) if held else None,
    "slice": lambda held, i, new: held.__setitem__(slice(i, i + 2), [new()]),
    "pop": lambda held, i, new: held.pop(i % len(held)) if held else None,
    "delete": lambda held, i, new: held.__delitem__(slice(i, None, 2)),
    "reverse": lambda held, i, new: held.reverse(),
    "remove": lambda held, i, new: held.remove(held[0]) if held else None,
    "clear": lambda held, i, new: held.clear() if i == 3 else None,
}
list_changes = st.lists(st.tuples(st.sampled_from(list(LIST_CHANGES)), st.integers(0, 3), kinds), max_size=6)


@given(st.lists(kinds, max_size=3).filter(_can_grow), list_changes)
def test_a_list(first, changes):
    """[35] [36]"""
    layer = built(keras.Layer())
    plain = [make(kind, layer) for kind in first]
    layer.held = list(plain)
    for name, index, kind in changes:
        made = [make(kind, layer) for _ in range(2)]
        for held in (layer.held, plain):
            LIST_CHANGES[name](held, index, iter(made).__next__)
        unused = {"extend": 2, "pop": 0, "delete": 0, "reverse": 0, "remove": 0, "clear": 0}.get(name, 1)
        if name == "set" and not plain:
            unused = 0
        _drop(layer, made[unused:])
        assert len(layer.held) == len(plain)
        assert all(one is other for one, other in zip(layer.held, plain, strict=True))
    assert_holds(layer, plain)
    assert_copies(layer, lambda twin: list(twin.held), plain)


def _drop(layer, unused):
    """Delete weights that were made and not used: a weight that nothing holds counts, too."""
    for weight in unused:
        for name, tensor in [*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)]:
            if tensor is weight:
                delattr(layer, name)


def assert_copies(layer, read, values):
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert [type(value) for value in read(twin)] == [type(value) for value in values]
        assert list(twin.state_dict()) == list(layer.state_dict())
        own = {id(weight) for weight in layer.weights}
        assert not own & {id(weight) for weight in twin.weights}


DICT_CHANGES = {
    "set": lambda held, key, new: held.__setitem__(key, new()),
    "update": lambda held, key, new: held.update({key: new()}),
    "pop": lambda held, key, new: held.pop(key, None),
    "popitem": lambda held, key, new: held.popitem() if held else None,
    "delete": lambda held, key, new: held.__delitem__(key) if key in held else None,
    "clear": lambda held, key, new: held.clear() if key == "c" else None,
}
dict_changes = st.lists(st.tuples(st.sampled_from(list(DICT_CHANGES)), st.sampled_from("abc"), kinds), max_size=6)


@given(st.dictionaries(st.sampled_from("abc"), kinds).filter(_can_grow), dict_changes)
def test_a_dict(first, changes):
    """[35] [36]"""
    layer = built(keras.Layer())
    plain = {key: make(kind, layer) for key, kind in first.items()}
    layer.held = dict(plain)
    for name, key, kind in changes:
        made = [make(kind, layer)]
        for held in (layer.held, plain):
            DICT_CHANGES[name](held, key, iter(made).__next__)
        _drop(layer, made if name not in ("set", "update") else [])
        assert list(layer.held) == list(plain)
        assert all(layer.held[key] is plain[key] for key in plain)
    assert_holds(layer, plain.values())
    assert_copies(layer, lambda twin: list(twin.held.values()), plain.values())


attribute_changes = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([*KINDS, "delete", "alias", "list"])))


@given(attribute_changes)
@example([("a", "buffer"), ("b", "alias"), ("a", "layer")])
@example([("b", "layer"), ("a", "layer"), ("b", "buffer"), ("a", "alias")])
def test_attributes(changes):
    """[35]"""
    layer, plain = built(keras.Layer()), {}
    for name, kind in changes:
        if kind == "delete":
            if name in plain:
                delattr(layer, name)
                del plain[name]
            continue
        if kind == "alias":
            value = next(iter(plain.values()), None)
        else:
            value = make("layer", layer) if kind == "list" else make(kind, layer)
        if isinstance(plain.get(name), torch.Tensor) and not _may_replace_a_tensor(value, plain[name]):
            delattr(layer, name)
        setattr(layer, name, [value] if kind == "list" else value)
        plain[name] = value
        read = getattr(layer, name)
        assert (read[0] if kind == "list" else read) is value
    assert_holds(layer, plain.values())
    assert len(layer.state_dict()) == sum(len(tensors_in(value)) for value in plain.values())


def _may_replace_a_tensor(value, tensor):
    """Torch guards a parameter or buffer against a value of another kind in its place, and so do we."""
    return value is None or isinstance(value, (type(tensor), nn.Parameter, nn.Module))
