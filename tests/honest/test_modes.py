"""Is a first build right in whatever mode of torch the first call happens to be?"""

from __future__ import annotations

import copy

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from tests.honest.samples import Block, Everything, Mixed, WeightsInContainers, two_layers

X = torch.linspace(-1, 1, 15).reshape(5, 3)
_kinds = pytest.mark.parametrize("make", [two_layers, Block, WeightsInContainers, Everything, Mixed])


def _trains(model):
    before = [p.detach().clone() for p in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        (model(X) - 3).square().sum().backward()
        optimizer.step()
    changed = [not torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True)]
    return all(type(p) is torch.nn.Parameter for p in model.parameters()) and any(changed)


@_kinds
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_without_gradients(make, mode):
    model = make()
    with mode():
        model(X)
    assert all(p.requires_grad and p.is_leaf for p in model.parameters())
    assert not any(tensor.is_inference() for tensor in [*model.parameters(), *model.buffers()])
    assert _trains(model)
    copy.deepcopy(model)


@_kinds
def test_on_fake_tensors(make):
    model, mode = make(), FakeTensorMode(allow_non_fake_inputs=True)
    with mode:
        fake = mode.from_tensor(X)
        assert model(fake).shape[0] == 5
    assert all(type(tensor.detach()) is torch.Tensor for tensor in [*model.parameters(), *model.buffers()])
    assert _trains(model)


@_kinds
def test_under_autocast(make):
    model = make()
    with torch.autocast("cpu", torch.bfloat16):
        model(X)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert _trains(model)


def test_with_another_default_dtype():
    torch.set_default_dtype(torch.float64)
    model = two_layers()
    model(X)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_inside_a_saved_tensors_hook_and_anomaly_detection():
    model = two_layers()
    expected = pytest.warns(UserWarning, match="Anomaly Detection")
    with torch.autograd.graph.save_on_cpu(), expected, torch.autograd.detect_anomaly():
        model(X).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_on_a_view_and_on_a_subclass():
    class Tagged(torch.Tensor):
        pass

    model = two_layers()
    model(torch.randn(3, 5).T.as_subclass(Tagged))
    assert {type(p) for p in model.parameters()} == {torch.nn.Parameter}
    assert _trains(model)


def test_building_draws_the_same_weights_whatever_the_mode():
    kernels = []
    for mode in (torch.enable_grad, torch.no_grad, torch.inference_mode):
        torch.manual_seed(3)
        model = two_layers()
        with mode():
            model(X)
        kernels.append(model[0].kernel)
    assert torch.equal(kernels[0], kernels[1])
    assert torch.equal(kernels[0], kernels[2])


@pytest.mark.parametrize("start", ["unbuilt", "built"])
def test_counting_operations(start):
    model = two_layers()
    if start == "built":
        model(X)
    with FlopCounterMode(display=False) as counter:
        model(X)
    assert counter.get_total_flops() == 2 * 5 * 3 * 4 + 2 * 5 * 4 * 1


def test_where_algorithms_must_be_deterministic():
    torch.use_deterministic_algorithms(True)
    try:
        model = Everything()
        (model(X).sum() + sum(model.losses)).backward()
    finally:
        torch.use_deterministic_algorithms(False)
    assert torch.isfinite(model.first.kernel.grad).all()
