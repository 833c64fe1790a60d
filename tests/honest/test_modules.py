"""Do `build` and `collect_losses` work on any module, and touch nothing that they should not?"""

from __future__ import annotations

from collections import namedtuple

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.honest.samples import Block, Everything, Linear, Mixed, Penalty, Regularized, Switch, Watched, built

X = torch.linspace(-1, 1, 15).reshape(5, 3)


@pytest.mark.parametrize("make", [Linear, Block, Everything, Mixed, lambda: nn.Sequential(nn.Flatten(), Linear(1))])
def test_build_makes_real_weights_and_returns_the_module(make):
    model = make()
    assert keras.build(model, X) is model
    assert all(type(p) is nn.Parameter and p.device.type == "cpu" for p in model.parameters())


@pytest.mark.parametrize("make", [Linear, Block, Everything, Mixed])
def test_build_draws_the_weights_that_a_call_would(make):
    torch.manual_seed(5)
    called = make()
    called(X)
    torch.manual_seed(5)
    dry = dict(keras.build(make(), X).named_parameters())
    assert all(torch.equal(dry[name], value) for name, value in called.named_parameters())


def test_build_computes_nothing():
    class Computes(keras.Layer):
        def call(self, inputs):
            self.saw = type(inputs).__name__
            return inputs @ torch.ones(3, 10**6) @ torch.ones(10**6, 3)

    layer = Computes()
    keras.build(layer, X)
    assert layer.saw == "FakeTensor"


def test_build_touches_no_statistic_metric_loss_random_state_or_gradient():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5), Everything(), Watched(), Penalty())
    before = [tensor.clone() for tensor in model[0].buffers()]
    state = torch.get_rng_state()
    keras.build(model[:2], X)
    assert torch.equal(torch.get_rng_state(), state)
    keras.build(model, X)
    assert all(torch.equal(a, b) for a, b in zip(before, model[0].buffers(), strict=True))
    assert model[3].calls == 0
    assert [m.result() for m in model[3].metrics] == [0, 0]
    assert len(keras.collect_losses(model)) == 1
    assert all(p.grad is None for p in model.parameters())
    assert model.training
    assert torch.equal(model[2].inner[0].mean, torch.zeros(4))


def test_build_runs_each_forward_once_and_hooks_as_in_a_call():
    layer, calls = Linear(2), []
    layer.register_forward_hook(lambda *_: calls.append(1))
    keras.build(layer, X)
    assert calls == [1]


def test_build_of_a_built_module_changes_nothing():
    model = built(Mixed())
    before = dict(model.named_parameters())
    keras.build(model, X)
    assert all(before[name] is value for name, value in model.named_parameters())


def test_build_with_several_and_nested_inputs_and_keywords():
    Pair = namedtuple("Pair", ["left", "right"])

    class Joins(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = Linear(2), Linear(2)

        def forward(self, pair, scale, *, extra):
            return self.left(pair.left) * scale + self.right(pair.right["deep"][0]) + extra

    model = Joins()
    keras.build(model, Pair(X, {"deep": [torch.ones(5, 7)]}), 3.0, extra=torch.ones(2))
    assert model.left.kernel.shape == (3, 2)
    assert model.right.kernel.shape == (7, 2)


def test_build_keeps_to_the_dtype_and_the_mode():
    model = nn.Sequential(Linear(2), Switch()).double().eval()
    keras.build(model, X.double())
    assert model[0].kernel.dtype is torch.float64
    assert not model.training


def test_build_with_a_mask_on_the_example():
    class NeedsMask(Linear):
        def call(self, inputs, mask=None):
            assert mask is not None
            return super().call(inputs)

    x = X.clone()
    x._keras_mask = torch.ones(5, dtype=torch.bool)
    assert keras.build(NeedsMask(), x).built


def test_build_of_something_else_is_an_error():
    with pytest.raises(TypeError, match=r"build: expected an nn\.Module\. Received: 3"):
        keras.build(3, X)


def test_build_of_a_module_that_looks_at_values_says_what_to_do():
    class Looks(keras.Layer):
        def call(self, inputs):
            return inputs if inputs.sum().item() > 0 else -inputs

    model = nn.Sequential(Linear(3), Looks())
    with pytest.raises(RuntimeError, match=r"build: calling Sequential.*failed.*call it once on real inputs"):
        keras.build(model, X)
    assert model(X).shape == (5, 3)


def test_build_with_wrong_inputs_says_so_and_a_second_try_works():
    model = nn.Sequential(nn.Linear(3, 4), Linear(2))
    with pytest.raises(RuntimeError, match="build: calling Sequential on inputs without data failed"):
        keras.build(model, torch.ones(2, 9))
    assert not model[1].built
    assert keras.build(model, X)[1].built


def test_collect_losses_lists_and_does_not_add_up():
    model = nn.Sequential(Regularized(3), Penalty(), nn.Sequential(Penalty()))
    assert keras.collect_losses(model) == []
    model(X)
    losses = keras.collect_losses(model)
    assert [tuple(loss.shape) for loss in losses] == [()] * 3
    assert [id(loss) for loss in keras.collect_losses(model)[1:]] == [id(loss) for loss in losses[1:]]
    sum(losses).backward()
    assert model[0].kernel.grad is not None


def test_collect_losses_of_the_last_forward_only():
    model = nn.Sequential(Penalty(), nn.ReLU(), Penalty())
    for scale in (1, 2):
        model(scale * torch.ones(1, 3))
        assert [loss.item() for loss in keras.collect_losses(model)] == [scale**2] * 2


def test_collect_losses_of_plain_modules_and_shared_layers():
    assert keras.collect_losses(nn.Linear(2, 2)) == []
    shared = Regularized(3)
    assert len(keras.collect_losses(built(nn.Sequential(shared, nn.Sequential(shared))))) == 1


def test_collect_losses_of_a_layer_that_calls_another_twice():
    class Twice(keras.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Penalty()

        def call(self, inputs):
            return self.inner(self.inner(inputs) * 2)

    model = nn.Sequential(Twice())
    model(torch.ones(3))
    assert [loss.item() for loss in keras.collect_losses(model)] == [1, 4]
