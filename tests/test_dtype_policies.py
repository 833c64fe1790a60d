"""How are dtype policies written and read, and which policy does a layer take from a map? (contract §8)"""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
import torch

import torchkeras_layer as keras
from tests.oracle import keras as oracle
from torchkeras_layer.dtype_policies import DTypePolicy, DTypePolicyMap, deserialize, get, serialize

NAMES = ["float32", "float64", "bfloat16", "mixed_float16", "mixed_bfloat16"]


@pytest.fixture(autouse=True)
def _the_global_policy_stays():
    yield
    keras.mixed_precision.set_global_policy(None)


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_is_written_as_keras_writes_it(name):
    written = serialize(DTypePolicy(name))
    assert written == oracle.dtype_policies.serialize(oracle.DTypePolicy(name))
    assert written == keras.saving.serialize_keras_object(DTypePolicy(name))
    for read in (deserialize, get, keras.saving.deserialize_keras_object):
        assert read(json.loads(json.dumps(written))) == DTypePolicy(name)
    assert oracle.dtype_policies.deserialize(written).name == name


@pytest.mark.parametrize("class_name", ["Policy", "DTypePolicy", "FloatDTypePolicy", "PolicyV1"])
def test_names_of_all_versions_are_read(class_name):
    envelope = {"class_name": class_name, "config": {"name": "float16"}}
    assert deserialize(envelope) == keras.saving.deserialize_keras_object(envelope) == DTypePolicy("float16")


@pytest.mark.parametrize("identifier", [None, "bfloat16", torch.bfloat16, DTypePolicy("bfloat16")], ids=repr)
def test_get(identifier):
    assert get(identifier) == DTypePolicy("float32" if identifier is None else "bfloat16")


QUANTIZED = [
    "int8_from_float32",
    "float8_from_mixed_bfloat16",
    {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8", "source_name": "float32"}},
    {"class_name": "QuantizedFloat8DTypePolicy", "config": {"mode": "float8", "source_name": "float32"}},
]


@pytest.mark.parametrize("identifier", QUANTIZED, ids=["int8", "float8", "a config of int8", "a config of float8"])
def test_quantized_policies_are_refused(identifier):
    for act in (get, deserialize, lambda dtype: keras.layers.Dense(2, dtype=dtype)):
        with pytest.raises(TypeError, match="A quantized dtype policy is not supported. Received: .*torchao"):
            act(identifier)


@pytest.mark.parametrize("envelope", QUANTIZED[2:], ids=["int8", "float8"])
@pytest.mark.parametrize("module", [None, "keras.dtype_policies"])
def test_configs_of_quantized_policies_are_refused_anywhere(envelope, module):
    with pytest.raises(TypeError, match="(?s)A quantized dtype policy is not supported. .*torchao"):
        keras.saving.deserialize_keras_object({"policy": {"module": module, **envelope}})


def test_classes_of_quantized_policies_are_not_here():
    with pytest.raises(AttributeError, match="no attribute 'QuantizedDTypePolicy'. Quantize the model with torchao"):
        _ = keras.dtype_policies.QuantizedDTypePolicy


def example(lib: Any, default: Any = "float32") -> Any:
    policies = lib.dtype_policies.DTypePolicyMap(default_policy=default)
    policies["block/dense"] = "bfloat16"
    policies["other/.*"] = lib.DTypePolicy("mixed_float16")
    return policies


PATHS = ["block/dense", "block", "block/dense/more", "other/a", "other/a/b", "other", "", "x"]


@pytest.mark.parametrize("default", [None, "float32", "float64"])
def test_a_map_answers_as_that_of_keras(default):
    ours, theirs = example(keras, default), example(oracle, default)
    assert [ours[path].name for path in PATHS] == [theirs[path].name for path in PATHS]
    assert [path in ours for path in PATHS] == [path in theirs for path in PATHS]
    assert (list(ours), len(ours), ours.name) == (list(theirs), len(theirs), theirs.name)
    assert (ours.compute_dtype, ours.variable_dtype) == (theirs.compute_dtype, theirs.variable_dtype)
    assert isinstance(ours, DTypePolicy)


@pytest.mark.parametrize("default", [None, "float64"])
def test_a_map_comes_back(default):
    policies = example(keras, default)
    written = json.loads(json.dumps(serialize(policies)))
    if default is not None:
        assert written == serialize(policies) == oracle.dtype_policies.serialize(example(oracle, default))
    for twin in (deserialize(written), keras.saving.deserialize_keras_object(written), get(written)):
        assert twin == policies
    assert copy.deepcopy(policies) == pickle.loads(pickle.dumps(policies)) == policies
    theirs = oracle.dtype_policies.deserialize(written)
    assert [policy.name for policy in theirs.values()] == ["bfloat16", "mixed_float16"]
    assert policies != example(keras, "float16")


def test_a_map_changes():
    policies = example(keras)
    with pytest.raises(ValueError, match="already is a policy for 'block/dense', .*Delete the key first"):
        policies["block/dense"] = "float64"
    del policies["block/dense"]
    policies["block/dense"] = "float64"
    assert policies["block/dense"] == DTypePolicy("float64")
    assert policies.pop("other/.*") == DTypePolicy("mixed_float16")
    with pytest.raises(KeyError):
        del policies["other/.*"]


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda m: m.update({"a": "zz"}), TypeError, "Unknown dtype policy.* Received: 'zz'"),
        (lambda m: m.update({"a": "int8_from_float32"}), TypeError, "quantized"),
        (lambda m: m.update({3: "float32"}), TypeError, "a key must be a path of a layer. Received: 3"),
        (lambda m: m.update({"(": "float32"}), ValueError, r"a path or a regular expression. Received: '\('"),
        (lambda m: DTypePolicyMap(policy_map=[1]), TypeError, r"policy_map must be a dict. Received: policy_map=\[1\]"),
        (lambda m: DTypePolicyMap("zz"), TypeError, "Unknown dtype policy"),
    ],
)
def test_mistakes(act, error, message):
    policies = example(keras)
    with pytest.raises(error, match=message):
        act(policies)
    assert policies == example(keras)


