"""Does a Wrapper hold its layer as Keras's does: weights, losses, config, mode?"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from torchkeras_layer.registry import DeserializationError


class Twice(keras.layers.Wrapper):
    """Applies its layer two times."""

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layer(self.layer(inputs))


class Scaled(keras.layers.Wrapper):
    """A wrapper with an argument of its own and no get_config."""

    def __init__(self, layer: Any, factor: float, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.factor = factor

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.factor * self.layer(inputs)


class Plain(keras.Layer):
    """A layer that no registry knows."""

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs + 1


def test_what_the_layer_has_counts_as_the_wrapper_s():
    wrapper = Twice(keras.layers.Dense(3, kernel_regularizer="l2", activity_regularizer="l2"), name="twice")
    wrapper(torch.ones(2, 3))
    assert list(wrapper.state_dict()) == ["layer.kernel", "layer.bias"]
    assert [weight is own for weight, own in zip(wrapper.weights, wrapper.layer.weights, strict=True)] == [True, True]
    assert len(wrapper.losses) == 3
    assert wrapper.layer.path.startswith("twice/")
    wrapper.trainable = False
    assert wrapper.trainable_weights == []
    assert not wrapper.layer.trainable


def test_build_builds_the_layer_once():
    inner = keras.layers.Dense(3)
    inner.build((None, 3))
    kernel = inner.kernel
    wrapper = Twice(inner)
    wrapper.build((None, 3))
    assert wrapper.layer.kernel is kernel


def test_a_module_of_torch_s_is_a_layer_inside():
    wrapper = Twice(nn.Linear(3, 3).double())
    assert wrapper.dtype == "float64"
    assert wrapper(torch.ones(2, 3, dtype=torch.float64)).dtype is torch.float64
    assert list(wrapper.state_dict()) == ["layer.module.weight", "layer.module.bias"]
    wrapper.eval()
    assert not wrapper.layer.module.training


@pytest.mark.parametrize(
    ("value", "received"),
    [
        (3, "Received: 3."),
        (None, "Received: None."),
        (keras.layers.Dense, r"Received: the class Dense. Create an instance: Dense\(...\)."),
    ],
)
def test_what_is_no_layer_is_refused(value, received):
    with pytest.raises(ValueError, match=f"Twice: layer must be a layer or an nn.Module. {received}"):
        Twice(value)


def test_a_wrapper_without_call_says_so():
    with pytest.raises(NotImplementedError, match=r"wrap: Wrapper must define .* Define call\(self, inputs\)"):
        keras.layers.Wrapper(keras.layers.Dense(2), name="wrap")(torch.ones(1, 2))


def test_the_config_holds_the_layer_s():
    config = Scaled(keras.layers.Dense(2, name="inner"), 3.0, name="outer").get_config()
    assert (config["name"], config["factor"]) == ("outer", 3.0)
    assert config["layer"]["class_name"] == "Dense"
    twin = Scaled.from_config(config)
    assert (twin.factor, twin.layer.units, twin.layer.name) == (3.0, 2, "inner")
    assert isinstance(config["layer"], dict)


def test_custom_objects_are_for_the_layer_in_it():
    config = keras.layers.TimeDistributed(Plain(name="plain")).get_config()
    with pytest.raises(DeserializationError, match="Plain"):
        keras.layers.TimeDistributed.from_config(config)
    assert type(keras.layers.TimeDistributed.from_config(config, {"Plain": Plain}).layer) is Plain


@pytest.mark.parametrize("config", [{}, {"layer": 3}, {"layer": None}, 3])
def test_a_config_without_a_layer_is_refused(config):
    with pytest.raises(TypeError, match="from_config"):
        keras.layers.TimeDistributed.from_config(config)


def test_a_config_of_something_else_is_refused():
    with pytest.raises(ValueError, match="Zeros"):
        keras.layers.TimeDistributed.from_config({"layer": {"class_name": "Zeros", "config": {}}})
