"""May a subclass of a built-in layer take any private name, and still compute the same?"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import torch

import torchkeras_layer as ours
from tests.conformance.case import Case, assert_same
from tests.conformance.cases import CASES
from torchkeras_layer._structures import leaves
from torchkeras_layer.layers._families import FAMILY_OF


def one_case_each(family: str) -> list[Case]:
    """Return the first case of each layer of a family."""
    cases = {case.layer: case for case in reversed(CASES) if FAMILY_OF[case.layer] == family}
    return list(cases.values())


def check_subclass(case: Case, subclass: Callable[[type, list[str]], Any], names: Iterable[str]) -> None:
    """Fail unless a subclass with these names of its own does what the layer of a case does.

    Args:
        subclass: makes it of the layer's class and the names.
    """
    plain = case.build(case.make(name="mine"))
    cls = subclass(getattr(ours.layers, case.layer), sorted(names))
    layer = case.build(case.make(_library_with(case.layer, cls), name="mine"))
    layer.set_weights(plain.get_weights())
    assert layer.get_config() == plain.get_config()
    # One after the other: a layer with a `seed` draws other numbers at each call.
    for _ in range(2):
        expected = case.run(plain, case.inputs())
        results = case.run(layer, case.inputs())
        assert_same(results, expected)
        assert_same(_gradients(layer, results), _gradients(plain, expected))
    assert_same(list(layer.state_dict().values()), list(plain.state_dict().values()))
    assert list(layer.state_dict()) == list(plain.state_dict())
    assert_same(case.run(copy.deepcopy(layer), case.inputs()), case.run(plain, case.inputs()))


def _library_with(name: str, cls: Any) -> Any:
    """Return our library with another class in the place of a layer's own."""
    layers = SimpleNamespace(**{one: getattr(ours.layers, one) for one in ours.layers.__all__} | {name: cls})
    return SimpleNamespace(**{one: getattr(ours, one) for one in dir(ours) if one != "layers"}, layers=layers)


def _gradients(layer: Any, results: Any) -> list[torch.Tensor]:
    weights = [weight for weight in layer.parameters() if weight.requires_grad]
    total = sum(result.sum() for result in leaves(results))
    return list(torch.autograd.grad(total, weights, materialize_grads=True)) if weights else []
