"""Which seed makes which numbers come again?"""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from tests.initializers.cases import RANDOM
from tests.oracle import assert_close, keras
from torchkeras_layer import initializers
from torchkeras_layer.initializers import SeedGenerator
from torchkeras_layer.utils import set_random_seed


def _draw(name, arguments, **more):
    return getattr(initializers, name)(**arguments, **more)((4, 5))


@pytest.mark.parametrize(("name", "arguments"), RANDOM)
def test_without_a_seed_torch_decides(name, arguments):
    initializer = getattr(initializers, name)(**arguments)
    torch.manual_seed(1)
    first, second = initializer((4, 5)), initializer((4, 5))
    torch.manual_seed(1)
    assert torch.equal(first, initializer((4, 5)))
    assert not torch.equal(first, second)


@pytest.mark.parametrize(("name", "arguments"), RANDOM)
def test_a_seed_does_not_touch_torchs_own(name, arguments):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first = _draw(name, arguments, seed=3)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first, _draw(name, arguments, seed=np.int64(3)))
    assert not torch.equal(first, _draw(name, arguments, seed=4))


def test_a_row_of_seeds_gives_the_numbers_of_keras():
    ours = initializers.RandomNormal(seed=SeedGenerator(3))
    theirs = keras.initializers.RandomNormal(seed=keras.random.SeedGenerator(3))
    first, second = ours((4,)), ours((4,))
    assert not torch.equal(first, second)
    assert_close([first, second], [theirs((4,)), theirs((4,))])


def test_a_row_of_seeds_is_saved_as_in_keras():
    ours = initializers.RandomNormal(seed=SeedGenerator(3, name="row"))
    theirs = keras.initializers.RandomNormal(seed=keras.random.SeedGenerator(3, name="row"))
    config = initializers.serialize(ours)
    assert config == keras.initializers.serialize(theirs)
    again = initializers.deserialize(config)
    assert (type(again.seed), again.seed.seed, again.seed.name) == (SeedGenerator, 3, "row")
    assert torch.equal(again((3,)), ours((3,)))


def test_a_row_without_a_seed_follows_torch():
    torch.manual_seed(5)
    first = SeedGenerator()
    torch.manual_seed(5)
    second = SeedGenerator()
    assert first.next() == second.next()
    assert first.next() != SeedGenerator().next()
    assert first.get_config()["seed"] is None
    assert first.name != second.name
    with torch.device("meta"):
        assert isinstance(SeedGenerator().next(), int)


@pytest.mark.parametrize("seed", ["a", 1.5, True, [1], object()])
def test_what_is_no_seed_is_an_error(seed):
    with pytest.raises(ValueError, match="HeNormal: seed must be an int, a SeedGenerator or None. Received: seed="):
        initializers.HeNormal(seed=seed)
    with pytest.raises(ValueError, match="SeedGenerator: seed must be"):
        SeedGenerator(seed)


def test_the_config_of_something_else_is_no_seed():
    with pytest.raises(ValueError, match="seed must be"):
        initializers.HeNormal(seed=initializers.serialize(initializers.Zeros()))


@pytest.mark.parametrize(("name", "arguments"), RANDOM)
def test_fake_tensors_are_drawn_too(name, arguments):
    with FakeTensorMode():
        for more in ({}, {"seed": 1}):
            assert _draw(name, arguments, **more).shape == (4, 5)


def test_one_seed_for_everything():
    drawn = []
    for _ in range(2):
        set_random_seed(11)
        drawn.append((random.random(), float(np.random.rand()), float(torch.rand(()))))
    assert drawn[0] == drawn[1]
    set_random_seed(12)
    assert random.random() != drawn[0][0]


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", None, True])
def test_a_seed_for_everything_is_an_int_that_numpy_takes(seed):
    with pytest.raises(ValueError, match="set_random_seed: seed must be an int from 0 to 4294967295. Received: "):
        set_random_seed(seed)
