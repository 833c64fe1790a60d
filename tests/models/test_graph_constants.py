"""Do constants and keys reach a layer through the generated code as they were?"""

from __future__ import annotations

import copy
import enum
import math
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

import torchkeras_layer as keras

X = torch.linspace(-1, 1, 6).reshape(2, 3)
# Were it evaluated, it would raise.
ATTACK = "intruder()"


class Free(keras.Layer):
    """Keeps what it is called with in `seen`."""

    def call(self, inputs: Any, value: Any = None, beside: Any = None) -> Any:
        self.seen = (value, beside)
        return inputs


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
        [Pair(1, (2, [3]))],
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
    model = keras.Model(x, layer(x, value, beside=[x, value]))
    model(X)
    assert layer.seen == (value, [X, value])
    # A dict on an attribute is tracked: layers may be put into it later.
    assert type(layer.seen[0]) is type(value) or isinstance(value, (torch.Size, Word, Number, dict))
    copy.deepcopy(model)(X)


@pytest.mark.parametrize("value", [{"a": Pair(1, 2)}, {"a": [Pair(1, (2,))]}, Pair(1, Pair(2, 3))], ids=repr)
def test_a_named_tuple_inside_others_is_refused(value):
    x = keras.Input((3,))
    with pytest.raises(ValueError, match="free: in a graph, a named tuple .* Received: Pair"):
        keras.Model(x, Free(name="free")(x, value))


class Gives(keras.Layer):
    """Gives its input under a key."""

    def __init__(self, key: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.key = key

    def call(self, inputs: Any) -> Any:
        return {self.key: inputs}


@pytest.mark.parametrize("key", [3, None, 1.5, True, "a b"], ids=repr)
def test_plain_keys_arrive_as_they_were(key):
    x, layer = keras.Input((3,)), Free(name="free")
    model = keras.Model(x, {key: layer(x, {key: [x]}), "given": Gives(key)(x)[key]})
    assert list(model(X)) == [key, "given"]
    assert list(layer.seen[0]) == [key]


ODD_KEYS = pytest.mark.parametrize("key", [Color.RED, (1, 2), Word("a"), torch.float32, b"a"], ids=str)


@ODD_KEYS
def test_other_keys_are_refused(key):
    x = keras.Input((3,))
    with pytest.raises(ValueError, match="free: in a graph, keys of a dict"):
        keras.Model(x, Free(name="free")(x, {key: x}))
    with pytest.raises(ValueError, match="keys of a dict"):
        keras.Model(x, {key: x * 2})


@pytest.mark.parametrize("key", [Color.RED, Word("a")], ids=str)
def test_keys_of_what_a_layer_gives_are_not_evaluated(key):
    x = keras.Input((3,))
    with pytest.raises(ValueError, match="gives: in a graph, keys of a dict"):
        keras.Model(x, Gives(key, name="gives")(x)[key])


NUMBERS = {
    "slice": lambda x: x[:, : np.int64(2)],
    "index": lambda x: x[:, np.int64(1)],
    "axis": lambda x: x.sum(dim=np.int64(1)),
    "float": lambda x: torch.clamp(x, max=np.float64(0.5)),
    "factor": lambda x: np.float32(2) * x,
    "indices": lambda x: x[:, np.array([0, 2])],
    "enum": lambda x: x[:, Place.SECOND :],
    "size": lambda x: x.reshape(torch.Size([-1, 3])),
    "complex": lambda x: x * (1 + 2j),
    "infinity": lambda x: torch.clamp(x, min=-math.inf, max=math.inf) * math.nan,
    "signed zero": lambda x: 1 / (x * -0.0),
}


class Place(enum.IntEnum):
    SECOND = 1


@pytest.mark.parametrize("function", NUMBERS.values(), ids=NUMBERS)
def test_numbers_of_all_kinds(function):
    x = keras.Input((3,))
    model = keras.Model(x, function(x))
    twin = keras.models.model_from_json(model.to_json())
    for found in (model(X), twin(X), copy.deepcopy(model)(X)):
        torch.testing.assert_close(found, function(X), equal_nan=True)
