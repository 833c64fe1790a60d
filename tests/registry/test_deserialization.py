"""Do configs become the objects that they were, whichever Keras wrote them?"""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
import torch

from tests.oracle import assert_close, keras
from tests.registry.samples import (
    Buildable,
    Common,
    Configured,
    Holder,
    SpinWheel,
    envelope,
    gadgets,
    tripled,
)
from tests.registry.test_serialization import PLAIN, VALUES
from torchkeras_layer.registry import (
    Codec,
    DeserializationError,
    add_codec,
    deserialize_keras_object,
    register_keras_serializable,
    serialize_keras_object,
)


def _type_name(value):
    return type(value).__name__


class _Mine(Configured):
    pass


@pytest.mark.parametrize("value", PLAIN, ids=_type_name)
def test_plain_values_come_back_as_they_were(value):
    assert deserialize_keras_object(serialize_keras_object(value)) == value


@pytest.mark.parametrize("value", VALUES, ids=_type_name)
def test_values_come_back_as_in_keras(value):
    config = serialize_keras_object(value)
    ours, theirs = deserialize_keras_object(config), keras.saving.deserialize_keras_object(config)
    assert type(ours) is type(theirs)
    if isinstance(ours, (np.ndarray, torch.Tensor)):
        assert ours.dtype == theirs.dtype
        assert_close(ours, theirs)
    else:
        assert ours == theirs


@pytest.mark.parametrize("word", ["__tuple__", "TensorShape"])
def test_tuples_of_keras_2_are_read(word):
    config = {"axes": {"class_name": word, "items": [None, {"class_name": word, "items": [3]}]}}
    assert deserialize_keras_object(config) == {"axes": (None, (3,))}


def test_objects_come_back_through_json():
    before = Holder(2, [SpinWheel(3), Holder(4, [tripled])])
    after = deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(before))))
    assert (type(after), after.amount, after.parts[0].amount) == (Holder, 2, 3)
    assert after.parts[1].parts == [tripled]


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"module": None},
        {"module": None, "registered_name": None},
        {"module": "keras.gadgets", "registered_name": None},
        {"module": "keras.gadgets", "registered_name": "SpinWheel"},
        {"module": "keras.src.gadgets", "unknown word": 3},
    ],
)
def test_built_ins_are_read_in_every_form(words):
    assert deserialize_keras_object(envelope("SpinWheel", {"amount": 5}, **words)).amount == 5


@pytest.mark.parametrize(
    "words",
    [
        {"module": "builtins", "registered_name": "function"},
        {"module": "keras.gadgets", "registered_name": "tripled"},
        {},
    ],
)
def test_functions_are_read_in_every_form(words):
    assert deserialize_keras_object(envelope("function", "tripled", **words)) is tripled


def test_the_same_class_in_two_families_is_not_ambiguous():
    assert type(deserialize_keras_object(envelope("Common"))) is Common


def test_different_classes_of_one_name_are_ambiguous():
    with pytest.raises(
        DeserializationError, match=r"ambiguous: keras\..*Twin, keras\..*Received: 'Twin'.*Add the 'module'"
    ):
        deserialize_keras_object(envelope("Twin"))


@pytest.mark.parametrize(
    "words",
    [{}, {"module": None, "registered_name": "_Mine"}, {"module": "my.own"}, {"module": "keras.gadgets"}],
)
def test_custom_classes_are_read_in_every_form(words):
    config = envelope("_Mine", {"amount": 5}, **words)
    assert deserialize_keras_object(config, custom_objects={"_Mine": _Mine}).amount == 5
    with pytest.raises(DeserializationError, match=r"no class '_Mine'.*custom_objects=\{\"_Mine\": \.\.\.\}"):
        deserialize_keras_object(config)


@pytest.mark.parametrize("name", ["_Mine", "pack>_Mine"])
def test_registered_classes_are_read(name):
    register_keras_serializable("pack")(_Mine)
    for words in ({"registered_name": "pack>_Mine"}, {"module": "my.own", "registered_name": "pack>_Mine"}):
        assert type(deserialize_keras_object(envelope(name, **words))) is _Mine


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mine", {"module": "builtins", "registered_name": "function"}),
        ("pack>mine", {"module": "builtins", "registered_name": "function"}),
        ("mine", {"module": "my.own", "registered_name": "pack>mine"}),
    ],
)
def test_registered_functions_are_read(name, words):
    @register_keras_serializable("pack")
    def mine(x):
        return x

    assert deserialize_keras_object(envelope("function", name, **words)) is mine


