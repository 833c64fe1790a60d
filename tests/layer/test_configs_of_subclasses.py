"""Which config has a subclass whose constructor takes `*args`, or was written by `dataclasses`? (contract §5)"""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import built

L = keras.layers


class D(L.Dense):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


class Scaled(L.Dense):
    def __init__(self, units, gain=1.0, **kwargs):
        super().__init__(units, **kwargs)
        self.gain = gain


class Passes(Scaled):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


class Conv(L.Conv2D):
    def __init__(self, *args, rate=2, **kwargs):
        super().__init__(*args, **kwargs)
        self.rate = rate


class Twice(D):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


class Own(keras.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units


class OwnPasses(Own):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


MADE = [
    (D(3, "relu", name="d"), {"units": 3, "activation": "relu"}),
    (D(units=3, kernel_initializer=keras.initializers.Ones()), {"units": 3}),
    (Passes(3, 2.0), {"units": 3, "gain": 2.0}),
    (Passes(3, gain=2.0), {"units": 3, "gain": 2.0}),
    (Conv(4, (3, 2), rate=5), {"filters": 4, "kernel_size": (3, 2), "rate": 5}),
    (Twice(3), {"units": 3}),
    (OwnPasses(3), {"units": 3}),
    (OwnPasses(units=3), {"units": 3}),
]


@pytest.mark.parametrize(("layer", "expected"), MADE)
def test_arguments_that_are_passed_on(layer, expected):
    config = layer.get_config()
    again = type(layer).from_config(config)
    for one in (config, again.get_config()):
        assert {name: tuple(one[name]) if name == "kernel_size" else one[name] for name in expected} == expected
    assert all(
        getattr(again, name) == value for name, value in expected.items() if name not in ("activation", "kernel_size")
    )
    assert again.get_config() == config


def test_a_model_of_them_is_cloned():
    model = keras.Sequential([keras.Input((4,)), D(3, "relu"), Passes(2, 3.0)])
    twin = keras.models.clone_model(model)
    assert [layer.units for layer in twin.layers] == [3, 2]
    assert twin.layers[1].gain == 3.0


def test_arguments_that_the_class_keeps_to_itself_are_an_error():
    class Tower(keras.Layer):
        def __init__(self, *sizes, **kwargs):
            super().__init__(**kwargs)
            self.sizes = sizes

    class Fixed(L.Dense):
        def __init__(self, *sizes):
            super().__init__(sizes[0])

    for layer in (Tower(3, 4), Fixed(3)):
        with pytest.raises(NotImplementedError, match=r"cannot write the argument \*sizes"):
            layer.get_config()


@dataclasses.dataclass
class DL(keras.Layer):
    """Has its fields as arguments."""

    units: int = 3
    rates: list = dataclasses.field(default_factory=lambda: [1, 2])

    def __post_init__(self):
        super().__init__()

    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(self.units,), initializer="ones")

    def call(self, inputs):
        return inputs[..., :1] * self.w


def test_the_fields_of_a_dataclass_are_in_its_config():
    """Also if it has the `__eq__` of dataclasses, which takes away the hash."""
    layer = DL(5, rates=[7])
    assert len(list(nn.Sequential(layer, DL(5, rates=[7])).modules())) == 3
    assert layer.get_config() == {"units": 5, "rates": [7]}
    again = DL.from_config(layer.get_config())
    assert (again.units, again.rates) == (5, [7])
    assert built(again, 1, 2).weights[0].shape == (5,)
    assert again(torch.ones(1, 2)).shape == (1, 5)
    twin = keras.models.clone_model(keras.Sequential([keras.Input((2,)), layer]))
    assert twin.layers[0].units == 5


class Tagged:
    def __init__(self, *args, tag="t", **kwargs):
        super().__init__(*args, **kwargs)
        self.tag = tag


class OfMixin(Tagged, L.Dense):
    """Has no constructor of its own."""


def test_the_arguments_of_a_mixin():
    layer = OfMixin(3, tag="q")
    again = OfMixin.from_config(layer.get_config())
    assert (again.units, again.tag) == (3, "q")


@dataclasses.dataclass(eq=False)
class Derived(DL):
    more: int = 7


class Plain(Derived):
    """Inherits the constructor that dataclasses wrote."""


@dataclasses.dataclass
class Forgets(keras.Layer):
    extra: dataclasses.InitVar[int] = 1

    def __post_init__(self, extra):
        super().__init__()


def test_dataclasses_that_inherit():
    for layer in (Derived(5, more=2), Plain(5, more=2)):
        assert type(layer).from_config(layer.get_config()).get_config() == {"units": 5, "rates": [1, 2], "more": 2}


def test_an_argument_that_a_dataclass_does_not_keep():
    with pytest.raises(NotImplementedError, match="cannot write the argument extra"):
        Forgets(2).get_config()


def test_an_argument_of_the_class_with_a_name_that_layer_takes_too():
    class Scaled(keras.layers.Layer):
        def __init__(self, input_dim, weights=2, **kwargs):
            super().__init__(**kwargs)
            self.scale = input_dim * weights

        def call(self, inputs):
            return inputs * self.scale

    again = Scaled.from_config(Scaled(3, weights=5).get_config())
    assert again.scale == 15
    assert "input_dim" not in keras.layers.Flatten(input_shape=(2, 3)).get_config()
