"""What does an error say in `build` or `call` that uses a member of Keras's variables or tensors?"""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

import torchkeras_layer as keras

X = torch.ones(2, 3)
# By the member: a function of the layer, whose weight is `w`, and of the inputs; and what the note says.
MEMBERS = {
    "assign": (lambda s, x: s.w.assign(x), r"self\.add_update\(lambda: self\.weight\.copy_\(value\)\) in call"),
    "assign_add": (lambda s, x: s.w.assign_add(x), r"weight\.add_\(value\)"),
    "assign_sub": (lambda s, x: s.w.assign_sub(x), r"weight\.sub_\(value\)"),
    "scatter_update": (lambda s, x: s.w.scatter_update(x, x), r"index_copy_"),
    "value": (lambda s, x: x * s.w.value, r"leave `\.value` out"),
    "value()": (lambda s, x: x * s.w.value(), r"leave `\.value` out"),
    "read_value": (lambda s, x: x * s.w.read_value(), r"leave `\.read_value\(\)` out"),
    "initializer": (lambda s, x: s.w.initializer(3), r"weight_specs\['weight'\]\.initializer"),
    "regularizer": (lambda s, x: s.w.regularizer, r"weight_specs\['weight'\]\.regularizer"),
    "trainable": (lambda s, x: x if s.w.trainable else x, r"requires_grad"),
    "eval": (lambda s, x: s.w.eval(), r"detach\(\)\.numpy\(\)"),
    "get_shape": (lambda s, x: x.get_shape().as_list(), r"tensor\.shape"),
    "set_shape": (lambda s, x: x.set_shape((None, 3)), r"reshape"),
    "shape.as_list": (lambda s, x: x.shape.as_list(), r"list\(tensor\.shape\)"),
    "shape.rank": (lambda s, x: x.shape.rank, r"tensor\.dim\(\)"),
    "shape[1].value": (lambda s, x: x[:, : x.shape[1].value], r"A size is an int"),
    "dtype.is_floating": (lambda s, x: x.dtype.is_floating, r"is_floating_point"),
    "dtype.name": (lambda s, x: x.dtype.name, r"removeprefix"),
    "name.startswith": (lambda s, x: s.w.name.startswith("w"), r"weight_specs\['weight'\]\.name"),
    "name.split": (lambda s, x: s.w.name.split("/"), r"weight_specs\['weight'\]\.name"),
    "in name": (lambda s, x: "w" in s.w.name, r"weight_specs\['weight'\]\.name"),
    "name +": (lambda s, x: s.w.name + "_ema", r"weight_specs\['weight'\]\.name"),
}


class Ported(keras.Layer):
    """A layer whose `call`, or `build`, uses a member."""

    def __init__(self, use, place="call", **kwargs):
        super().__init__(**kwargs)
        self.use = use
        self.place = place

    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(3,))
        if self.place == "build":
            self.use(self, torch.ones(2, 3))

    def call(self, inputs):
        return self.use(self, inputs)


def _notes(function):
    with pytest.raises((AttributeError, TypeError, NotImplementedError)) as caught:
        function()
    return getattr(caught.value, "__notes__", [])


def _advice(notes):
    return [note for note in notes if not note.startswith("In ")]


@pytest.mark.parametrize("member", MEMBERS)
def test_the_note_says_what_to_write_in_call(member):
    use, advice = MEMBERS[member]
    for inputs in (X, keras.Input((3,))):
        notes = _notes(lambda inputs=inputs: Ported(use, name="ported")(inputs))
        assert notes[0].startswith("In ported (Ported), called on: ")
        (told,) = _advice(notes)
        assert re.search(advice, told)


@pytest.mark.parametrize("member", MEMBERS)
def test_the_note_says_what_to_write_in_build(member):
    use, advice = MEMBERS[member]
    makers = [lambda: Ported(use, "build").build((None, 3)), lambda: Ported(use, "build")(X)]
    for make in makers:
        (told,) = _advice(_notes(make))
        assert re.search(advice, told)


def test_it_is_said_once_in_nested_layers():
    use, _ = MEMBERS["assign"]
    model = keras.Sequential([keras.Sequential([Ported(use)])])
    notes = _notes(lambda: model(X))
    assert len(_advice(notes)) == 1
    assert sum(note.startswith("In ") for note in notes) == 3


def test_it_links_to_the_entry():
    (told,) = _advice(_notes(lambda: Ported(MEMBERS["value"][0])(X)))
    assert told.endswith("See docs/differences.md#assign-and-value")


def test_torch_s_own_advice_is_enough_for_numpy():
    with pytest.raises(RuntimeError, match=r"Use tensor\.detach\(\)\.numpy\(\) instead") as caught:
        Ported(lambda s, x: s.w.numpy())(X)
    assert _advice(getattr(caught.value, "__notes__", [])) == []


def test_an_array_that_meets_a_weight():
    with pytest.raises(RuntimeError) as caught:
        Ported(lambda s, x: x * (s.w * np.ones(3)))(X)
    (told,) = _advice(caught.value.__notes__)
    assert told.startswith("If an array of numpy meets a weight here")


@pytest.mark.parametrize(
    "use",
    [
        lambda s, x: x.colour,
        lambda s, x: s.colour,
        lambda s, x: None + x,
        lambda s, x: s.use.value,
        lambda s, x: s.__dict__.get("name").split("/"),
    ],
)
def test_other_errors_get_no_advice(use):
    assert _advice(_notes(lambda: Ported(use)(X))) == []


@pytest.mark.parametrize("member", ["assign", "value", "eval", "op"])
def test_a_symbolic_tensor_says_it_too(member):
    x = keras.Input((3,), name="x")
    with pytest.raises(AttributeError, match=rf"^KerasTensor 'x': no attribute '{member}'\. \w+"):
        getattr(x, member)
