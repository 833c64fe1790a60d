"""What does `trainable` reach, and what does it turn off? (contract §3.3)"""

from __future__ import annotations

import copy
import itertools

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Counter, Linear, Stack, Statistics, built, names


def tree():
    """Return a layer with two children, one of them in a list: 2 + 4 + 2 weights, 6 of which train."""
    return built(Stack(Linear(3), Stack(Statistics(), Linear(3))))


def grads(layer):
    return [parameter.requires_grad for parameter in layer.parameters()]


def trains(layer):
    """Return how many weights train, which is said in three ways."""
    count = len(layer.trainable_weights)
    assert count == sum(grads(layer))
    assert len(layer.weights) == count + len(layer.non_trainable_weights) == len(layer.state_dict())
    return count


def test_freezing_moves_all_weights():
    layer = tree()
    assert trains(layer) == 6
    layer.trainable = False
    assert trains(layer) == 0
    assert len(layer.non_trainable_weights) == 8
    layer.trainable = True
    assert trains(layer) == 6
    assert names(layer)[-2:] == ["steps.1.steps.0.mean", "steps.1.steps.0.variance"]


def test_freezing_reaches_every_layer():
    layer = tree()
    layer.trainable = False
    assert not any(inner.trainable for inner in layer.submodules if isinstance(inner, keras.Layer))


def test_a_child_of_a_frozen_parent():
    """[33] What was set last decides, on every level."""
    layer = tree()
    layer.trainable = False
    layer.steps[0].trainable = True
    assert trains(layer) == trains(layer.steps[0]) == 2
    assert (layer.trainable, layer.steps[0].trainable, layer.steps[1].trainable) == (False, True, False)


def test_a_thawed_parent_thaws_frozen_children():
    """[33]"""
    layer = tree()
    layer.steps[1].trainable = False
    assert trains(layer) == 2
    layer.trainable = True
    assert layer.steps[1].trainable
    assert layer.steps[1].steps[0].trainable
    assert trains(layer) == 6


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_before_the_build(frozen):
    """[34]"""
    layer = Stack(Linear(3), Statistics())
    layer.trainable = not frozen
    built(layer)
    assert trains(layer) == (0 if frozen else 4)
    assert len(layer.weights) == 6
    layer.trainable = True
    assert trains(layer) == 4


def test_frozen_by_the_constructor():
    layer = built(Linear(2, trainable=False))
    assert trains(layer) == 0
    layer.trainable = True
    assert trains(layer) == 2


def test_a_weight_added_to_a_frozen_layer():
    """[34]"""
    layer = keras.Layer(trainable=False)
    layer.w = layer.add_weight("w", (1,))
    layer.fixed = layer.add_weight("fixed", (1,), trainable=False)
    assert trains(layer) == 0
    assert isinstance(layer.w, nn.Parameter)
    layer.trainable = True
    assert names(layer) == ["w", "fixed"]
    assert trains(layer) == 1


def test_a_child_assigned_to_a_frozen_parent():
    parent, child = keras.Layer(trainable=False), built(Linear(2))
    parent.child = child
    assert not child.trainable
    assert trains(parent) == 0
    parent.trainable = True
    assert trains(parent) == 2


def test_a_child_built_in_a_frozen_parent():
    parent = keras.Layer(trainable=False)
    parent.child = Linear(2)
    parent.child.trainable = True
    built(parent.child)
    assert trains(parent) == 2


