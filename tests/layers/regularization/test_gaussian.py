"""Do the Gaussian layers draw as Dropout does, with the moments of Keras, and refuse bad input?"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import vmap
from torch.utils.checkpoint import checkpoint

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer import layers

ONES = torch.ones(200, 50)
SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)
both = pytest.mark.parametrize("name", ["GaussianNoise", "GaussianDropout"])


@both
@given(amount=st.floats(0, 0.99), seed=st.integers(0, 2**31 - 1), shape=SIZES)
def test_seeded_numbers_are_keras_s_call_after_call(name, amount, seed, shape):
    mine, theirs = getattr(layers, name)(amount, seed=seed), getattr(keras.layers, name)(amount, seed=seed)
    inputs = torch.linspace(-2, 3, int(np.prod(shape))).reshape(shape)
    for _ in range(3):
        assert_close(mine(inputs, training=True), theirs(inputs, training=True), rtol=1e-5, atol=1e-5)
    assert mine.compute_output_shape((None, *shape)) == (None, *shape)


@both
@pytest.mark.parametrize("value", [-0.1, "0.5", None, float("nan"), float("inf"), True])
def test_an_amount_is_a_number(name, value):
    with pytest.raises(
        ValueError, match=rf"^{name}: (rate|stddev) must be a (finite )?number .* Received: (rate|stddev)="
    ):
        getattr(layers, name)(value)


@pytest.mark.parametrize("rate", [1, 1.0])
def test_a_rate_of_1_has_no_bound(rate):
    with pytest.raises(ValueError, match=r"^GaussianDropout: rate must be below 1\. Received: rate=1"):
        layers.GaussianDropout(rate)


@both
@pytest.mark.parametrize("seed", [1.5, "1", True])
def test_a_seed_is_an_int(name, seed):
    with pytest.raises(ValueError, match=rf"^{name}: seed must be an int of 64 bits or None\. Received: seed="):
        getattr(layers, name)(0.5, seed=seed)


@pytest.mark.parametrize("seed", [None, 3])
def test_noise_has_the_deviation_asked_for(seed):
    noise = layers.GaussianNoise(2.5, seed=seed)(0 * ONES)
    assert noise.mean().item() == pytest.approx(0, abs=0.1)
    assert noise.std().item() == pytest.approx(2.5, rel=0.05)
    factors = layers.GaussianDropout(0.2, seed=seed)(ONES)
    assert factors.mean().item() == pytest.approx(1, abs=0.02)
    assert factors.std().item() == pytest.approx(0.5, rel=0.05)


@both
def test_without_a_seed_torch_s_generator_rules(name):
    layer = getattr(layers, name)(0.5)
    torch.manual_seed(1)
    first, second = layer(ONES), layer(ONES)
    torch.manual_seed(1)
    assert torch.equal(layer(ONES), first)
    assert not torch.equal(first, second)


@both
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_goes_on_where_the_original_stands(name, duplicate):
    layer = getattr(layers, name)(0.5, seed=1)
    state = torch.get_rng_state()
    layer(ONES)
    twin = duplicate(layer)
    assert torch.equal(twin(ONES), layer(ONES))
    assert torch.equal(torch.get_rng_state(), state)


@both
def test_inference_and_an_amount_of_0_return_the_inputs(name):
    assert getattr(layers, name)(0.5, seed=1).eval()(ONES) is ONES
    assert getattr(layers, name)(0)(ONES) is ONES


@both
def test_a_checkpoint_cannot_repeat_a_seed_and_says_so(name):
    layer = getattr(layers, name)(0.5, seed=3, name="noisy")
    outputs = checkpoint(lambda x: layer(x) ** 2, ONES.clone().requires_grad_(), use_reentrant=False)
    with pytest.raises(RuntimeError, match="noisy: a checkpoint runs it again .* Received: seed=3. Leave the seed out"):
        outputs.sum().backward()


@both
@pytest.mark.parametrize("seed", [None, 1])
def test_vmap_asks_what_random_numbers_are_to_be(name, seed):
    layer, inputs = getattr(layers, name)(0.5, seed=seed), torch.ones(3, 40)
    with pytest.raises(RuntimeError, match="randomness"):
        vmap(layer)(inputs)
    same = vmap(layer, randomness="same")(inputs)
    different = vmap(layer, randomness="different")(inputs)
    assert torch.equal(same[0], same[1])
    assert not torch.equal(different[0], different[1])


@both
def test_building_draws_nothing(name):
    layer = getattr(layers, name)(0.5, seed=1)
    ours.build(layer, ONES)
    assert torch.equal(layer(ONES), getattr(layers, name)(0.5, seed=1)(ONES))


def test_ints_get_noise_too():
    assert layers.GaussianNoise(0.5, seed=1)(torch.ones(3, dtype=torch.int64)).dtype is torch.float32
