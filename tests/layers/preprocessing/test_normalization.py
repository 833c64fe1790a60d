"""Does Normalization learn and compute what Keras does?"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras, to_numpy

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@given(shape=SHAPES, data=st.data(), invert=st.booleans(), ints=st.booleans())
def test_what_is_learnt_from_an_array_is_what_keras_learns(shape, data, invert, ints):
    axis = data.draw(
        st.one_of(st.none(), st.sets(st.integers(0, len(shape) - 1)).map(lambda axes: tuple(sorted(axes))))
    )
    values = np.random.default_rng(4).normal(3, 5, size=shape).astype("float32")
    values = values.astype("int32") if ints else values
    mine, theirs = (library.layers.Normalization(axis=axis, invert=invert) for library in (ours, keras))
    for layer in (mine, theirs):
        layer.adapt(values)
    learnt = [to_numpy(weight) for weight in theirs.weights]
    assert_close(mine.get_weights()[:2], learnt[:2], rtol=1e-4, atol=1e-5)
    for name in ("mean", "variance"):
        assert_close(getattr(mine, name), getattr(theirs, name), rtol=1e-4, atol=1e-5)
    twin = ours.layers.Normalization(axis=axis, invert=invert)
    twin.build(shape)
    twin.set_weights(learnt)
    assert_close(twin(values), theirs(values), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make", [torch.tensor, np.array, list, lambda rows: (np.array(row)[None] for row in rows)])
def test_data_in_every_form_gives_the_same(make):
    rows = [[1.0, 7.0], [2.0, 9.0], [6.0, 8.0]]
    layer = ours.layers.Normalization()
    layer.adapt(make(rows), batch_size=2)
    assert_close(layer.mean, np.array([[3.0, 8.0]]))
    assert_close(layer.variance, np.array([[14 / 3, 2 / 3]]))
    assert int(layer.count) == 3


def test_batches_of_a_data_loader_are_put_together():
    features = torch.randn(50, 3) * 4 + 2
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(features, torch.zeros(50)), batch_size=7)
    by_batches, at_once = ours.layers.Normalization(), ours.layers.Normalization()
    by_batches.adapt(loader)
    at_once.adapt(features)
    assert_close(by_batches.get_weights(), at_once.get_weights())
    by_batches.adapt(loader, steps=2)
    at_once.adapt(features[:14])
    assert_close(by_batches.get_weights(), at_once.get_weights())


def test_large_means_leave_the_variance_exact():
    layer = ours.layers.Normalization(axis=None)
    layer.adapt(np.array([1e6, 1e6 + 1, 1e6 + 2]))
    assert float(layer.variance) == pytest.approx(2 / 3)


def test_float64_has_all_its_digits():
    values = np.random.default_rng(4).normal(size=(9, 3))
    layer = ours.layers.Normalization(dtype="float64")
    layer.adapt(values)
    expected = (values - values.mean(0)) / values.std(0)
    assert np.abs(layer(values).numpy() - expected).max() < 1e-12
    given = ours.layers.Normalization(mean=values.mean(0), variance=values.var(0), dtype="float64")
    assert np.abs(given(values).numpy() - expected).max() < 1e-12


@pytest.mark.parametrize(
    ("axis", "moment"), [(-1, 2.0), (-1, [1.0, 2.0, 3.0]), ((1, 2), [[1.0, 2.0, 3.0]] * 2), ((1, 2), [1.0, 2.0, 3.0])]
)
@pytest.mark.parametrize("invert", [False, True])
def test_given_moments_do_as_in_keras(axis, moment, invert):
    values = np.random.default_rng(4).normal(size=(4, 2, 3)).astype("float32")
    arguments = {"axis": axis, "mean": moment, "variance": moment, "invert": invert}
    mine, theirs = (library.layers.Normalization(**arguments) for library in (ours, keras))
    assert_close(mine(values), theirs(values))
    assert mine.weights == []
    assert list(mine.state_dict()) == []
    for name in ("mean", "variance"):
        assert_close(getattr(mine, name), getattr(theirs, name))
        assert getattr(mine, name).shape == getattr(theirs, name).shape
    assert_close(ours.layers.Normalization.from_config(mine.get_config())(values), theirs(values))


def test_given_moments_come_to_memory_that_was_empty():
    """As where a large model is made on the meta device, and its weights are loaded later."""
    with torch.device("meta"):
        layer = ours.layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 0.1])
        layer.build((None, 2))
    assert layer(torch.ones(3, 2, device="meta")).is_meta
    layer.to_empty(device="cpu")
    assert_close(layer([[3.0, 2.0]]), np.array([[1.0, 0.0]]))
    expected = np.array([[1.0, 1 / np.sqrt(0.1)]])
    assert np.abs(layer.to(torch.float64)(np.array([[3.0, 3.0]])).numpy() - expected).max() < 1e-12


def test_a_constant_feature_does_not_divide_by_zero():
    layer = ours.layers.Normalization()
    layer.adapt(np.ones((3, 2)))
    assert layer(np.ones((1, 2))).tolist() == [[0.0, 0.0]]


def test_what_is_learnt_travels():
    layer = ours.layers.Normalization()
    layer.adapt(np.array([[1.0, 2.0], [3.0, 6.0]]))
    loaded = ours.layers.Normalization()
    loaded.load_state_dict(layer.state_dict())
    for twin in (loaded, copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(twin([[1.0, 2.0]]), layer([[1.0, 2.0]]))
    assert all(not weight.requires_grad for weight in layer.weights)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"mean": 1.0}, ValueError, r"Normalization: give both mean and variance, or neither"),
        ({"mean": [1.0], "variance": 1.0}, ValueError, r"mean and variance must have the same shape"),
        ({"mean": [[1.0]], "variance": [[1.0]]}, ValueError, r"of rank 1 or less \(axis=\(-1,\)\)"),
        ({"mean": "", "variance": 1.0}, TypeError, r"Normalization: mean must be a number or .*Received: mean=''"),
        ({"mean": 1.0, "variance": [None]}, TypeError, r"variance must be a number or an array of numbers"),
        ({"axis": "x"}, TypeError, r"axis must be an int, a tuple of ints or None. Received: axis='x'"),
        ({"axis": 1.5}, TypeError, r"axis must be an int, a tuple of ints or None"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        ours.layers.Normalization(**arguments)


def test_bad_shapes():
    with pytest.raises(
        ValueError, match=r"scores: inputs of shape \(2, 3\) have axes from -2 to 1. Received: axis=\(4,"
    ):
        ours.layers.Normalization(axis=4, name="scores")(torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"scores: axis names one axis twice"):
        ours.layers.Normalization(axis=(1, -1), name="scores")(torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"scores: cannot make its weights"):
        ours.layers.Normalization(name="scores").build((None, None))
    with pytest.raises(ValueError, match=r"mean and variance must broadcast to the sizes \(3,\) of axes .* \(2,\)"):
        ours.layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 2.0])(torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"mean and variance must broadcast .* of shape \(0,\)"):
        ours.layers.Normalization(mean=[], variance=[])(torch.ones(2, 3))


def test_bad_data():
    layer = ours.layers.Normalization(name="scores")
    with pytest.raises(ValueError, match=r"scores: adapt\(\) needs at least one value"):
        layer.adapt(iter([]))
    with pytest.raises(TypeError, match=r"scores: adapt\(\) takes an array, a tensor or an iterable of batches"):
        layer.adapt(None)
    with pytest.raises(TypeError, match=r"adapt\(\) takes an array, .* Received: str"):
        layer.adapt("abc")
    with pytest.raises(TypeError, match=r"scores: adapt\(\) takes batches of numbers"):
        layer.adapt([np.array(["a"])])
    layer.adapt(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"scores: adapt\(\) needs batches of shape \(None, 3\). Received: \(2, 4\)"):
        layer.adapt(np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"adapt\(\) cannot change a mean and variance that were given"):
        ours.layers.Normalization(mean=1.0, variance=1.0).adapt(np.ones(3))
