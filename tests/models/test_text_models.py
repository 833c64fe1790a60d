"""Does the `state_dict` of a model on strings, which have no shape, go into one that is not built?"""

from __future__ import annotations

import io

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from torchkeras_layer import layers as L

WORDS = ["a", "b c", "b"]


class Holds(keras.Layer):
    """Has the layers from the start."""

    def __init__(self, text):
        super().__init__()
        self.text, self.table = text, L.Embedding(7, 2)

    def call(self, inputs):
        return self.table(self.text(inputs))


class Builds(keras.Layer):
    """Makes the layers in `build`."""

    def build(self, input_shape):
        self.text, self.table = _vectorization(), L.Embedding(7, 2)

    def call(self, inputs):
        return self.table(self.text(inputs))


def _lookup():
    return L.StringLookup(vocabulary=["a", "b"])


def _vectorization():
    return L.TextVectorization(vocabulary=["a", "b"])


MAKE = {
    "lookup": lambda: keras.Sequential([_lookup(), L.Embedding(5, 2)]),
    "vectorization": lambda: keras.Sequential([_vectorization(), L.Embedding(5, 2), L.LSTM(3), L.Dense(1)]),
    "nested": lambda: keras.Sequential([keras.Sequential([_lookup(), L.Embedding(5, 2)]), L.Dense(2)]),
    "in a plain module": lambda: nn.Sequential(
        keras.Sequential([_vectorization(), L.Embedding(5, 2)]), nn.Linear(2, 1)
    ),
    "in a custom layer": lambda: Holds(keras.Sequential([_vectorization(), L.Activation("linear")])),
    "with a custom layer": lambda: keras.Sequential([Holds(_lookup()), L.BatchNormalization()]),
    "made in build": lambda: keras.Sequential([Builds(), L.Dense(2)]),
}


def _saved(model):
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("assign", [True, False])
def test_into_an_unbuilt_twin(kind, assign):
    model, twin = MAKE[kind]().eval(), MAKE[kind]().eval()
    expected = model(WORDS)
    loaded = twin.load_state_dict(_saved(model), assign=assign)
    assert (loaded.missing_keys, loaded.unexpected_keys) == ([], [])
    torch.optim.SGD(twin.parameters(), lr=0.1)
    assert torch.equal(twin(WORDS), expected)
    assert list(twin.state_dict()) == list(model.state_dict())
    assert torch.equal(MAKE[kind]().eval().load_state_dict(_saved(twin)) and twin(WORDS), expected)


def test_a_vocabulary_that_was_learnt_comes_along():
    model, twin = (keras.Sequential([L.StringLookup(), L.Embedding(5, 2)]) for _ in range(2))
    model.layers[0].adapt(["b", "a", "b"])
    expected = model(["a", "b"])
    twin.load_state_dict(_saved(model))
    assert twin.layers[0].get_vocabulary() == ["[UNK]", "b", "a"]
    assert torch.equal(twin(["a", "b"]), expected)


def test_without_shapes_it_says_what_to_do():
    model = keras.Sequential([_lookup(), L.Embedding(5, 2)])
    model(WORDS)
    with pytest.raises(RuntimeError, match="does not tell its input shape"):
        keras.Sequential([_lookup(), L.Embedding(5, 2)]).load_state_dict(dict(model.state_dict()))


def test_another_model_does_not_load():
    model, other = MAKE["lookup"](), keras.Sequential([_lookup(), L.Embedding(6, 2)])
    model(WORDS)
    with pytest.raises(RuntimeError, match=r"\(6, 2\)"):
        other.load_state_dict(_saved(model))
