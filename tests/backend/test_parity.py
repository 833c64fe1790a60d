"""Does each function of K give what TF-Keras's gives: values, shapes, dtypes, gradients, symbolic shapes?

`goldens.npz` has what `write_goldens.py` got from TF-Keras.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.backend.cases import CASES
from torchkeras_layer import backend as K
from torchkeras_layer._structures import leaves
from torchkeras_layer.ops.size_tuple import SizeTuple

GOLDENS = np.load(Path(__file__).with_name("goldens.npz"))
# Functions that TF-Keras does not have, or cannot run, and those that the tests beside this one are about.
ELSEWHERE = (
    "KerasTensor ContextValueCache asymmetric_spatial_2d_padding asymmetric_temporal_padding atrous_conv2d "
    "clear_session convert_to_numpy convert_to_tensor deconv2d "
    "deprecated_internal_learning_phase_scope deprecated_internal_set_learning_phase eager get_variable_shape "
    "global_learning_phase_is_set gradients image_dim_ordering is_float_dtype is_int_dtype is_symbolic is_tensor "
    "is_variable learning_phase_scope lesser lesser_equal name_scope normalize_data_format pattern_broadcast "
    "reset_uids result_type separable_conv1d set_epsilon set_floatx set_image_data_format set_image_dim_ordering "
    "set_learning_phase size slice standardize_dtype symbolic symbolic_learning_phase track_variable"
)


def wanted(case, kind=""):
    """Return what TF-Keras gave: the outputs, or the gradients by the number of their array."""
    numbers = {name.rpartition("|")[2]: GOLDENS[name] for name in GOLDENS.files if name.startswith(f"{case}|")}
    if kind:
        return {int(name.removeprefix(kind)): value for name, value in numbers.items() if name.startswith(kind)}
    return [numbers[str(number)] for number in range(sum(name.isdigit() for name in numbers))]


def as_array(output):
    return output.detach().numpy() if isinstance(output, torch.Tensor) else np.asarray(output)


def results(outputs):
    """Return the outputs in a list; sizes, which are a tuple, are one."""
    return [torch.tensor(outputs, dtype=torch.int32)] if isinstance(outputs, SizeTuple) else leaves(outputs)


def check(outputs, case):
    theirs = wanted(case)
    assert len(outputs) == len(theirs)
    for output, expected in zip(map(as_array, outputs), theirs, strict=True):
        assert output.shape == expected.shape
        tolerance = 2e-3 if expected.dtype == np.float16 else 2e-5
        if expected.dtype.kind in "fc":
            np.testing.assert_allclose(output, expected, rtol=tolerance, atol=tolerance)
        else:
            np.testing.assert_array_equal(output, expected)


def tensors_of(case):
    return [torch.tensor(array, requires_grad=array.dtype.kind == "f") for array in case.arrays()]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_dtypes_and_gradients(case, capsys):
    tensors = tensors_of(case)
    outputs = results(case.call(K, *tensors))
    check(outputs, case)
    for output, expected in zip(outputs, wanted(case), strict=True):
        if isinstance(output, (torch.Tensor, np.ndarray)) and expected.dtype.kind != "U":
            assert as_array(output).dtype == expected.dtype
    floats = [tensor for tensor in tensors if tensor.requires_grad]
    floating = [x for x in outputs if isinstance(x, torch.Tensor) and x.is_floating_point() and x.requires_grad]
    expected = wanted(case, "gradient")
    if "flat" not in case.marks and expected:
        total = sum(torch.sin(x.double()).sum() for x in floating)
        found = torch.autograd.grad(total, floats, allow_unused=True)
        for number, gradient in expected.items():
            np.testing.assert_allclose(
                found[number], gradient, rtol=1e-3, atol=2e-3 if case.kinds[0][0] == "h" else 1e-5
            )


@pytest.mark.parametrize("case", [case for case in CASES if case.kinds and "fixed" not in case.marks], ids=str)
def test_arrays_and_symbolic_tensors(case, capsys):
    arrays = case.arrays()
    inputs = [keras.Input(array.shape[1:], dtype=array.dtype.name) for array in arrays]
    outputs = case.call(K, *inputs)
    for output, expected in zip(leaves(outputs), wanted(case), strict=True):
        known = K.int_shape(output)
        assert len(known) == expected.ndim
        assert all(size in (None, other) for size, other in zip(known, expected.shape, strict=True))
        assert sum(size is None for size in known) <= 1
    model = keras.Function(inputs, leaves(outputs))
    check(model([torch.tensor(array) for array in arrays]), case)


@pytest.mark.parametrize("name", sorted({case.name for case in CASES}))
def test_arrays_are_taken_too(name):
    case = next(case for case in CASES if case.name == name)
    if case.kinds and "flat" not in case.marks:
        check(results(case.call(K, *case.arrays())), case)


# They need values, or have no kernel for tensors without data.
NEED_VALUES = ("ctc_batch_cost-1", "ctc_decode-2", "ctc_label_dense_to_sparse-1", "switch-3")


def test_results_are_on_the_device_of_the_tensors():
    for case in CASES:
        if case.kinds and not case.is_program and case.label not in NEED_VALUES:
            outputs = leaves(case.call(K, *(torch.tensor(array, device="meta") for array in case.arrays())))
            assert {output.device.type for output in outputs if isinstance(output, torch.Tensor)} <= {"meta"}, case


def test_every_function_is_compared():
    assert sorted(set(K.__all__) - {case.name for case in CASES} - set(ELSEWHERE.split())) == []
    assert {case.name for case in CASES} <= set(K.__all__)
