"""Do torch's ways to put something in a weight's or a layer's place work on layers?"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from tests.honest.samples import Block, Everything, Linear, Regularized, WeightsInContainers, built

X = torch.linspace(-1, 1, 15).reshape(5, 3)


class Symmetric(nn.Module):
    def forward(self, weight):
        return weight.triu() + weight.triu(1).T


def test_parametrize():
    layer = built(Linear(3))
    parametrize.register_parametrization(layer, "kernel", Symmetric())
    assert torch.equal(layer.kernel, layer.kernel.T)
    assert torch.allclose(layer(X), X @ layer.kernel + layer.bias)
    layer(X).sum().backward()
    original = layer.parametrizations.kernel.original
    assert original.grad.tril(-1).count_nonzero() == 0
    assert {id(w) for w in layer.trainable_weights} == {id(original), id(layer.bias)}
    assert sorted(layer.state_dict()) == ["bias", "parametrizations.kernel.original"]
    parametrize.remove_parametrizations(layer, "kernel")
    assert sorted(layer.state_dict()) == ["bias", "kernel"]
    assert torch.equal(layer.kernel, layer.kernel.T)


def test_parametrize_keeps_the_regularizer_on_what_is_computed_with():
    layer = built(Regularized(3))
    parametrize.register_parametrization(layer, "kernel", Symmetric())
    assert torch.allclose(layer.losses[0], 0.01 * layer.kernel.square().sum())


def test_parametrize_survives_copy_and_pickle_as_torch_does():
    layer = built(Linear(3))
    parametrize.register_parametrization(layer, "kernel", Symmetric())
    twin = copy.deepcopy(layer)
    assert torch.equal(twin(X), layer(X))
    fresh = built(Linear(3))
    parametrize.register_parametrization(fresh, "kernel", Symmetric())
    fresh.load_state_dict(layer.state_dict())
    assert torch.equal(fresh(X), layer(X))


def test_parametrize_cached():
    layer = built(Linear(3))
    parametrize.register_parametrization(layer, "kernel", Symmetric())
    with parametrize.cached():
        assert layer.kernel is layer.kernel
        layer(X)


def test_weight_norm():
    layer = parametrizations.weight_norm(built(Linear(4)), "kernel", dim=1)
    magnitude = layer.parametrizations.kernel.original0
    with torch.no_grad():
        magnitude.fill_(2)
    assert torch.allclose(layer.kernel.norm(dim=0), torch.full((4,), 2.0))
    layer(X).sum().backward()
    assert magnitude.grad is not None


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")
def test_weight_norm_the_older_way():
    layer = built(Linear(4))
    before = layer(X)
    nn.utils.weight_norm(layer, "kernel", dim=1)
    assert torch.allclose(layer(X), before, atol=1e-6)
    assert sorted(layer.state_dict()) == ["bias", "kernel_g", "kernel_v"]
    with torch.no_grad():
        layer.kernel_g.mul_(2)
    assert torch.allclose(layer(X), 2 * before, atol=1e-6)
    layer(X).sum().backward()
    assert layer.kernel_g.grad is not None
    nn.utils.remove_weight_norm(layer, "kernel")
    assert sorted(layer.state_dict()) == ["bias", "kernel"]


def test_spectral_norm():
    layer = parametrizations.spectral_norm(built(Linear(4)), "kernel", n_power_iterations=50)
    assert torch.allclose(torch.linalg.matrix_norm(layer.kernel, 2), torch.tensor(1.0), atol=1e-4)


def test_spectral_norm_the_older_way():
    layer = nn.utils.spectral_norm(built(Linear(4)), "kernel", n_power_iterations=50)
    layer(X)
    assert torch.allclose(torch.linalg.matrix_norm(layer.kernel, 2), torch.tensor(1.0), atol=1e-4)
    assert "kernel_orig" in layer.state_dict()


def test_orthogonal():
    layer = parametrizations.orthogonal(built(Linear(3)), "kernel")
    assert torch.allclose(layer.kernel @ layer.kernel.T, torch.eye(3), atol=1e-5)


def test_prune():
    layer = built(Linear(4))
    prune.l1_unstructured(layer, "kernel", amount=0.5)
    assert (layer.kernel == 0).sum() == 6
    assert sorted(layer.state_dict()) == ["bias", "kernel_mask", "kernel_orig"]
    layer(X).sum().backward()
    assert (layer.kernel_orig.grad == 0).sum() >= 6
    assert torch.equal(layer(X), X @ (layer.kernel_orig * layer.kernel_mask) + layer.bias)
    prune.remove(layer, "kernel")
    assert sorted(layer.state_dict()) == ["bias", "kernel"]
    assert (layer.kernel == 0).sum() == 6


def test_prune_globally():
    layer = built(Block())
    weights = [(step, "kernel") for step in layer.steps]
    prune.global_unstructured(weights, pruning_method=prune.L1Unstructured, amount=9)
    assert sum(int((step.kernel == 0).sum()) for step in layer.steps) == 9


class LowRank(nn.Module):
    """A frozen layer with a trained correction beside it."""

    def __init__(self, base, size_in, size_out):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Parameter(torch.randn(size_in, 1))
        self.up = nn.Parameter(torch.zeros(1, size_out))

    def forward(self, inputs):
        return self.base(inputs) + inputs @ self.down @ self.up


_places = pytest.mark.parametrize("path", ["steps.0", "branches.left", "ends.1"])


@_places
def test_low_rank_replacement_by_path(path):
    layer = built(Block())
    before = layer(X)
    parent, _, name = path.rpartition(".")
    base = layer.get_submodule(path)
    correction = LowRank(base, *base.kernel.shape)
    setattr(layer.get_submodule(parent), name, correction)
    assert torch.equal(layer(X), before)
    with torch.no_grad():
        correction.up.fill_(1)
    assert not torch.equal(layer(X), before)
    assert layer.get_submodule(path) is correction
    assert f"{path}.base.kernel" in layer.state_dict()
    assert sum(p.requires_grad for p in layer.parameters()) == 8 + 2
    assert any(w is correction.up for w in layer.trainable_weights)


@_places
def test_swap_through_modules_as_quantization_does(path):
    layer = built(Block())
    parent, _, name = path.rpartition(".")
    base = layer.get_submodule(path)
    swapped = nn.Linear(*base.kernel.shape)
    layer.get_submodule(parent)._modules[name] = swapped
    calls = []
    swapped.register_forward_hook(lambda *_: calls.append(1))
    layer(X)
    assert calls == [1]
    assert f"{path}.weight" in layer.state_dict()


def test_set_submodule():
    layer = built(Everything())
    layer.set_submodule("first", nn.Linear(3, 4))
    layer.set_submodule("inner.0", nn.Identity())
    layer(X).sum().backward()
    assert layer.first.weight.grad is not None
    assert len(layer.losses) == 2
    assert isinstance(layer.inner[0], nn.Identity)


def test_a_weight_replaced_on_an_attribute_and_in_a_container():
    layer = built(WeightsInContainers())
    layer.kernels[0] = nn.Parameter(torch.eye(3))
    layer.kernels[1] = nn.Parameter(2 * torch.eye(3))
    layer.by_name["scale"] = nn.Parameter(torch.full((3,), 3.0))
    assert torch.equal(layer(X), 6 * X)
    assert sorted(layer.state_dict()) == ["by_name.scale", "kernels.0", "kernels.1", "pair.0", "pair.1"]


def test_parametrize_a_weight_in_a_list():
    layer = built(WeightsInContainers())
    parametrize.register_parametrization(layer.kernels, "0", Symmetric())
    first = layer.kernels[0]
    assert torch.equal(first, first.T)
    layer(X).sum().backward()
    assert layer.kernels.parametrizations["0"].original.grad is not None


def test_a_frozen_layer_parametrized():
    layer = built(Linear(3, trainable=False))
    parametrize.register_parametrization(layer, "kernel", Symmetric())
    assert layer.trainable_weights == []
    layer.trainable = True
    assert len(layer.trainable_weights) == 2


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")
@pytest.mark.parametrize(
    "replace",
    [
        lambda layer: prune.l1_unstructured(layer, "kernel", amount=0.5),
        lambda layer: nn.utils.weight_norm(layer, "kernel", dim=1),
        lambda layer: nn.utils.spectral_norm(layer, "kernel"),
    ],
    ids=["prune", "weight_norm", "spectral_norm"],
)
def test_a_mixed_policy_casts_what_stands_in_for_a_weight(replace):
    layer = replace(built(Linear(3, dtype="mixed_bfloat16")))
    output = layer(X)
    assert output.dtype is torch.bfloat16
    output.sum().backward()
    assert all(p.grad.dtype is torch.float32 for p in layer.parameters())
