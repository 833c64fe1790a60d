"""Which values can a layer be called on, and what does `call` get for them? (contract §2.2)"""

from __future__ import annotations

import collections

import numpy as np
import pytest
import torch

import torchkeras_layer as keras

Pair = collections.namedtuple("Pair", "left right")


class Echo(keras.Layer):
    """Returns what its call got as the first argument, and keeps the rest."""

    def call(self, inputs, other="nothing", *, flag=None):
        self.rest = (other, flag)
        return inputs


SCALARS = [(3, torch.int32), (3.0, torch.float32), (True, torch.bool), (np.float32(3), torch.float32)]


@pytest.mark.parametrize(("value", "dtype"), SCALARS)
def test_numbers_become_scalar_tensors(value, dtype):
    output = Echo()(value)
    assert (output.dtype, tuple(output.shape), output.item()) == (dtype, (), value)


def test_a_list_of_numbers_becomes_one_tensor():
    assert Echo()([1.0, 2.0]).tolist() == [1.0, 2.0]
    assert Echo()(range(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("array", [np.ones((2, 3)), np.ones((2, 3), "float16"), np.arange(6, dtype="int64")])
def test_arrays_become_tensors(array):
    output = Echo()(array)
    is_float = array.dtype.kind == "f"
    assert output.dtype == (torch.float32 if is_float else torch.int64)
    assert output.tolist() == array.tolist()


def test_large_ints_become_int64():
    assert Echo()(2**40).dtype == torch.int64


def test_arrays_of_other_byte_order():
    assert Echo()(np.arange(3, dtype=">f4")).tolist() == [0.0, 1.0, 2.0]


def test_arrays_that_torch_has_no_dtype_for():
    with pytest.raises((TypeError, ValueError), match="echo: .*longdouble|float128"):
        Echo()(np.ones(2, "longdouble"))


@pytest.mark.parametrize(
    "array", [np.arange(3.0)[::-1], np.broadcast_to(np.ones(1), (3,))], ids=["reversed", "broadcast"]
)
def test_arrays_in_any_memory(array):
    assert Echo()(array).tolist() == array.tolist()


def test_an_array_is_not_shared_with_the_caller():
    array = np.ones(2, "float32")
    Echo()(array).add_(1)
    assert array.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("value", ["abc", object(), b"raw"])
def test_other_values_pass_untouched(value):
    assert Echo()(value) is value
    structure = Echo()([torch.ones(1), value])
    assert structure[1] is value


def test_none_as_the_first_argument_is_passed_on():
    class Default(keras.Layer):
        def call(self, inputs):
            return torch.ones(2) if inputs is None else inputs

    assert Default()(None).tolist() == [1.0, 1.0]


STRUCTURES = [
    (1.0, {"a": 2.0}),
    Pair(1.0, 2.0),
    {"b": 1.0, "a": [2.0, (3.0, None)]},
    collections.OrderedDict(b=1.0, a=2.0),
    {"pair": Pair(1.0, {"deep": 2.0})},
    [],
    {},
]


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_structures_keep_their_type(structure):
    output = Echo()(structure)
    assert type(output) is type(structure)
    assert str(output).replace("tensor(", "").replace(".)", ".0") == str(structure)


def test_the_structure_of_the_caller_is_not_changed():
    given = {"a": [np.ones(1), 2.0]}
    Echo()(given)
    assert isinstance(given["a"][0], np.ndarray)
    assert given["a"][1] == 2.0


def test_later_arguments_may_be_settings():
    layer = Echo()
    layer(torch.ones(1), [1, 2], flag=[1.0, 2.0])
    assert layer.rest == ([1, 2], [1.0, 2.0])


def test_a_parameter_as_input_is_cast_and_gets_gradients():
    parameter = torch.nn.Parameter(torch.ones(2))
    output = Echo(dtype="float64")(parameter)
    assert output.dtype == torch.float64
    output.sum().backward()
    assert parameter.grad.tolist() == [1.0, 1.0]