def test_a_path_that_two_keys_match():
    policies = DTypePolicyMap(policy_map={"a/.*": "float16", ".*/b": "float64"})
    with pytest.raises(ValueError, match=r"the path 'a/b' must match one key only. Received: \['a/.\*', '.\*/b'\]"):
        policies["a/b"]
    policies["a/b"] = "float32"
    assert policies["a/b"] == DTypePolicy("float32")


def test_a_layer_takes_the_policy_of_its_path():
    policies = DTypePolicyMap(policy_map={"head": "mixed_bfloat16", "whole": "float64"})
    head = keras.layers.Dense(2, name="head", dtype=policies)
    assert (head.compute_dtype, head.dtype_policy is policies) == ("float32", True)
    # Keras casts the inputs of the first call before it knows the path, to float32.
    assert head(torch.ones(1, 3)).dtype is head(torch.ones(1, 3)).dtype is torch.bfloat16
    assert (head.compute_dtype, head.kernel.dtype, head.dtype_policy is policies) == ("bfloat16", torch.float32, True)
    whole = keras.layers.Dense(2, name="whole", dtype=policies)
    whole.build((None, 3))
    assert (whole.kernel.dtype, whole(torch.ones(1, 3)).dtype) == (torch.float64, torch.float64)


def test_before_and_after_the_build_as_in_keras():
    def dtypes(lib):
        policies = lib.dtype_policies.DTypePolicyMap(policy_map={"d": lib.DTypePolicy("mixed_bfloat16")})
        layer = lib.layers.Dense(2, name="d", dtype=policies)
        before = layer.compute_dtype, layer.variable_dtype
        layer.build((None, 3))
        return before, layer.compute_dtype, layer.variable_dtype

    assert dtypes(keras) == dtypes(oracle) == (("float32", "float32"), "bfloat16", "float32")


def layers_inside(lib: Any, kind: str) -> dict[str, str]:
    """Return the compute dtypes of the layers that a built-in layer makes, by their paths."""
    policies = lib.dtype_policies.DTypePolicyMap(default_policy="float32")
    policies["l/.*"] = "mixed_bfloat16"
    policies["l/query"] = "float64"
    kit = lib.layers
    if kind == "attention":
        layer = kit.MultiHeadAttention(2, 4, name="l", dtype=policies)
        layer.build((2, 3, 8), (2, 3, 8))
        names = ["query_dense", "key_dense", "value_dense", "output_dense"]
        inside = [getattr(layer, name if hasattr(layer, name) else f"_{name}") for name in names]
    elif kind == "grouped":
        layer = kit.GroupQueryAttention(4, 2, 2, name="l", dtype=policies)
        layer.build((2, 3, 8), (2, 3, 8))
        inside = [layer._query_dense, layer._value_dense]
    elif kind == "time":
        layer = kit.TimeDistributed(kit.Dense(2, dtype=policies, name="d"), name="l", dtype=policies)
        layer.build((2, 3, 4))
        inside = [layer.layer]
    else:
        layer = getattr(kit, kind)(2, name="l", dtype=policies)
        layer.build((2, 3, 4))
        inside = [layer.cell]
    assert layer.compute_dtype == "float32"
    return {one.path: one.compute_dtype for one in inside}


