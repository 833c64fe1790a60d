"""Can a name in a model or config get anything but names into the generated code?"""

from __future__ import annotations

import ast
import builtins
import copy
import enum
import json
from collections import OrderedDict
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import fx, nn

import torchkeras_layer as keras
from tests.models.samples import Mixes

X = torch.linspace(-1, 1, 6).reshape(2, 3)
ODD = [
    *("input", "class", "a/b", "my layer", "self", "torch", "0", "'", '"', "'\"", "a.b", "", " ", "\n", "\0", "\ud800"),
    *("None", "True", "def", "lambda: 1", "print", "getattr", "operator", "*args", "**kwargs", "_", "__class__", "é"),
    *(
        "inf",
        "nan",
        "NoneType",
        "device",
        "fx_pytree",
        "pytree",
        "forward",
        "x = None",
        "\u2028",
        "ﬁ",
        "#",
        "\\",
        "{x}",
    ),
]
# What would call `builtins.intruder` if it got into code; without dots, which a child's name cannot have.
ATTACK = 'getattr(__import__("builtins"), "intruder")()'
HOSTILE = [
    ATTACK,
    f'training"), {ATTACK}, ("',
    f"training'), {ATTACK}, ('",
    f'training")\n    {ATTACK}\n    ("',
    f'training")\n{ATTACK}\ndef forward(*_):\n    return ("',
    f"x):\n    return {ATTACK}\n#",
    f"x={ATTACK}",
    f"x: {ATTACK}",
    f"*_, x={ATTACK}",
    f"\\', {ATTACK}, \\'",
    f"{{{ATTACK}}}",
    f"# COUNTER: 0\n{ATTACK}",
    f"\r{ATTACK}\r",
    f"\x0c{ATTACK}",
    f"ok\\\n{ATTACK}",
]
every_hostile = pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))


@pytest.fixture(autouse=True)
def intruder(monkeypatch):
    """Fail a test in which code out of a name ran."""
    calls: list[int] = []
    monkeypatch.setattr(builtins, "intruder", lambda: calls.append(1), raising=False)
    yield
    assert not calls


