"""Do the functions of `keras.random` draw from the right distributions, and what do seeds do?"""

from __future__ import annotations

import copy
import math

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras

SEEDS = ours.random.SeedGenerator
DRAWS = {
    "normal": lambda r, **seed: r.normal((400, 5), 2.0, 3.0, **seed),
    "uniform": lambda r, **seed: r.uniform((400, 5), -1.0, 3.0, **seed),
    "truncated_normal": lambda r, **seed: r.truncated_normal((400, 5), 2.0, 3.0, **seed),
    "randint": lambda r, **seed: r.randint((400, 5), -2, 5, **seed),
    "categorical": lambda r, **seed: r.categorical([[0.0, 1.0, 2.0]], 2000, **seed),
    "gamma": lambda r, **seed: r.gamma((400, 5), [0.5, 1.0, 2.0, 3.0, 4.0], **seed),
    "beta": lambda r, **seed: r.beta((400, 5), 2.0, 3.0, **seed),
    "binomial": lambda r, **seed: r.binomial((400, 5), 6.0, 0.25, **seed),
    "dropout": lambda r, **seed: r.dropout(torch.ones(400, 5), 0.25, **seed),
    "shuffle": lambda r, **seed: r.shuffle(torch.arange(2000), **seed),
}
# The mean and the deviation of one number, and the lowest and highest that may come.
MOMENTS = {
    "normal": (2.0, 3.0, -math.inf, math.inf),
    "uniform": (1.0, 4 / math.sqrt(12), -1.0, 3.0),
    "truncated_normal": (2.0, 3 * 0.8796, -4.0, 8.0),
    "randint": (1.0, 2.0, -2, 4),
    "categorical": (1.5752, 0.6508, 0, 2),
    "beta": (0.4, 0.2, 0.0, 1.0),
    "binomial": (1.5, math.sqrt(6 * 0.25 * 0.75), 0, 6),
    "dropout": (1.0, math.sqrt(1 / 3), 0, 4 / 3),
}
# Keras draws truncated numbers in another way.
NUMBERS_OF_KERAS = [name for name in DRAWS if name != "truncated_normal"]


@pytest.mark.parametrize("name", MOMENTS)
def test_the_distribution_is_right(name):
    mean, deviation, low, high = MOMENTS[name]
    for seed in ({"seed": 1}, {}):
        torch.manual_seed(3)
        numbers = DRAWS[name](ours.random, **seed).double()
        count = numbers.numel()
        assert abs(float(numbers.mean()) - mean) < 4 * deviation / math.sqrt(count)
        assert float(numbers.std()) == pytest.approx(deviation, rel=0.1)
        assert low <= float(numbers.min())
        assert float(numbers.max()) <= high + 1e-6


def test_gamma_has_the_mean_of_each_parameter():
    means = DRAWS["gamma"](ours.random, seed=2).mean(0)
    torch.testing.assert_close(means, torch.tensor([0.5, 1.0, 2.0, 3.0, 4.0]), rtol=0.15, atol=0.1)


@pytest.mark.parametrize("name", NUMBERS_OF_KERAS)
def test_numbers_of_a_seed_are_keras_s(name):
    assert_close(DRAWS[name](ours.random, seed=5), DRAWS[name](keras.random, seed=5))
    mine, theirs = SEEDS(7), keras.random.SeedGenerator(7)
    for _ in range(2):
        assert_close(DRAWS[name](ours.random, seed=mine), DRAWS[name](keras.random, seed=theirs))


@pytest.mark.parametrize("name", DRAWS)
def test_what_seeds_do(name):
    draw = DRAWS[name]
    assert torch.equal(draw(ours.random, seed=5), draw(ours.random, seed=5))
    assert not torch.equal(draw(ours.random, seed=5), draw(ours.random, seed=6))
    assert not torch.equal(draw(ours.random), draw(ours.random))
    seeds = SEEDS(5)
    again = copy.deepcopy(seeds)
    first, second = draw(ours.random, seed=seeds), draw(ours.random, seed=seeds)
    assert torch.equal(first, draw(ours.random, seed=5))
    assert torch.equal(second, draw(ours.random, seed=6))
    assert seeds.state.tolist() == [5, 2]
    assert torch.equal(first, draw(ours.random, seed=again))
    torch.manual_seed(4)
    once = draw(ours.random)
    torch.manual_seed(4)
    assert torch.equal(once, draw(ours.random))


