"""Do rewritten scripts give the losses, metrics and predictions that Keras gives, epoch by epoch?"""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import keras
from tests.port.training.harness import port, run
from tests.port.training.scripts import OPTIMIZERS, SCRIPTS

_COMPARED = ("result", "score", "predictions", "probabilities", "guesses", "chances")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SCRIPTS)
def test_same_numbers(name):
    assert_same_numbers(SCRIPTS[name], 1e-4)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_same_steps(name):
    assert_same_numbers(*OPTIMIZERS[name])


def assert_same_numbers(script, tolerance):
    ported = port(script)
    assert ported.reasons() == []
    for word in ("compile(", ".fit(", "evaluate(", "predict("):
        assert word not in ported.text
    expected, found = run(script), run(ported.text)
    assert expected["keras"] is keras
    assert expected["keras"] is not found["keras"]
    compared = [key for key in _COMPARED if key in expected]
    assert compared
    for key in compared:
        _assert_same(found[key], expected[key], tolerance)


def _assert_same(found, expected, tolerance):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, values in expected.items():
            assert len(found[key]) == len(values), key
            np.testing.assert_allclose(found[key], values, rtol=tolerance, atol=tolerance, err_msg=key)
    else:
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
