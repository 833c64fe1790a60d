"""Does activation checkpointing, which runs `call` again in the backward pass, record everything once?"""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

from tests.honest.samples import Everything, Linear, MaskedSum, Mixed, Normalization, Penalty, Switch, Watched, built

X = torch.linspace(-1, 1, 15).reshape(5, 3)
_ways = pytest.mark.parametrize("reentrant", [True, False])


@_ways
def test_one_loss_metric_and_update_a_step(reentrant):
    model = built(Everything())
    watched, statistics = model.inner[1], model.inner[0]
    calls, means = int(watched.calls), []
    for step in range(1, 4):
        x = X.clone().requires_grad_()
        output = checkpoint(model, x, use_reentrant=reentrant)
        assert len(model.losses) == 3
        losses, before = list(model.losses), statistics.mean.clone()
        output.sum().backward()
        assert model.losses[0] is losses[0]
        assert model.losses[2] is losses[2]
        assert watched.calls == calls + step
        assert torch.equal(statistics.mean, before)
        means.append(watched.metrics[1].total.clone())
    count = watched.metrics[1].count
    assert count == (calls + 3) * len(X)


@_ways
def test_gradients_are_those_without_checkpointing(reentrant):
    plain, checkpointed = built(Mixed()), built(Mixed())
    checkpointed.load_state_dict(plain.state_dict())
    x, twin = X.clone().requires_grad_(), X.clone().requires_grad_()
    plain(x).sum().backward()
    checkpoint(checkpointed, twin, use_reentrant=reentrant).sum().backward()
    assert torch.allclose(x.grad, twin.grad)
    for one, other in zip(plain.parameters(), checkpointed.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad)


def test_a_loss_added_inside_has_gradients_without_reentrance():
    layer = built(Penalty())
    x = X.clone().requires_grad_()
    output = checkpoint(layer, x, use_reentrant=False)
    (output.sum() + layer.losses[0]).backward()
    assert torch.allclose(x.grad, 1 + 2 * X / X.numel())
    assert len(layer.losses) == 1


@_ways
def test_blocks_checkpointed_inside_a_layer(reentrant):
    class Deep(Linear):
        def __init__(self):
            super().__init__(3)
            self.blocks = [Penalty(), Watched(), Normalization()]

        def call(self, inputs):
            inputs = super().call(inputs)
            for block in self.blocks:
                inputs = checkpoint(block, inputs, use_reentrant=reentrant)
            return inputs

    layer = Deep()
    for step in range(1, 4):
        output = layer(X)
        mean = layer.blocks[2].mean.clone()
        output.square().sum().backward()
        assert len(layer.losses) == 1
        assert layer.blocks[1].calls == step
        assert torch.equal(layer.blocks[2].mean, mean)


@_ways
def test_a_first_build_inside(reentrant):
    model = nn.Sequential(Linear(4), nn.Tanh(), Watched(), Linear(1))
    x = X.clone().requires_grad_()
    checkpoint(model, x, use_reentrant=reentrant).sum().backward()
    assert model[2].calls == 1
    assert all(p.grad is not None for p in model.parameters())


@_ways
def test_sequential(reentrant):
    model = nn.Sequential(*[nn.Sequential(Linear(3), Watched(), Penalty()) for _ in range(4)])
    x = X.clone().requires_grad_()
    checkpoint_sequential(model, 2, x, use_reentrant=reentrant).sum().backward()
    assert [block[1].calls.item() for block in model] == [1] * 4
    assert [len(block[2].losses) for block in model] == [1] * 4


@_ways
def test_the_mode_given_to_an_outer_call_holds_in_the_second_run(reentrant):
    class Outer(Linear):
        def __init__(self):
            super().__init__(3)
            self.switch, self.seen = Switch(), []

        def run(self, inputs):
            output = self.switch(inputs)
            self.seen.append(bool((output != inputs).any()))
            return output.exp()

        def call(self, inputs, training=None):
            return checkpoint(self.run, super().call(inputs), use_reentrant=reentrant)

    layer = Outer().train()
    layer(X, training=False).sum().backward()
    assert layer.seen == [False, False]


def test_no_loss_of_a_call_in_a_backward_hook_counts():
    layer, x = built(Penalty()), X.clone().requires_grad_()
    output = layer(x)
    loss = layer.losses[0]
    output.register_hook(lambda gradient: layer(gradient) * 1)
    output.sum().backward()
    assert layer.losses == [loss]


def test_a_mask_on_the_input_holds_in_the_second_run():
    layer = MaskedSum()
    x = torch.ones(2, 4, 3, requires_grad=True)
    masked = x * 1
    masked._keras_mask = torch.tensor([[True, False, False, True], [True, True, True, False]])
    checkpoint(lambda inputs: layer(inputs).exp(), masked, use_reentrant=False).sum().backward()
    plain = layer(torch.ones(2, 4, 3, requires_grad=True), mask=masked._keras_mask)
    assert torch.allclose(x.grad, masked._keras_mask.unsqueeze(-1) * plain.exp().unsqueeze(1))
