"""Do layers live in torch's containers, and torch's modules in layers, as if all were of one kind?"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.honest.samples import Block, Everything, Linear, Mixed, Normalization, Penalty, Regularized, Switch, built

X = torch.linspace(-1, 1, 15).reshape(5, 3)


def test_sequential_passes_through_and_slices():
    model = nn.Sequential(Linear(4), nn.Tanh(), Linear(2), Switch())
    output = model(X)
    by_hand = torch.tanh(X @ model[0].kernel + model[0].bias) @ model[2].kernel + model[2].bias
    assert torch.allclose(output, 2 * by_hand)
    assert torch.equal(model[:3](X) * 2, output)
    model.append(Linear(1))
    model.insert(0, nn.Dropout(0.0))
    assert model(X).shape == (5, 1)
    del model[0]
    assert list(model.state_dict())[-2:] == ["4.kernel", "4.bias"]


def test_module_list_and_module_dict():
    layers = nn.ModuleList([Linear(3) for _ in range(3)])
    branches = nn.ModuleDict({"a": Linear(1), "b": nn.Linear(3, 1)})
    x = X
    for layer in layers:
        x = layer(x)
    output = branches["a"](x) + branches["b"](x)
    output.sum().backward()
    assert all(p.grad is not None for p in [*layers.parameters(), *branches.parameters()])
    assert sorted(branches.state_dict()) == ["a.bias", "a.kernel", "b.bias", "b.weight"]


def test_torch_modules_and_parameters_in_a_layer_count_as_its_own():
    class Holds(keras.Layer):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
            self.scale = nn.Parameter(torch.ones(3))
            self.register_buffer("seen", torch.zeros(()))
            self.many = [nn.Linear(3, 3, bias=False)]

        def call(self, inputs):
            self.seen += 1
            return self.many[0](self.inner(inputs)) * self.scale

    layer = built(Holds())
    assert len(layer.trainable_weights) == 6
    assert len(layer.non_trainable_weights) == 4
    layer.trainable = False
    assert not any(p.requires_grad for p in layer.parameters())
    assert layer.eval().inner[1].training is False


def test_train_and_eval_reach_through_every_container():
    model = nn.Sequential(nn.ModuleDict({"a": Block()})["a"], nn.Sequential(Everything()))
    model.eval()
    assert not any(module.training for module in model.modules())
    model.train()
    assert all(module.training for module in model.modules())
    model[1].eval()
    assert model[0].ends[0].training
    assert not model[1][0].inner[0].training


def test_apply_of_torch_visits_every_module_once():
    model, seen = Mixed(), []
    model.apply(seen.append)
    assert len(seen) == len(set(seen)) == len(list(model.modules()))
    assert any(isinstance(module, Normalization) for module in seen)
    inner: list[nn.Module] = []
    model.heads[1].apply(inner.append)
    assert inner[-1] is model.heads[1]


def test_initialisation_by_apply():
    def zeros(module):
        if isinstance(module, Linear):
            nn.init.constant_(module.kernel, 0.5)

    model = built(Mixed())
    model.apply(zeros)
    assert all((m.kernel == 0.5).all() for m in model.modules() if isinstance(m, Linear))


def test_a_layer_shared_by_two_models_is_one():
    shared = Linear(3)
    one, other = nn.Sequential(shared, Linear(1)), nn.Sequential(nn.Tanh(), shared)
    built(one)
    other(X).sum().backward()
    assert one[0].kernel.grad is not None
    assert len({id(p) for m in (one, other) for p in m.parameters()}) == 4


@pytest.mark.parametrize("make", [Linear, Block, Everything, Mixed])
def test_torch_can_describe_it(make):
    model = make()
    for state in ("unbuilt", "built"):
        assert type(model).__name__ in repr(model), state
        assert len(list(model.named_modules())) == len({id(m) for m in model.modules()})
        assert {id(m) for m in model.children()} == {id(m) for _, m in model.named_children()}
        built(model)
    path = next(name for name, module in model.named_modules() if isinstance(module, Linear))
    assert model.get_submodule(path).kernel is model.get_parameter(f"{path}.kernel".lstrip("."))


def test_collect_losses_and_submodules_through_containers():
    model = nn.Sequential(nn.ModuleList([Regularized(3)])[0], nn.Sequential(Penalty(), nn.ReLU()), Penalty())
    model(X)
    regularizer, first, second = keras.collect_losses(model)
    assert torch.allclose(regularizer, 0.01 * model[0].kernel.square().sum())
    hidden = X @ model[0].kernel + model[0].bias
    assert torch.allclose(first, hidden.square().mean())
    assert torch.allclose(second, hidden.relu().square().mean())


def test_averaged_model():
    model = built(nn.Sequential(Linear(4), Normalization(), Linear(1)))
    averaged = torch.optim.swa_utils.AveragedModel(model)
    first = model[0].kernel.detach().clone()
    averaged.update_parameters(model)
    with torch.no_grad():
        model[0].kernel.add_(1)
    averaged.update_parameters(model)
    assert torch.allclose(averaged.module[0].kernel, first + 0.5, atol=1e-6)
    assert averaged(X).shape == (5, 1)


def test_averaged_model_of_an_unbuilt_one_says_what_to_do():
    model = nn.Sequential(Linear(4))
    averaged = torch.optim.swa_utils.AveragedModel(model)
    with pytest.raises(RuntimeError, match=r"linear.*not built"):
        averaged.update_parameters(model)


def test_vectors_of_parameters_and_clipping():
    model, other = built(nn.Sequential(Linear(4), Linear(1))), built(nn.Sequential(Linear(4), Linear(1)))
    vector = nn.utils.parameters_to_vector(model.parameters())
    assert vector.shape == (12 + 4 + 4 + 1,)
    nn.utils.vector_to_parameters(vector, other.parameters())
    assert torch.equal(model(X), other(X))
    model(X).square().sum().backward()
    norm = torch.stack([p.grad.square().sum() for p in model.parameters()]).sum().sqrt()
    assert torch.allclose(nn.utils.clip_grad_norm_(model.parameters(), 0.1), norm)
    assert torch.allclose(nn.utils.get_total_norm([p.grad for p in model.parameters()]), torch.tensor(0.1))
    nn.utils.clip_grad_value_(model.parameters(), 0.01)
    assert max(p.grad.abs().max() for p in model.parameters()) <= 0.01


def test_pruned_copy_in_a_container_is_deep():
    stack = nn.ModuleList(copy.deepcopy(Block()) for _ in range(2))
    for block in stack:
        block(X)
    assert len({p.data_ptr() for p in stack.parameters()}) == 20