class MakesLayers(keras.Layer):
    """Makes layers in every place where one can."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = Linear(3)
        self.plain = nn.Sequential(Linear(3), nn.Linear(3, 3))
        self.listed = []

    def build(self, input_shape):
        self.listed.append(Linear(3))
        self.second = Linear(3)
        self.second.build(input_shape)

    def call(self, inputs):
        if not hasattr(self, "third"):
            self.third = Linear(3)
        return self.third(self.second(self.listed[0](self.plain(self.first(inputs)))))


def test_what_a_frozen_layer_makes_is_frozen():
    layer = built(MakesLayers(trainable=False))
    assert trains(layer) == 0
    assert len(layer.weights) == 12
    layer.trainable = True
    assert trains(layer) == 12
    inner = built(Stack(MakesLayers(), trainable=False))
    assert trains(inner) == 0


def test_overridden_setters_run():
    log = []

    class Listens(Linear):
        @property
        def trainable(self):
            return super().trainable

        @trainable.setter
        def trainable(self, value):
            log.append(value)
            keras.Layer.trainable.fset(self, value)

    layer = Stack(Listens(2))
    layer.trainable = False
    assert log == [False]


def test_frozen_weights_get_no_gradient_and_pass_them_on():
    layer, x = built(Linear(2)), torch.ones(1, 3, requires_grad=True)
    layer.trainable = False
    layer(x).sum().backward()
    assert layer.kernel.grad is None
    assert x.grad is not None


@pytest.mark.parametrize("is_built", [True, False])
@pytest.mark.parametrize("last", ["trainable", "requires_grad_"])
def test_what_was_set_last_decides(is_built, last):
    def tell(layer, way, value):
        layer.requires_grad_(value) if way == "requires_grad_" else setattr(layer, "trainable", value)

    first = "requires_grad_" if last == "trainable" else "trainable"
    for values in itertools.product([True, False], repeat=3):
        layer = Stack(Linear(3), nn.Sequential(Linear(3), nn.Linear(3, 3)), Stack(Statistics()))
        if is_built:
            built(layer)
        for way, value in zip((first, first, last), values, strict=True):
            tell(layer, way, value)
        assert {layer.trainable, *(step.trainable for step in layer.steps[::2])} == {values[-1]}
        assert trains(built(layer)) == (8 if values[-1] else 0)


def test_a_single_weight_that_torch_froze():
    layer = built(Linear(2))
    layer.kernel.requires_grad_(False)
    assert names(layer) == ["bias", "kernel"]
    assert layer.trainable
    layer.bias.requires_grad_(False)
    assert not layer.trainable
    layer.trainable = True
    assert trains(layer) == 2


def test_a_parameter_that_never_trained_is_not_thawed():
    layer = keras.Layer()
    layer.fixed = nn.Parameter(torch.ones(2), requires_grad=False)
    layer.body = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)).requires_grad_(False)
    layer.more = [nn.Linear(2, 2), nn.Linear(2, 2).requires_grad_(False)]
    for _ in range(2):
        layer.trainable = False
        layer.trainable = True
        assert [name for name, p in layer.named_parameters() if p.requires_grad] == ["more.0.weight", "more.0.bias"]
    assert copy.deepcopy(layer)._torchkeras.constants == layer._torchkeras.constants
    layer.body = nn.Linear(2, 2)
    assert trains(layer) == 4
    layer.trainable = False
    layer.trainable = True
    assert trains(layer) == 4
    layer.body.weight.requires_grad_(False)
    layer.trainable = True
    assert trains(layer) == 4


def test_a_layer_whose_own_parameter_never_trains_updates_its_buffers():
    class Scales(Counter):
        def build(self, input_shape):
            super().build(input_shape)
            self.scale = nn.Parameter(torch.ones(1), requires_grad=False)

    layer = built(Scales())
    assert (layer.trainable, layer.count.item()) == (True, 1.0)
    layer.trainable = False
    assert built(layer).count.item() == 1.0


@pytest.mark.parametrize("freeze", ["trainable", "requires_grad_"])
@pytest.mark.parametrize("thaw", ["trainable", "requires_grad_"])
def test_batch_normalization_moves_while_its_weights_train(freeze, thaw):
    """Also in a model that was frozen before."""

    def tell(module, way, value):
        module.requires_grad_(value) if way == "requires_grad_" else setattr(module, "trainable", value)

    def moves():
        before = norm.moving_mean.clone()
        model(torch.randn(8, 3) + 5, training=True)
        return not torch.equal(before, norm.moving_mean)

    model = built(keras.Sequential([keras.layers.Dense(3), keras.Sequential([keras.layers.BatchNormalization()])]))
    norm = model[1][0]
    assert moves()
    tell(model, freeze, False)
    assert not moves()
    tell(model[0], thaw, True)
    assert not moves()
    tell(model[1], thaw, True)
    assert moves()
    assert trains(model[1]) == 2


def test_batch_normalization_by_other_tensors_trains():
    """Torch's functional calls put tensors in the place of the parameters."""
    norm = built(keras.layers.BatchNormalization())
    trainable, state = [torch.ones(3), torch.zeros(3)], [torch.zeros(3), torch.ones(3)]
    _, (mean, _) = norm.stateless_call(trainable, state, torch.ones(4, 3), training=True)
    assert mean[0] == pytest.approx(0.01)
    norm.trainable = False
    _, (mean, _) = norm.stateless_call([], [*trainable, *state], torch.ones(4, 3), training=True)[0], (0, 0)
    assert mean == 0


