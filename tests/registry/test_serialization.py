"""Do objects become the configs that Keras 3 writes, and errors where they cannot?"""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from tests.oracle import keras
from tests.registry.samples import Buildable, Configured, Holder, SpinWheel, tripled
from torchkeras_layer.registry import register_keras_serializable, serialize_keras_object

PLAIN = [None, 3, "a", 1.5, True, float("inf"), [1, (2, [3])], {"a": (1, None)}, {1: 2}, torch.Size([1, 2])]
VALUES = [
    b"ab",
    slice(1, None, 2),
    ...,
    np.float32(2),
    np.int64(3),
    np.array(4),
    np.arange(3),
    np.ones((2, 2)),
    np.array([True, False]),
    torch.ones(2, 3),
    torch.tensor(3),
    torch.ones(2, dtype=torch.bfloat16),
    torch.ones(1, requires_grad=True),
]


def _function_of_a_user(x):
    return x


def _type_name(value):
    return type(value).__name__


class _ObjectOfAUser(Configured):
    pass


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")
@pytest.mark.parametrize("value", PLAIN + VALUES, ids=_type_name)
def test_values_are_written_as_keras_does(value):
    config = serialize_keras_object(value)
    expected = keras.saving.serialize_keras_object(value)
    assert config == expected
    assert json.dumps(config) == json.dumps(expected)


@pytest.mark.parametrize("target", [_function_of_a_user, _ObjectOfAUser])
@pytest.mark.parametrize("is_registered", [False, True])
def test_what_users_write_is_named_as_keras_does(target, is_registered):
    if is_registered:
        register_keras_serializable("pack", "name")(target)
        keras.saving.register_keras_serializable("pack", "name")(target)
    obj = target(3) if isinstance(target, type) else target
    config, expected = serialize_keras_object(obj), keras.saving.serialize_keras_object(obj)
    if isinstance(target, type):
        # Keras gives the file that the class comes from away; nothing reads it.
        assert expected.pop("module") == __name__
        assert config.pop("module") is None
    assert config == expected


def test_plain_containers_are_made_of_their_subclasses():
    class Pair(tuple):
        pass

    config = serialize_keras_object([Pair((1, 2)), torch.Size([3])])
    assert [type(item) for item in config] == [tuple, tuple]


def test_numpy_scalars_become_plain_numbers():
    config = serialize_keras_object([np.float64(1.5), np.int8(2), np.bool_(True), np.str_("a")])
    assert config == [1.5, 2, True, "a"]
    assert [type(item) for item in config] == [float, int, bool, str]


@pytest.mark.parametrize("dtype", [torch.float32, np.dtype("float32"), np.float32])
def test_dtypes_become_names(dtype):
    assert serialize_keras_object(dtype) == "float32"


def test_built_ins_are_named_by_their_place():
    assert serialize_keras_object([tripled, SpinWheel(2)]) == [
        {"module": "builtins", "class_name": "function", "config": "tripled", "registered_name": "function"},
        {
            "module": "keras.gadgets",
            "class_name": "SpinWheel",
            "config": {"amount": 2},
            "registered_name": None,
        },
    ]


def test_objects_in_configs_are_written_too():
    config = serialize_keras_object(Holder(np.float32(2), [SpinWheel(3)]))
    assert config["config"] == {"amount": 2.0, "parts": [serialize_keras_object(SpinWheel(3))]}


def test_what_is_built_says_so():
    part = Buildable()
    assert "build_config" not in serialize_keras_object(part)
    part.build_from_config({"input_shape": (None, np.int64(3))})
    assert serialize_keras_object(part)["build_config"] == {"input_shape": (None, 3)}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda x: x, r"a lambda has no name .* @register_keras_serializable"),
        (torch.relu, "relu.* cannot be looked up by its name"),
        ([1].append, "append.* cannot be looked up by its name"),
        (SpinWheel, r"expected an object\. Received: the class SpinWheel\. Pass SpinWheel\(\.\.\.\)"),
        (object(), r"object .* has no get_config\(\) method\. Define one in object"),
        (nn.ReLU(), r"A plain nn\.Module has none"),
        ({1, 2}, r"has no get_config\(\)"),
        (partial(max, 1), r"has no get_config\(\)"),
        (torch.ones(2, device="meta"), "a tensor on the meta device has no values"),
        (np.array(["a"]), "Unknown dtype"),
    ],
)
def test_what_is_not_data_is_an_error(value, message):
    with pytest.raises(TypeError, match=message):
        serialize_keras_object({"nested": [value]})


def test_a_function_that_would_be_read_as_a_built_in_is_an_error():
    def tripled(x):
        return x

    with pytest.raises(TypeError, match=r"would be read back as the built-in 'tripled'\. Register"):
        serialize_keras_object(tripled)


def test_get_config_must_give_a_dict():
    class Wrong(Configured):
        def get_config(self):
            return [1]

    with pytest.raises(TypeError, match=r"Wrong: get_config\(\) must return a dict\. Received: \[1\]"):
        serialize_keras_object(Wrong())


def test_values_may_not_be_in_themselves():
    knot: list = []
    knot.append(knot)
    with pytest.raises(ValueError, match="nested deeper than 200 levels"):
        serialize_keras_object(knot)
    assert serialize_keras_object([[1]]) == [[1]]


def test_deep_objects_end_in_the_same_error():
    deep = Holder()
    for _ in range(5000):
        deep = Holder(parts=[deep])
    with pytest.raises(ValueError, match="nested deeper"):
        serialize_keras_object(deep)


def test_the_two_keys_of_keras_2():
    from torchkeras_layer import initializers, layers

    found = initializers.serialize(initializers.Constant(2.0), use_legacy_format=True)
    assert found == {"class_name": "Constant", "config": {"value": 2.0}}
    assert initializers.deserialize(found, use_legacy_format=True).value == 2
    assert list(layers.serialize(layers.Dropout(0.5), use_legacy_format=True)) == ["class_name", "config"]
