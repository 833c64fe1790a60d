"""When, with which shapes and how often is a layer built? (contract §2.4)"""

from __future__ import annotations

import collections
import threading
import time

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Fails, Linear, Stack, built

Pair = collections.namedtuple("Pair", "left right")


class Shapes(keras.Layer):
    """Keeps the shapes that it is built with."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.shapes = []

    def build(self, input_shape):
        self.shapes.append(input_shape)


def test_a_layer_is_built_once():
    """[1] `built` becomes true without a call of `super().build`."""
    layer = Shapes()
    assert not layer.built
    layer(torch.ones(2, 3))
    layer(torch.ones(9, 3))
    assert layer.shapes == [(2, 3)]
    assert layer.built


def test_a_build_by_hand_counts():
    """[2]"""
    layer = Shapes()
    layer.build((4, 4))
    assert layer.built
    layer(torch.ones(2, 3))
    assert layer.shapes == [(4, 4)]


def ones(*shape):
    return torch.ones(shape)


INPUTS = [
    (ones(2, 3), (2, 3)),
    (ones(), ()),
    (3.0, ()),
    (np.ones((2, 3)), (2, 3)),
    (None, None),
    ([ones(1), None, ones(2)], [(1,), None, (2,)]),
    ({"b": ones(1), "a": ones(2)}, {"b": (1,), "a": (2,)}),
    ({"b": {"c": [ones(1), (ones(2),)]}}, {"b": {"c": [(1,), ((2,),)]}}),
    ((ones(1), ones(2)), ((1,), (2,))),
    (Pair(ones(1), ones(2)), Pair((1,), (2,))),
    ([ones(0, 3)], [(0, 3)]),
]


@pytest.mark.parametrize(("inputs", "shapes"), INPUTS, ids=[str(shape) for _, shape in INPUTS])
def test_build_gets_the_shapes_in_the_structure_of_the_inputs(inputs, shapes):
    """[3]"""

    class Nothing(Shapes):
        def call(self, inputs):
            return torch.ones(1)

    layer = Nothing()
    layer(inputs)
    assert layer.shapes == [shapes]
    assert str(layer.shapes) == str([shapes]), "plain tuples of plain ints, containers of the same types"
    if isinstance(shapes, dict):
        assert list(layer.shapes[0]) == list(shapes)


def test_only_the_first_argument_counts():
    class Takes(Shapes):
        def call(self, inputs, other):
            return inputs

    layer = Takes()
    layer(ones(2, 3), ones(4))
    assert layer.shapes == [(2, 3)]


class Two(keras.Layer):
    """Keras 3's build of several inputs."""

    def build(self, left_shape, right_shape=None):
        self.shapes = left_shape, right_shape

    def call(self, left, right=None, training=None):
        return left


@pytest.mark.parametrize("by_name", [True, False])
def test_a_build_with_several_shapes(by_name):
    layer = Two()
    layer(ones(2, 3), right=ones(4)) if by_name else layer(ones(2, 3), ones(4))
    assert layer.shapes == ((2, 3), (4,))
    assert layer.get_build_config() == {"shapes_dict": {"left_shape": (2, 3), "right_shape": (4,)}}
    twin = Two()
    twin.build_from_config(layer.get_build_config())
    assert twin.shapes == layer.shapes
    assert twin.get_build_config() == layer.get_build_config()


def test_an_argument_with_a_default_may_be_left_out():
    layer = Two()
    layer(ones(2, 3))
    assert layer.shapes == ((2, 3), None)


def test_a_shape_that_the_call_does_not_give():
    class Needs(Two):
        def build(self, left_shape, right_shape):
            super().build(left_shape, right_shape)

    with pytest.raises(TypeError, match=r"needs: build\(\) needs right_shape, but the call got no 'right'"):
        Needs()(ones(2, 3))


@pytest.mark.parametrize("argument", ["right", "up_shape"])
def test_a_badly_named_shape(argument):
    code = f"def build(self, left_shape, {argument}): pass"
    namespace = {}
    exec(code, namespace)
    bad = type("Bad", (Two,), {"build": namespace["build"]})
    with pytest.raises(ValueError, match=f"bad: .*Received: '{argument}'"):
        bad()(ones(2, 3), ones(4))


def test_a_build_that_takes_no_shape():
    class Bare(keras.Layer):
        def build(self):
            self.ran = True

    layer = Bare()
    layer(ones(2, 3))
    assert layer.ran
    assert layer.built


def test_a_build_that_takes_any_number_of_shapes():
    class Any(keras.Layer):
        def build(self, *shapes):
            self.shapes = shapes

    layer = Any()
    layer(ones(2, 3))
    assert layer.shapes == ((2, 3),)


