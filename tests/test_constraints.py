"""Do the constraints give Keras's projections, configs and names?"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import constraints

CASES = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.5, "axis": 1}),
    ("MaxNorm", {"max_value": 0, "axis": -1}),
    ("MaxNorm", {"max_value": 1, "axis": [0, 1]}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": (0, 2)}),
    ("UnitNorm", {"axis": None}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.6, "rate": 0.3, "axis": 1}),
    ("MinMaxNorm", {"min_value": 1, "max_value": math.inf, "rate": 1, "axis": (0, 1)}),
]
WEIGHTS = st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=12)


def pair(name, arguments):
    return getattr(constraints, name)(**arguments), getattr(keras.constraints, name)(**arguments)


# Keras takes bounds through float32, so its float64 answers are no better than that.
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float32, 1e-6), (torch.float64, 1e-7), (torch.float16, 2**-9), (torch.bfloat16, 2**-6)],
    ids=str,
)
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_projections_are_those_of_keras(name, arguments, dtype, tolerance):
    ours, theirs = pair(name, arguments)
    w = torch.randn(3, 4, 2, dtype=torch.float64).to(dtype)
    w[:, 0] = 0
    projected = ours(w)
    assert projected.dtype is dtype
    assert_close(projected, theirs(w), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_the_weight_itself_is_left_alone(name, arguments):
    w = torch.randn(3, 4, 2)
    before = w.clone()
    getattr(constraints, name)(**arguments)(w)
    assert torch.equal(w, before)


def test_large_half_precision_weights_do_not_overflow():
    w = torch.full((4, 1), 300.0, dtype=torch.float16)
    assert_close(constraints.UnitNorm()(w), torch.full((4, 1), 0.5))


@given(values=WEIGHTS, most=st.floats(0.01, 50))
def test_max_norm_bounds_and_is_done_once(values, most):
    w = torch.tensor(values, dtype=torch.float64)[:, None]
    projected = constraints.MaxNorm(most)(w)
    assert projected.norm() <= most * (1 + 1e-12)
    torch.testing.assert_close(constraints.MaxNorm(most)(projected), projected, rtol=1e-4, atol=1e-6)


@given(values=WEIGHTS, least=st.floats(0.01, 5), more=st.floats(0, 5))
def test_min_max_norm_bounds(values, least, more):
    w = torch.tensor(values, dtype=torch.float64)[:, None]
    norm = constraints.MinMaxNorm(least, least + more)(w).norm()
    assert norm <= (least + more) * (1 + 1e-12)
    assert norm >= least * (1 - 1e-4) or w.norm() < 1e-2


@given(values=WEIGHTS)
def test_non_neg_keeps_what_is_allowed(values):
    w = torch.tensor(values)
    projected = constraints.NonNeg()(w)
    assert (projected >= 0).all()
    assert torch.equal(projected[w >= 0], w[w >= 0])


def test_the_base_class_changes_nothing():
    w = torch.randn(3)
    assert constraints.Constraint()(w) is w
    assert constraints.Constraint().get_config() == {}


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_configs_are_those_of_keras_and_make_it_again(name, arguments):
    ours, theirs = pair(name, arguments)
    config = ours.get_config()
    assert config == theirs.get_config()
    assert type(ours).from_config(config).get_config() == config
    envelope = constraints.serialize(ours)
    assert envelope == keras.constraints.serialize(theirs)
    for again in (constraints.deserialize(envelope), constraints.get(envelope)):
        assert type(again) is type(ours)
        assert again.get_config() == config


@pytest.mark.parametrize(
    "identifier",
    ["max_norm", "MaxNorm", "non_neg", "NonNeg", "unit_norm", "UnitNorm", "min_max_norm", "MinMaxNorm"],
)
def test_names_are_those_of_keras(identifier):
    ours, theirs = constraints.get(identifier), keras.constraints.get(identifier)
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.get_config() == theirs.get_config()


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [
        ("maxnorm", constraints.MaxNorm),
        ("nonneg", constraints.NonNeg),
        ("unitnorm", constraints.UnitNorm),
        (constraints.NonNeg, constraints.NonNeg),
        ({"class_name": "MaxNorm", "config": {"max_value": 3}}, constraints.MaxNorm),
    ],
)
def test_names_of_keras_2_classes_and_configs(identifier, kind):
    assert type(constraints.get(identifier)) is kind


def test_none_stays_none_and_callables_stay_themselves():
    assert constraints.get(None) is None
    assert constraints.get(torch.abs) is torch.abs
    own = constraints.MaxNorm(1)
    assert constraints.get(own) is own


def test_keras_has_the_same_public_names():
    names = {name for name in dir(keras.constraints) if not name.startswith("_")}
    assert all(hasattr(constraints, name) for name in names)


@pytest.mark.parametrize("identifier", ["maximum", "", 3, {}, {"axis": 0}, np.ones(2)])
def test_unknown_identifiers(identifier):
    with pytest.raises(ValueError, match="Could not interpret constraint identifier: "):
        constraints.get(identifier)


@pytest.mark.parametrize("value", [-1, math.nan, "1", None, True, 1j])
@pytest.mark.parametrize(("name", "argument"), [("MaxNorm", "max_value"), ("MinMaxNorm", "max_value")])
def test_a_bound_must_be_a_number_that_is_not_negative(name, argument, value):
    with pytest.raises(ValueError, match=rf"{name}: {argument} must be a number >= 0. Received: "):
        getattr(constraints, name)(**{argument: value})


@pytest.mark.parametrize("value", [-1, math.nan, 1.5])
def test_the_lower_bound_must_be_below_the_upper(value):
    with pytest.raises(ValueError, match="MinMaxNorm: min_value must be a number >= 0 and <= 1.0. Received: "):
        constraints.MinMaxNorm(min_value=value)


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan, None])
def test_the_rate_is_a_share(rate):
    with pytest.raises(ValueError, match="MinMaxNorm: rate must be a number >= 0 and <= 1. Received: "):
        constraints.MinMaxNorm(rate=rate)


@pytest.mark.parametrize("axis", ["0", 1.0, True, (), [], (0, None), {0}])
@pytest.mark.parametrize("name", ["MaxNorm", "UnitNorm", "MinMaxNorm"])
def test_axes_are_whole_numbers(name, axis):
    with pytest.raises(ValueError, match=rf"{name}: axis must be an int, a tuple of ints or None. Received: axis="):
        getattr(constraints, name)(axis=axis)


def test_projections_compile_into_one_graph():
    def project(w):
        return [getattr(constraints, name)(**arguments)(w) for name, arguments in CASES]

    w = torch.randn(3, 4, 2)
    torch.testing.assert_close(torch.compile(project, backend="eager", fullgraph=True)(w), project(w))
