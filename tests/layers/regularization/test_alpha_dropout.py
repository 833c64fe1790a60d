"""Does AlphaDropout drop as Keras does, keep mean and variance, and refuse bad input?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.checkpoint import checkpoint

from tests.oracle import assert_close, keras
from torchkeras_layer import layers


@given(
    rate=st.floats(0, 0.95),
    seed=st.integers(0, 2**31 - 1),
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    data=st.data(),
)
def test_seeded_numbers_are_keras_s_call_after_call(rate, seed, shape, data):
    noise = data.draw(st.none() | st.tuples(*(st.sampled_from([None, 1, size]) for size in shape)))
    mine = layers.AlphaDropout(rate, noise_shape=noise, seed=seed)
    theirs = keras.layers.AlphaDropout(rate, noise_shape=noise, seed=seed)
    inputs = torch.linspace(-2, 3, int(np.prod(shape))).reshape(shape)
    for _ in range(2):
        assert_close(mine(inputs, training=True), theirs(inputs, training=True))


@pytest.mark.parametrize("seed", [None, 3])
def test_mean_and_variance_stay(seed):
    torch.manual_seed(0)
    inputs = torch.randn(400, 200)
    outputs = layers.AlphaDropout(0.3, seed=seed)(inputs)
    assert outputs.mean().item() == pytest.approx(0, abs=0.02)
    assert outputs.var().item() == pytest.approx(1, rel=0.03)
    dropped = outputs == outputs.mode().values[0]
    assert dropped.float().mean().item() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("rate", [-0.1, 1.1, "0.5", None, float("nan"), True])
def test_a_rate_is_a_number(rate):
    with pytest.raises(ValueError, match=r"^AlphaDropout: rate must be a number from 0 to 1\. Received: rate="):
        layers.AlphaDropout(rate)


def test_a_rate_of_1_leaves_no_variance():
    with pytest.raises(ValueError, match=r"^AlphaDropout: rate must be below 1\. Received: rate=1\.0"):
        layers.AlphaDropout(1.0)


def test_a_noise_shape_must_suit_the_inputs():
    with pytest.raises(ValueError, match=r"^drop: noise_shape must broadcast to .* \(4, 5\)\. Received: noise_shape="):
        layers.AlphaDropout(0.5, noise_shape=(3,), name="drop")(torch.ones(4, 5))


def test_a_checkpoint_cannot_repeat_a_seed_and_says_so():
    layer = layers.AlphaDropout(0.5, seed=3, name="drop")
    outputs = checkpoint(lambda x: layer(x) ** 2, torch.ones(4, requires_grad=True), use_reentrant=False)
    with pytest.raises(RuntimeError, match="drop: a checkpoint runs it again .* Received: seed=3. Leave the seed out"):
        outputs.sum().backward()


def test_without_a_seed_torch_s_generator_rules():
    layer, inputs = layers.AlphaDropout(0.5), torch.ones(100)
    torch.manual_seed(1)
    first, second = layer(inputs), layer(inputs)
    torch.manual_seed(1)
    assert torch.equal(layer(inputs), first)
    assert not torch.equal(first, second)


def test_inference_and_a_rate_of_0_return_the_inputs():
    inputs = torch.ones(3)
    assert layers.AlphaDropout(0.5).eval()(inputs) is inputs
    assert layers.AlphaDropout(0)(inputs) is inputs
