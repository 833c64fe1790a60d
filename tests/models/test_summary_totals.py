"""Does a summary count parameters as Keras's does?"""

from __future__ import annotations

import re

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras


def chain(library):
    x = library.Input((3,), name="x")
    y = library.layers.Dense(1000, name="dense")(x)
    return library.Model(x, library.layers.BatchNormalization(name="norm")(y))


def frozen(library):
    model = chain(library)
    model.get_layer("dense").trainable = False
    return model


def frozen_norm(library):
    model = chain(library)
    model.get_layer("norm").trainable = False
    return model


def all_frozen(library):
    model = chain(library)
    model.trainable = False
    return model


def shared(library):
    left, right = library.Input((3,), name="left"), library.Input((3,), name="right")
    dense = library.layers.Dense(4, name="dense")
    return library.Model([left, right], library.layers.Add(name="add")([dense(left), dense(right)]))


def nested(library):
    inner, x = chain(library), library.Input((3,), name="outer")
    return library.Model(x, library.layers.Dense(2, name="head")(inner(x)))


def deferred(library):
    return library.Sequential([library.layers.Embedding(7, 4, name="embedding"), library.layers.Dense(2, name="head")])


def in_turn(library):
    layers = [library.layers.Dense(4, name="a"), library.layers.LayerNormalization(name="b")]
    return library.Sequential([library.Input((3,)), *layers], name="in_turn")


MODELS = [chain, frozen, frozen_norm, all_frozen, shared, nested, deferred, in_turn]


def text_of(model, **kwargs):
    lines = []
    model.summary(print_fn=lines.append, line_length=78, **kwargs)
    return "\n".join(lines)


def totals_in(text):
    """Return label, count and size of each total."""
    return re.findall(r"((?:Total|Trainable|Non-trainable) params): ([\d,]+) \(([\d.]+ \w+)\)", text)


def counts_in(text):
    """Return the counts that stand behind names of layers."""
    names = "dense|norm|left|right|add|outer|model|functional|head|embedding|a|b|x"
    found = re.findall(rf"^[ \u2502]*({names})(?:_\d+)? \(.*?\) .*?\)[ \u2502]+([\d,]+) ", text + " ", re.MULTILINE)
    return {name.replace("functional", "model"): count for name, count in found}


@pytest.mark.parametrize("make", MODELS)
def test_totals(make):
    found = totals_in(text_of(make(ours)))
    assert len(found) == 3
    assert found == totals_in(text_of(make(keras)))


@pytest.mark.parametrize("make", [chain, shared, nested])
def test_counts_of_layers(make):
    found = counts_in(text_of(make(ours)).replace("\n", " \n"))
    assert len(found) == len(make(ours).layers)
    assert found == counts_in(text_of(make(keras)))


def test_a_deferred_model_once_it_is_built():
    mine, theirs = deferred(ours), deferred(keras)
    mine(torch.zeros(2, 5, dtype=torch.int64))
    theirs(torch.zeros(2, 5, dtype=torch.int64))
    assert totals_in(text_of(mine)) == totals_in(text_of(theirs)) == [
        ("Total params", "38", "152.00 B"),
        ("Trainable params", "38", "152.00 B"),
        ("Non-trainable params", "0", "0.00 B"),
    ]  # fmt: skip


def test_bytes_follow_the_dtype():
    model = chain(ours)
    assert ("Total params", "8,000", "31.25 KB") in totals_in(text_of(model))
    assert ("Total params", "8,000", "15.62 KB") in totals_in(text_of(model.to(torch.bfloat16)))


def test_expansion_lists_what_keras_lists():
    names = [
        re.findall(r"(\w+) \((?:Dense|BatchNormalization|InputLayer)\)", text_of(nested(library), expand_nested=True))
        for library in (ours, keras)
    ]
    assert names[0] == names[1] == ["outer", "x", "dense", "norm", "head"]
