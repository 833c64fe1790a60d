"""Do graphs of layers take strings, through `Input(..., dtype="string")`?"""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch

import torchkeras_layer as ours


def _reader() -> ours.Model:
    texts = ours.Input((1,), dtype="string", name="texts")
    indices = ours.layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=4)(texts)
    return ours.Model(texts, ours.layers.Flatten()(ours.layers.Embedding(4, 3)(indices)))


def test_what_is_known_before_the_first_call():
    texts = ours.Input((1,), dtype="string", name="texts")
    assert repr(texts) == "<KerasTensor texts shape=(None, 1) dtype=string>"
    symbols = [
        ours.layers.TextVectorization(output_sequence_length=4)(texts),
        ours.layers.TextVectorization(vocabulary=["a"], output_mode="count")(texts),
        ours.layers.StringLookup(vocabulary=["a"])(texts),
        ours.layers.Hashing(5)(texts),
        ours.layers.Hashing(5, output_mode="one_hot")(texts),
    ]
    assert [symbol.shape for symbol in symbols] == [(None, 4), (None, 2), (None, 1), (None, 1), (None, 5)]
    assert [symbol.dtype for symbol in symbols] == [torch.int64, torch.float32, torch.int64, torch.int64, torch.float32]


def test_a_model_takes_strings_in_every_form():
    model = _reader()
    assert model.output_shape == (None, 12)
    expected = model(["a b", "x"])
    assert expected.shape == (2, 12)
    for form in ([["a b"], ["x"]], ("a b", "x"), np.array(["a b", "x"]), np.array([["a b"], ["x"]], dtype=object)):
        assert torch.equal(model(form), expected)
    assert model([]).shape == (0, 12)
    expected.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_strings_and_numbers_go_in_together():
    word, numbers = ours.Input((1,), dtype="string", name="word"), ours.Input((2,), name="numbers")
    vector = ours.layers.StringLookup(vocabulary=["a"], output_mode="one_hot")(word)
    output = ours.layers.Concatenate()([numbers, vector])
    by_name = ours.Model({"word": word, "numbers": numbers}, output)
    in_order = ours.Model([word, numbers], output)
    expected = [[1.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.0]]
    for words in (["a", "x"], [["a"], ["x"]], np.array(["a", "x"])):
        assert by_name({"word": words, "numbers": torch.ones(2, 2)}).tolist() == expected
        assert in_order([words, torch.ones(2, 2)]).tolist() == expected


def test_copies_and_configs_of_a_model_take_strings():
    model = _reader()
    from_config = ours.Model.from_config(model.get_config())
    from_config.load_state_dict(model.state_dict())
    for twin in (from_config, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(twin(["a b", "x"]), model(["a b", "x"]))
    outer = ours.Input((1,), dtype="string")
    assert torch.equal(ours.Model(outer, model(outer))(["a"]), model(["a"]))


def test_strings_may_come_out_too():
    indices = ours.Input((2,), dtype="int64")
    words = ours.layers.StringLookup(vocabulary=["a", "b"], invert=True)(indices)
    assert (words.shape, words.spec.dtype) == ((None, 2), "string")
    assert ours.Model(indices, words)(torch.tensor([[1, 2]])).tolist() == [["a", "b"]]


def test_sequential_takes_strings():
    layers = [ours.layers.TextVectorization(vocabulary=["a"], output_sequence_length=4), ours.layers.Embedding(3, 2)]
    model = ours.Sequential([ours.Input((1,), dtype="string"), *layers])
    assert model.output_shape == (None, 4, 2)
    assert model(["a", "b"]).shape == (2, 4, 2)


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (torch.ones(2, 1), TypeError, r"model: input 'texts' must be strings. Received: tensor"),
        (np.ones((2, 1)), TypeError, r"model: input 'texts' must be strings"),
        (
            [["a", "b"]],
            ValueError,
            r"input 'texts' does not fit the model: expected shape=\(None, 1\)\. Received: shape=\(1, 2",
        ),
        ([1, 2], TypeError, r"model: input 'texts' must be strings. Received: tensor"),
        ({"words": ["a"]}, ValueError, r"model: input 'texts' is missing"),
    ],
)
def test_what_does_not_fit(inputs, error, message):
    with pytest.raises(error, match=message):
        _reader()(inputs)


def test_other_layers_take_no_strings():
    texts: Any = ours.Input((1,), dtype="string", name="texts")
    for call in (ours.layers.Dense(2), ours.layers.Embedding(3, 2), ours.layers.Rescaling(2.0), torch.relu):
        with pytest.raises(TypeError, match=r"torch has no dtype for strings\. .*'string', which is for inputs of"):
            call(texts)
    with pytest.raises(TypeError, match="Unknown dtype policy"):
        ours.layers.Dense(2, dtype="string")
