"""Can a config do more than describe objects that are known: import, run, replace, exhaust?"""

from __future__ import annotations

import sys

import pytest

from tests.oracle import keras
from tests.registry.samples import Configured, Holder, SpinWheel, envelope, gadgets, tripled
from torchkeras_layer.registry import (
    DeserializationError,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    register_keras_serializable,
)


class _Impostor(Configured):
    pass


@pytest.mark.parametrize("read", [deserialize_keras_object, gadgets.deserialize, gadgets.get])
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "type"),
        ("tests.registry.samples", "Configured"),
        ("torchkeras_layer.registry", "Catalog"),
        ("keras.gadgets", "register"),
        ("keras.gadgets.spinner", "SpinWheel"),
        ("keras.utils", "get_file"),
        ("", "SpinWheel"),
        ("this", "s"),
    ],
)
def test_a_module_is_never_imported_or_looked_into(read, module, name):
    sys.modules.pop("this", None)
    for words in ({}, {"registered_name": None}, {"registered_name": name}):
        with pytest.raises(DeserializationError, match=f"there is no class '{name}'"):
            read(envelope(name, module=module, **words))
        with pytest.raises(DeserializationError, match=f"there is no function '{name}'"):
            read(envelope("function", name, module=module, **words))
    assert "this" not in sys.modules


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"module": None},
        {"module": "keras.gadgets"},
        {"module": "keras.gadgets", "registered_name": "SpinWheel"},
    ],
)
@pytest.mark.parametrize("read", [deserialize_keras_object, gadgets.deserialize])
def test_what_the_program_gave_takes_the_place_of_a_built_in(words, read):
    """As in TF-Keras; nothing in a config can give anything."""
    config = envelope("SpinWheel", **words)
    assert type(read(config)) is SpinWheel
    assert type(read(config, custom_objects={"SpinWheel": _Impostor})) is _Impostor
    with custom_object_scope({"SpinWheel": _Impostor}):
        assert type(read(config)) is _Impostor
    assert type(read(config)) is SpinWheel
    get_custom_objects()["SpinWheel"] = _Impostor
    try:
        assert type(read(config)) is _Impostor
    finally:
        del get_custom_objects()["SpinWheel"]


@pytest.mark.parametrize("name", ["SpinWheel", "spin_wheel", "spinner"])
def test_under_each_of_its_names(name):
    with custom_object_scope({name: _Impostor}):
        assert type(gadgets.get(name)) is _Impostor
    assert type(gadgets.get(name)) is SpinWheel


def test_a_function_of_the_program_takes_the_place_of_a_built_in():
    config = envelope("function", "tripled", module="builtins", registered_name="function")
    assert deserialize_keras_object(config, {"tripled": abs}) is abs
    assert deserialize_keras_object(config) is tripled
    with custom_object_scope({"tripled": abs}):
        assert gadgets.get("tripled") is abs


def test_naming_the_built_in_itself_is_harmless():
    assert type(gadgets.deserialize(envelope("SpinWheel"), {"SpinWheel": SpinWheel})) is SpinWheel
    assert gadgets.deserialize(envelope("SpinWheel"), {"SpinWheel": SpinWheel(9)}).amount == 1
    assert gadgets.deserialize("tripled", {"tripled": tripled}) is tripled


def test_a_registered_class_is_found_under_its_full_name_only():
    register_keras_serializable(name="SpinWheel")(_Impostor)
    assert type(deserialize_keras_object(envelope("SpinWheel"))) is SpinWheel
    assert type(deserialize_keras_object(envelope("SpinWheel", module="keras.gadgets"))) is SpinWheel
    assert type(gadgets.get("SpinWheel")) is SpinWheel
    for config in (
        envelope("Custom>SpinWheel"),
        envelope("SpinWheel", registered_name="Custom>SpinWheel"),
        envelope("SpinWheel", module=None, registered_name="Custom>SpinWheel"),
    ):
        assert type(deserialize_keras_object(config)) is _Impostor


def test_a_config_that_says_that_it_is_custom_never_gives_a_built_in():
    config = envelope("SpinWheel", module=None, registered_name="SpinWheel")
    assert type(deserialize_keras_object(config, {"SpinWheel": _Impostor})) is _Impostor
    with pytest.raises(DeserializationError, match="there is no class 'SpinWheel'"):
        deserialize_keras_object(config)


def test_a_config_cannot_be_both_built_in_and_custom():
    register_keras_serializable(name="SpinWheel")(_Impostor)
    config = envelope("SpinWheel", module="keras.gadgets", registered_name="Custom>SpinWheel")
    with pytest.raises(DeserializationError, match=r"is a built-in of 'keras\.gadgets' and also the custom object"):
        deserialize_keras_object(config)


