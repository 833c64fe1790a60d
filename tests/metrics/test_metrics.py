"""Does every metric give Keras's state and results over many batches, with weights, masks and dtypes?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.metrics.cases import CASES, Case, labels, near_thresholds
from tests.oracle import assert_close, keras
from torchkeras_layer import metrics

pytestmark = [
    pytest.mark.filterwarnings("ignore:(You are passing weight as `float`|.* sample_weight is rounded)"),
    pytest.mark.filterwarnings("ignore:.*(score is not adjusted|Adjusted R2 score|adjusted R2 score)"),
    pytest.mark.filterwarnings("ignore:__array__ implementation"),
]


def both(case: Case, **more: Any) -> tuple[Any, Any]:
    arguments = {"name": "q", **case.arguments, **more}
    return getattr(metrics, case.name)(**arguments), getattr(keras.metrics, case.name)(**arguments)


def weight_shape(case: Case, y_pred: torch.Tensor) -> tuple[int, ...]:
    """Return a shape of weights that the metric takes in Keras: of all parts of a sample, if it can."""
    if "axis" in case.arguments:
        return ()
    are_classes = "IoU" in case.name and case.data in (labels, near_thresholds)
    return tuple(y_pred.shape if are_classes or y_pred.dim() == 1 else y_pred.shape[:-1])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_state_and_results_over_batches_are_those_of_keras(case):
    for shape in case.shapes:
        ours, theirs = both(case)
        for rows in (shape[0], 2, 5):
            y_true, y_pred = case.data((rows, *shape[1:]))
            weights = torch.rand(weight_shape(case, y_pred)) if rows == 5 else None
            ours.update_state(y_true, y_pred, weights)
            theirs.update_state(y_true, y_pred, weights)
            assert_close(ours.variables, list(theirs.variables), f"state for {shape}", rtol=2e-5)
            assert_close(ours.result(), theirs.result(), f"result for {shape}", rtol=2e-5, atol=2e-6)
        ours.reset_state()
        assert all(not state.any() for state in ours.variables)


@pytest.mark.parametrize("case", [case for case in CASES if len(case.shapes) > 1], ids=str)
def test_weights_of_each_part_are_those_of_keras(case):
    y_true, y_pred = case.data(case.shapes[-1])
    parts = y_pred.shape[:-1] if y_true.dim() < y_pred.dim() else y_true.shape
    for shape in {(), (1,), parts[:1], parts[:2], parts}:
        weights = torch.rand(shape)
        ours, theirs = both(case)
        try:
            theirs.update_state(y_true, y_pred, weights)
        except (ValueError, RuntimeError, IndexError):
            if "ignore_class" in case.arguments and "IoU" not in case.name:
                # Keras multiplies weights in place by a mask of more axes.
                whole = weights.reshape(weights.shape + (1,) * (len(parts) - len(shape))).expand(parts).clone()
                assert_close(ours(y_true, y_pred, weights), both(case)[1](y_true, y_pred, whole))
                continue
            with pytest.raises(ValueError, match=r"q: sample_weight must have the shape"):
                ours.update_state(y_true, y_pred, weights)
            continue
        ours.update_state(y_true, y_pred, weights)
        assert_close(ours.result(), theirs.result(), f"weights {shape}", rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_configs_are_those_of_keras_and_make_it_again(case):
    ours, theirs = both(case, dtype="float64")
    config, expected = ours.get_config(), theirs.get_config()
    if case.name == "CosineSimilarity":
        # Keras forgets it.
        expected = {**expected, "axis": case.arguments.get("axis", -1)}
    assert set(config) == set(expected)
    for key, value in expected.items():
        np.testing.assert_array_equal(np.asarray(config[key], object), np.asarray(to_list(value), object), err_msg=key)
    again = type(ours).from_config(config)
    assert again.get_config() == config
    assert metrics.deserialize(metrics.serialize(ours)).get_config() == config


def to_list(value: Any) -> Any:
    return value.tolist() if isinstance(value, torch.Tensor) else value


@pytest.mark.parametrize("case", CASES, ids=str)
def test_lists_and_arrays_give_the_same(case):
    y_true, y_pred = case.data(case.shapes[0])
    weights = torch.rand(weight_shape(case, y_pred))
    expected = both(case)[0](y_true, y_pred, weights)
    for convert in (np.asarray, lambda x: x.tolist()):
        found = both(case)[0](convert(y_true), convert(y_pred), convert(weights))
        assert_close(found, expected)


def test_every_metric_of_keras_has_a_case():
    names = {name for name, value in vars(keras.metrics).items() if isinstance(value, type)}
    assert names - {case.name for case in CASES} == {"Mean", "MeanMetricWrapper", "Metric", "Sum"}
