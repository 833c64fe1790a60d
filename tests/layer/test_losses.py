"""Which losses does a layer report, and until when? (contract §2.7, §2.8, §3.6)"""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Adds, Linear, Stack, built, numbers

ONE = torch.ones(1)
X = torch.ones(2, 3)


class Outer(keras.Layer):
    """Calls `inner` a number of times, then adds 100."""

    def __init__(self, inner, times=2):
        super().__init__()
        self.inner, self.times = inner, times

    def call(self, inputs):
        for _ in range(self.times):
            inputs = self.inner(inputs)
        self.add_loss(torch.tensor(100.0))
        return inputs


def test_the_outermost_call_clears():
    """[19]"""
    outer = Outer(Adds(8.0))
    for _ in range(2):
        outer(ONE)
        assert numbers(outer.losses) == [100.0, 8.0, 8.0]
        assert numbers(outer.inner.losses) == [8.0, 8.0]
    outer.inner(ONE)
    assert numbers(outer.inner.losses) == [8.0]
    assert numbers(outer.losses) == [100.0, 8.0]


def test_a_call_without_losses_clears_too():
    class Sometimes(keras.Layer):
        def call(self, inputs, add=True):
            if add:
                self.add_loss(1.0)
            return inputs

    layer = Sometimes()
    layer(ONE)
    layer(ONE, add=False)
    assert layer.losses == []
    outer = Stack(layer)
    outer(ONE)
    assert numbers(outer.losses) == [1.0]
    layer(ONE, add=False)
    assert outer.losses == []


def test_a_child_that_is_not_called_again_has_no_losses_left():
    class Either(keras.Layer):
        def __init__(self):
            super().__init__()
            self.first, self.second = Adds(1.0), Adds(2.0)

        def call(self, inputs, which=1):
            return self.first(inputs) if which == 1 else self.second(inputs)

    layer = Either()
    layer(ONE)
    layer(ONE, which=2)
    assert numbers(layer.losses) == [2.0]
    assert layer.first.losses == []


def test_children_report_in_the_order_of_attributes():
    """[20]"""

    class Parent(keras.Layer):
        def __init__(self):
            super().__init__()
            self.b, self.a = Adds(2.0), Adds(1.0)

        def call(self, inputs):
            outputs = self.b(self.a(inputs))
            self.add_loss(torch.tensor(10.0))
            return outputs

    layer = Parent()
    layer(ONE)
    assert numbers(layer.losses) == [10.0, 2.0, 1.0]


def with_l2(factor=0.5, **arguments):
    layer = keras.Layer(**arguments)
    regularizer = keras.regularizers.L2(factor)
    layer.w = layer.add_weight("w", (2,), initializer="ones", regularizer=regularizer)
    return layer


def test_a_regularizer_follows_its_weight():
    """[21]"""
    layer = with_l2()
    assert numbers(layer.losses) == [1.0]
    layer.losses[0].backward()
    assert layer.w.grad.tolist() == [1.0, 1.0]
    layer.set_weights([[2.0, 2.0]])
    assert numbers(layer.losses) == [4.0]


def test_a_frozen_layer_still_reports_its_regularizer():
    """[22]"""
    layer = with_l2()
    layer.trainable = False
    assert numbers(layer.losses) == [1.0]


def test_a_weight_that_does_not_train_keeps_its_regularizer():
    layer = keras.Layer()
    layer.w = layer.add_weight("w", (3,), initializer="ones", trainable=False, regularizer="l2")
    assert numbers(layer.losses) == pytest.approx([0.03])


def test_the_regularizer_of_a_weight_in_a_container():
    layer = keras.Layer()
    layer.held = {"a": [layer.add_weight("w", (2,), initializer="ones", regularizer="l2")]}
    assert numbers(layer.losses) == pytest.approx([0.02])


def test_a_shared_layer_reports_its_regularizer_once():
    """[26]"""
    shared = with_l2()
    diamond = Stack(shared, Stack(shared))
    assert numbers(diamond.losses) == [1.0]


@pytest.mark.parametrize("loss", [ONE, 3.0, [ONE, lambda: 1.0]], ids=["tensor", "number", "mixed"])
def test_outside_a_call_only_callables_can_be_added(loss):
    """[24]"""
    layer = keras.Layer(name="outside")
    with pytest.raises(ValueError, match="outside: outside a call, add_loss takes .*callable"):
        layer.add_loss(loss)
    assert layer.losses == []


def test_a_build_by_hand_is_outside_a_call():
    class Builds(keras.Layer):
        def build(self, input_shape):
            self.add_loss(ONE)

    layer = Builds()
    with pytest.raises(ValueError, match="outside a call"):
        layer.build((2, 3))
    layer(torch.ones(2, 3))
    assert numbers(layer.losses) == [1.0]


