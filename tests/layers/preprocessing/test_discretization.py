"""Does Discretization find Keras's boundaries and give Keras's bins?"""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras

FLOATS = st.floats(-100, 100, width=32)


@given(
    boundaries=st.lists(FLOATS, max_size=6).map(sorted),
    values=st.lists(FLOATS, min_size=1, max_size=9),
    mode=st.sampled_from(["int", "one_hot", "multi_hot", "count"]),
)
def test_bins_are_those_of_keras(boundaries, values, mode):
    values = np.array([values, values], dtype="float32")
    mine, theirs = (library.layers.Discretization(boundaries, output_mode=mode) for library in (ours, keras))
    outputs, expected = mine(values), theirs(values)
    assert_close(outputs, expected)
    assert outputs.dtype is expected.dtype
    assert mine.compute_output_shape(values.shape) == tuple(outputs.shape)


@given(
    sizes=st.lists(st.integers(1, 120), min_size=1, max_size=4),
    bins=st.integers(1, 9),
    epsilon=st.sampled_from([0.01, 0.1, 0.03]),
)
def test_boundaries_that_are_learnt_are_those_of_keras(sizes, bins, epsilon):
    random = np.random.default_rng(sum(sizes))
    batches = [random.normal(size=(size, 2)).astype("float32") for size in sizes]
    mine, theirs = (library.layers.Discretization(num_bins=bins, epsilon=epsilon) for library in (ours, keras))
    mine.adapt(batches[0] if len(batches) == 1 else batches)
    # What Keras's `adapt` does; that itself asks for TensorFlow.
    for batch in batches:
        theirs.update_state(batch)
    theirs.finalize_state()
    assert_close(mine.bin_boundaries, theirs.bin_boundaries)
    assert_close(mine(batches[0]), theirs(batches[0]))


def test_values_are_compared_in_their_own_precision():
    layer = ours.layers.Discretization([0.7, 2.0**24 + 1])
    assert layer(torch.tensor([0.7])).tolist() == [1]
    assert layer(torch.tensor([0.7 - 1e-12], dtype=torch.float64)).tolist() == [0]
    assert layer(torch.tensor([2**24, 2**24 + 1])).tolist() == [1, 2]
    assert layer.to(torch.bfloat16)(torch.tensor([0.6999])).tolist() == [0]


def test_values_in_any_order_of_memory():
    values = torch.randn(3, 4).T
    assert torch.equal(ours.layers.Discretization([0.0])(values), (values >= 0).int())


@pytest.mark.parametrize("dtype", ["int64", "int32", "float32"])
def test_an_int_dtype_is_that_of_the_bins(dtype):
    """TF-Keras writes int64 into its configs."""
    wanted = torch.int64 if dtype == "int64" else torch.int32
    assert ours.layers.Discretization([0.0], dtype=dtype)(torch.ones(2)).dtype is wanted


def test_what_is_learnt_travels():
    layer = ours.layers.Discretization(num_bins=3, name="bins")
    layer.adapt(np.arange(9.0))
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    loaded = ours.layers.Discretization(num_bins=3)
    loaded.load_state_dict(torch.load(file, weights_only=True))
    from_config = ours.layers.Discretization.from_config(layer.get_config())
    for twin in (loaded, from_config, copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert twin.bin_boundaries == layer.bin_boundaries == pytest.approx([2.0, 5.0])
        assert twin(torch.arange(9.0)).tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 2]
    assert from_config.get_config() == layer.get_config()
    inside = torch.nn.Sequential(ours.layers.Discretization(num_bins=3))
    inside.load_state_dict({f"0.{key}": value for key, value in layer.state_dict().items()})
    assert inside[0].bin_boundaries == layer.bin_boundaries
    layer.adapt(np.arange(3.0) + 7)
    assert layer.bin_boundaries == pytest.approx([7.0, 8.0])


def test_a_state_dict_without_boundaries_says_so():
    layer = ours.layers.Discretization(num_bins=3)
    layer.adapt(np.arange(9.0))
    with pytest.raises(RuntimeError, match="Missing key.*bin_boundaries"):
        layer.load_state_dict({})
    assert list(ours.layers.Discretization([1.0]).state_dict()) == []


def test_the_dtype_in_a_graph_is_that_of_a_call():
    symbol = ours.layers.Discretization([0.0])(ours.Input((3,)))
    assert symbol.dtype is torch.int32
    model = ours.Model(*(lambda x: (x, ours.layers.Discretization([0.0])(x)))(ours.Input((3,))))
    assert model(torch.ones(2, 3)).dtype is torch.int32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"Discretization: give either bin_boundaries, or num_bins and call adapt\(data\)"),
        ({"bin_boundaries": [1.0], "num_bins": 2}, r"give either bin_boundaries, or num_bins"),
        ({"num_bins": 0}, r"num_bins must be a positive int. Received: num_bins=0."),
        ({"bin_boundaries": [2.0, 1.0]}, r"bin_boundaries must be numbers in ascending order"),
        ({"bin_boundaries": "ab"}, r"bin_boundaries must be numbers in ascending order. Received: bin_boundaries='ab'"),
        ({"bin_boundaries": "12"}, r"bin_boundaries must be numbers in ascending order"),
        ({"bin_boundaries": [1.0, float("nan")]}, r"must be numbers in ascending order. Received: .*\[1.0, nan\]"),
        ({"bin_boundaries": [float("nan")]}, r"bin_boundaries must be numbers in ascending order"),
        ({"bin_boundaries": [[1.0, 2.0]]}, r"bin_boundaries must be numbers in ascending order"),
        ({"bin_boundaries": 3}, r"bin_boundaries must be numbers in ascending order"),
        ({"num_bins": 2, "epsilon": 0}, r"epsilon must be a number from 1e-06 to 1"),
        (
            {"num_bins": 2, "output_mode": "tf_idf"},
            r"output_mode must be one of 'int', 'one_hot', 'multi_hot'",
        ),
        ({"num_bins": 2, "output_mode": "count", "sparse": True}, r"sparse is not supported"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ours.layers.Discretization(**arguments)


def test_bad_calls():
    layer = ours.layers.Discretization(num_bins=3, output_mode="count", name="bins")
    with pytest.raises(ValueError, match=r"bins: has no boundaries yet. Call adapt\(data\), or pass bin_boundaries"):
        layer(torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"bins: adapt\(\) needs at least one value"):
        layer.adapt(np.ones((0, 2)))
    with pytest.raises(
        ValueError, match=r"bins: adapt\(\) needs numbers. Received: data with too many NaNs. Remove them."
    ):
        layer.adapt(np.array([1.0, np.nan, np.nan]))
    layer.adapt(np.arange(9.0))
    with pytest.raises(ValueError, match=r"adapt\(\) cannot change boundaries that were given. .* with num_bins"):
        ours.layers.Discretization([1.0]).adapt(np.ones(3))
