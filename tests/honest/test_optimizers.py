"""Does training go step by step as with a hand-written module, and does an optimizer refuse what is not built?"""

from __future__ import annotations

import copy
import warnings

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.honest.samples import Block, Linear, Regularized, Switch, TorchTwin, WeightsInContainers, built, two_layers
from torchkeras_layer import build, collect_losses

X = torch.linspace(-1, 1, 15).reshape(5, 3)
OPTIMIZERS = sorted(
    name
    for name, cls in vars(torch.optim).items()
    if isinstance(cls, type) and issubclass(cls, torch.optim.Optimizer) and cls is not torch.optim.Optimizer
)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_refuses_unbuilt_layers_and_names_them(name):
    model = nn.Sequential(nn.Linear(3, 3), Linear(2, name="neck"), nn.ReLU(), Linear(1, name="head"))
    message = r"neck, head: not built.*`torchkeras_layer\.build\(model, example_input\)`"
    with pytest.raises(RuntimeError, match=message):
        getattr(torch.optim, name)(model.parameters(), lr=0.1)
    matrices = [p for p in build(model, X).parameters() if p.dim() == 2]
    optimizer = getattr(torch.optim, name)(matrices, lr=0.1)
    assert len(optimizer.param_groups[0]["params"]) == 3


@pytest.mark.parametrize(
    "parameters",
    [
        lambda model: list(model.parameters()),
        lambda model: model.named_parameters(),
        lambda model: [{"params": model[0].parameters(), "lr": 0.1}, {"params": model[2].parameters()}],
        lambda model: [*build(Linear(2), X).parameters(), *model.parameters()],
    ],
)
def test_however_the_parameters_are_given(parameters):
    with pytest.raises(RuntimeError, match=r"linear.*: not built"):
        torch.optim.SGD(parameters(two_layers()), lr=0.1)


def test_a_parameter_group_added_later():
    optimizer = torch.optim.SGD(built(Linear(1)).parameters(), lr=0.1)
    with pytest.raises(RuntimeError, match=r"linear_1: not built"):
        optimizer.add_param_group({"params": Linear(1).parameters()})


def test_layers_without_weights_do_not_stand_in_the_way():
    model = nn.Sequential(nn.Linear(3, 3), Switch())
    assert len(torch.optim.SGD(model.parameters(), lr=0.1).param_groups[0]["params"]) == 2
    outer = Block()
    with pytest.raises(RuntimeError, match=r"linear, linear_1, linear_2, linear_3, linear_4: not built"):
        torch.optim.SGD(outer.parameters(), lr=0.1)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda p: torch.optim.SGD(p, lr=0.1),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda p: torch.optim.Adam(p, lr=0.02),
        lambda p: torch.optim.AdamW(p, lr=0.02, amsgrad=True, foreach=True),
    ],
    ids=["sgd", "nesterov", "adam", "adamw"],
)
def test_training_equals_the_twin_step_by_step(optimizer):
    model = built(two_layers())
    twin = TorchTwin(model)
    ours, theirs = optimizer(model.parameters()), optimizer(twin.parameters())
    targets = X.sum(1, keepdim=True).sin()
    for _ in range(15):
        losses = []
        for module, step in ((model, ours), (twin, theirs)):
            step.zero_grad()
            loss = (module(X) - targets).square().mean()
            loss.backward()
            step.step()
            losses.append(loss)
        assert torch.equal(*losses)
        for mine, other in zip(model.parameters(), twin.parameters(), strict=True):
            assert torch.equal(mine, other)
    assert torch.equal(model(X), twin(X))


def test_training_with_regularizers_equals_the_twin():
    model = built(nn.Sequential(Regularized(4), nn.Tanh(), Linear(1)))
    twin = TorchTwin(model)
    ours, theirs = (torch.optim.SGD(m.parameters(), lr=0.1) for m in (model, twin))
    for _ in range(10):
        ours.zero_grad()
        theirs.zero_grad()
        (model(X).square().mean() + sum(collect_losses(model))).backward()
        (twin(X).square().mean() + 0.01 * twin.get_parameter("0_kernel").square().sum()).backward()
        ours.step()
        theirs.step()
        for mine, other in zip(model.parameters(), twin.parameters(), strict=True):
            assert torch.allclose(mine, other, rtol=1e-6, atol=1e-7)


