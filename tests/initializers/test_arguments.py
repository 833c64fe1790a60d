"""Are wrong arguments noticed when an initializer is made, and strange identifiers when one is looked for?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.oracle import assert_close, keras
from torchkeras_layer import initializers
from torchkeras_layer.initializers import Constant, Initializer, VarianceScaling
from torchkeras_layer.registry import DeserializationError, register_keras_serializable


class _Halves(Initializer):
    def __call__(self, shape, dtype=None, **kwargs):
        return torch.full(shape, 0.5, dtype=dtype)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("RandomNormal", {"stddev": -1.0}, "stddev must not be negative. Received: stddev=-1.0"),
        ("TruncatedNormal", {"stddev": -1}, "TruncatedNormal: stddev must not be negative"),
        ("RandomNormal", {"stddev": float("nan")}, "stddev must be a finite number"),
        ("RandomNormal", {"mean": "0"}, "mean must be a finite number. Received: mean='0'"),
        ("RandomNormal", {"mean": True}, "mean must be a finite number"),
        ("RandomNormal", {"mean": [1.0]}, "mean must be a finite number"),
        (
            "RandomUniform",
            {"minval": 1},
            "maxval must not be less than minval. Received: minval=1, maxval=0.05",
        ),
        ("RandomUniform", {"maxval": float("inf")}, "maxval must be a finite number"),
        ("VarianceScaling", {"scale": 0}, "scale must be positive. Received: scale=0"),
        ("VarianceScaling", {"scale": -2.0}, "scale must be positive"),
        ("VarianceScaling", {"scale": None}, "scale must be a finite number"),
        ("VarianceScaling", {"mode": "fan"}, "mode must be one of .*'fan_avg'.* Received: mode='fan'"),
        ("VarianceScaling", {"mode": ["fan_in"]}, "mode must be one of"),
        ("VarianceScaling", {"distribution": "cauchy"}, "distribution must be one of .*'uniform'"),
        ("VarianceScaling", {"distribution": 3}, "distribution must be one of"),
        ("HeNormal", {"input_axes": [0]}, "HeNormal: input_axes and output_axes must be given together"),
        ("HeNormal", {"input_axes": [0.5], "output_axes": [1]}, "input_axes must be a list of ints or None"),
        ("HeNormal", {"input_axes": [0], "output_axes": 1}, "output_axes must be a list of ints or None"),
        ("Orthogonal", {"gain": "a"}, "Orthogonal: gain must be a finite number"),
        ("Identity", {"gain": None}, "Identity: gain must be a finite number"),
        (
            "Constant",
            {"value": "a"},
            "Constant: value must be a number or an array of numbers. Received: value='a'",
        ),
        ("Constant", {"value": None}, "Constant: value must be"),
        ("Constant", {"value": [[1], [2, 3]]}, "Constant: value must be"),
    ],
)
def test_wrong_arguments_are_errors(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(initializers, name)(**arguments)
    with pytest.raises(DeserializationError, match=message):
        initializers.get({"class_name": name, "config": arguments})


@pytest.mark.parametrize(("name", "shape"), [("Orthogonal", (3,)), ("Orthogonal", ()), ("Identity", (2, 2, 2))])
def test_wrong_ranks_are_errors(name, shape):
    with pytest.raises(ValueError, match=rf"{name}: .* Received: shape=\("):
        initializers.get(name)(shape)


def test_axes_that_a_shape_has_not_are_an_error():
    with pytest.raises(ValueError, match=r"all of the axes \[2\]\. Received: shape=\(2, 3\)"):
        VarianceScaling(input_axes=[2], output_axes=[0])((2, 3))


@pytest.mark.parametrize("bounds", [(-0.05, 0.05), (0, 2.5), (3, 3)])
def test_uniform_ints_need_bounds_that_are_ints(bounds):
    with pytest.raises(ValueError, match=r"for dtype=torch\.int32, minval and maxval must be ints"):
        initializers.RandomUniform(*bounds)((2,), dtype="int32")


@pytest.mark.parametrize("dtype", ["bool", "complex64"])
def test_uniform_numbers_are_real(dtype):
    with pytest.raises(ValueError, match="RandomUniform: dtype must be a float type"):
        initializers.RandomUniform(0, 2)((2,), dtype=dtype)


@pytest.mark.parametrize("number", [np.float32(0.5), torch.tensor(0.5), np.array(0.5)])
def test_numbers_may_come_from_numpy_and_torch(number):
    config = initializers.RandomNormal(mean=number, stddev=number).get_config()
    assert config == {"seed": None, "mean": 0.5, "stddev": 0.5}
    assert type(config["mean"]) is float


@pytest.mark.parametrize("value", [2, 2.5, True, np.float32(2), np.array(2), [3.0], np.array([[4]]), torch.tensor(5)])
def test_one_number_fills_any_shape(value):
    assert_close(Constant(value)((2, 3)), keras.initializers.Constant(value)((2, 3)))


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6)[::-1].reshape(2, 3),
        [[1, 2, 3], [4, 5, 6]],
        torch.arange(6).reshape(3, 2).T,
        torch.ones(2, 3, requires_grad=True),
    ],
)
def test_arrays_are_the_values_themselves(value):
    numbers = Constant(value)((2, 3), dtype="float64")
    value = np.array(value) if isinstance(value, list) else value
    assert_close(numbers, value)
    assert numbers.dtype is torch.float64
    assert numbers.is_contiguous()
    assert not numbers.requires_grad
    assert_close(Constant.from_config(Constant(value).get_config())((2, 3)), value)
    assert_close(initializers.get(initializers.serialize(Constant(value)))((2, 3)), value)


def test_the_configs_of_constants_are_those_of_keras():
    for value in (np.arange(3), np.ones((2, 2), "float32"), np.float32(2), 5):
        ours, theirs = Constant(value), keras.initializers.Constant(value)
        assert initializers.serialize(ours) == keras.initializers.serialize(theirs)


def test_arrays_share_no_memory_with_the_weight():
    for value in (np.zeros(3, "float32"), torch.zeros(3)):
        Constant(value)((3,)).add_(1)
        assert value.sum() == 0


@pytest.mark.parametrize("shape", [(3,), (3, 2), (1, 2, 3), (6,)])
def test_arrays_of_another_shape_are_errors(shape):
    with pytest.raises(ValueError, match=r"Constant: the value is an array of shape \(2, 3\). Received: shape="):
        Constant(np.ones((2, 3)))(shape)


@pytest.mark.parametrize(
    ("value", "dtype"), [(300, "uint8"), (float("inf"), "int32"), (1j, "float32"), (1e6, "float16")]
)
def test_numbers_that_do_not_fit_are_errors(value, dtype):
    with pytest.raises(ValueError, match=f"Constant: value=.* does not fit into torch.{dtype}"):
        Constant(value)((2,), dtype=dtype)


def test_arrays_and_tensors_are_taken_as_initializers():
    for value in (np.arange(3.0), torch.arange(3.0), np.float32(4)):
        initializer = initializers.get(value)
        shape = np.shape(value)
        assert_close(initializer(shape), keras.initializers.get(value)(shape))


@pytest.mark.parametrize("identifier", [5.0, "nope", "ZEROS", {"config": {}}, {}, [1, 2], True])
def test_what_means_no_initializer_is_an_error(identifier):
    with pytest.raises(ValueError, match="Could not interpret initializer identifier: .*Known names: .*Constant, "):
        initializers.get(identifier)


def test_functions_classes_and_own_classes_are_taken():
    def mine(shape, dtype=None):
        return torch.zeros(shape)

    assert initializers.get(mine) is mine
    assert type(initializers.get(initializers.HeNormal)) is initializers.HeNormal
    assert type(initializers.get(_Halves)) is _Halves
    assert initializers.get(None) is None
    register_keras_serializable("pack")(_Halves)
    again = initializers.deserialize(initializers.serialize(_Halves()))
    assert type(again) is type(again.clone()) is type(initializers.get("pack>_Halves")) is _Halves
    assert again((2,)).tolist() == [0.5, 0.5]


def test_the_base_class_asks_for_a_call():
    with pytest.raises(NotImplementedError, match=r"Initializer: define __call__\(self, shape, dtype=None\)"):
        Initializer()((2,))
    assert repr(Initializer()) == "Initializer()"


def test_a_dtype_in_an_old_config_is_dropped_unless_the_class_has_one():
    class WithDtype(initializers.RandomNormal):
        def __init__(self, dtype, **arguments):
            super().__init__(**arguments)
            self.dtype = dtype

    assert initializers.RandomNormal.from_config({"dtype": "float32"}).get_config()["stddev"] == 0.05
    assert WithDtype.from_config({"dtype": "float16"}).dtype == "float16"