def test_a_function_name_of_two_packages_is_not_guessed():
    for package in ("a", "b"):
        register_keras_serializable(package, "mine")(abs)
    with pytest.raises(DeserializationError, match="there is no function 'mine'"):
        deserialize_keras_object(envelope("function", "mine", module="builtins"))


def test_what_keras_writes_of_custom_things_is_read():
    register_keras_serializable("pack", "one")(_Mine)
    keras.saving.register_keras_serializable("pack", "one")(_Mine)
    config = keras.saving.serialize_keras_object([_Mine(4), b"ab"])
    mine, text = deserialize_keras_object(config)
    assert (type(mine), mine.amount, text) == (_Mine, 4, b"ab")


def test_a_function_or_object_may_stand_for_a_class():
    ready = Configured(3)
    custom = {"MyAbs": abs, "Ready": ready}
    read = deserialize_keras_object([envelope("MyAbs"), envelope("Ready", {"amount": 8})], custom)
    assert read[0] is abs
    assert read[1].amount == 8


def test_plain_names_of_custom_functions_are_read_as_in_keras():
    custom = {"mine": abs}
    config = {"functions": ["mine", "other", "tripled"]}
    expected = keras.saving.deserialize_keras_object(config, custom_objects=custom)
    assert deserialize_keras_object(config, custom) == expected == {"functions": [abs, "other", "tripled"]}


def test_objects_are_built_again():
    part = Buildable()
    part.build_from_config({"input_shape": (None, 3)})
    again = deserialize_keras_object(serialize_keras_object(part))
    assert again.built
    assert again.shape == (None, 3)
    assert not deserialize_keras_object(envelope("Buildable", build_config=None)).built
    assert type(deserialize_keras_object(envelope("SpinWheel", build_config={"a": 1}))) is SpinWheel


def test_what_from_config_has_built_is_not_built_again():
    class Ready(Buildable):
        @classmethod
        def from_config(cls, config):
            made = cls()
            made.build_from_config({"input_shape": "first"})
            return made

    config = envelope("Ready", build_config={"input_shape": "second"})
    assert deserialize_keras_object(config, {"Ready": Ready}).shape == "first"


def test_the_config_is_not_changed():
    class Popping(Configured):
        @classmethod
        def from_config(cls, config):
            return cls(config.pop("amount"))

    config = envelope("Popping", {"amount": 2})
    assert deserialize_keras_object(config, {"Popping": Popping}).amount == 2
    assert config == envelope("Popping", {"amount": 2})


def test_shared_objects_are_made_once_a_config():
    shared = envelope("SpinWheel", {"amount": 3}, shared_object_id=1)
    other = envelope("Holder", {"parts": [shared]}, shared_object_id=1)
    first, second, holder = deserialize_keras_object([shared, dict(shared), other])
    assert first is second is holder.parts[0]
    assert deserialize_keras_object(shared) is not first


def test_custom_objects_reach_the_parts():
    config = envelope("Holder", {"parts": [envelope("_Mine", {"amount": 6}), "mine"]})
    holder = gadgets.deserialize(config, custom_objects={"_Mine": _Mine, "mine": abs})
    assert holder.parts[0].amount == 6
    assert holder.parts[1] is abs


def test_threads_do_not_count_each_others_depth():
    read = []
    deep: object = 1
    for _ in range(150):
        deep = [deep]

    class Waiting(Configured):
        @classmethod
        def from_config(cls, config):
            thread = threading.Thread(target=lambda: read.append(deserialize_keras_object(deep)))
            thread.start()
            thread.join()
            return cls()

    nested: object = envelope("Waiting")
    for _ in range(100):
        nested = [nested]
    deserialize_keras_object(nested, {"Waiting": Waiting})
    assert read == [deep]


def test_other_types_of_values_can_be_added():
    add_codec(Codec("__range__", range, lambda r: {"stop": r.stop}, lambda config: range(config["stop"])))
    config = serialize_keras_object([range(3)])
    assert config == [{"class_name": "__range__", "config": {"stop": 3}}]
    assert deserialize_keras_object(config) == [range(3)]
    with pytest.raises(ValueError, match="taken by range. Received: '__range__'"):
        add_codec(Codec("__range__", set, list, set))
