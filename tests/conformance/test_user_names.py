"""Does a user's subclass of any built-in layer keep its private names, and the layer's results?"""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest

import torchkeras_layer as ours
from tests.conformance.case import Case, assert_same
from tests.conformance.cases import CASES
from tests.layer.user_names import NAMES, class_setting, class_with, private_names

# One of each class.
ONE_EACH = list({case.layer: case for case in reversed(CASES)}.values())


def _library_with(case: Case, cls: Any) -> Any:
    """Return our library with another class in the place of the case's own."""
    layers = SimpleNamespace(**{name: getattr(ours.layers, name) for name in ours.layers.__all__})
    setattr(layers, case.layer, cls)
    return SimpleNamespace(**{name: getattr(ours, name) for name in dir(ours) if name != "layers"}, layers=layers)


def _free_names(case: Case) -> list[str]:
    """Return the names that the built-in layer does not use itself."""
    layer = case.build(case.make())
    return sorted(set(NAMES) - private_names(type(layer)) - {*vars(layer), *layer._buffers})


@pytest.mark.parametrize("case", ONE_EACH, ids=lambda case: case.layer)
@pytest.mark.parametrize("kind", [class_with, class_setting])
def test_a_subclass_with_private_names_of_its_own(case, kind):
    names = _free_names(case)
    assert len(names) > 200
    plain = case.build(case.make(name="mine"))
    layer = case.make(_library_with(case, kind(getattr(ours.layers, case.layer), names)), name="mine")
    case.build(layer)
    layer.set_weights(plain.get_weights())
    assert list(layer.state_dict()) == list(plain.state_dict())
    assert_same(case.run(layer, case.inputs()), case.run(plain, case.inputs()))
    assert_same(case.run(copy.deepcopy(layer), case.inputs()), case.run(plain, case.inputs()))
    if case.has_config:
        assert layer.get_config() == plain.get_config()
