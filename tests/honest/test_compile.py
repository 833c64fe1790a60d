"""Is a layer one graph under torch.compile, whatever it records, and does it record what it does in eager?"""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter

import torchkeras_layer as keras
from tests.honest.samples import (
    Block,
    Everything,
    HidesNegative,
    Linear,
    MaskedSum,
    Mixed,
    Normalization,
    Penalty,
    Regularized,
    Switch,
    Watched,
    WeightsInContainers,
    built,
    two_layers,
)

X = torch.linspace(-1, 1, 15).reshape(5, 3)
_starts = pytest.mark.parametrize("start", ["unbuilt", "built"])


@pytest.fixture(autouse=True)
def _nothing_compiled():
    torch._dynamo.reset()


@pytest.fixture
def counter():
    return CompileCounter()


def made(make, start):
    return built(make()) if start == "built" else make()


def twin_of(make, model):
    """Return an eager model of the same weights and statistics; one step of training comes before."""
    twin = built(make())
    twin.load_state_dict(model.state_dict())
    return twin


KINDS = {
    "linear": Linear,
    "regularized": Regularized,
    "normalization": Normalization,
    "switch": Switch,
    "penalty": Penalty,
    "watched": Watched,
    "block": Block,
    "containers": WeightsInContainers,
    "everything": Everything,
    "mixed": Mixed,
    "sequential": lambda: nn.Sequential(nn.Linear(3, 3), Everything(), nn.ReLU(), Penalty(), Linear(1)),
    "activity": lambda: Linear(2, activity_regularizer="l2"),
    "masks": lambda: nn.Sequential(nn.Unflatten(1, (3, 1)), HidesNegative(), MaskedSum()),
}


@pytest.mark.parametrize("kind", KINDS)
@_starts
def test_one_graph_for_many_calls_and_the_numbers_of_eager(kind, start, counter):
    model = made(KINDS[kind], start)
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    compiled(X)
    twin = twin_of(KINDS[kind], model)
    for step in range(1, 5):
        x = X * step
        assert torch.allclose(compiled(x), twin(x), atol=1e-6)
        ours, theirs = keras.collect_losses(model), keras.collect_losses(twin)
        assert len(ours) == len(theirs)
        assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(ours, theirs, strict=True))
    for (name, value), other in zip(model.state_dict().items(), twin.state_dict().values(), strict=True):
        assert torch.allclose(value, other, atol=1e-6), name
    assert counter.frame_count == 1


@_starts
def test_training_and_inference_are_two_graphs(start, counter):
    model = made(Everything, start)
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    for _ in range(3):
        model.train()
        compiled(X)
        calls, mean = int(model.inner[1].calls), model.inner[0].mean.clone()
        model.eval()
        compiled(X)
        assert torch.equal(model.inner[0].mean, mean)
        assert model.inner[1].calls == calls + 1
    assert counter.frame_count <= 2


def test_training_given_at_the_call(counter):
    layer = Switch()
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    for training, factor in ((True, 2), (False, 1), (None, 2)) * 2:
        assert torch.equal(compiled(X, training=training), factor * X)
    assert counter.frame_count <= 3


@_starts
def test_metrics_and_updates_happen_once_a_call(start, counter):
    layer = Watched()
    if start == "built":
        keras.build(layer, X)
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    for step in range(1, 6):
        compiled(step * torch.ones(5, 3))
        assert layer.calls == step
    seen, average = layer.metrics
    assert seen.result() == 15 * (1 + 2 + 3 + 4 + 5)
    assert average.result() == 3
    assert counter.frame_count == 1
    seen.reset_state()
    compiled(torch.ones(5, 3))
    assert seen.result() == 15
    assert counter.frame_count == 1


def test_losses_have_gradients(counter):
    model = built(Everything())
    twin = twin_of(Everything, model)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    for _ in range(3):
        for run, module in ((compiled, model), (twin, twin)):
            module.zero_grad()
            (run(X).sum() + sum(module.losses)).backward()
        for mine, other in zip(model.parameters(), twin.parameters(), strict=True):
            assert torch.allclose(mine.grad, other.grad, atol=1e-6)


def test_a_whole_training_step_in_inductor():
    model = built(Everything())
    twin = twin_of(Everything, model)
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.05) for m in (model, twin)]
    compiled = torch.compile(model, fullgraph=True)
    for step in range(3):
        x = X + step
        for run, module, optimizer in ((compiled, model, optimizers[0]), (twin, twin, optimizers[1])):
            optimizer.zero_grad()
            loss = run(x).square().mean() + sum(module.losses)
            loss.backward()
            optimizer.step()
    for (name, value), other in zip(model.state_dict().items(), twin.state_dict().values(), strict=True):
        assert torch.allclose(value, other, atol=1e-5), name


@_starts
def test_any_batch_size_in_one_graph(start, counter):
    model = made(Everything, start)
    compiled = torch.compile(model, backend=counter, fullgraph=True, dynamic=start == "built" or None)
    for size in (5, 6, 9):
        x = torch.randn(size, 3)
        torch._dynamo.mark_dynamic(x, 0)
        assert compiled(x).shape == (size, 1)
        assert len(model.losses) == 3
    assert counter.frame_count == 1
    assert model.first.kernel.shape == (3, 4)


def test_an_unbuilt_layer_is_built_before_tracing_and_not_run_for_it(counter):
    layer = nn.Sequential(Watched(), Penalty(), Linear(2), Normalization())
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    compiled(X)
    assert layer[0].calls == 1
    assert layer[0].metrics[0].result() == pytest.approx(X.sum().item(), abs=1e-5)
    assert len(keras.collect_losses(layer)) == 1
    assert all(type(p) is nn.Parameter for p in layer.parameters())


def test_freezing_after_compilation(counter):
    model = built(two_layers())
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    compiled(X).sum().backward()
    model.zero_grad()
    model[0].trainable = False
    compiled(X).sum().backward()
    assert [p.grad is None for p in model.parameters()] == [True, True, False, False]


def test_eager_calls_after_compiled_ones_and_back(counter):
    layer = Penalty()
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    for _ in range(3):
        compiled(X)
        assert len(layer.losses) == 1
        layer(2 * X)
        assert [loss.item() for loss in layer.losses] == [pytest.approx((2 * X).square().mean().item())]
    assert counter.frame_count == 1
