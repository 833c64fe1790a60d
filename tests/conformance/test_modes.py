"""Does every layer heed train and eval, freezing, a lack of data, and torch's transforms?"""

from __future__ import annotations

import copy
import doctest
import inspect
import re
from functools import partial

import pytest
import torch
from torch.func import vmap

import torchkeras_layer as ours
from tests.conformance.case import assert_same
from tests.conformance.cases import CASES, WITHOUT_CASE
from torchkeras_layer._structures import leaves, map_leaves

# Those that a graph makes by itself, and that nobody calls on tensors.
OF_GRAPHS = {"InputLayer", "TorchFunction"}
every_case = pytest.mark.parametrize("case", CASES, ids=str)
PUBLIC = {
    name: value
    for name, value in ((name, getattr(ours.layers, name)) for name in ours.layers.__all__)
    if inspect.isclass(value) and issubclass(value, ours.Layer) and value is not ours.Layer and name not in OF_GRAPHS
}


def test_every_public_layer_has_a_case():
    assert {case.layer for case in CASES} == set(PUBLIC) - WITHOUT_CASE


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_layer_has_a_doctest_and_says_what_it_takes(name):
    """In its own docstring, or in that of a base which it names: what classes share is described once."""
    documentation = PUBLIC[name].__doc__
    assert doctest.DocTestParser().get_examples(documentation)
    for base in PUBLIC[name].__mro__[1:] if inspect.isclass(PUBLIC[name]) else ():
        if f"`{base.__name__}`" in documentation:
            documentation += base.__doc__
    arguments = inspect.signature(PUBLIC[name]).parameters
    assert [argument for argument in arguments if not re.search(rf"\b{argument}\b", documentation)] == []


@every_case
def test_train_and_eval_stand_for_training(case):
    layer = case.ready()
    for training in (True, False):
        by_argument, by_mode = copy.deepcopy(layer), copy.deepcopy(layer).train(training)
        contrary = copy.deepcopy(layer).train(not training)
        expected = case.run(by_argument, case.inputs(), training)
        torch.manual_seed(9)
        assert_same(case.call(by_mode, case.inputs()), expected)
        assert_same(case.run(contrary, case.inputs(), training), expected)
        assert all(torch.equal(a, b) for a, b in zip(by_mode.weights, by_argument.weights, strict=True))


@every_case
def test_inference_leaves_no_trace(case):
    layer = case.ready()
    before = copy.deepcopy(layer)
    case.run(layer, case.inputs(), training=False)
    assert all(torch.equal(a, b) for a, b in zip(layer.weights, before.weights, strict=True))
    assert_same(case.run(layer, case.inputs()), case.run(before, case.inputs()))


@every_case
def test_building_leaves_no_trace(case):
    """The build runs the layer in training mode on tensors without data: nothing is drawn and nothing moved."""
    layer, twin = case.make().train(), case.make()
    torch.manual_seed(9)
    case.call(partial(ours.build, layer), case.inputs())
    state = torch.get_rng_state()
    torch.manual_seed(9)
    case.build(twin)
    assert torch.equal(torch.get_rng_state(), state)
    assert [torch.equal(a, b) for a, b in zip(layer.weights, twin.weights, strict=True)] == [True] * len(twin.weights)
    assert_same(case.run(layer, case.inputs(), training=True), case.run(twin, case.inputs(), training=True))


@every_case
def test_a_frozen_layer_keeps_its_weights(case):
    layer = case.ready()
    layer.trainable = False
    before = [weight.clone() for weight in layer.weights]
    case.run(layer, case.inputs(), training=True)
    assert all(torch.equal(a, b) for a, b in zip(layer.weights, before, strict=True))
    assert not any(parameter.requires_grad for parameter in layer.parameters())


@every_case
def test_an_empty_batch_gives_an_empty_batch(case):
    layer = case.ready()
    before = [weight.clone() for weight in layer.weights]
    empty = map_leaves(lambda tensor: tensor[:0], case.inputs())
    outputs, expected = case.run(layer, empty), case.run(layer, case.inputs(), training=False)
    assert [one.shape for one in leaves(outputs)] == [(0, *one.shape[1:]) for one in leaves(expected)]
    assert all(torch.equal(a, b) for a, b in zip(layer.weights, before, strict=True))


@every_case
def test_the_meta_device_gives_shapes(case):
    layer = case.ready()
    expected = case.run(copy.deepcopy(layer), case.inputs())
    outputs = case.run(layer.to("meta"), map_leaves(lambda tensor: tensor.to("meta"), case.inputs()))
    assert all(output.is_meta for output in leaves(outputs))
    assert [output.shape for output in leaves(outputs)] == [one.shape for one in leaves(expected)]


@every_case
def test_vmap_does_as_a_loop_does(case):
    layer = case.ready()
    pair = case.inputs(), map_leaves(lambda tensor: tensor.flip(0), case.inputs())
    expected = map_leaves(lambda *one: torch.stack(one), *(case.run(layer, one, training=False) for one in pair))
    inputs = map_leaves(lambda one, other: torch.stack([one, other]), *pair)
    torch.testing.assert_close(vmap(lambda one: case.call(layer, one, training=False))(inputs), expected)
