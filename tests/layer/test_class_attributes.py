"""What happens where a class or torch already has an attribute of the name that a layer or weight gets?"""

from __future__ import annotations

import copy
import pickle
from collections import defaultdict, deque
from typing import Any

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import built
from tests.oracle import keras as oracle

L = keras.layers


class Blocks(keras.Layer):
    """Declares its list of layers as an empty tuple, and its weights as `None`, in the class."""

    blocks = ()
    w: Any = None
    n: Any = None
    inner: Any = None
    by_name: dict = {}  # noqa: RUF012

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [L.Dense(3), L.Dense(5)]
        self.by_name = {"a": L.Dense(5)}
        self.inner = L.Dense(5)

    def build(self, input_shape):
        self.w = self.add_weight("w", (5,), initializer="ones")
        self.n = self.add_weight("n", (5,), initializer="ones", trainable=False)

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.inner(self.by_name["a"](inputs)) * self.w * self.n


def test_a_class_attribute_is_a_default():
    layer = built(Blocks(), 1, 2)
    assert len(layer.weights) == len(layer.state_dict()) == 2 * 4 + 2
    assert (Blocks.blocks, Blocks.w, Blocks.by_name) == ((), None, {})
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        x = torch.ones(1, 2)
        assert torch.equal(twin(x), layer(x))
    del layer.inner
    layer.w = None
    assert layer.inner is layer.w is None
    assert len(layer.weights) == 2 * 3 + 1


@pytest.mark.parametrize("kit", [keras, oracle])
def test_the_examples_of_the_report(kit):
    class Listed(kit.layers.Layer):
        blocks = ()

        def __init__(self):
            super().__init__()
            self.blocks = [kit.layers.Dense(3), kit.layers.Dense(5)]

        def call(self, inputs):
            for block in self.blocks:
                inputs = block(inputs)
            return inputs

    class Weighed(kit.layers.Layer):
        w = None

        def build(self, input_shape):
            self.w = self.add_weight(name="w", shape=(4,))

        def call(self, inputs):
            return inputs * self.w

    class Named(kit.layers.Layer):
        def __init__(self):
            super().__init__()
            self.modules = [kit.layers.Dense(2)]

        def call(self, inputs):
            return self.modules[0](inputs)

    for cls, count in ((Listed, 4), (Weighed, 1), (Named, 2)):
        layer = cls()
        layer(torch.ones(2, 4))
        assert len(layer.weights) == count


@pytest.mark.parametrize("default", [None, (), 3, [], "text", {}], ids=repr)
@pytest.mark.parametrize(
    "value",
    [
        lambda: nn.Linear(1, 1),
        lambda: nn.Parameter(torch.ones(1)),
        lambda: [nn.Linear(1, 1)],
        lambda: {"a": nn.Linear(1, 1)},
        lambda: (nn.Linear(1, 1),),
        lambda: defaultdict(list, a=[nn.Linear(1, 1)]),
        lambda: deque([nn.Linear(1, 1)]),
    ],
)
def test_every_kind_of_value(default, value):
    class Base(keras.Layer):
        held = default

    class Derived(Base):
        pass

    class Again(Base):
        held = default

    for cls in (Derived, Base, Again):
        layer, held = cls(), value()
        layer.held = held
        assert layer.held == held
        assert list(layer.parameters())
        assert len(layer.weights) == len(layer.state_dict())
        assert cls().held == cls.held == default
    other = Derived()
    other.held = 4
    assert other.held == 4


def test_a_default_of_a_mixin_and_before_the_constructor():
    class Mixin:
        held = rows = None

        def __init__(self):
            self.held, self.rows = nn.Linear(1, 1), [nn.Linear(1, 1)]
            super().__init__()

    class Layer(Mixin, keras.Layer):
        def call(self, inputs):
            return self.rows[0](inputs)

    layer = Layer()
    layer(torch.ones(2, 1))
    assert len(layer.weights) == 4
    assert Mixin.held is None
    assert layer.rows[0] is not layer.held


def test_a_compiled_call_reads_what_was_assigned():
    layer = Blocks()
    x = torch.ones(2, 2)
    expected = layer(x)
    assert torch.allclose(torch.compile(layer, backend="eager", fullgraph=True)(x), expected)


