"""Do the regularizers give Keras's penalties, gradients, configs and names?"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import regularizers

FACTORS = st.floats(0, 1e3, allow_subnormal=False)
WEIGHTS = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=20)
CASES = [
    ("L1", {"l1": 0.3}),
    ("L1", {"l1": None}),
    ("L1", {"l1": 0}),
    ("L2", {"l2": 0.3}),
    ("L2", {"l2": None}),
    ("L1L2", {"l1": 0.3, "l2": 0.2}),
    ("L1L2", {"l1": 0.3, "l2": None}),
    ("L1L2", {"l1": None, "l2": 1}),
    ("L1L2", {}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 2, "mode": "columns"}),
]


def pair(name, arguments):
    return getattr(regularizers, name)(**arguments), getattr(keras.regularizers, name)(**arguments)


# Keras keeps the factors of L1 and OrthogonalRegularizer in float32, so its float64 answers are no better.
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float32, 1e-6), (torch.float64, 1e-7), (torch.float16, 2**-9), (torch.bfloat16, 2**-6)],
    ids=str,
)
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_penalty_and_gradient_are_those_of_keras(name, arguments, dtype, tolerance):
    penalties, gradients = [], []
    for regularizer in pair(name, arguments):
        x = (torch.arange(-6, 6).reshape(4, 3) / 4 + 0.1).to(dtype).requires_grad_()
        penalty = regularizer(x)
        penalties.append(penalty)
        gradients.append(torch.autograd.grad(penalty, x)[0] if penalty.requires_grad else torch.zeros_like(x))
    assert penalties[0].dtype is dtype
    assert penalties[0].shape == ()
    assert_close(penalties[0], penalties[1], rtol=tolerance, atol=tolerance)
    assert_close(gradients[0], gradients[1], "gradient", rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
@pytest.mark.parametrize(("name", "arguments"), CASES[:9])
def test_any_shape_gives_a_scalar(name, arguments, shape):
    ours, theirs = pair(name, arguments)
    x = torch.randn(shape)
    assert ours(x).shape == ()
    assert_close(ours(x), theirs(x))


@given(l1=FACTORS, l2=FACTORS, values=WEIGHTS)
def test_l1_and_l2_add_up(l1, l2, values):
    x = torch.tensor(values, dtype=torch.float64)
    both = regularizers.L1L2(l1, l2)(x)
    torch.testing.assert_close(both, regularizers.L1(l1)(x) + regularizers.L2(l2)(x))
    assert both >= 0


@given(values=WEIGHTS, scale=st.floats(0.25, 4, width=32))
def test_penalties_scale_with_their_power(values, scale):
    x = torch.tensor(values, dtype=torch.float64)
    torch.testing.assert_close(regularizers.L1()(scale * x), scale * regularizers.L1()(x))
    torch.testing.assert_close(regularizers.L2()(scale * x), scale**2 * regularizers.L2()(x))


def test_orthogonal_vectors_cost_nothing_and_equal_ones_the_factor():
    orthogonal = regularizers.OrthogonalRegularizer(0.5)
    assert orthogonal(5 * torch.eye(4)) == 0
    assert_close(orthogonal(torch.ones(4, 3)), torch.tensor(0.5))


@pytest.mark.parametrize("mode", ["rows", "columns"])
@pytest.mark.parametrize("x", [torch.zeros(3, 3), torch.ones(1, 1), torch.zeros(0, 0)], ids=["0", "1", "empty"])
def test_without_angles_there_is_no_orthogonal_penalty(x, mode):
    x = x.requires_grad_()
    penalty = regularizers.OrthogonalRegularizer(mode=mode)(x)
    penalty.backward()
    assert penalty == 0
    assert x.grad is not None
    assert x.grad.isfinite().all()


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_configs_are_those_of_keras_and_make_it_again(name, arguments):
    ours, theirs = pair(name, arguments)
    config = ours.get_config()
    expected = theirs.get_config()
    factors = {key: value for key, value in config.items() if key != "mode"}
    assert config.get("mode") == expected.pop("mode", None)
    assert factors == pytest.approx(expected, rel=1e-7)
    assert {type(factor) for factor in factors.values()} == {float}
    assert type(ours).from_config(config).get_config() == config
    envelope = regularizers.serialize(ours)
    assert {**envelope, "config": None} == {**keras.regularizers.serialize(theirs), "config": None}
    for again in (regularizers.deserialize(envelope), regularizers.get(envelope)):
        assert type(again) is type(ours)
        assert again.get_config() == config


def test_reads_the_configs_that_keras_writes():
    config = keras.regularizers.serialize(keras.regularizers.L1L2(0.5, 0.25))
    assert regularizers.deserialize(config).get_config() == {"l1": 0.5, "l2": 0.25}


@pytest.mark.parametrize(
    ("identifier", "config"),
    [
        ("l1", {"l1": 0.01}),
        ("L1", {"l1": 0.01}),
        ("l2", {"l2": 0.01}),
        ("L2", {"l2": 0.01}),
        ("L1L2", {"l1": 0.0, "l2": 0.0}),
        ("l1l2", {"l1": 0.0, "l2": 0.0}),
        ("l1_l2", {"l1": 0.01, "l2": 0.01}),  # TF-Keras's meaning; Keras 3 does not know the name
        ("orthogonal_regularizer", {"factor": 0.01, "mode": "rows"}),
        ("OrthogonalRegularizer", {"factor": 0.01, "mode": "rows"}),
        (regularizers.L2, {"l2": 0.01}),
        ({"class_name": "L2", "config": {"l2": 0.5}}, {"l2": 0.5}),
    ],
)
def test_identifiers(identifier, config):
    assert regularizers.get(identifier).get_config() == config


def test_none_stays_none_and_callables_stay_themselves():
    assert regularizers.get(None) is None
    assert regularizers.get(torch.sum) is torch.sum
    own = regularizers.L2(0.5)
    assert regularizers.get(own) is own


def test_keras_has_the_same_public_names():
    names = {name for name in dir(keras.regularizers) if not name.startswith("_")}
    assert all(hasattr(regularizers, name) for name in names)
    assert regularizers.l1_l2(0.5, 0.25).get_config() == {"l1": 0.5, "l2": 0.25}


@pytest.mark.parametrize("identifier", ["l3", "", 3, {}, {"l1": 0.1}, np.ones(2)])
def test_unknown_identifiers(identifier):
    with pytest.raises(ValueError, match="Could not interpret regularizer identifier: "):
        regularizers.get(identifier)


@pytest.mark.parametrize("value", [-1, -1e-9, math.nan, math.inf, "0.1", [0.1], 1j, torch.tensor(0.1)])
@pytest.mark.parametrize(
    ("name", "argument"),
    [("L1", "l1"), ("L2", "l2"), ("L1L2", "l1"), ("L1L2", "l2"), ("OrthogonalRegularizer", "factor")],
)
def test_factors_must_be_finite_and_not_negative(name, argument, value):
    with pytest.raises(ValueError, match=rf"{name}: {argument} must be a finite number >= 0. Received: "):
        getattr(regularizers, name)(**{argument: value})


def test_an_orthogonal_factor_cannot_be_none():
    with pytest.raises(ValueError, match="OrthogonalRegularizer: factor must be a finite number"):
        regularizers.OrthogonalRegularizer(factor=None)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("value", [np.float32(0.5), np.float64(0.5), 0.5, True])
def test_numbers_of_any_kind_become_floats(value):
    assert regularizers.L2(value).get_config() == {"l2": float(value)}
    assert type(regularizers.L2(value).l2) is float


@pytest.mark.parametrize("mode", ["row", None, 0])
def test_orthogonal_modes(mode):
    with pytest.raises(ValueError, match="mode must be 'rows' or 'columns'. Received: mode="):
        regularizers.OrthogonalRegularizer(mode=mode)


@pytest.mark.parametrize("shape", [(), (3,), (2, 2, 2)])
def test_orthogonal_needs_a_matrix(shape):
    with pytest.raises(ValueError, match="OrthogonalRegularizer: expected a matrix. Received: a tensor of shape"):
        regularizers.OrthogonalRegularizer()(torch.zeros(shape))


def test_own_regularizers_say_what_saving_needs():
    class Mine(regularizers.Regularizer):
        pass

    assert Mine()(torch.ones(2)) == keras.regularizers.Regularizer()(torch.ones(2)) == 0.0
    with pytest.raises(NotImplementedError, match=r"Mine: define get_config\(\)"):
        Mine().get_config()


def test_penalties_compile_into_one_graph():
    def penalties(x):
        return [getattr(regularizers, name)(**arguments)(x) for name, arguments in CASES]

    compiled = torch.compile(penalties, backend="eager", fullgraph=True)
    x = torch.randn(4, 3)
    torch.testing.assert_close(compiled(x), penalties(x))
