"""Do Mean and Sum give Keras's numbers for every pair of shapes, with weights, masks and dtypes?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer.metrics import Mean, Sum

KINDS = [("Mean", Mean), ("Sum", Sum)]
VALUE_SHAPES = [(), (0,), (1,), (3,), (3, 1), (1, 4), (3, 4), (3, 4, 2), (0, 3), (3, 0)]
WEIGHT_SHAPES = [None, (), (1,), (2,), (3,), (3, 1), (3, 4), (1, 4), (3, 1, 1), (3, 4, 2)]
BATCHES = st.lists(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=8), min_size=1, max_size=5)


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize("weight_shape", WEIGHT_SHAPES)
@pytest.mark.parametrize("shape", VALUE_SHAPES)
def test_states_and_results_are_those_of_keras(name, kind, shape, weight_shape):
    ours, theirs = kind(), getattr(keras.metrics, name)()
    weights = None if weight_shape is None else torch.rand(weight_shape)
    for values in (torch.randn(shape), torch.randn(shape)):
        try:
            theirs.update_state(values, weights)
        except RuntimeError:
            with pytest.raises(ValueError, match="sample_weight must have the shape of the values, or their first"):
                ours.update_state(values, weights)
            return
        ours.update_state(values, weights)
    assert_close(ours.variables, list(theirs.variables), "state")
    assert_close(ours.result(), theirs.result())


@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize("weights", [None, [1.0, 2.0], [[1.0], [2.0]]])
def test_masks_count_as_in_keras(name, kind, weights):
    values = torch.randn(2, 3)
    values._keras_mask = torch.tensor([True, False])  # pyright: ignore[reportAttributeAccessIssue]
    assert_close(kind()(values, weights), getattr(keras.metrics, name)()(values, weights))


@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize(
    "values",
    [
        3,
        2.5,
        True,
        [1, 2],
        (1.0, 2.0),
        [[1, 2], [3, 4]],
        np.ones((2, 3)),
        np.float32(3),
        torch.tensor([True, False]),
    ],
)
def test_values_of_any_kind(name, kind, values):
    assert_close(kind()(values), getattr(keras.metrics, name)()(values))


@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize("dtype", [None, "float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("value_dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int64], ids=str)
def test_state_has_the_dtype_of_the_metric(name, kind, dtype, value_dtype):
    values = torch.tensor([1, 2, 4], dtype=value_dtype)
    ours, theirs = kind(dtype=dtype), getattr(keras.metrics, name)(dtype=dtype)
    result = ours(values)
    assert {state.dtype for state in (result, *ours.variables)} == {getattr(torch, dtype or "float32")}
    assert_close(result, theirs(values), rtol=1e-2 if dtype == "bfloat16" else 1e-6)


def test_sums_may_be_whole_numbers():
    total = Sum(dtype="int64")
    assert total([2**40, 1]).item() == 2**40 + 1
    assert total.result().dtype is torch.int64


@pytest.mark.parametrize("dtype", ["int32", torch.int64, "bool"])
def test_means_may_not(dtype):
    with pytest.raises(ValueError, match="Mean: dtype must be a float type. Received: dtype="):
        Mean(dtype=dtype)


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_before_the_first_value_it_is_zero(name, kind):
    assert kind().result() == getattr(keras.metrics, name)().result() == 0
    assert Mean()(5.0, sample_weight=0) == 0


@pytest.mark.parametrize("kind", [Mean, Sum])
def test_a_result_does_not_change_later(kind):
    metric = kind()
    first = metric(1.0)
    metric(5.0)
    assert first == 1.0


@pytest.mark.parametrize("kind", [Mean, Sum])
@pytest.mark.parametrize("values", [None, "a", {"a": 1}, [1, "b"], [[1], [1, 2]], object()])
def test_what_is_no_number_is_refused(kind, values):
    with pytest.raises(TypeError, match=r"expected a tensor, an array, a list of numbers or a number. Received: "):
        kind().update_state(values)


def test_weights_must_be_numbers():
    with pytest.raises(TypeError, match=r"mean: expected a tensor, an array, a list of numbers or a number"):
        Mean().update_state([1.0], sample_weight="a")


def test_a_refused_update_leaves_no_trace():
    mean = Mean()
    mean(4.0)
    with pytest.raises(ValueError, match="tokens|mean: sample_weight"):
        mean.update_state([1.0, 2.0], sample_weight=[1.0, 2.0, 3.0])
    assert [state.item() for state in mean.variables] == [4.0, 1.0]


@given(batches=BATCHES)
def test_the_mean_over_batches_is_the_mean_of_everything(batches):
    mean, total = Mean(dtype="float64"), Sum(dtype="float64")
    for batch in batches:
        mean.update_state(batch)
        total.update_state(batch)
    everything = np.concatenate(batches)
    np.testing.assert_allclose(mean.result(), everything.mean(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(total.result(), everything.sum(), rtol=1e-9, atol=1e-9)


@given(batch=BATCHES.map(lambda batches: batches[0]), repeats=st.integers(1, 5))
def test_a_weight_is_a_number_of_repetitions(batch, repeats):
    weighted, repeated = Mean(dtype="float64"), Mean(dtype="float64")
    weighted(batch)
    weighted(batch[0], sample_weight=repeats)
    repeated(batch)
    repeated([batch[0]] * repeats)
    torch.testing.assert_close(weighted.result(), repeated.result())
