"""Does anything grow, or stay alive, over many calls?"""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from torch import nn

from tests.honest.samples import Everything, Linear, Mixed, Penalty, Watched, built
from torchkeras_layer import collect_losses

pytestmark = pytest.mark.usefixtures("small_heap")

X = torch.linspace(-1, 1, 15).reshape(5, 3)


def _objects():
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.parametrize("make", [Linear, Penalty, Watched, Everything, Mixed])
def test_five_hundred_calls_leave_nothing_behind(make):
    model = built(make())
    for _ in range(20):
        model(X)
    before = _objects()
    for _ in range(500):
        model(X)
    assert _objects() - before < 50


def test_losses_that_nobody_reads_do_not_pile_up():
    model, references = nn.Sequential(Linear(3), Penalty(), Penalty()), []
    for _ in range(50):
        model(X)
        references += [weakref.ref(loss) for loss in collect_losses(model)]
    gc.collect()
    assert len([reference for reference in references if reference() is not None]) == 2


@pytest.mark.parametrize("make", [Linear, Penalty, Everything])
def test_the_output_of_a_call_is_freed_at_once(make):
    model, x = built(make()), X.clone()
    gc.disable()
    try:
        output = model(x)
        reference = weakref.ref(output)
        del output, x
        assert reference() is None
    finally:
        gc.enable()


def test_the_losses_of_a_call_are_freed_at_the_next():
    model = built(Everything())
    model(X)
    gc.disable()
    try:
        references = [weakref.ref(loss) for loss in model.losses[:1]]
        model(X)
        assert [reference() for reference in references] == [None]
    finally:
        gc.enable()


def test_a_layer_is_freed_with_its_last_reference():
    model = built(Everything())
    reference = weakref.ref(model)
    kernel = weakref.ref(model.first.kernel)
    del model
    gc.collect()
    assert reference() is None
    assert kernel() is None


def test_a_failed_call_keeps_nothing_alive():
    class Fails(Penalty):
        def call(self, inputs):
            super().call(inputs)
            raise ArithmeticError("no")

    layer = Fails()
    with pytest.raises(ArithmeticError):
        layer(X)
    layer_x = X.clone()
    reference = weakref.ref(layer_x)
    with pytest.raises(ArithmeticError):
        layer(layer_x)
    del layer_x
    gc.collect()
    assert reference() is None