def test_dtypes_and_shapes_are_keras_s():
    for name, draw in DRAWS.items():
        mine, theirs = draw(ours.random), draw(keras.random)
        assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), name
    assert ours.random.normal((2,), dtype="bfloat16", seed=1).dtype is torch.bfloat16
    assert ours.random.gamma((2,), 1.0, dtype="float16").dtype is torch.float16
    assert ours.random.uniform((), seed=1).shape == ()
    assert ours.random.randint(torch.tensor([2, 3]), 0, [4, 5, 6]).shape == (2, 3)
    try:
        ours.backend.set_floatx("float64")
        assert ours.random.normal((2,)).dtype is torch.float64
    finally:
        ours.backend.set_floatx("float32")


def test_one_compiled_function_draws_all_and_is_compiled_once():
    seeds, graphs = SEEDS(3), []

    def backend(module, inputs):
        graphs.append(module)
        return module.forward

    def function():
        fixed = [draw(ours.random, seed=5) for draw in DRAWS.values()]
        return fixed, [draw(ours.random, seed=seeds) for draw in DRAWS.values()], ours.random.normal((3,))

    compiled = torch.compile(function, backend=backend, fullgraph=True)
    again = SEEDS(3)
    for _ in range(3):
        fixed, rows, _ = compiled()
        assert_close(fixed, [draw(ours.random, seed=5) for draw in DRAWS.values()])
        assert_close(rows, [draw(ours.random, seed=again) for draw in DRAWS.values()])
    assert len(graphs) == 1


class Noise(ours.layers.Layer):
    """A layer that draws with a seed of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seeds = SEEDS(1)

    def call(self, x):
        return x + ours.random.normal(ours.ops.shape(x), seed=self.seeds) + ours.random.uniform(x.shape)


def test_a_layer_that_draws_is_symbolic_and_compiled_and_exported():
    layer = Noise()
    model = ours.Model(x := ours.Input((3,)), layer(x))
    assert model.output_shape == (None, 3)
    assert layer.seeds.state.tolist() == [1, 0]
    assert torch.compile(model, backend="eager", fullgraph=True)(torch.zeros(4, 3)).shape == (4, 3)
    free = ({0: torch.export.Dim("batch", min=2)},)
    exported = torch.export.export(model, (torch.zeros(4, 3),), dynamic_shapes=free).module()
    assert exported(torch.zeros(5, 3)).shape == (5, 3)


def test_symbolic_arguments_make_nodes():
    x = ours.Input((3,))
    model = ours.Model(x, ours.random.dropout(x, 0.5, seed=3))
    assert_close(model(torch.ones(2, 3)), keras.random.dropout(torch.ones(2, 3), 0.5, seed=3))
    assert model.output_shape == (None, 3)


def test_vectorized_functions_draw_for_each_part():
    drawn = ours.ops.vectorized_map(lambda x: x + ours.random.normal((2,)), torch.zeros(4, 2))
    assert len(set(drawn[:, 0].tolist())) == 4
    same = ours.ops.vectorized_map(lambda x: x + ours.random.normal((2,), seed=3), torch.zeros(4, 2))
    assert len(set(same[:, 0].tolist())) == 1


@pytest.mark.parametrize("noise_shape", [(4, 1), (None, 1), (1, 3)])
def test_noise_shape(noise_shape):
    x = torch.rand(4, 3)
    assert_close(ours.random.dropout(x, 0.5, noise_shape, 3), keras.random.dropout(x, 0.5, noise_shape, 3))
    assert ours.random.dropout(x, 0.5, noise_shape).shape == (4, 3)


def test_limits_of_dropout():
    x = torch.rand(4, 3)
    for seed in (None, 3):
        assert torch.equal(ours.random.dropout(x, 0, seed=seed), x)
        assert not ours.random.dropout(x, 1.0, seed=seed).any()
    with pytest.raises(ValueError, match=r"dropout: rate must be a number from 0 to 1\. Received: rate=1\.5\."):
        ours.random.dropout(x, 1.5)


@pytest.mark.parametrize("seed", [True, 1.5, "a"])
def test_what_is_no_seed_is_an_error(seed):
    with pytest.raises(ValueError, match="seed must be an int, a SeedGenerator or None. Received: seed="):
        ours.random.normal((2,), seed=seed)


def test_shuffled_slices_stay_together():
    x = torch.arange(12).reshape(3, 4)
    shuffled = ours.random.shuffle(x, axis=1, seed=1)
    assert not torch.equal(shuffled, x)
    assert (shuffled - shuffled[:1] == torch.tensor([[0], [4], [8]])).all()


def test_devices():
    with torch.device("meta"):
        assert ours.random.normal((2,)).device.type == "meta"
        assert ours.random.uniform((2,), seed=3).device.type == "meta"
    if torch.cuda.is_available():
        with torch.device("cuda"):
            assert all(draw(ours.random, seed=3).is_cuda for name, draw in DRAWS.items() if name not in ("dropout",))


def test_all_names_are_there():
    names = {name for name in dir(keras.random) if not name.startswith("_")}
    assert names <= set(ours.random.__all__)
