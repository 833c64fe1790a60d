"""Are the losses right after any mixture of eager and compiled calls of a layer and of those around it?"""

from __future__ import annotations

import random

import pytest
import torch
from torch._dynamo.testing import CompileCounter

import torchkeras_layer as keras
from tests.honest.samples import Penalty

X = torch.linspace(-1, 1, 15).reshape(5, 3)


class Repeats(keras.Layer):
    """Calls an inner layer a number of times, and adds a loss of its own unless that is once."""

    def __init__(self, times):
        super().__init__()
        self.inner, self.times = Penalty(), times

    def call(self, inputs):
        for _ in range(self.times):
            inputs = self.inner(inputs) + 1
        if self.times != 1:
            self.add_loss(inputs.sum())
        return inputs


class Around(keras.Layer):
    """Calls a layer, or does not."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, inputs, deep=True):
        return self.inner(inputs) if deep else inputs


def _layers(times):
    repeats = Repeats(times)
    return [repeats.inner, repeats, Around(repeats)]


@pytest.mark.parametrize("seed", range(6))
def test_as_if_all_calls_were_eager(seed):
    torch._dynamo.reset()
    chance, counter = random.Random(seed), CompileCounter()
    eager, mixed = _layers(seed % 3), _layers(seed % 3)
    compiled = [torch.compile(layer, backend=counter, fullgraph=True) for layer in mixed]
    for _ in range(8):
        place, x = chance.randrange(3), chance.randint(1, 3) * X
        keywords = {"deep": chance.random() < 0.7} if place == 2 else {}
        eager[place](x, **keywords)
        chance.choice([compiled, compiled, mixed])[place](x, **keywords)
        for one, other in zip(eager, mixed, strict=True):
            assert len(one.losses) == len(other.losses)
            assert all(torch.allclose(a, b) for a, b in zip(one.losses, other.losses, strict=True))
    # One for each of the three, a second for the other value of `deep`, and one more where an eager call came between.
    assert counter.frame_count <= 5
