"""Which dtypes do operations give for each dtype, each pair, and with numbers of Python?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.ops import elementwise_cases
from tests.oracle import keras

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]
# Integers that keep their dtype in Keras's description, with values cut off: here they become float32. Keras's torch
# backend fails for them, or gives float32.
FLOAT_HERE = frozenset(
    """
    leaky_relu elu celu selu gelu silu swish hard_silu hard_swish sigmoid hard_sigmoid log_sigmoid sparse_sigmoid
    hard_tanh tanh_shrink hard_shrink soft_shrink softplus softsign squareplus sparse_plus softmax log_softmax
    sparsemax erf erfinv rsqrt heaviside hypot
    """.split()  # noqa: SIM905
)
# int32 for bools, which torch's functions do not take.
INT_HERE = {
    "relu", "relu6", "gcd", "lcm", "power", "ptp", "floor_divide", "bitwise_left_shift", "left_shift",
    "bitwise_right_shift", "right_shift",
}  # fmt: skip
# Keras's description has float32 where its torch backend, and this library, keep half or double precision.
KEPT_HERE = {"reciprocal", "logsumexp", "arctan2"}
UNARY = [
    name
    for name, draw in elementwise_cases.CASES.items()
    if name in elementwise_cases.OF_ONE and name not in ("angle", "imag", "conj", "conjugate", "real")
] + ["sum", "mean", "max", "prod", "std", "argmax", "cumsum", "any", "sort", "median", "logsumexp", "count_nonzero"]
BINARY = [*elementwise_cases.OF_TWO, "matmul", "inner", "outer", "tensordot", "kron", "append", "stack", "where"]
NUMBERS = {"int": 2, "float": 2.5, "bool": True}


@pytest.fixture(autouse=True)
def _keras_keeps_64_bits():
    """Let Keras keep what has 64 bits, as on TensorFlow; elsewhere it rounds."""
    table = keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE
    before = dict(table)
    table.update(int64="int64", float64="float64")
    yield
    table.update(before)


def _values(dtype, shape=(3, 3)):
    return torch.ones(shape, dtype=getattr(torch, dtype))


def _called(library, name, values):
    ops = library.ops
    if name == "where":
        return ops.where(True, *values)
    return ops.stack(values) if name == "stack" else getattr(ops, name)(*values)


def _symbolic(name, values):
    """Return the dtype that Keras says, or `None` if it says none."""
    values = [keras.KerasTensor(tuple(x.shape), str(x.dtype)[6:]) if isinstance(x, torch.Tensor) else x for x in values]
    try:
        return getattr(torch, _called(keras, name, values).dtype)
    except (AttributeError, TypeError, ValueError):
        return None


def _in_torch(name, values):
    try:
        return _called(keras, name, values).dtype
    except (RuntimeError, TypeError, NotImplementedError, ValueError):
        return None


def _check(name, values):
    said, done = _symbolic(name, values), _in_torch(name, values)
    try:
        found = _called(ours, name, values).dtype
    except (RuntimeError, NotImplementedError):
        assert done is None, f"{name}: Keras gives {done}"
        return
    is_float = name in FLOAT_HERE and found is torch.float32
    is_int = name in INT_HERE and found is torch.int32
    is_kept = name in KEPT_HERE and found is done
    assert found is said or is_float or is_int or is_kept or (said is None and found is done), (
        f"{name}{[getattr(x, 'dtype', x) for x in values]}: {found}; Keras says {said} and gives {done}"
    )


@pytest.mark.filterwarnings("ignore:.*T is deprecated")
@pytest.mark.parametrize("name", UNARY)
def test_each_dtype(name):
    for dtype in DTYPES:
        _check(name, [_values(dtype)])


@pytest.mark.parametrize("name", BINARY)
def test_each_pair_of_dtypes(name):
    for pair in itertools.product(DTYPES, DTYPES):
        _check(name, [_values(dtype) for dtype in pair])


ARITHMETIC = "add subtract multiply divide maximum minimum equal less mod floor_divide where logaddexp"


@pytest.mark.parametrize("name", ARITHMETIC.split())
@pytest.mark.parametrize("shape", [(3, 3), ()])
def test_numbers_of_python_yield(name, shape):
    for dtype, number in itertools.product(DTYPES, NUMBERS.values()):
        for values in ([_values(dtype, shape), number], [number, _values(dtype, shape)]):
            if name in ("mod", "floor_divide") and dtype == "bool" and isinstance(number, bool):
                # Keras says bool, and fails.
                continue
            _check(name, values)


def test_numbers_and_lists_alone():
    ops, theirs = ours.ops, keras.ops
    for value in (2, 2.5, True, [1, 2], [1.5, 2], [True], np.ones(2, "int64"), np.ones(2), np.float64(2), np.int8(3)):
        for name in ("convert_to_tensor", "add", "sqrt", "sum"):
            values = [value, value] if name == "add" else [value]
            got, expected = getattr(ops, name)(*values), getattr(theirs, name)(*values)
            assert got.dtype is expected.dtype, (name, value)


def test_the_dtype_of_floats_is_set_by_floatx():
    try:
        ours.config.set_floatx("float64")
        keras.config.set_floatx("float64")
        for call in (
            lambda ops: ops.zeros((2,)),
            lambda ops: ops.one_hot([1], 2),
            lambda ops: ops.convert_to_tensor(1.5),
            lambda ops: ops.eye(2),
        ):
            assert call(ours.ops).dtype is call(keras.ops).dtype is torch.float64
    finally:
        ours.config.set_floatx("float32")
        keras.config.set_floatx("float32")
