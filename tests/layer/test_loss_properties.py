"""Do the losses agree with a simple model after any sequence of calls on layers that call each other? (hypothesis)"""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as keras
from tests.layer.samples import numbers

# Which layers a layer holds, in this order; d is shared.
HELD = {"a": "bc", "b": "d", "c": "d", "d": ""}
BELOW = {"a": "abdc", "b": "bd", "c": "cd", "d": "d"}


class Caller(keras.Layer):
    """Calls what `plan` says it calls, then adds its number there as a loss, if there is one."""

    def call(self, inputs, plan):
        for name in HELD[self.name]:
            if name in plan:
                inputs = getattr(self, name)(inputs, plan)
        if plan[self.name] is not None:
            self.add_loss(torch.tensor(plan[self.name]))
        return inputs


def tree():
    layers = {name: Caller(name=name) for name in HELD}
    for name, held in HELD.items():
        for other in held:
            setattr(layers[name], other, layers[other])
    return layers


def expected_call(name, plan, losses):
    for other in HELD[name]:
        if other in plan:
            expected_call(other, plan, losses)
    if plan[name] is not None:
        losses[name].append(plan[name])


amounts = st.one_of(st.none(), st.sampled_from([1.0, 2.0, 3.0]))
plans = st.dictionaries(st.sampled_from("abcd"), amounts)


@given(st.sampled_from("abcd"), st.lists(plans, max_size=5))
def test_the_outermost_call_clears_all_that_is_inside(outermost, sequence):
    """[19] [20] [26]"""
    layers, losses = tree(), {name: [] for name in HELD}
    for called in sequence:
        plan = {outermost: None, **called}
        layers[outermost](torch.ones(1), plan)
        losses.update({name: [] for name in BELOW[outermost]})
        expected_call(outermost, plan, losses)
        for name, layer in layers.items():
            assert numbers(layer.losses) == [loss for inner in BELOW[name] for loss in losses[inner]]


def test_what_an_inner_layer_added_by_itself_counts_until_it_is_called_again():
    """An outer call does not walk over all layers inside, so it does not clear what it has not seen recorded."""
    layers = tree()
    layers["d"](torch.ones(1), {"d": 1.0})
    layers["a"](torch.ones(1), {"a": None})
    assert numbers(layers["a"].losses) == [1.0]
    layers["a"](torch.ones(1), {"a": None, "b": None, "d": 2.0})
    assert numbers(layers["a"].losses) == [2.0]