@pytest.mark.parametrize("kind", ["attention", "grouped", "time", "LSTM", "GRU", "SimpleRNN"])
def test_the_layers_that_a_layer_makes_take_theirs(kind):
    ours = layers_inside(keras, kind)
    assert ours == layers_inside(oracle, kind)
    assert "bfloat16" in ours.values()


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_a_recurrent_layer_with_a_cell_of_another_policy_runs(kind):
    policies = DTypePolicyMap("float32", {"l/.*": "mixed_bfloat16"})
    layer = getattr(keras.layers, kind)(2, name="l", dtype=policies, return_state=True)
    outputs, *_ = layer(torch.ones(2, 3, 4))
    assert outputs.dtype is torch.float32
    outputs.sum().backward()
    assert layer.cell.kernel.grad.dtype is torch.float32


class Block(keras.Layer):
    """Gives its policy to one layer inside."""

    def __init__(self, units: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.given = keras.layers.Dense(units, name="given", dtype=self.dtype_policy)
        self.other = keras.layers.Dense(units, name="other")

    def call(self, inputs):
        return self.other(self.given(inputs))


def test_the_config_of_a_layer_comes_back():
    policies = DTypePolicyMap("float32", {"block/given": "float64", "block/other": "float16", "d": "bfloat16"})
    block = Block(3, name="block", dtype=policies)
    for layer in (block, keras.layers.Dense(2, name="d", dtype=policies)):
        twin = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
        assert twin.dtype_policy == policies
        twin(torch.ones(1, 3))
        assert twin.compute_dtype == ("float32" if layer is block else "bfloat16")
    block(torch.ones(1, 3))
    assert (block.given.compute_dtype, block.other.compute_dtype) == ("float64", "float32")
    theirs = oracle.layers.Dense.from_config(keras.layers.Dense(2, name="d", dtype=policies).get_config())
    theirs.build((None, 3))
    assert theirs.compute_dtype == "bfloat16"


def test_a_policy_object_does_not_keep_a_layer_from_being_written():
    layer = Block(3, dtype=keras.DTypePolicy("mixed_bfloat16"))
    assert Block.from_config(layer.get_config()).compute_dtype == "bfloat16"


def test_models_keep_their_map():
    policies = DTypePolicyMap("float64", {"x": "float16"})
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(2, dtype=policies)(x), dtype=policies)
    chain = keras.Sequential([keras.layers.Dense(2, dtype=policies)], dtype=policies)
    for one in (model, chain):
        assert keras.models.model_from_json(one.to_json()).dtype_policy == policies
    assert keras.models.clone_model(model).dtype_policy == policies


def test_setting_the_policy_of_a_built_layer_changes_the_map():
    def changed(lib):
        policies = lib.dtype_policies.DTypePolicyMap(policy_map={"d": lib.DTypePolicy("mixed_bfloat16")})
        layer = lib.layers.Dense(2, name="d", dtype=policies)
        layer.build((None, 3))
        layer.dtype_policy = "float64"
        return layer.compute_dtype, policies["d"].name, layer.dtype_policy is policies

    assert changed(keras) == changed(oracle) == ("float64", "float64", True)


def test_torchs_casts_end_the_map():
    policies = DTypePolicyMap(policy_map={"d": "float16"})
    layer = keras.layers.Dense(2, name="d", dtype=policies).double()
    layer.build((None, 3))
    assert (layer.kernel.dtype, layer.dtype_policy) == (torch.float64, DTypePolicy("float64"))


def test_a_copy_has_a_map_of_its_own():
    policies = DTypePolicyMap(policy_map={"a": "float16"})
    layer = keras.layers.MultiHeadAttention(2, 4, name="m", dtype=policies)
    layer.build((None, 3, 8), (None, 3, 8))
    twin = copy.deepcopy(layer)
    assert twin.dtype_policy is twin.query_dense.dtype_policy is not policies
    twin.query_dense.dtype_policy = "float64"
    assert "m/query" in twin.dtype_policy
    assert "m/query" not in policies


def test_a_global_map():
    keras.mixed_precision.set_global_policy(DTypePolicyMap(policy_map={"d": "float16"}))
    named, other = keras.layers.Dense(2, name="d"), keras.layers.Dense(2)
    for layer in (named, other):
        layer.build((None, 3))
    assert (named.compute_dtype, other.compute_dtype) == ("float16", "float32")
    with pytest.raises(ValueError, match="floating-point"):
        keras.mixed_precision.set_global_policy(DTypePolicyMap("int32"))


def test_a_build_that_fails_leaves_the_default():
    class Fails(keras.Layer):
        def build(self, input_shape):
            raise LookupError("not today")

    layer = Fails(name="f", dtype=DTypePolicyMap(policy_map={"f": "float16"}))
    with pytest.raises(LookupError):
        layer.build((None, 3))
    assert (layer.path, layer.compute_dtype) == (None, "float32")
