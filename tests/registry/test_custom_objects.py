"""Are classes and functions of users known where they should be, and only there?"""

from __future__ import annotations

import threading

import pytest

from tests.oracle import keras
from tests.registry.samples import Configured
from torchkeras_layer.registry import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)


def _new_class(name: str = "Mine") -> type:
    return type(name, (Configured,), {})


def test_registered_under_package_and_name():
    first = register_keras_serializable()(_new_class())
    second = register_keras_serializable("pack", "Other")(_new_class())
    assert (get_registered_name(first), get_registered_name(second)) == ("Custom>Mine", "pack>Other")
    assert get_registered_object("Custom>Mine") is first
    assert get_custom_objects()["pack>Other"] is second
    assert get_registered_object("Mine") is None


def test_names_are_those_of_keras():
    ours, theirs = _new_class(), _new_class()
    register_keras_serializable(package="pack", name="Given")(ours)
    keras.saving.register_keras_serializable(package="pack", name="Given")(theirs)
    assert get_registered_name(ours) == keras.saving.get_registered_name(theirs)
    assert get_registered_name(Configured) == keras.saving.get_registered_name(Configured) == "Configured"


def test_functions_can_be_registered():
    assert get_registered_name(register_keras_serializable("f")(abs)) == "f>abs"


def test_registering_again_replaces():
    first, second = (register_keras_serializable()(_new_class()) for _ in range(2))
    assert get_registered_object("Custom>Mine") is second is not first


def test_a_class_without_config_is_refused():
    with pytest.raises(ValueError, match=r"object has no get_config\(\) method"):
        register_keras_serializable()(object)


@pytest.mark.parametrize("target", [3, "Mine", Configured()])
def test_only_classes_and_functions_can_be_registered(target):
    with pytest.raises(TypeError, match="expected a class or a function"):
        register_keras_serializable()(target)


def test_forgotten_parentheses_are_noticed():
    with pytest.raises(TypeError, match=r"package must be a string.*with parentheses"):
        register_keras_serializable(Configured)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("arguments", [("a>b",), ("a", ""), ("a", "b>c")])
def test_words_that_would_confuse_names_are_refused(arguments):
    with pytest.raises(ValueError, match=r"must not .*contain '>'"):
        register_keras_serializable(*arguments)(abs)


def test_a_package_may_be_empty():
    mine, theirs = _new_class(), _new_class()
    register_keras_serializable(package="")(mine)
    keras.saving.register_keras_serializable(package="")(theirs)
    assert get_registered_name(mine) == keras.saving.get_registered_name(theirs) == ">Mine"
    assert type(deserialize_keras_object(serialize_keras_object(mine()))) is mine


def test_a_lambda_needs_a_name():
    with pytest.raises(ValueError, match=r"name must not .* contain '>'\. Received: '<lambda>'"):
        register_keras_serializable()(lambda x: x)
    assert get_registered_name(register_keras_serializable(name="same")(lambda x: x)) == "Custom>same"


def test_instances_have_no_registered_name():
    with pytest.raises(TypeError, match=r"pass type\(obj\)"):
        get_registered_name(Configured())


def test_scopes_nest_and_end():
    with custom_object_scope({"a": int, "b": str}):
        with custom_object_scope({"b": bytes}, {"c": list}):
            assert [get_registered_object(name) for name in "abc"] == [int, bytes, list]
        assert [get_registered_object(name) for name in "abc"] == [int, str, None]
    assert get_registered_object("a") is None
    assert "a" not in get_custom_objects()


def test_a_scope_can_be_entered_again_inside_itself():
    scope = CustomObjectScope({"a": int})
    with scope, scope:
        assert get_registered_object("a") is int
    assert get_registered_object("a") is None


def test_a_scope_ends_with_an_error_inside_it():
    with pytest.raises(KeyError), custom_object_scope({"a": int}):
        raise KeyError
    assert get_registered_object("a") is None


def test_a_scope_keeps_what_it_had_when_it_was_entered():
    given = {"a": int}
    with custom_object_scope(given):
        given["b"] = str
        assert get_registered_object("b") is None


def test_a_scope_takes_dicts_only():
    with pytest.raises(TypeError, match="custom_object_scope: expected a dict"):
        custom_object_scope([int])  # pyright: ignore[reportArgumentType]


def test_scopes_belong_to_their_thread():
    seen = []
    with custom_object_scope({"a": int}):
        thread = threading.Thread(target=lambda: seen.append(get_registered_object("a")))
        thread.start()
        thread.join()
        assert get_registered_object("a") is int
    assert seen == [None]


def test_the_nearest_place_wins():
    get_custom_objects()["a"] = int
    assert get_registered_object("a", module_objects={"a": list}) is int
    with custom_object_scope({"a": str}):
        assert get_registered_object("a") is str
        assert get_registered_object("a", custom_objects={"a": bytes}) is bytes
        assert deserialize_keras_object("a", custom_objects={"a": bytes}) is bytes
    assert get_registered_object("z", module_objects={"z": list}) is list
