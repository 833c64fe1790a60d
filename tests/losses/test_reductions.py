"""Do losses reduce to Keras's numbers, with weights, masks, dtypes and random arguments?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.losses.cases import CASES, Case, binary, classes, counts, numbers, one_hot
from tests.oracle import assert_close, keras
from torchkeras_layer import losses
from torchkeras_layer.losses.arguments import broadcast

REDUCTIONS = ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None]
WEIGHTS = [None, (), (4,), (4, 1), (4, 2), (1, 2)]
MASKS = [None, (4,), (4, 1), (4, 2)]


def pair(case: Case, **more):
    return getattr(losses, case.name)(**case.arguments, **more), getattr(keras.losses, case.name)(
        **case.arguments, **more
    )


def masked(y_pred, mask):
    y_pred = y_pred.detach().clone().requires_grad_()
    if mask is not None:
        y_pred._keras_mask = mask
    return y_pred


def loss_and_gradient(loss, y_true, y_pred, weights, mask):
    y_pred = masked(y_pred, mask)
    # Keras changes the weights in place.
    found = loss(y_true, y_pred, sample_weight=None if weights is None else weights.clone())
    return found, torch.autograd.grad(found.sum(), y_pred)[0]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_losses_and_gradients_are_those_of_keras(case, reduction):
    ours, theirs = pair(case, reduction=reduction)
    for shape in case.shapes:
        y_true, y_pred = case.data(shape)
        each = pair(case, reduction="none")[0](y_true, y_pred)
        for weights in (None, torch.rand(each.shape)):
            expected = loss_and_gradient(theirs, y_true, y_pred, weights, None)
            found = loss_and_gradient(ours, y_true, y_pred, weights, None)
            assert found[0].dtype is torch.float32
            assert_close(found[0], expected[0], f"loss for {shape}", atol=2e-6)
            assert_close(found[1], expected[1], f"gradient for {shape}", atol=2e-6)


@pytest.mark.parametrize("mask_shape", MASKS)
@pytest.mark.parametrize("weight_shape", WEIGHTS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights_and_masks_of_every_shape(reduction, weight_shape, mask_shape):
    for shape in ((4,), (4, 1), (4, 3), (4, 2, 3), (4, 2, 1)):
        ours, theirs = pair(CASES[0], reduction=reduction)
        y_true, y_pred = numbers(shape)
        weights = None if weight_shape is None else torch.rand(weight_shape)
        mask = None if mask_shape is None else torch.rand(mask_shape) > 0.4
        if mask is not None and weights is not None and fits(weights, mask):
            # Keras multiplies in place, and so fails for weights that are to be broadcast.
            weights = weights.broadcast_to(torch.broadcast_shapes(weights.shape, mask.shape)).clone()
        try:
            expected = loss_and_gradient(theirs, y_true, y_pred, weights, mask)
        except RuntimeError:
            with pytest.raises(ValueError, match=r"MeanSquaredError: the shape of .* does not fit that of the"):
                loss_and_gradient(ours, y_true, y_pred, weights, mask)
            continue
        found = loss_and_gradient(ours, y_true, y_pred, weights, mask)
        assert_close(found, expected, f"{shape}, {weight_shape}, {mask_shape}", atol=2e-6)


def fits(weights, mask):
    """Whether both have the same rank, or the weights none."""
    return weights.dim() in (0, mask.dim()) and broadcast(weights, mask)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights_and_masks_of_zero_give_zero(reduction):
    ours, theirs = pair(CASES[0], reduction=reduction)
    y_true, y_pred = numbers((4, 3))
    for weights, mask in ((torch.zeros(4), None), (None, torch.zeros(4, dtype=torch.bool)), (torch.zeros(4, 1), None)):
        found, gradient = loss_and_gradient(ours, y_true, y_pred, weights, mask)
        assert_close(found, loss_and_gradient(theirs, y_true, y_pred, weights, mask)[0])
        assert not found.any()
        assert torch.equal(gradient, torch.zeros(4, 3))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_an_empty_batch_gives_zero(reduction):
    for shape in ((0,), (0, 3), (0, 2, 3)):
        y_true, y_pred = numbers(shape)
        y_pred.requires_grad_()
        found = losses.MeanSquaredError(reduction=reduction)(y_true, y_pred)
        if reduction in ("none", None) and len(shape) > 1:
            assert found.shape == shape[:-1]
        else:
            assert torch.isfinite(found) or len(shape) == 1
            found.backward()


def test_masks_of_predictions_and_of_losses_are_joined():
    y_true, y_pred = classes((4, 3))
    y_true[:2] = 0
    mask = torch.tensor([True, False, True, True])
    ours, theirs = pair(Case("SparseCategoricalCrossentropy", "", classes, {"ignore_class": 0}))
    found = ours(y_true, masked(y_pred, mask))
    assert_close(found, theirs(y_true, masked(y_pred, mask)))
    expected = -torch.log(y_pred[torch.arange(4), y_true])[2:]
    assert_close(found, expected.mean() if (y_true[2:] != 0).all() else expected[y_true[2:] != 0].mean())


@pytest.mark.parametrize("given_dtype", [None, "float64", "bfloat16", torch.float16, "mixed_bfloat16"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)
def test_the_dtype_is_that_of_the_loss(dtype, given_dtype):
    loss = losses.MeanAbsoluteError(dtype=given_dtype)
    found = loss(torch.ones(2, 3), torch.zeros(2, 3, dtype=dtype))
    own = keras.losses.MeanAbsoluteError(dtype=str(given_dtype).removeprefix("torch.") if given_dtype else None).dtype
    assert loss.dtype == own
    is_double = given_dtype is None and dtype is torch.float64
    assert found.dtype is (torch.float64 if is_double else getattr(torch, own))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_autocast_computes_in_float32(case):
    y_true, y_pred = case.data(case.shapes[0])
    loss = pair(case)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for predictions in (y_pred, y_pred.bfloat16()):
            found = loss(y_true, predictions)
            assert found.dtype is torch.float32
            # Its matrix product is in half precision.
            if case.name != "Circle":
                with torch.autocast("cpu", enabled=False):
                    assert_close(found, loss(y_true, predictions.float()))


def test_the_dtype_follows_floatx():
    from torchkeras_layer import backend

    backend.set_floatx("float64")
    loss = losses.Huber()
    assert loss.dtype == "float64"
    assert loss(torch.ones(2), torch.ones(2)).dtype is torch.float64


@given(
    case=st.sampled_from([case for case in CASES if case.data in (numbers, counts, binary, one_hot)]),
    arguments=st.fixed_dictionaries(
        {},
        optional={
            "label_smoothing": st.floats(0, 1, width=32),
            "gamma": st.floats(0, 5, width=32),
            "alpha": st.floats(0, 1, width=32),
            "beta": st.floats(0, 1, width=32),
            "delta": st.floats(0.125, 8, width=32),
            "apply_class_balancing": st.booleans(),
        },
    ),
    reduction=st.sampled_from(REDUCTIONS),
    shape=st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple),
    weighted=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_random_arguments(case, arguments, reduction, shape, weighted, seed):
    known = getattr(losses, case.name)._torchkeras_arguments
    given_arguments = {**case.arguments, **{name: value for name, value in arguments.items() if name in known}}
    shape = (*shape[:-1], shape[-1] + 1) if case.data is one_hot else shape
    torch.manual_seed(seed)
    y_true, y_pred = case.data(shape)
    ours, theirs = pair(Case(case.name, "", case.data, given_arguments), reduction=reduction)
    weights = torch.rand(shape[0], *[1] * (len(shape) - 2)) if weighted else None
    assert_close(ours(y_true, y_pred, weights), theirs(y_true, y_pred, weights), rtol=2e-5, atol=2e-5)


@given(
    values=st.lists(st.tuples(st.floats(-50, 50, width=32), st.floats(-50, 50, width=32)), min_size=1, max_size=9),
    name=st.sampled_from(["MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh", "MeanAbsolutePercentageError"]),
)
def test_errors_are_not_negative_and_zero_for_equal_numbers(values, name):
    y_true, y_pred = (torch.tensor(x, dtype=torch.float64)[:, None] for x in zip(*values, strict=True))
    loss = getattr(losses, name)()
    assert loss(y_true, y_pred) >= 0
    assert abs(loss(y_true, y_true)) < 1e-12


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_loss_is_the_mean_of_its_function(case):
    y_true, y_pred = case.data(case.shapes[0])
    loss = getattr(losses, case.name)(**case.arguments)
    function = getattr(losses, case.function)(y_true, y_pred, **case.arguments)
    mask = getattr(function, "_keras_mask", None)
    expected = function[mask].mean() if mask is not None else function.mean()
    assert_close(loss(y_true, y_pred), expected)
    assert_close(loss(np.asarray(y_true), y_pred.tolist()), expected)