def test_updates_of_a_frozen_symbolic_call_are_listed_when_it_is_thawed():
    x = keras.Input((3,))
    norm = keras.layers.BatchNormalization()
    norm.requires_grad_(False)
    model = keras.Model(x, norm(x))
    assert model.updates == []
    model.requires_grad_(True)
    assert len(model.updates) == 2


def test_the_config_says_what_trains():
    layer = keras.layers.Dense(2)
    assert layer.get_config()["trainable"]
    layer.requires_grad_(False)
    assert not keras.layers.Dense.from_config(layer.get_config()).trainable
    assert not keras.models.clone_model(keras.Sequential([layer])).layers[0].trainable


@pytest.mark.parametrize("is_functional", [True, False])
def test_a_layer_that_was_thawed_in_a_frozen_model_comes_back_so(is_functional):
    x, steps = keras.Input((3,)), [keras.layers.Dense(2), keras.layers.Activation("relu"), keras.layers.Dense(1)]
    model = keras.Model(x, steps[2](steps[1](steps[0](x)))) if is_functional else keras.Sequential([x, *steps])
    model.trainable = False
    config = model.get_config()
    assert trains(type(model).from_config(config)) == 0
    steps[2].trainable = True
    twin = type(model).from_config(model.get_config())
    assert (trains(twin), twin.layers[-1].trainable, twin.trainable) == (2, True, False)
    for entry in config["layers"]:
        entry["config"].pop("trainable", None)
    assert trains(type(model).from_config(config)) == 0, "as Keras writes Sequential(layers, trainable=False)"


def test_requires_grad_of_torch_moves_weights():
    layer = tree()
    layer.requires_grad_(False)
    assert not layer.trainable
    assert trains(layer) == 0
    layer.requires_grad_(True)
    assert layer.trainable
    assert trains(layer) == 6


def test_requires_grad_of_torch_before_the_build():
    layer = Linear(2)
    layer.requires_grad_(False)
    built(layer)
    assert grads(layer) == [False, False]


def test_plain_modules_inside_are_frozen_too():
    layer = keras.Layer()
    layer.plain = nn.Sequential(nn.Linear(2, 2), nn.Sequential(built(Linear(2))))
    layer.raw = nn.Parameter(torch.ones(1))
    layer.trainable = False
    assert trains(layer) == 0
    layer.trainable = True
    assert trains(layer) == 5


def test_a_frozen_layer_in_a_plain_module():
    model = nn.Sequential(built(Linear(3)), nn.Linear(2, 2))
    model[0].trainable = False
    assert [p.requires_grad for p in model.parameters()] == [False, False, True, True]


def test_weights_in_containers_are_frozen():
    layer = keras.Layer()
    layer.held = [layer.add_weight("a", (1,)), {"x": layer.add_weight("b", (1,))}]
    layer.trainable = False
    assert trains(layer) == 0
    layer.held.append(nn.Parameter(torch.ones(1)))
    assert trains(layer) == 1
    layer.trainable = True
    assert trains(layer) == 3


def test_a_shared_layer():
    shared = Linear(3)
    first, second = Stack(shared), Stack(shared)
    built(first)
    first.trainable = False
    assert not second.steps[0].trainable
    assert (second.trainable, second.trainable_weights) == (False, [])


def test_an_optimizer_step_changes_only_what_trains():
    layer = tree()
    layer.steps[0].trainable = False
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, weight_decay=0.1)
    layer(torch.randn(4, 3)).square().sum().backward()
    optimizer.step()
    changed = [key for key, value in layer.state_dict().items() if not torch.equal(value, before[key])]
    assert all(key.startswith("steps.1") for key in changed)
    assert "steps.1.steps.1.kernel" in changed
    assert "steps.1.steps.0.mean" not in changed


@pytest.mark.parametrize("value", [0, "yes", None, 1.0])
def test_the_setter_makes_a_boolean_of_it(value):
    layer = built(Linear(2))
    layer.trainable = value
    assert layer.trainable is bool(value)
    assert trains(layer) == (2 if value else 0)
