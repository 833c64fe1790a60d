"""Can a name in a model or config get anything but names into the generated code?"""

from __future__ import annotations

import ast
import builtins
import copy
import json
from collections import OrderedDict
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import fx, nn

import torchkeras_layer as keras
from tests.models.test_graph_constants import Free
from torchkeras_layer._structures import leaves
from torchkeras_layer.registry import DeserializationError

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
    """Whether code is one function that knows nothing of what an attack calls."""
    tree = ast.parse(code)
    words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return len(tree.body) == 1 and not words & {"__import__", "exec", "eval", "intruder"}


def assert_config_and_copies_agree(model: Any, data: Any, custom_objects: Any = None) -> None:
    """Run a model, its config and its fx module."""
    wanted = model(data)
    assert is_plain(model.code)
    config = json.loads(json.dumps(model.get_config()))
    twin = type(model).from_config(config, custom_objects=custom_objects)
    twin.load_state_dict(model.state_dict())
    for other in (twin, copy.deepcopy(model)):
        torch.testing.assert_close(other(data), wanted)
    torch.testing.assert_close(fx.GraphModule(model, model.graph)(*leaves(data)), wanted)


@pytest.mark.parametrize("name", [*ODD, *HOSTILE], ids=repr)
def test_names_of_inputs_layers_and_models(name):
    x = keras.Input((3,), name=name)
    dense = keras.layers.Dense(3, name=f"{name}.")
    y = torch.clamp(dense(x), max=float("inf"))
    inner = keras.Model(x, torch.nan_to_num(y, nan=float("nan"), posinf=1.0), name=f"{name}!")
    outer = keras.Model(x, inner(x) + x, name=name)
    assert_config_and_copies_agree(outer, X)
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


def test_inputs_that_differ_in_capitals_only():
    x, y = keras.Input((3,), name="X"), keras.Input((3,), name="x")
    assert keras.Model([x, y], x - y)([3 * X, X]).tolist() == (2 * X).tolist()


def test_names_that_become_one():
    x = keras.Input((3,), name="a b")
    y = x
    for name in ("a/b", "a_b", "a.b", "a_b_1", "A_b"):
        y = keras.layers.Dense(3, name=name)(y)
    model = keras.Model(x, y)
    assert_config_and_copies_agree(model, X)
    assert len(model.state_dict()) == 10


def wrapped(name: str) -> Any:
    """Return a model that computes with a weight of a child of this name."""
    module = nn.Sequential(OrderedDict({name: nn.Linear(3, 3)}))
    x, wrapper = keras.Input((3,)), keras.layers.TorchModuleWrapper(module, name="wrapper")
    model = keras.Model(x, wrapper(x) @ module[0].weight)
    model.add_loss((model.outputs[0] @ module[0].weight).sum())
    return model


def tabled(name: str) -> Any:
    x, table = keras.Input((3,)), Table([name], name="table")
    y = table(x)
    return keras.Model(x, y @ table.rows[name].kernel)


@pytest.mark.parametrize("name", ["a", "0", "my-child", "é", "two words"])
def test_a_weight_of_a_child_of_any_usual_name_may_be_an_argument(name):
    assert_config_and_copies_agree(wrapped(name), X)
    assert_config_and_copies_agree(tabled(name), X, {"Table": Table})


@every_hostile
def test_a_weight_of_a_child_of_a_hostile_name_is_no_argument(text):
    """The path to a weight goes through such names, and torch would write them between quotes as they are."""
    name = text.replace(".", "")
    for make in (wrapped, tabled):
        with pytest.raises(ValueError, match="Use letters and digits"):
            make(name)
    config = json.loads(json.dumps(wrapped("CHILD").get_config()).replace("CHILD", json.dumps(name)[1:-1]))
    with pytest.raises(DeserializationError):
        keras.Model.from_config(config)


@pytest.mark.parametrize("name", ["class", "None", "lambda"])
def test_a_weight_of_a_child_named_as_a_keyword(name):
    """Torch would write it as it is, which is no Python: refused with the whole path."""
    for make in (wrapped, tabled):
        with pytest.raises(ValueError, match=rf"cannot have this name.*\.{name}\."):
            make(name)


@every_hostile
def test_words_and_keys_and_strings_in_arguments(text):
    x = keras.Input((3,))
    if "COUNTER" in text:
        with pytest.raises(ValueError, match="Received: '# COUNTER"):
            keras.Model(x, Free()(x, {text: [text, x]}))
        return
    with pytest.raises((TypeError, ValueError)):
        keras.Model(x, Words()(x, **{text: 1}))
    with pytest.raises((TypeError, ValueError)):
        keras.layers.TorchFunction("torch.relu")(x, **{text: 1})
    model = keras.Model({text: x}, {text: Free(name="free")(x, text, {text: [text, x]}), "b": [x]})
    assert_config_and_copies_agree(model, {text: X}, {"Free": Free})
    assert model.get_layer("free").seen == (text, {text: [text, X]})


class Words(keras.Layer):
    """Takes any words."""

    def call(self, inputs: Any, **words: Any) -> Any:
        return inputs


@every_hostile
def test_words_in_a_config(text):
    x = keras.Input((3,))
    config = json.dumps(keras.Model(x, Words(name="words")(x, WORD=3)).get_config())
    config = json.loads(config.replace("WORD", json.dumps(text)[1:-1]))
    with pytest.raises((TypeError, ValueError)):
        keras.Model.from_config(config, custom_objects={"Words": Words})(X)


@every_hostile
def test_functions_in_a_config(text):
    x = keras.Input((3,))
    config = json.dumps(keras.Model(x, x.sum(-1)).get_config())
    for name in (text, f"torch.Tensor.{text}", "builtins.exec", "torch.load", "operator.attrgetter"):
        changed = json.loads(config.replace("torch.Tensor.sum", json.dumps(name)[1:-1]))
        with pytest.raises((TypeError, ValueError)):
            keras.Model.from_config(changed)
