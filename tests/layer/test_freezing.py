"""What does `trainable` reach, and what does it turn off? (contract §3.3)"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Linear, Stack, Statistics, built, names


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
    """[33]"""
    layer = tree()
    layer.trainable = False
    layer.steps[0].trainable = True
    assert len(layer.trainable_weights) == 0
    assert len(layer.steps[0].trainable_weights) == 2
    assert not layer.trainable


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
    assert child.trainable, "its flag stays"
    assert parent.trainable_weights == []
    parent.trainable = True
    assert trains(parent) == 2


def test_a_child_built_in_a_frozen_parent():
    parent = keras.Layer(trainable=False)
    parent.child = Linear(2)
    parent.child.trainable = True
    built(parent.child)
    assert parent.trainable_weights == []


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


def test_what_torch_froze_stays_frozen():
    layer = built(Linear(2))
    layer.kernel.requires_grad_(False)
    assert names(layer) == ["bias", "kernel"]
    layer.trainable = False
    layer.trainable = True
    assert grads(layer) == [False, True]


def test_freezing_remembers_no_more_than_the_last_time():
    layer = built(Linear(2))
    layer.trainable = False
    layer.trainable = True
    layer.kernel.requires_grad_(False)
    layer.trainable = False
    layer.trainable = True
    assert grads(layer) == [False, True]


def test_requires_grad_of_torch_moves_weights():
    layer = tree()
    layer.requires_grad_(False)
    assert layer.trainable
    assert trains(layer) == 0
    layer.requires_grad_(True)
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
    assert layer.trainable_weights == []
    layer.trainable = True
    assert trains(layer) == 3


def test_a_shared_layer():
    shared = Linear(3)
    first, second = Stack(shared), Stack(shared)
    built(first)
    first.trainable = False
    assert not second.steps[0].trainable
    assert (second.trainable, second.trainable_weights) == (True, [])


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