@pytest.mark.parametrize("name", ["modules", "type", "float", "double", "buffers"])
@pytest.mark.parametrize("value", [lambda: [L.Dense(2)], lambda: L.Dense(2)])
def test_methods_that_torch_does_not_need_of_inner_modules(name, value):
    class Own(keras.Layer):
        def call(self, inputs):
            return inputs

    outer, layer = nn.Sequential(L.Identity()), built(Own())
    setattr(layer, name, value())
    outer.append(layer)
    held = getattr(layer, name)
    (held if isinstance(held, L.Dense) else held[0])(torch.ones(1, 3))
    assert list(outer.state_dict()) == [key for key, _ in outer.named_parameters()]
    assert len(outer.state_dict()) == 2
    assert callable(getattr(keras.Layer(), name))
    assert callable(getattr(Own(), name))
    outer.double().train().eval().requires_grad_(False)
    outer.load_state_dict(copy.deepcopy(outer).state_dict())
    assert len(list(outer.modules())) == 4 + isinstance(held, list)


@pytest.mark.parametrize("name", ["children", "named_modules", "state_dict", "train"])
@pytest.mark.parametrize(
    "value", [lambda: [L.Dense(2)], lambda: L.Dense(2), lambda: {"a": nn.Parameter(torch.ones(1))}]
)
def test_methods_that_torch_needs(name, value):
    layer = keras.Layer(name="mine")
    with pytest.raises(AttributeError, match=f"mine: the attribute '{name}' cannot hold a .* is a method of Layer"):
        setattr(layer, name, value())
    assert list(layer.children()) == []


def test_it_comes_back_when_the_list_goes():
    layer = Blocks()
    layer.by_name = None
    del layer.blocks
    layer.blocks = [L.Dense(1)]
    layer.blocks = None
    assert (layer.blocks, layer.by_name) == (None, None)
    del layer.blocks
    assert layer.blocks == ()
    assert [name for name, _ in layer.named_children()] == ["inner"]
    layer.blocks = [L.Dense(1)]
    layer.blocks = 4
    assert layer.blocks == 4
    assert [name for name, _ in layer.named_children()] == ["inner"]


@pytest.mark.parametrize("value", [lambda: [L.Dense(2)], lambda: L.Dense(2)])
def test_the_mode_holds_no_layers(value):
    with pytest.raises(AttributeError, match="mine: 'training' cannot hold a .*, because it is the mode"):
        keras.Layer(name="mine").training = value()


@pytest.mark.parametrize(
    "name",
    ["trainable", "built", "stateful", "supports_masking", "uses_learning_phase", "dtype_policy", "input_spec"],
)
@pytest.mark.parametrize("make", [list, tuple, lambda layers: {"a": layers}, lambda layers: layers[0]])
@pytest.mark.parametrize("is_early", [False, True])
def test_a_property_holds_no_layers(name, make, is_early):
    class Own(keras.Layer):
        def __init__(self):
            if not is_early:
                super().__init__()
            setattr(self, name, make([L.Dense(2)]))

    with pytest.raises(AttributeError, match=f": '{name}' cannot hold a .*, because it is a property of every layer"):
        Own()


def test_a_property_of_the_users_own_class_may_hold_layers():
    class Own(keras.Layer):
        @property
        def blocks(self):
            return self.stored

        @blocks.setter
        def blocks(self, layers):
            self.stored = layers

    layer = Own()
    layer.blocks = [L.Dense(2)]
    assert len(list(layer.children())) == 1
    layer.trainable, layer.built = False, True
    assert not layer.trainable


@pytest.mark.parametrize("module", [lambda: L.Dense(1), lambda: torch.nn.Linear(2, 1)])
def test_a_regularizer_with_weights_is_refused(module):
    with pytest.raises(TypeError, match=r"^Dense: activity_regularizer cannot be a module .*self\.add_loss"):
        L.Dense(2, activity_regularizer=module())
    layer = L.Dense(2, name="mine", activity_regularizer=torch.nn.L1Loss)
    with pytest.raises(TypeError, match=r"^mine: activity_regularizer cannot be a module"):
        layer.activity_regularizer = module()
    layer.activity_regularizer = torch.nn.Flatten(0)


def test_a_list_called_modules_also_in_symbolic_calls():
    class Own(keras.Layer):
        def __init__(self):
            super().__init__()
            self.modules = [L.Dense(2)]

        def call(self, inputs):
            return self.modules[0](inputs)

    assert Own()(keras.Input((4,))).shape == (None, 2)
    assert L.TimeDistributed(Own())(torch.ones(2, 3, 4)).shape == (2, 3, 2)
    layer, twin = Own(), Own()
    layer(torch.ones(1, 4))
    twin.load_state_dict(layer.state_dict())
    assert torch.equal(twin(torch.ones(1, 4)), layer(torch.ones(1, 4)))
