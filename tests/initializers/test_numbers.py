"""Are the numbers those of Keras: the same ones for a seed, the same distribution without?"""

from __future__ import annotations

import math

import pytest
import torch

from tests.initializers.cases import FIXED, SAME_NUMBERS, TRUNCATED
from tests.oracle import assert_close, keras, to_numpy
from torchkeras_layer import initializers
from torchkeras_layer.initializers.variance_scaling import compute_fans

stats = pytest.importorskip("scipy.stats")

SHAPES = [(7, 5), (5, 7), (3, 3, 4, 6), (2, 3, 5), (6, 6)]


@pytest.fixture(autouse=True)
def _same_numbers_in_every_run():
    torch.manual_seed(0)


def _both(name, arguments):
    return getattr(initializers, name)(**arguments), getattr(keras.initializers, name)(**arguments)


@pytest.mark.parametrize(("name", "arguments"), FIXED)
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_fixed_numbers_are_those_of_keras(name, arguments, shape, dtype):
    ours, theirs = _both(name, arguments)
    assert_close(ours(shape, dtype=dtype), theirs(shape, dtype=dtype))


@pytest.mark.parametrize(("name", "arguments"), SAME_NUMBERS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [0, 7, -1, 2**32 + 5])
def test_a_seed_gives_the_numbers_of_keras_on_torch(name, arguments, shape, seed):
    ours, theirs = _both(name, {**arguments, "seed": seed})
    first = ours(shape)
    assert_close(first, theirs(shape), rtol=0, atol=1e-6)
    assert torch.equal(first, ours(shape))
    assert_close(ours(shape, dtype="float64"), theirs(shape, dtype="float64"), rtol=0, atol=1e-14)


@pytest.mark.parametrize(("name", "arguments"), TRUNCATED)
@pytest.mark.parametrize("shape", [(300, 200), (3, 3, 50, 90)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_truncated_normals_have_the_distribution_of_keras(name, arguments, shape, dtype):
    ours, theirs = _both(name, {**arguments, "seed": 5})
    sample, expected = (to_numpy(each(shape, dtype=dtype)).ravel() for each in (ours, theirs))
    assert stats.ks_2samp(sample, expected).pvalue > 0.001
    assert math.isclose(sample.std(), expected.std(), rel_tol=0.02)
    assert abs(sample.mean() - expected.mean()) < 0.02 * expected.std()


@pytest.mark.parametrize(("name", "arguments"), TRUNCATED)
def test_truncated_normals_end_at_two_standard_deviations(name, arguments):
    shape = (400, 500)
    initializer = getattr(initializers, name)(**arguments, seed=2)
    if name == "TruncatedNormal":
        mean, stddev = initializer.mean, initializer.stddev
    else:
        fan = {"fan_in": 400, "fan_out": 500, "fan_avg": 450}[initializer.mode]
        mean, stddev = 0.0, math.sqrt(initializer.scale / fan) / 0.87962566103423978
    for dtype in ("float32", "float64", "float16", "bfloat16"):
        values = ((initializer(shape, dtype=dtype).double() - mean) / stddev).ravel()
        slack = torch.finfo(getattr(torch, dtype)).eps * (1 + abs(mean) / stddev) * 2
        assert values.abs().max() <= 2 + slack
        assert values.abs().max() > 1.99
        assert stats.kstest(values.numpy(), stats.truncnorm(-2, 2).cdf).statistic < 0.005 + slack
        assert abs(values.std() - 0.87962566103423978) < 0.005


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_small_types_are_drawn_finely(dtype):
    values = initializers.RandomUniform(0.0, 1.0, seed=1)((50_000,), dtype=dtype)
    assert values[(values > 0) & (values < 0.01)].unique().numel() > 100


@pytest.mark.parametrize("case", [("RandomUniform", {"minval": -3, "maxval": 4}), ("RandomUniform", {})])
def test_uniform_numbers_stay_in_their_bounds(case):
    initializer = getattr(initializers, case[0])(**case[1])
    values = initializer((200_000,)).double()
    low, high = initializer.minval, initializer.maxval
    assert low <= values.min() < low + (high - low) / 1000
    assert high - (high - low) / 1000 < values.max() <= high
    assert stats.kstest(values.numpy(), stats.uniform(low, high - low).cdf).pvalue > 1e-4


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8"])
def test_uniform_ints_are_all_reached(dtype):
    values = initializers.RandomUniform(3, 9, seed=1)((500,), dtype=dtype)
    assert values.dtype is getattr(torch, dtype)
    assert values.unique().tolist() == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("shape", [*SHAPES, (), (4,), (1, 1), (0, 3)])
@pytest.mark.parametrize("axes", [(None, None), ((0,), (-1,)), ([], [])])
def test_fans_are_those_of_keras(shape, axes):
    theirs = pytest.importorskip("keras.src.initializers.random_initializers").compute_fans
    if axes[0] and not shape:
        with pytest.raises(ValueError, match=r"all of the axes \(0,\)\. Received: shape=\(\)"):
            compute_fans(shape, *axes)
    else:
        assert compute_fans(shape, *axes) == theirs(shape, *axes)


@pytest.mark.parametrize("shape", [*SHAPES, (1, 4), (4, 1)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_orthogonal_matrices_are_orthogonal(shape, dtype):
    values = initializers.Orthogonal(gain=2.0)(shape, dtype=dtype).double().reshape(-1, shape[-1]) / 2
    product = values @ values.T if values.shape[0] < values.shape[1] else values.T @ values
    tolerance = {"float32": 1e-5, "float64": 1e-12, "bfloat16": 0.03}[dtype]
    assert torch.allclose(product, torch.eye(len(product), dtype=torch.float64), atol=tolerance)


def test_orthogonal_matrices_are_uniform():
    first = torch.stack([initializers.Orthogonal()((2, 2))[0] for _ in range(400)])
    angles = torch.atan2(first[:, 1], first[:, 0]).numpy()
    assert stats.kstest(angles, stats.uniform(-math.pi, 2 * math.pi).cdf).pvalue > 1e-4
