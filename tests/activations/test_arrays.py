"""Do activation functions and constraints take what Keras's take: arrays, numbers and lists of numbers?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer import activations, constraints

X = np.linspace(-4, 4, 12, dtype="float32").reshape(3, 4)
ARGUMENTS = {"threshold": (0.5, 2.0)}
FUNCTIONS = sorted(set(activations.__all__) - {"get", "serialize", "deserialize", "hard_swish", "swish"})


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kind", [np.asarray, np.ndarray.tolist], ids=["array", "list"])
def test_activation_functions(name, kind):
    function, arguments = getattr(activations, name), ARGUMENTS.get(name, ())
    if name == "linear":
        assert function(X) is X
        return
    found = function(kind(X), *arguments)
    assert isinstance(found, torch.Tensor)
    assert torch.equal(found, function(torch.tensor(X), *arguments))
    if name == "hard_sigmoid_keras2":  # Keras 3 has another function of the name
        assert_close(found, np.clip(0.2 * X + 0.5, 0, 1), rtol=1e-4, atol=1e-5)
        return
    assert_close(found, getattr(keras.activations, name)(X, *arguments), rtol=1e-4, atol=1e-5)


def test_arguments_are_kept():
    assert torch.equal(activations.relu(X, 0.1, max_value=2.0), activations.relu(torch.tensor(X), 0.1, 2.0))
    assert torch.equal(activations.softmax(X, axis=0), activations.softmax(torch.tensor(X), 0))
    assert activations.relu6(7.0).item() == 6.0
    assert activations.softmax(X, axis=None).shape == (3, 4)


@pytest.mark.parametrize(
    "x", [torch.ones(2), ours.Input((3,)), "text", None, object()], ids=["tensor", "symbolic", "text", "None", "object"]
)
def test_other_type_errors_stay(x):
    with pytest.raises((TypeError, RuntimeError)) as caught:
        activations.softmax(x, axis="last")
    assert "No active exception" not in str(caught.value)


def test_symbolic_tensors():
    assert activations.sparse_plus(ours.Input((3,))).shape == (None, 3)


def test_compiled_without_a_break():
    compiled = torch.compile(activations.leaky_relu, backend="eager", fullgraph=True)
    assert torch.equal(compiled(torch.tensor(X)), activations.leaky_relu(X))


CONSTRAINTS = {
    "MaxNorm": {"max_value": 1.0},
    "NonNeg": {},
    "UnitNorm": {},
    "MinMaxNorm": {"min_value": 0.5, "max_value": 1.0, "rate": 0.7},
}


@pytest.mark.parametrize("name", CONSTRAINTS)
@pytest.mark.parametrize("kind", [np.asarray, np.ndarray.tolist], ids=["array", "list"])
def test_constraints(name, kind):
    mine, theirs = (
        getattr(constraints, name)(**CONSTRAINTS[name]),
        getattr(keras.constraints, name)(**CONSTRAINTS[name]),
    )
    assert_close(mine(kind(X)), theirs(X), rtol=1e-4, atol=1e-5)
