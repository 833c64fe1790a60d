"""What does TextVectorization take, learn and refuse? `test_goldens.py` has its numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours

TextVectorization = ours.layers.TextVectorization
VOCABULARY = ["the", "cat", "sat"]


def test_texts_come_in_every_form():
    layer = TextVectorization(vocabulary=VOCABULARY)
    texts = ["The cat!", "cat sat on"]
    expected = [[2, 3, 0], [3, 4, 1]]
    forms = [texts, tuple(texts), np.array(texts), np.array(texts, dtype=object), [text.encode() for text in texts]]
    assert [layer(form).tolist() for form in forms] == [expected] * 5
    assert layer([[text] for text in texts]).tolist() == expected
    assert layer("The cat!").tolist() == [2, 3]
    assert layer([]).shape == (0, 0)
    assert layer(["", "  "]).shape == (2, 0)
    assert layer([[["The cat!"]], [["sat"]]]).tolist() == [[[2, 3]], [[4, 0]]]


@given(st.lists(st.text("ab \t.,Ä", max_size=12), min_size=1, max_size=4), st.integers(1, 5))
def test_lengths_only_cut_or_fill_up(texts, length):
    free = TextVectorization(vocabulary=["a", "b", "Ä"])(texts)
    fixed = TextVectorization(vocabulary=["a", "b", "Ä"], output_sequence_length=length)(texts)
    assert fixed.shape == (len(texts), length)
    width = min(length, free.shape[1])
    assert torch.equal(fixed[:, :width], free[:, :width])
    assert not fixed[:, width:].any()


@given(st.lists(st.text("ab \t.", max_size=12), min_size=1, max_size=4))
def test_counts_are_those_of_the_indices(texts):
    indices = TextVectorization(vocabulary=["a", "b"])(texts)
    counts = TextVectorization(vocabulary=["a", "b"], output_mode="count")(texts)
    expected = torch.stack([(indices == index).sum(1) for index in (1, 2, 3)], 1)
    assert torch.equal(counts, expected.float())


def test_a_function_may_standardize_an_array_of_strings():
    seen = []

    def reverse(texts):
        seen.append(texts)
        return np.array([text[::-1] for text in texts.ravel()]).reshape(texts.shape)

    layer = TextVectorization(standardize=reverse, vocabulary=VOCABULARY)
    assert layer(["tac eht", b"tas"]).tolist() == [[2, 3], [4, 0]]
    assert isinstance(seen[0], np.ndarray)
    assert seen[0].dtype.kind == "U"
    upper = TextVectorization(standardize=np.char.lower, vocabulary=VOCABULARY)
    assert upper([["THE CAT"]]).tolist() == [[2, 3]]


def test_a_function_may_split():
    layer = TextVectorization(split=lambda texts: [text.split("-") for text in texts], standardize=None)
    layer.adapt(["a-b", "b-é"])
    assert layer.get_vocabulary() == ["", "[UNK]", "b", "é", "a"]
    assert layer([["a-é-x"], ["b"]]).tolist() == [[4, 3, 1], [2, 0, 0]]


def test_what_each_batch_teaches_is_put_together():
    at_once, by_batches = TextVectorization(output_mode="tf_idf"), TextVectorization(output_mode="tf_idf")
    at_once.adapt(["a b", "b c", "b"])
    by_batches.adapt(iter([["a b"], ["b c", "b"], ["zzz"]]), steps=2)
    assert by_batches.get_vocabulary() == at_once.get_vocabulary() == ["[UNK]", "b", "c", "a"]
    assert torch.equal(by_batches(["a b b x"]), at_once(["a b b x"]))


def test_the_vocabulary_can_be_replaced():
    layer = TextVectorization()
    layer.set_vocabulary(["a"])
    assert layer.vocabulary_size() == 3
    assert layer(["a b"]).tolist() == [[2, 1]]


@pytest.mark.parametrize(
    ("arguments", "shape", "expected"),
    [
        ({}, (None,), (None, None)),
        ({"output_sequence_length": 4}, (None, 1), (None, 4)),
        ({"output_mode": "count"}, (5,), (5, 5)),
        ({"output_mode": "multi_hot", "max_tokens": 9, "pad_to_max_tokens": True}, (None, 1), (None, 9)),
        ({"split": None}, (None, 3), (None, 3)),
        ({"split": None, "ngrams": 2}, (None, 3), (None, None)),
    ],
)
def test_shapes(arguments, shape, expected):
    layer = TextVectorization(vocabulary=["a", "b", "c", "d"], **arguments)
    assert layer.compute_output_shape(shape) == expected


def test_longer_ngrams_than_texts_cost_nothing():
    """As a config from elsewhere may ask for."""
    layers = [TextVectorization(vocabulary=["a b", "b"], ngrams=ngrams) for ngrams in (2, 3, 2**40, (1, 2, 2**40))]
    assert [layer(["a b"]).tolist() for layer in layers] == [[[1, 3, 2]]] * 4
    config = layers[2].get_config()
    assert TextVectorization.from_config(config).get_config() == config


def test_functions_are_in_the_config_only_if_registered():
    @ours.saving.register_keras_serializable("texts")
    def shout(texts):
        return np.char.upper(texts)

    layer = TextVectorization(standardize=shout, vocabulary=["A"], ngrams=(1, 2))
    twin = TextVectorization.from_config(layer.get_config())
    assert twin(["a"]).tolist() == [[2]]
    assert twin.get_config() == layer.get_config()
    with pytest.raises(TypeError, match="register_keras_serializable"):
        TextVectorization(split=lambda texts: texts).get_config()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"standardize": "upper"}, r"standardize must be one of 'lower_and_strip_punctuation', .* Received: .*'upper'"),
        ({"split": "comma"}, r"split must be one of 'whitespace', 'character'. Received: split='comma'"),
        ({"ngrams": 0}, r"TextVectorization: ngrams must be a positive int. Received: ngrams=0"),
        ({"ngrams": ()}, r"ngrams must be a positive int. Received: ngrams=\(\)"),
        ({"ngrams": (1, "x")}, r"ngrams must be a positive int. Received: ngrams='x'"),
        ({"output_mode": "one_hot"}, r"output_mode must be one of 'int', 'multi_hot', 'count', 'tf_idf'"),
        ({"output_sequence_length": 0}, r"output_sequence_length must be a positive int"),
        (
            {"output_sequence_length": 4, "output_mode": "count"},
            r"output_sequence_length is for output_mode='int'. Received: output_sequence_length=4, output_mode='count'",
        ),
        ({"ragged": True}, r"TextVectorization: ragged is not supported. Received: ragged=True"),
        ({"sparse": True}, r"TextVectorization: sparse is not supported"),
        ({"max_tokens": 1}, r"max_tokens must be an int above 1"),
        ({"vocabulary": ["a", "a"]}, r"each token must .* only once. Received: repeated tokens \['a'\]"),
        ({"vocabulary": ["a", ""]}, r"mask_token='' must not be in the vocabulary"),
        ({"max_tokens": 3, "vocabulary": ["a", "b"]}, r"must have at most max_tokens=3 tokens"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        TextVectorization(**arguments)


def test_bad_inputs():
    layer = TextVectorization(name="texts")
    with pytest.raises(ValueError, match=r"texts_lookup: has no vocabulary yet. Call adapt\(data\)"):
        layer(["a"])
    with pytest.raises(ValueError, match=r"texts: texts that are split must have shape \(batch,\) or \(batch, 1\)"):
        layer([["a", "b"]])
    with pytest.raises(ValueError, match=r"texts: texts that are split must have shape"):
        layer.compute_output_shape((None, 2))
    with pytest.raises(TypeError, match=r"texts: expects strings.* Received: a tensor of torch.float32"):
        layer(torch.ones(2))
    with pytest.raises(TypeError, match=r"texts: expects strings. Received: None"):
        layer(["a", None])
    with pytest.raises(ValueError, match=r"adapt\(\) found no tokens"):
        layer.adapt(["", ".,"])
    with pytest.raises(ValueError, match=r"adapt\(\) cannot change a vocabulary that was given"):
        TextVectorization(vocabulary=["a"]).adapt(["b"])


def test_an_error_on_many_texts_shows_a_few():
    with pytest.raises(ValueError, match="no vocabulary yet") as caught:
        TextVectorization()([f"text {number}" for number in range(9999)])
    notes = getattr(caught.value, "__notes__", [str(caught.value)])
    assert "9999 in all" in notes[-1]
    assert len(notes[-1]) < 500