def test_super_build_at_any_point():
    class Child(Linear):
        def build(self, input_shape):
            super().build(input_shape)
            self.scale = self.add_weight("scale", (), initializer="ones")
            keras.Layer.build(self, input_shape)

    layer = built(Child(2))
    assert list(layer.state_dict()) == ["kernel", "bias", "scale"]
    assert layer.get_build_config() == {"input_shape": (2, 3)}


def test_a_failed_build_leaves_nothing():
    layer = Fails("build")
    for attempt in (lambda: layer(ones(2, 3)), lambda: layer.build((2, 3))):
        with pytest.raises(LookupError):
            attempt()
        assert not layer.built
        assert layer.weights == layer.losses == list(layer.children()) == []
        assert layer.get_build_config() is None
        assert not hasattr(layer, "inner")
    layer.where = "nowhere"
    assert layer(ones(2, 3)).shape == (2, 3)
    assert list(layer.state_dict()) == ["kernel", "bias", "inner.kernel", "inner.bias"]


def test_children_build_at_their_own_first_call():
    model = Stack(Linear(4), Linear(2))
    model.build((None, 3))
    assert model.built
    assert not model.steps[0].built
    model(ones(2, 3))
    assert [step.get_build_config() for step in model.steps] == [{"input_shape": (2, 3)}, {"input_shape": (2, 4)}]


def test_weights_and_layers_may_come_in_call():
    class Late(keras.Layer):
        def call(self, inputs):
            if not hasattr(self, "inner"):
                self.inner = Linear(2)
                self.scale = self.add_weight("scale", (), initializer="ones")
            return self.inner(inputs) * self.scale

    layer = built(Late())
    assert list(layer.state_dict()) == ["scale", "inner.kernel", "inner.bias"]
    built(layer)
    assert len(layer.weights) == 3


def test_state_may_be_added_after_the_build():
    layer = built(Linear(2))
    layer.more = layer.add_weight("more", (5,))
    layer.inner = built(Linear(2))
    layer.raw = torch.nn.Parameter(torch.ones(1))
    assert len(layer.weights) == len(layer.state_dict()) == 6


def test_setting_built_to_false_builds_again():
    layer = built(Shapes())
    layer.built = False
    layer(ones(5, 6))
    assert layer.shapes == [(2, 3), (5, 6)]


def test_setting_built_in_build_as_keras_1_code_does():
    class Old(Linear):
        def build(self, input_shape):
            super().build(input_shape)
            self.built = True

    assert built(Old()).get_build_config() == {"input_shape": (2, 3)}


@pytest.mark.parametrize("shape", [(None, 3), [(2, 3), None], {"a": (1,)}, None])
def test_the_build_config_holds_the_shapes(shape):
    layer, twin = Shapes(), Shapes()
    assert layer.get_build_config() is None
    layer.build(shape)
    assert layer.get_build_config() == {"input_shape": shape}
    twin.build_from_config(layer.get_build_config())
    assert twin.shapes == ([shape] if shape is not None else [])


@pytest.mark.parametrize("config", [{}, None, {"input_shape": None}])
def test_a_build_config_without_shapes_does_nothing(config):
    layer = Shapes()
    layer.build_from_config(config)
    assert not layer.built


@pytest.mark.parametrize("config", [3, [2, 3], {"input_shape": "ab"}])
def test_a_build_config_of_something_else(config):
    with pytest.raises(TypeError, match="Received"):
        Shapes().build_from_config(config)


def test_a_build_config_as_json_has_it():
    layer = Shapes()
    layer.build_from_config({"input_shape": [None, 3]})
    assert layer.shapes == [(None, 3)]


def test_two_threads_that_arrive_together_build_once():
    arrived = threading.Barrier(4)

    class Slow(Linear):
        builds = 0

        def build(self, input_shape):
            self.builds += 1
            time.sleep(0.01)
            super().build(input_shape)

    layer, outputs = Slow(2), []

    def work():
        arrived.wait()
        outputs.append(layer(ones(1, 3)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (layer.builds, len(layer.weights), len(outputs)) == (1, 2, 4)
    assert all(torch.equal(output, outputs[0]) for output in outputs)


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode])
def test_weights_made_without_gradients_around_can_train(around):
    layer = Linear(2)
    with around():
        built(layer)
    layer(ones(2, 3)).sum().backward()
    assert layer.kernel.grad is not None


def test_what_asks_an_unbuilt_layer_for_dimensions_hears_of_it():
    model = nn.Sequential(keras.layers.Dense(2, name="head"))
    for ask in (lambda p: p.ndim, lambda p: p.shape, lambda p: p.numel()):
        with pytest.raises(RuntimeError, match="head: not built"):
            [ask(p) for p in model.parameters()]
