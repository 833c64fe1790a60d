"""Does every layer survive copies, pickles, state dicts and replaced weights, unbuilt, built and just called?"""

from __future__ import annotations

import copy
import io
import pickle
from functools import partial
from typing import Any

import pytest
import torch
from torch.func import functional_call

from tests.conformance.case import assert_same
from tests.conformance.cases import CASES
from torchkeras_layer._structures import leaves

every_case = pytest.mark.parametrize("case", CASES, ids=str)
# A module of torch's wants its inputs in its own dtype.
every_case_of_keras = pytest.mark.parametrize("case", [case for case in CASES if not case.wraps_torch], ids=str)
# A lambda cannot be pickled, in a layer or elsewhere.
every_pickled_case = pytest.mark.parametrize("case", [case for case in CASES if case.has_config], ids=str)


def _unpickled(layer: Any) -> Any:
    return pickle.loads(pickle.dumps(layer))


def _loaded(state: dict[str, Any]) -> dict[str, Any]:
    """Send a state dict through a file, as a program does."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def _assert_independent(layer: Any, twin: Any, case: Any) -> None:
    """Check that a copy computes the same, draws the same, and shares nothing."""
    inputs = case.inputs()
    for _ in range(2):
        assert_same(case.run(twin, inputs), case.run(layer, inputs))
    before = [weight.clone() for weight in layer.weights]
    with torch.no_grad():
        for weight in twin.weights:
            weight.add_(1)
    assert all(torch.equal(weight, old) for weight, old in zip(layer.weights, before, strict=True))


@every_case
def test_a_deep_copy(case):
    layer = case.ready()
    _assert_independent(layer, copy.deepcopy(layer), case)
    _assert_independent(layer, copy.deepcopy(layer), case)


@every_pickled_case
def test_a_pickle(case):
    layer = case.ready()
    _assert_independent(layer, _unpickled(layer), case)
    _assert_independent(layer, _unpickled(layer), case)


@every_pickled_case
@pytest.mark.parametrize("duplicate", [copy.deepcopy, _unpickled])
def test_a_copy_of_an_unbuilt_layer_builds_by_itself(case, duplicate):
    layer = case.make()
    twin = duplicate(layer)
    results = leaves(case.run(twin, case.inputs())), leaves(case.run(layer, case.inputs()))
    assert [one.shape for one in results[0]] == [one.shape for one in results[1]]
    assert not {id(weight) for weight in twin.weights} & {id(weight) for weight in layer.weights}


@every_case
def test_a_state_dict_loads_into_the_same_layer_built_and_unbuilt(case):
    layer = case.ready()
    state = _loaded(layer.state_dict())
    unbuilt, built = case.make(), case.make()
    case.build(built)
    for twin in (unbuilt, built):
        assert not any(twin.load_state_dict(state, strict=True))
        assert_same(case.run(twin, case.inputs()), case.run(copy.deepcopy(layer), case.inputs()))


@every_case
def test_assigned_weights_are_used(case):
    layer = case.ready()
    twin = case.build(case.make())
    twin.load_state_dict(layer.state_dict(), assign=True)
    assert_same(case.run(twin, case.inputs()), case.run(layer, case.inputs()))


@every_case
def test_functional_call_replaces_the_weights(case):
    layer = case.ready()
    other = case.build(case.make())
    state = {name: weight.detach().clone() for name, weight in layer.state_dict().items()}
    kept = [weight.clone() for weight in other.weights]
    torch.manual_seed(9)
    outputs = case.call(partial(_call_with, other, state), case.inputs(), training=case.training)
    assert_same(outputs, case.run(layer, case.inputs()))
    # What a call in training moves is moved in the given state, and nowhere else.
    assert all(torch.equal(state[name], weight) for name, weight in layer.state_dict().items())
    assert all(torch.equal(weight, old) for weight, old in zip(other.weights, kept, strict=True))


def _call_with(layer: Any, state: dict[str, Any], inputs: Any, **arguments: Any) -> Any:
    return functional_call(layer, state, (inputs,), arguments)


@every_case_of_keras
def test_a_layer_moves_to_another_dtype(case):
    layer, theirs = case.pair()
    layer.to(torch.bfloat16)
    pairs = zip(leaves(case.run(layer, case.inputs())), leaves(case.run(theirs, case.inputs())), strict=True)
    assert all(weight.dtype is torch.bfloat16 for weight in layer.weights if weight.is_floating_point())
    for output, expected in pairs:
        assert output.dtype is (torch.bfloat16 if expected.is_floating_point() else expected.dtype)
        torch.testing.assert_close(output.float(), expected.float(), rtol=0.03, atol=0.08)
