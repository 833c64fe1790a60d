"""Which mode does a `call` get? (contract §2.5, and the first line of its Decisions)"""

from __future__ import annotations

import threading

import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Seen, Stack

ONE = torch.ones(1)


class DefaultTrue(Seen):
    def call(self, inputs, training=True):
        return super().call(inputs, training)


class DefaultFalse(Seen):
    def call(self, inputs, training=False):
        return super().call(inputs, training)


class NoDefault(Seen):
    def call(self, inputs, training):
        return super().call(inputs, training)


class KeywordOnly(Seen):
    def call(self, inputs, *, training=None):
        return super().call(inputs, training)


KINDS = [Seen, DefaultTrue, DefaultFalse, NoDefault, KeywordOnly]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flag", [True, False])
def test_without_an_argument_the_flag_of_the_module_decides(kind, flag):
    """[9] A default in the signature of `call` does not override it."""
    layer = kind().train(flag)
    layer(ONE)
    assert layer.modes == [flag]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("given", [True, False])
def test_an_argument_decides(kind, flag, given):
    """[9]"""
    layer = kind().train(flag)
    layer(ONE, training=given)
    assert layer.modes == [given]


BY_POSITION = [(True, False, True), (False, True, False), (None, False, False)]


@pytest.mark.parametrize("kind", [Seen, DefaultTrue, DefaultFalse, NoDefault])
@pytest.mark.parametrize(("given", "flag", "expected"), BY_POSITION)
def test_by_position(kind, given, flag, expected):
    """[9]"""
    layer = kind().train(flag)
    layer(ONE, given)
    assert layer.modes == [expected]


@pytest.mark.parametrize("given", [1, "yes", 0])
def test_values_are_not_coerced(given):
    """[9]"""
    layer = Seen()
    layer(ONE, training=given)
    assert layer.modes == [given]
    assert type(layer.modes[0]) is type(given)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("given", [True, False])
def test_what_the_outer_call_was_given_reaches_inside(kind, given):
    """[9] Though the layers between do not name `training`."""
    leaf = kind().train(not given)
    model = Stack(Stack(torch.nn.Sequential(Stack(leaf))))
    model(ONE, training=given)
    assert leaf.modes == [given]


@pytest.mark.parametrize("kind", KINDS)
def test_an_explicit_none_inherits(kind):
    """[9] From the outer call, else from the flag."""

    class Outer(keras.Layer):
        def __init__(self):
            super().__init__()
            self.inner = kind()

        def call(self, inputs):
            return self.inner(inputs, training=None)

    outer = Outer()
    outer(ONE, training=False)
    outer.eval()(ONE, training=True)
    outer.eval()(ONE, training=None)
    assert outer.inner.modes == [False, True, False]


def test_the_flag_is_not_passed_down():
    backbone, head = Seen(), Seen()
    model = Stack(Stack(backbone), head).train()
    model.steps[0].eval()
    model(ONE)
    assert (backbone.modes, head.modes) == ([False], [True])


def test_the_nearest_explicit_value_wins():
    class Middle(keras.Layer):
        def __init__(self):
            super().__init__()
            self.leaf, self.after = Seen(), Seen()

        def call(self, inputs):
            return self.after(self.leaf(inputs, training=False))

    middle, last = Middle(), Seen()
    Stack(middle, last)(ONE, training=True)
    assert (middle.leaf.modes, middle.after.modes, last.modes) == ([False], [True], [True])


class Siblings(keras.Layer):
    def __init__(self, first, second, **arguments):
        super().__init__()
        self.first, self.second, self.arguments = first, second, arguments

    def call(self, inputs):
        return self.second(self.first(inputs, **self.arguments))


def test_an_explicit_value_does_not_leak_to_a_sibling():
    """[10]"""
    outer = Siblings(Seen(), Seen(), training=True)
    outer(ONE, training=False)
    assert (outer.first.modes, outer.second.modes) == ([True], [False])


@pytest.mark.parametrize("flag", [True, False])
def test_a_default_does_not_leak_to_a_sibling(flag):
    """[11]"""
    outer = Siblings(DefaultTrue(), Seen()).train(flag)
    outer(ONE)
    assert (outer.first.modes, outer.second.modes) == ([flag], [flag])


@pytest.mark.parametrize("default", [DefaultTrue, DefaultFalse])
def test_a_default_of_the_outer_call_does_not_reach_inside(default):
    class Outer(default):
        def __init__(self):
            super().__init__()
            self.inner = Seen()

        def call(self, inputs, training=default is DefaultTrue):
            return self.inner(super().call(inputs, training))

    outer = Outer()
    outer.eval()
    outer.inner.train()
    outer(ONE)
    assert (outer.modes, outer.inner.modes) == ([False], [True])


def test_a_layer_that_does_not_name_training_accepts_it():
    assert Stack()(ONE, training=True) is ONE


def test_one_call_leaves_nothing_for_the_next():
    leaf = Seen()
    model = Stack(leaf)
    model(ONE, training=False)
    model(ONE)
    leaf(ONE)
    assert leaf.modes == [False, True, True]


def test_another_thread_sees_nothing_of_it():
    leaf = Seen()

    class Outer(keras.Layer):
        def call(self, inputs):
            thread = threading.Thread(target=leaf, args=(inputs,))
            thread.start()
            thread.join()
            return inputs

    Outer()(ONE, training=False)
    assert leaf.modes == [True]


def test_code_that_asks_for_shapes_is_run_in_inference():
    layer = Seen()
    layer.compute_output_shape((2, 3))
    assert set(layer.modes) == {False}