def test_optimizer_state_is_saved_and_loaded():
    model, fresh = built(two_layers()), two_layers()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)

    def step(module, optimizer):
        optimizer.zero_grad()
        module(X).square().sum().backward()
        optimizer.step()

    step(model, optimizer)
    fresh.load_state_dict(model.state_dict())
    resumed = torch.optim.Adam(fresh.parameters(), lr=0.02)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    step(model, optimizer)
    step(fresh, resumed)
    assert torch.equal(model(X), fresh(X))


def test_lbfgs():
    model = built(two_layers())
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=20)

    def closure():
        optimizer.zero_grad()
        loss = (model(X) - 1).square().mean()
        loss.backward()
        return loss

    assert closure() > 100 * (optimizer.step(closure), closure())[1]


def _moved(module, freeze=None, before=lambda m: None):
    before(module)
    built(module)
    if freeze:
        freeze(module)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, weight_decay=0.1)
    old = {name: p.detach().clone() for name, p in module.named_parameters()}
    (module(X) - 3).square().sum().backward()
    optimizer.step()
    return [name for name, p in module.named_parameters() if not torch.equal(p, old[name])]


def test_frozen_weights_do_not_move():
    def freeze(module):
        module[0].trainable = False

    def thaw(module):
        module[0].trainable = True

    assert _moved(two_layers(), freeze) == ["2.kernel", "2.bias"]
    assert _moved(two_layers(), before=freeze) == ["2.kernel", "2.bias"]
    assert _moved(two_layers(), thaw, before=freeze) == ["0.kernel", "0.bias", "2.kernel", "2.bias"]
    frozen = nn.Sequential(Linear(4, trainable=False), nn.Tanh(), Linear(1))
    assert _moved(frozen) == ["2.kernel", "2.bias"]
    thaw(frozen)
    assert len(_moved(frozen)) == 4


def test_thawed_during_training():
    model = built(two_layers())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model[0].trainable = False
    before = model[0].kernel.detach().clone()
    for trainable in (False, True):
        model[0].trainable = trainable
        optimizer.zero_grad()
        (model(X) - 3).square().sum().backward()
        optimizer.step()
        assert torch.equal(model[0].kernel, before) is not trainable


def test_weights_in_containers_train():
    assert len(_moved(WeightsInContainers())) == 4
    assert len(_moved(Block())) == 10


def test_a_weight_frozen_by_torch_trains_when_its_layer_is_thawed():
    layer = built(Linear(2))
    layer.bias.requires_grad_(False)
    layer.trainable = False
    layer.trainable = True
    assert [p.requires_grad for p in layer.parameters()] == [True, True]


def test_schedulers_and_hooks():
    model = built(two_layers())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    applied = []
    optimizer.register_step_post_hook(lambda *_: applied.append(1))
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            model(X).sum().backward()
            optimizer.step()
            scheduler.step()
    assert scheduler.get_last_lr() == [0.025]
    assert applied == [1, 1]


def _dense(inputs):
    layer = keras.layers.Dense(2)
    layer.build((None, inputs))
    return layer


OF_BUILT_LAYERS = {
    "sequential": (lambda: keras.Sequential([_dense(3), keras.layers.Dropout(0.5), _dense(2)]), 14),
    "nested": (lambda: keras.Sequential([keras.Sequential([_dense(3)]), nn.Linear(2, 1)]), 11),
    "wrapper": (lambda: keras.layers.TimeDistributed(_dense(3)), 8),
}


@pytest.mark.parametrize("kind", OF_BUILT_LAYERS)
def test_layers_around_built_ones_need_no_build(kind):
    make, count = OF_BUILT_LAYERS[kind]
    model = make()
    assert not model.built
    assert model.count_params() == sum(p.numel() for p in model.parameters()) == count
    before = [p.clone() for p in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model(torch.ones(1, 2, 3)).sum().backward()
    optimizer.step()
    assert [torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True)] != [True] * len(before)
    plain = {key: value.detach().clone() for key, value in model.state_dict().items()}
    twin = make()
    assert not twin.load_state_dict(plain).missing_keys
    assert torch.equal(twin.eval()(torch.ones(1, 2, 3)), model.eval()(torch.ones(1, 2, 3)))


def test_what_a_build_of_ones_own_makes_is_waited_for():
    class Own(keras.Sequential):
        def build(self, input_shape):
            super().build(input_shape)
            self.scale = self.add_weight(shape=(1,))

    with pytest.raises(RuntimeError, match=r"own: not built"):
        torch.optim.SGD(Own([_dense(3)]).parameters(), lr=1.0)
    with pytest.raises(RuntimeError, match=r"^late: not built"):
        torch.optim.SGD(keras.Sequential([_dense(3), keras.layers.Dense(2, name="late")]).parameters(), lr=1.0)
