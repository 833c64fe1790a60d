"""What are a dtype policy's two dtypes, and which policy does a layer start from? (contract §8)"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer.precision import Policy, as_policy, global_policy, set_global_policy

POLICIES = [
    ("float32", "float32", "float32"),
    ("float64", "float64", "float64"),
    ("bfloat16", "bfloat16", "bfloat16"),
    ("int32", "int32", "int32"),
    ("bool", "bool", "bool"),
    ("mixed_float16", "float16", "float32"),
    ("mixed_bfloat16", "bfloat16", "float32"),
    ("half", "float16", "float16"),
]


@pytest.mark.parametrize(("name", "compute", "variable"), POLICIES)
def test_both_dtypes(name, compute, variable):
    policy = Policy(name)
    assert (policy.compute_dtype, policy.variable_dtype) == (compute, variable)
    assert policy.is_mixed == (compute != variable)
    assert (policy.compute, policy.variable) == (getattr(torch, compute), getattr(torch, variable))


@pytest.mark.parametrize("name", [3, torch.float32, np.float32])
def test_a_name_is_a_string(name):
    with pytest.raises(TypeError, match="name must be a string .* Received"):
        Policy(name)


@pytest.mark.parametrize("name", ["bad", "mixed", "mixed_float32", "", "_infer"])
def test_an_unknown_name(name):
    with pytest.raises(TypeError, match=f"'mixed_float16'.* Received: '{name}'"):
        Policy(name)


@pytest.mark.parametrize(
    "name", ["int8_from_float32", "int4/128_from_float32", "float8_from_mixed_bfloat16", "gptq/4/32"]
)
def test_the_name_of_a_quantized_policy(name):
    with pytest.raises(TypeError, match=f"A quantized dtype policy is not supported. Received: '{name}'.*torchao"):
        Policy(name)


def test_by_default_it_is_the_global_policy():
    assert Policy() == Policy(None) == Policy("float32")
    set_global_policy("mixed_float16")
    assert Policy() == Policy("mixed_float16")
    keras.mixed_precision.set_global_policy(keras.dtype_policies.DTypePolicyMap("float64"))
    assert Policy() == Policy("float64")


def test_it_is_a_value():
    policy = Policy("mixed_float16")
    assert policy == Policy("mixed_float16")
    assert policy != Policy("float16")
    assert policy != "mixed_float16"
    assert len({policy, Policy("mixed_float16")}) == 1
    assert copy.deepcopy(policy) == pickle.loads(pickle.dumps(policy)) == policy
    assert Policy.from_config(policy.get_config()) == policy
    assert repr(policy) == "<Policy 'mixed_float16'>"


SAME = [
    "float64",
    torch.float64,
    np.float64,
    np.dtype("float64"),
    "double",
    Policy("float64"),
    {"class_name": "Policy", "config": {"name": "float64"}},
    {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float64"}, "registered_name": None},
]


@pytest.mark.parametrize("dtype", SAME, ids=str)
def test_what_stands_for_a_policy(dtype):
    assert as_policy(dtype) == Policy("float64")


NEITHER = [
    3,
    object,
    {},
    {"class_name": "Dense", "config": {"name": "float32"}},
    {"class_name": "Policy"},
    {"class_name": "Policy", "config": {}},
    {"class_name": "Policy", "config": "float32"},
    {"class_name": "Policy", "config": {"name": 3}},
]


@pytest.mark.parametrize("dtype", NEITHER, ids=str)
def test_what_does_not(dtype):
    with pytest.raises(TypeError, match="Received"):
        as_policy(dtype)


def test_the_global_policy():
    assert global_policy() == Policy("float32")
    keras.backend.set_floatx("float64")
    assert global_policy() == Policy("float64")
    set_global_policy("mixed_float16")
    keras.backend.set_floatx("float32")
    assert global_policy() == as_policy(None) == Policy("mixed_float16")
    set_global_policy(None)
    assert global_policy() == Policy("float32")


NOT_GLOBAL = [("int32", ValueError), ("bool", ValueError), ("bad", TypeError), (3, TypeError)]


@pytest.mark.parametrize(("policy", "error"), NOT_GLOBAL)
def test_a_global_policy_computes_in_floats(policy, error):
    with pytest.raises(error, match="Received"):
        set_global_policy(policy)
    assert global_policy() == Policy("float32")


FLOATS = ["float16", "bfloat16", "float32", "float64"]


@pytest.mark.parametrize("name", FLOATS)
def test_floatx(name):
    keras.backend.set_floatx(name)
    assert keras.backend.floatx() == keras.Layer().dtype == name


@pytest.mark.parametrize("name", ["int32", "mixed_float16", None, torch.float32])
def test_what_is_no_floatx(name):
    with pytest.raises(ValueError, match="set_floatx: .*Received"):
        keras.backend.set_floatx(name)
    assert keras.backend.floatx() == "float32"


@pytest.mark.parametrize("value", [0, -1.0, "small", None, True, float("nan")])
def test_epsilon(value):
    assert keras.backend.epsilon() == 1e-7
    with pytest.raises(ValueError, match="set_epsilon: .*Received"):
        keras.backend.set_epsilon(value)
    keras.backend.set_epsilon(1e-3)
    assert keras.backend.epsilon() == 1e-3


def test_image_data_format():
    assert keras.backend.image_data_format() == "channels_last"
    keras.backend.set_image_data_format("channels_first")
    assert keras.backend.image_data_format() == "channels_first"
    with pytest.raises(ValueError, match="set_image_data_format: .*Received: 'flat'"):
        keras.backend.set_image_data_format("flat")