def test_callables_are_evaluated_when_read():
    """[24] For good, outside a call; None is passed over."""
    layer, value = keras.Layer(), {"now": 1.0}
    layer.add_loss(lambda: value["now"])
    layer.add_loss([lambda: None, lambda: ONE.sum()])
    layer(ONE)
    assert numbers(layer.losses) == [1.0, 1.0]
    value["now"] = 2.0
    assert numbers(layer.losses) == [2.0, 1.0]
    layer(ONE)
    assert numbers(layer.losses) == [2.0, 1.0]


def test_a_callable_that_is_added_in_each_call_does_not_pile_up():
    """In TF-Keras it does; nothing may grow with the number of calls."""

    class AddsCallable(keras.Layer):
        def call(self, inputs):
            self.add_loss(lambda: inputs.sum())
            return inputs

    layer = AddsCallable()
    layer(ONE)
    layer(2 * ONE)
    assert numbers(layer.losses) == [2.0]


def test_a_loss_from_build_is_kept():
    """[25]"""

    class Builds(keras.Layer):
        def build(self, input_shape):
            self.add_loss(ONE.sum())

    for layer in (Builds(), Stack(Builds())):
        layer(ONE)
        assert numbers(layer.losses) == [1.0]


ADDED = [
    (None, []),
    ([None, 1], [1.0]),
    ({"a": ONE, "b": [2.0, (3,)]}, [1.0, 2.0, 3.0]),
    (True, [1.0]),
    ([], []),
]


@pytest.mark.parametrize(("losses", "expected"), ADDED, ids=str)
def test_what_can_be_added_in_a_call(losses, expected):
    class AddsThem(keras.Layer):
        def call(self, inputs):
            self.add_loss(losses, inputs=inputs)
            return inputs

    layer = AddsThem()
    layer(ONE)
    assert numbers(layer.losses) == expected
    assert all(isinstance(loss, torch.Tensor) for loss in layer.losses)


def test_a_number_becomes_a_tensor_of_floatx():
    keras.backend.set_floatx("float64")
    layer = keras.Layer()
    layer.add_loss(lambda: 1)
    assert layer.losses[0].dtype == torch.float64


def test_a_loss_that_is_no_scalar_counts_as_its_sum():
    """As in the `fit` of both Kerases."""

    class Vector(keras.Layer):
        def call(self, inputs):
            self.add_loss(inputs * 2)
            return inputs

    layer = Vector()
    layer(torch.ones(3))
    assert layer.losses[0].tolist() == 6.0


def test_an_unknown_keyword():
    with pytest.raises(TypeError, match="foo"):
        keras.Layer().add_loss(lambda: 1.0, foo=1)


def test_the_list_is_fresh():
    layer = built(Adds(8.0))
    layer.losses.clear()
    assert numbers(layer.losses) == [8.0]


def test_losses_of_a_thread_are_its_own():
    layer, seen = Adds(8.0), []
    layer(ONE)
    thread = threading.Thread(target=lambda: seen.append(len(layer.losses)))
    thread.start()
    thread.join()
    assert seen == [0]
    assert numbers(layer.losses) == [8.0]


def test_losses_train_the_weights():
    layer = built(Linear(1, activity_regularizer=lambda outputs: (outputs**2).sum(), regularizer="l2"))
    sum(layer.losses).backward()
    assert layer.kernel.grad.abs().sum() > 0


def test_collect_losses_of_a_plain_module():
    model = torch.nn.Sequential(Adds(1.0), torch.nn.Sequential(Stack(Adds(2.0), with_l2())))
    model(torch.ones(2))
    assert numbers(keras.collect_losses(model)) == [1.0, 2.0, 1.0]
    model(torch.ones(2))
    assert numbers(keras.collect_losses(model)) == [1.0, 2.0, 1.0]
    assert keras.collect_losses(torch.nn.Linear(1, 1)) == []


class Scale(keras.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(shape=(3,), initializer="ones")
        self.add_loss(lambda: self.w.sum())

    def call(self, inputs):
        return inputs * self.w


@pytest.mark.parametrize("start", [lambda m: m(X), lambda m: keras.build(m, X), lambda m: m[0].build((None, 3))])
def test_a_callable_loss_from_build_counts_for_good(start):
    model = nn.Sequential(Scale())
    start(model)
    for _ in range(3):
        model(X)
        assert [loss.item() for loss in keras.collect_losses(model)] == [3.0]


def test_what_is_no_loss_is_refused():
    class Wrong(keras.Layer):
        def call(self, inputs):
            self.add_loss("abc")
            return inputs

    with pytest.raises(TypeError, match="wrong: add_loss takes"):
        Wrong(name="wrong")(X)
