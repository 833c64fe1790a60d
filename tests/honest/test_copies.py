"""Are copies and pickles of a layer whole, whatever has happened to it, and independent of the original?"""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.honest.samples import (
    Block,
    Everything,
    Linear,
    Mixed,
    Penalty,
    Regularized,
    Watched,
    WeightsInContainers,
    built,
    two_layers,
)
from torchkeras_layer import collect_losses

X = torch.linspace(-1, 1, 15).reshape(5, 3)


def through_pickle(module):
    return pickle.loads(pickle.dumps(module))


def through_file(module):
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


_ways = pytest.mark.parametrize("copied", [copy.deepcopy, through_pickle, through_file])
_kinds = pytest.mark.parametrize(
    "make",
    [
        Linear,
        Regularized,
        Watched,
        Penalty,
        Block,
        WeightsInContainers,
        Everything,
        Mixed,
        two_layers,
        lambda: nn.ModuleList([Everything()])[0],
        lambda: nn.Sequential(nn.Linear(3, 3), Everything(), nn.ReLU()),
    ],
)


@_kinds
@_ways
def test_unbuilt(make, copied):
    original = make()
    twin = copied(original)
    assert built(twin)(X).shape == built(original)(X).shape
    assert twin.state_dict().keys() == original.state_dict().keys()


@_kinds
@_ways
def test_just_called(make, copied):
    original = make()
    original(X)
    twin = copied(original)
    assert torch.equal(original(X), twin(X))
    assert torch.equal(original.eval()(X), twin.eval()(X))
    assert list(map(repr, twin.modules()))[1:] == list(map(repr, original.modules()))[1:]


@_kinds
@_ways
def test_independent(make, copied):
    original = built(make())
    twin = copied(original)
    before = {key: value.clone() for key, value in original.state_dict().items()}
    with torch.no_grad():
        for tensor in [*twin.parameters(), *twin.buffers()]:
            tensor.fill_(3)
    twin.train()(X)
    assert all(torch.equal(before[key], value) for key, value in original.state_dict().items())
    own = {id(tensor) for tensor in [*original.parameters(), *original.buffers()]}
    assert not own & {id(tensor) for tensor in [*twin.parameters(), *twin.buffers()]}


@_ways
def test_losses_of_the_last_call_stay_behind_and_regularizers_do_not(copied):
    original = built(Everything())
    twin = copied(original)
    assert len(original.losses) == 3
    assert len(twin.losses) == 1
    twin(X)
    assert len(twin.losses) == 3
    sum(twin.losses).backward()
    assert original.first.kernel.grad is None
    assert twin.first.kernel.grad is not None


@_ways
def test_a_copy_made_while_the_graph_of_a_loss_is_alive(copied):
    original = Everything()
    loss = original(X).sum() + sum(collect_losses(original))
    copied(original)
    loss.backward()
    assert original.first.kernel.grad is not None


@_ways
def test_frozen_unbuilt_and_built(copied):
    for original in (Block(trainable=False), built(Block(trainable=False))):
        twin = copied(original)
        assert not built(twin).trainable_weights
        twin.trainable = True
        assert len(twin.trainable_weights) == 10
        assert not built(original).trainable_weights


@_ways
def test_requires_grad_turned_off_before_the_build(copied):
    twin = copied(Linear().requires_grad_(False))
    assert not any(p.requires_grad for p in built(twin).parameters())


def double(module, args, output):
    return 2 * output


@_ways
@pytest.mark.parametrize("is_built", [True, False])
def test_hooks_come_along(copied, is_built):
    original = Linear(3)
    if is_built:
        built(original)
    original.register_forward_hook(double)
    twin = copied(original)
    output = twin(X)
    assert torch.equal(output, 2 * (X @ twin.kernel + twin.bias))


@_ways
def test_dtype_and_device_asked_for_before_the_build(copied):
    twin = copied(nn.Sequential(Linear(3)).double())
    assert twin(X.double()).dtype is torch.float64
    assert twin[0].kernel.dtype is torch.float64


@_ways
def test_metrics_and_mode(copied):
    original = built(Watched()).eval()
    twin = copied(original)
    assert not twin.training
    twin(X + 1)
    assert twin.calls == 2
    assert original.calls == 1
    assert [m.name for m in twin.metrics] == ["seen", "average"]
    assert twin.metrics[0].result() != original.metrics[0].result()


@_ways
def test_a_layer_in_two_places_is_one_in_the_copy(copied):
    inner = Linear(3)
    twin = copied(nn.Sequential(inner, nn.ReLU(), inner))
    assert twin[0] is twin[2]
    assert len(list(built(twin).parameters())) == 2


def test_twenty_copies_of_an_unbuilt_layer_train_apart():
    clones = nn.ModuleList(copy.deepcopy(Linear(3)) for _ in range(20))
    for clone in clones:
        clone(X)
    assert len({clone.kernel.data_ptr() for clone in clones}) == 20


def test_a_shallow_copy_shares_weights_as_torch_does_but_not_registries():
    original = built(Everything())
    twin = copy.copy(original)
    assert twin.first is original.first
    twin.extra = nn.Parameter(torch.zeros(1))
    twin.first = nn.Linear(3, 4)
    assert not hasattr(original, "extra")
    assert isinstance(original.first, Regularized)
    # Its own loss of the last call is gone; that of the layer inside, which both share, is not.
    assert twin.losses == original.inner[2].losses


def test_a_shallow_copy_of_an_unbuilt_layer_builds_its_own():
    original = Linear(2)
    twin = copy.copy(original)
    twin(X)
    assert twin.built
    assert not original.built
    assert original(torch.ones(1, 7)).shape == (1, 2)


class RegularizedInList(keras.Layer):
    def build(self, input_shape):
        self.kernels = [self.add_weight(f"kernel_{i}", (3, 3), regularizer="l2") for i in range(2)]

    def call(self, inputs):
        return inputs @ self.kernels[0] @ self.kernels[1]


@_ways
def test_regularizers_of_weights_in_containers_follow_the_copy(copied):
    original = built(RegularizedInList())
    twin = copied(original)
    with torch.no_grad():
        twin.kernels[0].fill_(1)
    assert torch.allclose(twin.losses[0], torch.tensor(0.09))
    assert torch.equal(twin.losses[1], original.losses[1])
    assert not torch.equal(twin.losses[0], original.losses[0])


@_ways
def test_a_container_alone(copied):
    block = built(Block())
    for container in (block.steps, block.branches, block.ends, built(WeightsInContainers()).kernels):
        twin = copied(container)
        assert len(twin) == len(container)
        assert type(twin) is type(container)
    steps = copied(block.steps)
    assert torch.equal(nn.Sequential(*steps)(X), nn.Sequential(*block.steps)(X))
    assert steps[0].kernel is not block.steps[0].kernel
