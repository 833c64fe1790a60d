"""What does `add_weight` make of its arguments, and what do `get_weights` and `set_weights` exchange? (§3.4, §3.5)"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Linear, Stack, Statistics, built, names

ON_READ = keras.VariableSynchronization.ON_READ
MEAN = keras.VariableAggregation.MEAN


def added(**arguments):
    layer = keras.Layer(**arguments.pop("layer", {}))
    layer.w = layer.add_weight(**arguments)
    return layer.w


def test_without_arguments_a_scalar_that_trains():
    weight = added()
    assert isinstance(weight, torch.nn.Parameter)
    assert (tuple(weight.shape), weight.dtype, weight.requires_grad) == ((), torch.float32, True)


CALLS = [
    lambda add: add("w", (2, 3), "float64", "ones", None, False),
    lambda add: add(name="w", shape=[2, 3], dtype=np.float64, initializer=torch.ones, trainable=False),
    lambda add: add((2, 3), "ones", dtype="float64", name="w", trainable=False),
    lambda add: add(shape=torch.Size([2, 3]), dtype=torch.float64, initializer=np.ones((2, 3)), trainable=False),
]


@pytest.mark.parametrize("call", CALLS, ids=["tf page", "keywords", "keras 3", "array"])
def test_the_ways_to_say_it(call):
    layer = keras.Layer()
    layer.w = call(layer.add_weight)
    assert not isinstance(layer.w, torch.nn.Parameter)
    assert (layer.w.dtype, layer.w.tolist()) == (torch.float64, [[1.0] * 3] * 2)
    assert layer.non_trainable_weights[0] is layer.w


def test_add_variable_is_the_older_name():
    layer = keras.Layer()
    layer.w = layer.add_variable("w", (2,), None, "ones", None, True, None)
    assert layer.weights[0] is layer.w


DEFAULTS = [
    ("float16", None, True),
    ("float64", None, True),
    ("bfloat16", None, True),
    ("int32", 0, False),
    ("uint8", 0, False),
    ("bool", False, False),
]


@pytest.mark.parametrize(("dtype", "value", "trains"), DEFAULTS)
def test_defaults_by_dtype(dtype, value, trains):
    """[53] Integers and booleans begin as zeros and do not train: torch has no gradients for them."""
    weight = added(shape=(50, 50), dtype=dtype)
    assert str(weight.dtype) == f"torch.{dtype}"
    assert weight.requires_grad == isinstance(weight, torch.nn.Parameter) == trains
    if value is not None:
        assert (weight == value).all()
    else:
        assert 0 < weight.abs().max() <= (6 / 100) ** 0.5 + 1e-2, "Glorot uniform"


def test_the_default_dtype_is_that_of_the_layer():
    assert added(layer={"dtype": "float64"}).dtype == torch.float64
    assert added(layer={"dtype": "mixed_float16"}).dtype == torch.float32


TRAINABLE = [(None, True), (True, True), (False, False)]


@pytest.mark.parametrize(("given", "trains"), TRAINABLE)
def test_trainable(given, trains):
    assert added(trainable=given).requires_grad == trains


def test_on_read():
    layer = keras.Layer()
    layer.w = layer.add_weight("w", (2,), synchronization=ON_READ, aggregation=MEAN)
    assert not layer.w.requires_grad
    spec = layer.weight_specs["w"]
    assert (spec.synchronization, spec.aggregation, spec.trainable) == (ON_READ, MEAN, False)


def test_arguments_without_effect_are_kept():
    layer = keras.Layer()
    layer.w = layer.add_weight("w", (), use_resource=True, collections=["mine"], caching_device="cpu")
    spec = layer.weight_specs["w"]
    assert (spec.use_resource, spec.collections, spec.caching_device) == (True, ["mine"], "cpu")
    assert list(layer.state_dict()) == ["w"]


def test_a_partitioned_weight_has_no_regularizer():
    layer = keras.Layer()
    with pytest.raises(RuntimeError, match="partitioned"):
        layer.add_weight("w", (2,), partitioner=object(), regularizer="l2")
    layer.w = layer.add_weight("w", (2,), partitioner="placement")
    assert layer.weight_specs["w"].partitioner == "placement"


def test_an_initializer_is_called_with_shape_and_dtype():
    got = {}

    def initializer(shape, dtype=None):
        got.update(shape=shape, dtype=dtype)
        return torch.zeros(shape, dtype=dtype)

    added(shape=[2, 3], dtype="float64", initializer=initializer)
    assert got == {"shape": (2, 3), "dtype": torch.float64}


def test_a_getter_makes_the_weight():
    got = {}

    def getter(**arguments):
        got.update(arguments)
        return arguments["initializer"](arguments["shape"], dtype=arguments["dtype"]) + 1

    layer = keras.Layer()
    layer.w = layer.add_weight("w", (2,), initializer="ones", constraint="non_neg", getter=getter)
    assert layer.w.tolist() == [2.0, 2.0]
    assert layer.weights[0] is layer.w
    named = {"aggregation", "caching_device", "collections", "constraint", "dtype", "initializer", "name", "shape"}
    assert set(got) == named | {"synchronization", "trainable", "use_resource"}


def test_a_constraint_is_resolved_and_applied_when_asked():
    layer = keras.Layer()
    layer.w = layer.add_weight("w", (2,), initializer=keras.initializers.Constant(-1.0), constraint="non_neg")
    assert layer.w.tolist() == [-1.0, -1.0]
    layer.apply_constraints()
    assert layer.w.tolist() == [0.0, 0.0]
    assert isinstance(layer.weight_specs["w"].constraint, keras.constraints.NonNeg)


def test_two_weights_of_one_name():
    layer = keras.Layer()
    first, second = layer.add_weight("w", (1,)), layer.add_weight("w", (2,))
    assert [id(weight) for weight in layer.weights] == [id(first), id(second)]
    assert len(layer.state_dict()) == 2
    layer.a, layer.b = first, second
    assert list(layer.state_dict()) == ["a", "b"]
    assert [spec.name for spec in layer.weight_specs.values()] == ["w", "w"]


def test_a_weight_that_no_attribute_holds_counts():
    class Loose(keras.Layer):
        def build(self, input_shape):
            self.add_weight("loose", (2,))

    layer = built(Loose())
    assert list(layer.state_dict()) == ["loose"]


@pytest.mark.parametrize(("name", "key"), [("a.b/c", "a_b_c"), ("weights", "weights_1"), ("", "variable")])
def test_names_that_a_state_dict_cannot_have(name, key):
    layer = keras.Layer()
    layer.add_weight(name, ())
    assert list(layer.state_dict()) == [key]
    assert layer.weight_specs[key].name == name


def test_get_weights():
    """Copies, in the order of `weights`."""
    assert Linear(2).get_weights() == []
    layer = built(Linear(2))
    arrays = layer.get_weights()
    assert [array.shape for array in arrays] == [(3, 2), (2,)]
    arrays[1][:] = 5
    assert layer.bias.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor, list], ids=["array", "tensor", "list"])
def test_set_weights_writes_in_place(kind):
    """[37]"""
    layer = built(Linear(2))
    kernel = layer.kernel
    layer.set_weights([kind([[1.0, 2.0]] * 3), kind([3.0, 4.0])])
    assert layer.kernel is kernel
    assert (kernel.dtype, kernel.requires_grad) == (torch.float32, True)
    assert (kernel.tolist(), layer.bias.tolist()) == ([[1.0, 2.0]] * 3, [3.0, 4.0])


def test_set_weights_casts():
    layer = built(Linear(2, dtype="float16"))
    layer.set_weights([np.full((3, 2), 1.5), np.zeros(2)])
    assert (layer.kernel.dtype, layer.kernel[0, 0].item()) == (torch.float16, 1.5)


BAD = [
    ([np.ones((3, 2))], "expected 2 arrays .* Received: 1"),
    ([np.ones((3, 2)), np.ones(3)], r"\(2,\). Received: shape \(3,\)"),
    ([np.ones((3, 2)), 1.0], r"Received: shape \(\)"),
    ([np.ones((2, 3)), np.ones(2)], r"\(3, 2\). Received: shape \(2, 3\)"),
]


@pytest.mark.parametrize(("arrays", "message"), BAD)
def test_set_weights_checks_before_it_writes(arrays, message):
    """[37]"""
    layer = built(Linear(2))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=f"linear: .*{message}"):
        layer.set_weights(arrays)
    assert all((one == other).all() for one, other in zip(before, layer.get_weights(), strict=True))


def test_weights_cross_between_differently_frozen_layers_by_state_dict():
    """[32] The order of `weights` follows what is frozen; keys of a state_dict do not."""
    frozen, free = (built(Stack(Linear(3), Statistics())) for _ in range(2))
    frozen.steps[0].trainable = False
    assert names(frozen)[:2] == ["steps.1.gamma", "steps.1.beta"]
    assert names(free)[:2] == ["steps.0.kernel", "steps.0.bias"]
    assert sorted(names(frozen)) == sorted(names(free)) == sorted(free.state_dict())
    with pytest.raises(ValueError, match="Nothing was written"):
        frozen.set_weights(free.get_weights())
    frozen.load_state_dict(free.state_dict())
    assert all(torch.equal(value, free.state_dict()[key]) for key, value in frozen.state_dict().items())
    frozen.set_weights(frozen.get_weights())


def test_count_params():
    """[38]"""
    shared = Linear(2)
    twice = Stack(shared, Linear(3), shared)
    with pytest.raises(ValueError, match="stack: cannot count parameters.* not built: linear, linear_1"):
        twice.count_params()
    built(twice)
    assert twice.count_params() == (3 * 2 + 2) + (2 * 3 + 3)
    assert type(twice.count_params()) is int
    assert built(keras.Layer()).count_params() == 0
    twice.trainable = False
    assert twice.count_params() == 17
    scalar = built(keras.Layer())
    scalar.w = scalar.add_weight("w", ())
    assert scalar.count_params() == 1


def test_own_variables_are_saved_without_those_of_children():
    """§1d"""
    parent, twin = built(Statistics()), built(Statistics())
    parent.inner = built(Linear(2))
    parent.gamma.data.fill_(7)
    store = {}
    parent.save_own_variables(store)
    assert list(store) == ["0", "1", "2", "3"]
    assert all(isinstance(array, np.ndarray) for array in store.values())
    twin.load_own_variables(store)
    assert twin.gamma.tolist() == [7.0, 7.0, 7.0]
    with pytest.raises(ValueError, match="expected 2 arrays.* Received: 4"):
        built(Linear(2)).load_own_variables(store)
    with pytest.raises(ValueError, match="statistics_2: expected 0 .* built"):
        Statistics().load_own_variables(store)


def test_set_weights_runs_finalize_state_everywhere():
    """§1d"""
    ran = []

    class Derives(Linear):
        def finalize_state(self):
            ran.append(self.name)

    model = built(Stack(Derives(3, name="a"), Derives(3, name="b")))
    model.set_weights(model.get_weights())
    assert ran == ["a", "b"]