def test_a_lambda_is_never_run():
    with pytest.warns(UserWarning, match="lambda"):
        config = keras.saving.serialize_keras_object(lambda x: x)
    for options in ({}, {"safe_mode": False}):
        with pytest.raises(DeserializationError, match="bytecode, which is never run"):
            deserialize_keras_object({**config, **options})


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": 3, "config": {}},
        {"class_name": ["SpinWheel"], "config": {}},
        {"class_name": None, "config": {}},
        {"class_name": "SpinWheel", "config": 3},
        {"class_name": "SpinWheel", "config": "tripled"},
        {"class_name": "SpinWheel", "config": {1: 2}},
        {"class_name": "SpinWheel", "config": {}, "module": 3},
        {"class_name": "SpinWheel", "config": {}, "module": {}},
        {"class_name": "SpinWheel", "config": {}, "registered_name": ["a"]},
        {"class_name": "SpinWheel", "config": {}, "build_config": [1]},
        {"class_name": "SpinWheel", "config": {}, "shared_object_id": [1]},
        {"class_name": "function", "config": {}},
        {"class_name": "function", "config": None},
    ],
)
def test_malformed_configs_are_errors_that_show_the_form(config):
    with pytest.raises(DeserializationError, match=r"must be .*Received: .*Expected \{'module'"):
        deserialize_keras_object(config)


@pytest.mark.parametrize("value", [object(), SpinWheel(), {1, 2}, b"ab", SpinWheel, abs])
def test_only_data_is_a_config(value):
    with pytest.raises(DeserializationError, match="a config must consist of dicts, lists"):
        deserialize_keras_object([value])


@pytest.mark.parametrize(
    ("word", "config"),
    [
        ("__numpy__", {"value": [1], "dtype": "object"}),
        ("__numpy__", {"value": ["a"], "dtype": "U1000000000"}),
        ("__numpy__", {"value": [1], "dtype": {"names": ["a"], "formats": ["V1000000000"]}}),
        ("__numpy__", {"value": [[1], [2, 3]], "dtype": "float32"}),
        ("__numpy__", {"value": ["a"], "dtype": "float32"}),
        ("__numpy__", {"value": [1]}),
        ("__tensor__", {"value": [1], "dtype": "qint8"}),
        ("__tensor__", {"value": {"a": 1}, "dtype": "float32"}),
        ("__tensor__", {"dtype": "float32"}),
        ("__tensor__", {"value": [2**70], "dtype": "int64"}),
        ("__bytes__", {"value": 3}),
        ("__slice__", {"start": 1}),
    ],
)
def test_broken_values_are_errors(word, config):
    with pytest.raises(DeserializationError, match=f"'{word}' cannot be read. Received: "):
        deserialize_keras_object(envelope(word, config))


@pytest.mark.parametrize("items", [3, "ab", None, {"a": 1}])
def test_broken_tuples_are_errors(items):
    with pytest.raises(DeserializationError, match="'items' must be a list"):
        deserialize_keras_object({"class_name": "__tuple__", "items": items})


@pytest.mark.parametrize("depth", [200, 100_000])
def test_depth_is_bounded(depth):
    for wrap in (lambda x: [x], lambda x: {"a": x}, lambda x: envelope("Holder", {"parts": [x]})):
        deep = envelope("SpinWheel")
        for _ in range(depth):
            deep = wrap(deep)
        with pytest.raises(DeserializationError, match="nested deeper than 200 levels"):
            deserialize_keras_object(deep)
    assert type(deserialize_keras_object(envelope("Holder"))) is Holder


def test_reasonable_depth_is_read():
    deep = envelope("SpinWheel", {"amount": 5})
    for _ in range(40):
        deep = envelope("Holder", {"parts": [deep]})
    read = deserialize_keras_object(deep)
    for _ in range(40):
        read = read.parts[0]
    assert read.amount == 5


def test_a_failing_class_is_named_with_its_config():
    class Failing(Configured):
        def __init__(self, amount):
            raise KeyError("inner reason")

    config = envelope("Failing", {"amount": 3})
    with pytest.raises(DeserializationError, match=r"(?s)Failing: could .*\{'amount': 3\}.*KeyError: 'inner reason'"):
        deserialize_keras_object(envelope("Holder", {"parts": [config]}), {"Failing": Failing})
    with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
        deserialize_keras_object(envelope("SpinWheel", {"size": 3}))


def test_a_failing_build_is_named_too():
    config = envelope("Buildable", build_config={"wrong": 1})
    with pytest.raises(DeserializationError, match=r"(?s)Buildable: could not be created.*KeyError: 'input_shape'"):
        deserialize_keras_object(config)


def test_a_class_without_from_config_is_an_error():
    with pytest.raises(DeserializationError, match=r"known as 'Bare', has no from_config\(\) method"):
        deserialize_keras_object(envelope("Bare"), {"Bare": object})


def test_long_configs_do_not_drown_the_message():
    with pytest.raises(DeserializationError) as caught:
        deserialize_keras_object(envelope("SpinWheel", {"size": list(range(100_000))}))
    assert len(str(caught.value)) < 1000


def test_a_failure_leaves_nothing_behind():
    for _ in range(300):
        with pytest.raises(DeserializationError):
            deserialize_keras_object([[[envelope("Nothing")]]], {"mine": abs})
    assert deserialize_keras_object(["mine"]) == ["mine"]
