"""Do the functions of losses give Keras's values and gradients, for every shape and dtype?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.losses.cases import CASES
from tests.oracle import assert_close, keras, keras_keeps_float64
from torchkeras_layer import backend, losses

ALIASES = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
    "logcosh": "log_cosh",
    "cosine": "cosine_similarity",
    "cosine_proximity": "cosine_similarity",
}


def results_and_gradients(function, y_true, y_pred, arguments):
    y_pred = y_pred.clone().requires_grad_()
    found = function(y_true, y_pred, **arguments)
    return found, torch.autograd.grad(found.sum(), y_pred)[0]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_and_gradients_are_those_of_keras(case):
    for shape in case.shapes:
        y_true, y_pred = case.data(shape)
        ours = results_and_gradients(getattr(losses, case.function), y_true, y_pred, case.arguments)
        theirs = results_and_gradients(getattr(keras.losses, case.function), y_true, y_pred, case.arguments)
        assert ours[0].dtype is torch.float32
        assert_close(ours[0], theirs[0], f"loss for {shape}")
        assert_close(ours[1], theirs[1], f"gradient for {shape}", atol=2e-6)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_doubles_stay_doubles(case):
    y_true, y_pred = case.data(case.shapes[0])
    ours = getattr(losses, case.function)(y_true, y_pred.double(), **case.arguments)
    assert ours.dtype is torch.float64
    with keras_keeps_float64():
        theirs = getattr(keras.losses, case.function)(y_true, y_pred.double(), **case.arguments)
    assert_close(ours, theirs, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("case", [case for case in CASES if case.function != "ctc"], ids=str)
def test_half_precision_is_near_the_loss_in_float32(case, dtype):
    y_true, y_pred = case.data(case.shapes[0])
    y_pred = y_pred.to(dtype)
    found = getattr(losses, case.function)(y_true, y_pred, **case.arguments)
    exact = getattr(losses, case.function)(y_true, y_pred.float(), **case.arguments)
    assert found.dtype is dtype
    assert_close(found.float(), exact, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_arrays_lists_and_tensors_give_the_same(case):
    y_true, y_pred = case.data(case.shapes[0])
    function = getattr(losses, case.function)
    expected = function(y_true, y_pred, **case.arguments)
    for convert in (np.asarray, lambda x: x.tolist()):
        assert_close(function(convert(y_true), convert(y_pred), **case.arguments), expected)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_targets_come_to_the_device_of_predictions(case):
    y_true, y_pred = case.data(case.shapes[0])
    function, loss = getattr(losses, case.function), getattr(losses, case.name)(**case.arguments)
    assert function(y_true.tolist(), y_pred.to("meta"), **case.arguments).is_meta
    assert loss(np.asarray(y_true), y_pred.to("meta"), [1.0]).is_meta


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool], ids=str)
@pytest.mark.parametrize(
    "name", ["mean_squared_error", "binary_crossentropy", "hinge", "dice", "categorical_crossentropy", "poisson"]
)
def test_targets_may_be_ints_and_bools(name, dtype):
    y_true, y_pred = torch.eye(3), torch.rand(3, 3) * 0.9 + 0.05
    function = getattr(losses, name)
    assert_close(function(y_true.to(dtype), y_pred), function(y_true, y_pred))


def test_targets_are_not_rounded_to_ints_of_predictions():
    assert losses.mean_absolute_error([[0.25]], torch.tensor([[1]])).item() == 0.75


@pytest.mark.parametrize("name", sorted({case.function for case in CASES} - {"ctc", "circle"}))
def test_a_last_axis_of_size_one_is_added_or_removed(name):
    case = next(case for case in CASES if case.function == name and "axis" not in case.arguments)
    y_true, y_pred = case.data((4, 3) if name.startswith(("categorical", "sparse")) else (4, 1))
    function = getattr(losses, name)
    expected = function(y_true, y_pred, **case.arguments)
    is_of_classes = y_true.dim() < y_pred.dim()
    other = y_true.unsqueeze(-1) if is_of_classes or name.startswith("categorical") else y_true.squeeze(-1)
    assert_close(function(other, y_pred, **case.arguments), expected)


def test_classes_beyond_the_integers_of_float32_differ():
    found = [losses.Circle()(torch.tensor([0, 2**24, other]), torch.eye(3)) for other in (2**24, 2**24 + 1)]
    assert found[0] > 0
    assert found[1] == 0


def test_infinities_and_nan_stay():
    y_true = torch.zeros(3, 1)
    y_pred = torch.tensor([[float("nan")], [float("inf")], [0.0]])
    found = losses.mean_squared_error(y_true, y_pred)
    assert torch.isnan(found[0])
    assert torch.isinf(found[1])
    assert found[2] == 0


def test_probabilities_of_zero_and_one_give_finite_losses():
    y_pred = torch.tensor([[0.0, 1.0]], requires_grad=True)
    for name in ("binary_crossentropy", "categorical_crossentropy", "kl_divergence", "poisson"):
        found = getattr(losses, name)([[1.0, 0.0]], y_pred)
        assert torch.isfinite(found).all(), name
        assert torch.isfinite(torch.autograd.grad(found.sum(), y_pred)[0]).all(), name


@pytest.mark.parametrize("name", ALIASES)
def test_older_names_are_the_same_functions(name):
    assert getattr(losses, name) is getattr(losses, ALIASES[name])
    assert losses.get(name) is getattr(losses, ALIASES[name])
    if name.upper() in losses.__all__:
        assert getattr(losses, name.upper()) is losses.get(name.upper()) is getattr(losses, name)


def test_epsilon_is_that_of_the_settings():
    backend.set_epsilon(0.1)
    theirs = keras.backend.epsilon()
    keras.backend.set_epsilon(0.1)
    try:
        for name in ("binary_crossentropy", "categorical_crossentropy", "poisson", "kl_divergence", "dice"):
            y_true, y_pred = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
            assert_close(getattr(losses, name)(y_true, y_pred), getattr(keras.losses, name)(y_true, y_pred), name)
    finally:
        keras.backend.set_epsilon(theirs)


def test_every_function_of_keras_has_a_case():
    functions = {name for name in dir(keras.losses) if name.islower() and callable(getattr(keras.losses, name))}
    assert functions - {case.function for case in CASES} == {"get", "serialize", "deserialize"}
