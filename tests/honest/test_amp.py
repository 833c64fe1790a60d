"""Does torch.autocast decide the dtypes, and do we stay out of its way?"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.honest.samples import Block, Everything, Linear, Normalization, TorchTwin, built, two_layers

X = torch.linspace(-1, 1, 15).reshape(5, 3)


def test_as_the_hand_written_twin():
    model = built(two_layers())
    twin = TorchTwin(model)
    with torch.autocast("cpu", torch.bfloat16):
        ours, theirs = model(X), twin(X)
    assert ours.dtype is theirs.dtype
    assert torch.equal(ours, theirs)
    ours.float().sum().backward()
    theirs.float().sum().backward()
    for mine, other in zip(model.parameters(), twin.parameters(), strict=True):
        assert mine.grad.dtype is torch.float32
        assert torch.equal(mine.grad, other.grad)


@pytest.mark.parametrize("make", [two_layers, Block, Everything])
def test_inputs_are_not_cast_back(make):
    seen = []
    model = built(make())
    for module in model.modules():
        module.register_forward_pre_hook(lambda module, args: seen.append(args[0].dtype))
    with torch.autocast("cpu", torch.bfloat16):
        model(X.bfloat16())
    assert torch.bfloat16 in seen


def test_a_layer_gets_what_the_layer_before_gave():
    class Sees(keras.Layer):
        def call(self, inputs):
            self.saw = inputs.dtype
            return inputs

    model = nn.Sequential(nn.Linear(3, 3), Sees(), nn.Linear(3, 2))
    with torch.autocast("cpu", torch.bfloat16):
        assert model(X).dtype is torch.bfloat16
    assert model[1].saw is torch.bfloat16
    model(X)
    assert model[1].saw is torch.float32


def test_a_disabled_region_casts_again():
    layer = built(Linear(2))
    with torch.autocast("cpu", torch.bfloat16), torch.autocast("cpu", enabled=False):
        assert layer(X.bfloat16()).dtype is torch.float32


def test_statistics_stay_float32():
    layer = Normalization()
    with torch.autocast("cpu", torch.bfloat16):
        layer(X)
    assert layer.mean.dtype is torch.float32
    assert torch.allclose(layer.mean, 0.1 * X.mean(0))


def test_training_with_a_gradient_scaler():
    model = built(two_layers())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=16.0)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = (model(X) - 1).float().square().mean()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


def test_a_mixed_policy_inside_autocast():
    layer = Linear(2, dtype="mixed_bfloat16")
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(X).dtype is torch.bfloat16
    assert layer.kernel.dtype is torch.float32
    assert layer(X).dtype is torch.bfloat16