class Table(keras.Layer):
    """A layer for each name."""

    def __init__(self, names: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names = names
        self.rows = {name: keras.layers.Dense(3) for name in names}

    def call(self, inputs: Any) -> Any:
        return sum(row(inputs) for row in self.rows.values())


def is_plain(code: str) -> bool:
    """Whether code is one function that calls what is named, and no strings of attributes but of digits."""
    tree = ast.parse(code)
    words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return len(tree.body) == 1 and not words & {"__import__", "exec", "eval", "intruder"}


def check(model: Any, data: Any, custom_objects: Any = None) -> None:
    """Run a model, its config and its fx module."""
    wanted = model(data)
    assert is_plain(model.code)
    config = json.loads(json.dumps(model.get_config()))
    twin = type(model).from_config(config, custom_objects=custom_objects)
    twin.load_state_dict(model.state_dict())
    for other in (twin, copy.deepcopy(model), fx.GraphModule(model, model.graph)):
        torch.testing.assert_close(other(data), wanted)


@pytest.mark.parametrize("name", [*ODD, *HOSTILE], ids=repr)
def test_names_of_inputs_layers_and_models(name):
    x = keras.Input((3,), name=name)
    dense = keras.layers.Dense(3, name=f"{name}.")
    y = torch.clamp(dense(x), max=float("inf"))
    inner = keras.Model(x, torch.nan_to_num(y, nan=float("nan"), posinf=1.0), name=f"{name}!")
    outer = keras.Model(x, inner(x) + x, name=name)
    check(outer, X)
    assert outer.get_layer(name) is outer.layers[0]
    torch.testing.assert_close(inner(X), dense(X))


def test_names_of_attributes_of_models():
    """No attribute, private or not, is hidden by a layer, nor a layer by it."""
    x = keras.Input((3,))
    names = {*dir(keras.Model(x, x + 1)), *vars(keras.Model(x, x + 1)), *dir(keras.Sequential()), "_start", "_end"}
    for name in sorted(names):
        x, dense = keras.Input((3,), name=f"{name}_"), keras.layers.Dense(2, name=name)
        model = keras.Model(x, dense(x))
        torch.testing.assert_close(model(X), dense(X))
        assert len(model.state_dict()) == 2, name
        x = keras.Input((3,), name=name)
        torch.testing.assert_close(keras.Model(x, x + 1)(X), X + 1)


@given(st.lists(st.text(max_size=6), min_size=3, max_size=3, unique=True))
def test_any_names(names):
    x, y = keras.Input((3,), name=names[0]), keras.Input((3,), name=names[1])
    dense = keras.layers.Dense(3, name=names[2])
    model = keras.Model([x, y], dense(x) - y)
    torch.testing.assert_close(model([X, 2 * X]), dense(X) - 2 * X)
    assert is_plain(model.code)


def test_names_that_become_one():
    x = keras.Input((3,), name="a b")
    y = x
    for name in ("a/b", "a_b", "a.b", "a_b_1", "A_b"):
        y = keras.layers.Dense(3, name=name)(y)
    model = keras.Model(x, y)
    check(model, X)
    assert len(model.state_dict()) == 10


@every_hostile
def test_names_of_children_whose_weights_are_arguments(text):
    """The path to a weight goes through names that a config chooses."""
    module = nn.Sequential(OrderedDict({text.replace(".", ""): nn.Linear(3, 3)}))
    x, wrapper = keras.Input((3,)), keras.layers.TorchModuleWrapper(module, name="wrapper")
    model = keras.Model(x, wrapper(x) @ module[0].weight)
    model.add_loss((model.outputs[0] @ module[0].weight).sum())
    check(model, X)
    table = Table([text.replace(".", "")], name="table")
    y = table(x)
    check(keras.Model(x, y @ next(iter(table.rows.values())).kernel), X, {"Table": Table})


@every_hostile
def test_words_and_keys_and_strings_in_arguments(text):
    x = keras.Input((3,))
    with pytest.raises((TypeError, ValueError)):
        keras.Model(x, Mixes()(x, **{text: 1}))
    with pytest.raises((TypeError, ValueError)):
        keras.layers.TorchFunction("torch.relu")(x, **{text: 1})
    model = keras.Model({text: x}, {text: Free(name="free")(x, mode=text, table={text: [text, x]}), "b": [x]})
    check(model, {text: X}, {"Free": Free})
    assert model.get_layer("free").seen == (text, {text: [text, X]})


class Free(keras.Layer):
    """Takes any words, and keeps them in `seen`."""

    def call(self, inputs: Any, **words: Any) -> Any:
        self.seen = tuple(words.values())
        return inputs


@every_hostile
def test_words_in_a_config(text):
    x = keras.Input((3,))
    config = json.dumps(keras.Model(x, Free(name="free")(x, WORD=3)).get_config())
    config = json.loads(config.replace("WORD", json.dumps(text)[1:-1]))
    with pytest.raises((TypeError, ValueError)):
        keras.Model.from_config(config, custom_objects={"Free": Free})(X)


@every_hostile
def test_functions_in_a_config(text):
    x = keras.Input((3,))
    config = json.dumps(keras.Model(x, x.sum(-1)).get_config())
    for name in (text, f"torch.Tensor.{text}", "builtins.exec", "torch.load", "operator.attrgetter"):
        changed = json.loads(config.replace("torch.Tensor.sum", json.dumps(name)[1:-1]))
        with pytest.raises((TypeError, ValueError)):
            keras.Model.from_config(changed)


class Pair(NamedTuple):
    one: Any
    two: Any


class Color(enum.Enum):
    RED = 1


class Word(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return ATTACK


class Number(float):
    __slots__ = ()

    def __repr__(self) -> str:
        return ATTACK


@pytest.mark.parametrize(
    "value",
    [
        Pair(1, 2),
        [Pair(1, Pair(2, 3))],
        {"a": Pair(1, [2])},
        Color.RED,
        {"a": [Color.RED]},
        Word("a"),
        [Word("a"), {"k": Word("b")}],
        Number(3.0),
        {"a": float("inf"), "b": [float("-inf"), 1j, -0.0]},
        {"dtype": torch.float16, "device": torch.device("cpu"), "layout": torch.strided},
        [slice(None, 3), slice(1, None, 2), ...],
        [b"ab", {1, 2}, frozenset({3}), range(3), len, int],
        (1,),
        (),
        {},
        [None, True, "text"],
        torch.Size([1, 2]),
    ],
    ids=repr,
)
def test_constants_arrive_as_they_were(value):
    x, layer = keras.Input((3,)), Free()
    model = keras.Model(x, layer(x, value=value, nested={"x": [x, value]}))
    model(X)
    assert layer.seen[0] == value
    assert type(layer.seen[0]) is type(value) or isinstance(value, (torch.Size, Word, Number))
    assert layer.seen[1]["x"][1] == value
    copy.deepcopy(model)(X)


@pytest.mark.parametrize("key", [Color.RED, 3, None, (1, 2), Word("a"), torch.float32], ids=str)
def test_keys_arrive_as_they_were_or_are_refused(key):
    x, layer = keras.Input((3,)), Free(name="free")
    try:
        model = keras.Model(x, layer(x, table={key: x}))
    except (TypeError, ValueError) as error:
        assert "free" in str(error)
        return
    model(X)
    assert list(layer.seen[0]) == [key]
