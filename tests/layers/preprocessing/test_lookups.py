"""What do StringLookup and IntegerLookup take, learn and refuse? `test_goldens.py` has their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours

StringLookup, IntegerLookup = ours.layers.StringLookup, ours.layers.IntegerLookup


def test_strings_come_in_every_form():
    layer = StringLookup(vocabulary=["a", "é"])
    forms: list[Any] = [["a", "é", "x"], ("a", "é", "x"), np.array(["a", "é", "x"]), [b"a", "é".encode(), b"x"]]
    assert [layer(form).tolist() for form in [*forms, np.array(forms[0], dtype=object)]] == [[1, 2, 0]] * 5
    assert int(layer("é")) == 2
    assert layer([]).tolist() == []
    assert layer([["a"], ["x"]]).tolist() == [[1], [0]]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, min_size=1), st.lists(st.integers(-9, 9)))
def test_ints_are_found_as_in_a_dict(vocabulary, values):
    values = [*vocabulary, *values]
    known = {token: index for index, token in enumerate(vocabulary, 1)}
    assert IntegerLookup(vocabulary=vocabulary)(values).tolist() == [known.get(value, 0) for value in values]


@given(st.lists(st.text(max_size=3)), st.integers(1, 3), st.sampled_from([None, "", "a"]))
def test_looking_up_and_back_gives_the_known_words(words, unknown, mask):
    vocabulary = [word for word in dict.fromkeys(["x", "é", "zz"]) if word != mask]
    arguments = {"vocabulary": vocabulary, "num_oov_indices": unknown, "mask_token": mask}
    back = StringLookup(**arguments, invert=True)(StringLookup(**arguments)(words))
    known = {*vocabulary, mask}
    assert back.tolist() == [word if word in known else "[UNK]" for word in words]


@pytest.mark.parametrize("make", [list, np.array, torch.tensor, iter])
def test_ints_are_learnt_from_every_form(make):
    layer = IntegerLookup()
    layer.adapt(make([[3, 3, 1], [2, 1, 3]]) if make is not iter else (np.array(row) for row in [[3, 3, 1], [2, 1, 3]]))
    assert layer.get_vocabulary() == [-1, 3, 1, 2]


def test_strings_are_learnt_from_batches():
    layer = StringLookup(max_tokens=3)
    layer.adapt((batch for batch in (["b", "a"], ["a", "c"], ["c", "c"])), steps=2)
    assert layer.get_vocabulary() == ["[UNK]", "a", "c"]
    layer.adapt(["z"])
    assert layer.get_vocabulary(include_special_tokens=False) == ["z"]


def test_special_tokens_are_not_learnt():
    layer = StringLookup(mask_token="")
    layer.adapt(["", "a", "[UNK]", "", "a"])
    assert layer.get_vocabulary() == ["", "[UNK]", "a"]


def test_a_vocabulary_may_begin_with_its_special_tokens():
    plain = StringLookup(vocabulary=["a", "b"], mask_token="", num_oov_indices=2)
    with_special = StringLookup(vocabulary=plain.get_vocabulary(), mask_token="", num_oov_indices=2)
    assert with_special.get_vocabulary() == ["", "[UNK]", "[UNK]", "a", "b"]
    assert with_special(["b"]).tolist() == plain(["b"]).tolist() == [4]


def test_idf_weights_may_be_given_for_the_special_tokens_too():
    layer = StringLookup(output_mode="tf_idf")
    layer.set_vocabulary(["[UNK]", "a", "b"], idf_weights=[0.5, 2.0, 3.0])
    assert layer([["a", "x", "x"]]).tolist() == [[1.0, 2.0, 0.0]]
    assert np.asarray(layer.idf_weights).tolist() == [0.5, 2.0, 3.0]


def test_bytes_in_another_encoding():
    layer = StringLookup(encoding="latin-1")
    layer.adapt([b"\xe9", b"\xe9", b"a"])
    assert layer.get_vocabulary() == ["[UNK]", "é", "a"]
    assert layer([b"\xe9"]).tolist() == [1]
    wrong = StringLookup(name="words")
    wrong.adapt([b"\xe9"])
    with pytest.raises(ValueError, match=r"words: tokens must be encoded in encoding='utf-8'. Received: b'\\xe9'"):
        wrong.get_vocabulary()


def test_an_int_dtype_is_that_of_the_indices():
    assert StringLookup(vocabulary=["a"], dtype="int32")(["a"]).dtype is torch.int32
    assert IntegerLookup(vocabulary=[1], dtype="mixed_bfloat16")([1]).dtype is torch.int64
    assert IntegerLookup(vocabulary=[1], dtype="float16", output_mode="count")([[1]]).dtype is torch.float16


def test_floats_that_hold_large_ints_are_not_rounded_before():
    layer = IntegerLookup(vocabulary=[257], dtype="bfloat16")
    assert layer(torch.tensor([257.0])).tolist() == [1]


COMMON = [
    ({"max_tokens": 1}, r"max_tokens must be an int above 1"),
    ({"max_tokens": 0}, r"max_tokens must be a positive int. Received: max_tokens=0"),
    ({"num_oov_indices": -1}, r"num_oov_indices must be an int from 0 to 10000000. Received: .*num_oov_indices=-1"),
    ({"num_oov_indices": 1.5}, r"num_oov_indices must be an int from 0 to 10000000"),
    ({"num_oov_indices": 2**31}, r"num_oov_indices must be an int from 0 to 10000000"),
    ({"num_oov_indices": 2**63}, r"num_oov_indices must be an int from 0 to 10000000"),
    ({"idf_weights": [[1.0]], "output_mode": "tf_idf"}, r"idf_weights must be a list of numbers, one for each token"),
    ({"idf_weights": 2.0, "output_mode": "tf_idf"}, r"idf_weights must be a list of numbers, .*idf_weights=2.0"),
    ({"pad_to_max_tokens": True}, r"pad_to_max_tokens needs max_tokens"),
    ({"output_mode": "words"}, r"output_mode must be one of 'int', 'one_hot', 'multi_hot', 'count', 'tf_idf'"),
    ({"invert": True, "output_mode": "count"}, r"invert is for output_mode='int', not 'count'"),
    ({"invert": True, "oov_token": None}, r"invert needs an oov_token"),
    ({"sparse": True, "output_mode": "count"}, r"sparse is not supported"),
    ({"salt": [1]}, r"salt must be an int of at least 0, or two of them"),
    ({"vocabulary": []}, r"a vocabulary needs at least one token"),
]


@pytest.mark.parametrize(("arguments", "message"), COMMON)
@pytest.mark.parametrize("lookup", [StringLookup, IntegerLookup])
def test_bad_arguments(lookup, arguments, message):
    with pytest.raises(ValueError, match=message):
        lookup(**arguments)


@pytest.mark.parametrize(
    ("lookup", "arguments", "error", "message"),
    [
        (
            StringLookup,
            {"vocabulary": ["a", "b", "a"]},
            ValueError,
            r"each token .* once. Received: repeated tokens \['a'\]",
        ),
        (StringLookup, {"vocabulary": ["a", 1]}, TypeError, r"StringLookup: tokens must be strings. Received: 1"),
        (StringLookup, {"vocabulary": 7}, TypeError, r"a vocabulary must be a list or array of tokens, or the"),
        (
            StringLookup,
            {"vocabulary": ["a", ""], "mask_token": ""},
            ValueError,
            r"mask_token='' must not be in .* Received: this token at index 1. .* as get_vocabulary\(\) does",
        ),
        (
            StringLookup,
            {"vocabulary": ["a", "[UNK]"], "invert": True},
            ValueError,
            r"oov_token='\[UNK\]' must not be in the vocabulary",
        ),
        (
            StringLookup,
            {"vocabulary": ["a", "b"], "max_tokens": 2},
            ValueError,
            r"at most max_tokens=2 tokens. Received: 3 tokens",
        ),
        (StringLookup, {"vocabulary": ["a"], "output_mode": "tf_idf"}, ValueError, r"idf_weights must be given with a"),
        (
            StringLookup,
            {"vocabulary": ["a"], "idf_weights": [1.0]},
            ValueError,
            r"idf_weights must be given with a voc",
        ),
        (
            StringLookup,
            {"vocabulary": ["a"], "idf_weights": [1.0, 2.0], "output_mode": "tf_idf"},
            ValueError,
            r"idf_weights must be one number for each of the 1 tokens in the vocabulary",
        ),
        *(
            (
                StringLookup,
                {"vocabulary": ["a"], "idf_weights": wrong, "output_mode": "tf_idf"},
                TypeError,
                r"StringLookup: idf_weights must be a number or an array of numbers. Received: idf_weights=",
            )
            for wrong in (True, "", {}, [None], ["1"])
        ),
        (StringLookup, {"vocabulary": ["\ud800"]}, ValueError, r"StringLookup: tokens must be encodable in UTF-8"),
        (StringLookup, {"mask_token": "\ud800"}, ValueError, r"StringLookup: tokens must be encodable in UTF-8"),
        (StringLookup, {"mask_token": 3}, TypeError, r"tokens must be strings. Received: 3"),
        (StringLookup, {"encoding": "klingon"}, ValueError, r"encoding must be the name of an encoding in Python"),
        (IntegerLookup, {"vocabulary": [1, 1]}, ValueError, r"Received: repeated tokens \[1\]"),
        (IntegerLookup, {"vocabulary": [1, "x"]}, TypeError, r"IntegerLookup: tokens must be 64-bit ints"),
        (IntegerLookup, {"vocabulary": [2**63]}, TypeError, r"tokens must be 64-bit ints"),
        (IntegerLookup, {"vocabulary": [1.5]}, TypeError, r"tokens must be 64-bit ints. Received: 1.5"),
        (IntegerLookup, {"mask_token": True}, TypeError, r"tokens must be 64-bit ints. Received: True"),
        (IntegerLookup, {"vocabulary_dtype": "int32"}, ValueError, r"vocabulary_dtype must be one of 'int64'"),
        (IntegerLookup, {"oov_method": "hash"}, ValueError, r"oov_method must be one of 'floormod', 'farmhash'"),
        (IntegerLookup, {"salt": 3}, ValueError, r"salt is for oov_method='farmhash'"),
    ],
)
def test_bad_vocabularies(lookup, arguments, error, message):
    with pytest.raises(error, match=message):
        lookup(**arguments)


@pytest.mark.parametrize("arguments", [{}, {"num_oov_indices": 3}, {"mask_token": 0}])
def test_a_vocabulary_of_special_tokens_only_knows_nothing(arguments):
    special = IntegerLookup(**arguments).get_vocabulary()
    layer, learnt = IntegerLookup(vocabulary=special, **arguments), IntegerLookup(vocabulary=[55], **arguments)
    assert layer.get_vocabulary() == special
    values = torch.tensor([[0, 7], [-1, 2**60]])
    assert torch.equal(layer(values), learnt(values))
    counted = IntegerLookup(vocabulary=[-1], output_mode="count")
    assert counted(torch.ones(2, 3, dtype=torch.int64)).tolist() == [[3.0], [3.0]]


def test_without_a_vocabulary():
    for layer in (StringLookup(name="words"), StringLookup(name="words", output_mode="count")):
        with pytest.raises(ValueError, match=r"words: has no vocabulary yet. Call adapt\(data\) or set_vocabulary"):
            layer([["a"]])
    with pytest.raises(ValueError, match=r"ints: has no vocabulary yet"):
        IntegerLookup(name="ints")([[1]])
    assert StringLookup().get_vocabulary() == ["[UNK]"]
    assert StringLookup(output_mode="count").compute_output_shape((None, 3)) == (None, None)


def test_unknown_tokens_may_be_an_error():
    with pytest.raises(
        ValueError, match=r"words: with num_oov_indices=0, all tokens must be in the vocabulary. Received: \['x', 'y'\]"
    ):
        StringLookup(vocabulary=["a"], num_oov_indices=0, name="words")(["a", "x", "y", "x"])
    with pytest.raises(ValueError, match=r"ints: with num_oov_indices=0, .* Received: \[7\]"):
        IntegerLookup(vocabulary=[5], num_oov_indices=0, name="ints")([5, 7])


def test_bad_adaptions():
    with pytest.raises(ValueError, match=r"words: adapt\(\) cannot change a vocabulary that was given"):
        StringLookup(vocabulary=["a"], name="words").adapt(["b"])
    with pytest.raises(ValueError, match=r"words: adapt\(\) found no tokens"):
        StringLookup(name="words").adapt([])
    with pytest.raises(ValueError, match=r"ints: adapt\(\) found no tokens"):
        IntegerLookup(name="ints").adapt(np.zeros((0, 2), dtype="int64"))
    with pytest.raises(TypeError, match=r"words: expects strings.* Received: an array of int64"):
        StringLookup(name="words").adapt(np.array([1, 2]))
    with pytest.raises(TypeError, match=r"ints: adapt\(\) takes batches of numbers"):
        IntegerLookup(name="ints").adapt(["a"])


def test_bad_inputs():
    layer = StringLookup(vocabulary=["a"], name="words", output_mode="count")
    with pytest.raises(TypeError, match=r"words: expects strings: .* Received: a tensor of torch.int64"):
        layer(torch.tensor([1]))
    with pytest.raises(TypeError, match=r"words: expects strings. Received: 1 of type int"):
        layer([1])
