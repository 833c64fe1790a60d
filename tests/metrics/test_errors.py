"""Does bad input of metrics get an error that says where, what is wrong, and what was received?"""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch

from torchkeras_layer import metrics

ARGUMENTS: list[tuple[str, dict[str, Any], str]] = [
    ("Precision", {"thresholds": 1.5}, "Precision: thresholds must be a number from 0 to 1. Received: thresholds=1.5."),
    (
        "Recall",
        {"thresholds": [0.5, None]},
        "Recall: thresholds must be a number from 0 to 1. Received: thresholds=None.",
    ),
    ("TruePositives", {"thresholds": [-0.1]}, "TruePositives: thresholds must be a number from 0 to 1. Received: "),
    ("TruePositives", {"thresholds": []}, "TruePositives: thresholds must not be empty. Received: []."),
    ("FalsePositives", {"thresholds": "0.5"}, "FalsePositives: thresholds must be a number from 0 to 1. Received: "),
    ("FalsePositives", {"thresholds": float("nan")}, "FalsePositives: thresholds must be a number from 0 to 1."),
    ("Precision", {"top_k": 0}, "Precision: top_k must be an int, and at least 1. Received: top_k=0."),
    ("Precision", {"top_k": 2.0}, "Precision: top_k must be an int, and at least 1. Received: top_k=2.0."),
    ("Recall", {"class_id": -1}, "Recall: class_id must be an int, and at least 0. Received: class_id=-1."),
    (
        "PrecisionAtRecall",
        {"recall": 1.1},
        "PrecisionAtRecall: recall must be a number from 0 to 1. Received: recall=1.1.",
    ),
    ("RecallAtPrecision", {"precision": -1}, "RecallAtPrecision: precision must be a number from 0 to 1."),
    ("SensitivityAtSpecificity", {"specificity": None}, "SensitivityAtSpecificity: specificity must be a number from"),
    (
        "SpecificityAtSensitivity",
        {"sensitivity": 0.5, "num_thresholds": 0},
        "SpecificityAtSensitivity: num_thresholds must",
    ),
    ("AUC", {"num_thresholds": 1}, "AUC: num_thresholds must be an int, and at least 2. Received: num_thresholds=1."),
    (
        "AUC",
        {"num_thresholds": 2.5},
        "AUC: num_thresholds must be an int, and at least 2. Received: num_thresholds=2.5.",
    ),
    (
        "AUC",
        {"curve": "RUC"},
        "AUC: curve must be one of 'ROC', 'roc', 'PR', 'pr', 'PRGAIN', 'prgain'. Received: curve='RUC'",
    ),
    ("AUC", {"summation_method": 1}, "AUC: summation_method must be one of 'interpolation', 'majoring', 'minoring', "),
    ("AUC", {"thresholds": [0.5, 2]}, "AUC: thresholds must be a number from 0 to 1. Received: thresholds=2."),
    ("AUC", {"thresholds": 0.5}, "AUC: thresholds must be a list of numbers. Received: thresholds=0.5."),
    ("AUC", {"num_labels": 2}, "AUC: num_labels needs multi_label=True. Received: num_labels=2."),
    ("AUC", {"label_weights": "a"}, "AUC: label_weights must be a list of numbers. Received: label_weights='a'."),
    (
        "IoU",
        {"num_classes": 2, "target_class_ids": [2]},
        "IoU: target_class_ids must be ints from 0 to 1, at least one.",
    ),
    (
        "IoU",
        {"num_classes": 2, "target_class_ids": []},
        "IoU: target_class_ids must be ints from 0 to 1, at least one.",
    ),
    ("IoU", {"num_classes": 2, "target_class_ids": [-1]}, "IoU: target_class_ids must be an int, and at least 0."),
    ("IoU", {"num_classes": 2, "target_class_ids": 1}, "IoU: target_class_ids must be ints from 0 to 1, at least one."),
    ("MeanIoU", {"num_classes": 0}, "MeanIoU: num_classes must be an int, and at least 1. Received: num_classes=0."),
    ("BinaryIoU", {"threshold": 2}, "BinaryIoU: threshold must be a number from 0 to 1. Received: threshold=2."),
    ("TopKCategoricalAccuracy", {"k": 0}, "TopKCategoricalAccuracy: k must be an int, and at least 1. Received: k=0."),
    (
        "FBetaScore",
        {"average": "mean"},
        "FBetaScore: average must be one of None, 'micro', 'macro', 'weighted'. Received",
    ),
    ("FBetaScore", {"beta": 1}, "FBetaScore: beta must be a float above 0. Received: beta=1."),
    ("FBetaScore", {"beta": -1.0}, "FBetaScore: beta must be a float above 0. Received: beta=-1.0."),
    ("F1Score", {"threshold": 0.0}, "F1Score: threshold must be None, or a float above 0 and not above 1. Received: "),
    (
        "F1Score",
        {"threshold": 1},
        "F1Score: threshold must be None, or a float above 0 and not above 1. Received: threshold=1.",
    ),
    ("R2Score", {"class_aggregation": "mean"}, "R2Score: class_aggregation must be one of None, 'uniform_average', "),
    ("R2Score", {"num_regressors": -1}, "R2Score: num_regressors must be an int, and at least 0. Received: "),
    ("MeanSquaredError", {"dtype": "int32"}, "MeanSquaredError: dtype must be a float type. Received: dtype='int32'."),
    ("MeanMetricWrapper", {"fn": "mse"}, "MeanMetricWrapper: fn must be a function. Received: fn='mse'."),
    (
        "MeanRelativeError",
        {"normalizer": "a", "name": "q"},
        "q: expected a tensor, an array, a list of numbers or a number.",
    ),
    ("MeanTensor", {"shape": "ab"}, "Zeros: shape must be a tuple of ints of at least 0. Received: shape="),
]
TWO = torch.ones(4, 2)
UPDATES: list[tuple[str, dict[str, Any], tuple[Any, ...], str]] = [
    (
        "Precision",
        {},
        (torch.ones(3), torch.ones(4)),
        "q: y_true and y_pred must have the same shape. Received: y_true",
    ),
    ("AUC", {}, (torch.ones(3, 2), torch.ones(2, 3)), "q: y_true and y_pred must have the same shape."),
    ("Precision", {}, ("a", TWO), "q: expected a tensor, an array, a list of numbers or a number. Received: 'a'."),
    ("Precision", {}, (TWO, None), "q: expected a tensor, an array, a list of numbers or a number. Received: None."),
    (
        "Precision",
        {"top_k": 3},
        (TWO, TWO),
        "q: y_pred must have at least top_k scores on the last axis. Received: top_k=3",
    ),
    ("Recall", {"class_id": 2}, (TWO, TWO), "q: y_pred must have a class class_id on the last of at least two axes."),
    (
        "Recall",
        {"class_id": 0},
        (TWO[0], TWO[0]),
        "q: y_pred must have a class class_id on the last of at least two axes.",
    ),
    (
        "Recall",
        {},
        (TWO, TWO, torch.ones(3)),
        "q: sample_weight must have the shape of the values, or their first axes.",
    ),
    (
        "AUC",
        {"multi_label": True},
        (TWO[0], TWO[0]),
        "q: y_pred must have the shape (batch, labels), because multi_label",
    ),
    ("AUC", {"multi_label": True, "num_labels": 3}, (TWO, TWO), "q: y_pred must have the shape (batch, 3), because"),
    (
        "AUC",
        {"label_weights": [1, 2, 3]},
        (TWO, TWO),
        "q: label_weights must have a weight for each entry of the last axis.",
    ),
    (
        "AUC",
        {"label_weights": [1], "multi_label": True},
        (TWO, TWO),
        "q: label_weights must have a weight for each label.",
    ),
    ("MeanIoU", {"num_classes": 2}, (TWO, torch.ones(3)), "q: y_true and y_pred must have as many classes. Received: "),
    ("MeanIoU", {"num_classes": 2}, (TWO, TWO, TWO[:3]), "q: sample_weight must have the shape of the values"),
    (
        "OneHotIoU",
        {"num_classes": 2, "target_class_ids": [0], "axis": 2},
        (TWO, TWO),
        "q: scores must have the axis 2.",
    ),
    ("F1Score", {}, (torch.ones(4), torch.ones(4)), "q: y_true and y_pred must have two axes, (batch, columns)."),
    ("F1Score", {}, (TWO, torch.ones(4, 3)), "q: y_true and y_pred must have the same shape."),
    ("F1Score", {}, (TWO, TWO, TWO), "q: sample_weight must have the shape of the values, or their first axes."),
    ("R2Score", {}, (torch.ones(4), torch.ones(4)), "q: y_true and y_pred must have two axes, (batch, columns)."),
    (
        "R2Score",
        {},
        (TWO, TWO, torch.ones(3)),
        "q: sample_weight must have the shape of the values, or their first axes.",
    ),
    (
        "MeanTensor",
        {"shape": (3,)},
        (TWO,),
        "q: the values must have the shape of the first ones, (3,). Received: values of",
    ),
    (
        "MeanRelativeError",
        {"normalizer": [1.0]},
        (TWO, TWO),
        "q: the predictions must have the shape of the normalizer, (1,).",
    ),
    ("RootMeanSquaredError", {}, (torch.ones(3), torch.ones(4)), "q: y_true and y_pred must have the same shape."),
    ("Accuracy", {}, (torch.ones(3), torch.ones(4)), "accuracy: the shapes of y_true and y_pred do not fit together."),
    (
        "BinaryAccuracy",
        {},
        ("a", TWO),
        "binary_accuracy: y_true must be a tensor, an array, a number or a list of numbers.",
    ),
    (
        "BinaryAccuracy",
        {},
        (TWO, object()),
        "binary_accuracy: y_pred must be a tensor, an array, a number or a list of ",
    ),
    (
        "CategoricalAccuracy",
        {},
        (1, TWO),
        "categorical_accuracy: y_true must have an axis of classes. Received: y_true of",
    ),
    (
        "CategoricalAccuracy",
        {},
        (TWO[:3], TWO),
        "categorical_accuracy: the shapes of y_true and y_pred do not fit together.",
    ),
    (
        "SparseCategoricalAccuracy",
        {},
        ([1, 0], TWO),
        "sparse_categorical_accuracy: the shapes of y_true and y_pred do not",
    ),
    (
        "SparseCategoricalAccuracy",
        {},
        (TWO, [1, 0, 1, 0]),
        "sparse_categorical_accuracy: the shapes of y_true and y_pred",
    ),
    ("SparseCategoricalAccuracy", {}, (1, 0.5), "sparse_categorical_accuracy: y_pred must have an axis of classes."),
    (
        "TopKCategoricalAccuracy",
        {},
        (TWO, TWO),
        "top_k_categorical_accuracy: k must be from 1 to the number of classes, 2.",
    ),
    (
        "SparseTopKCategoricalAccuracy",
        {"k": 1},
        ([1, 0], TWO),
        "sparse_top_k_categorical_accuracy: the shapes of y_true",
    ),
    (
        "SparseTopKCategoricalAccuracy",
        {"k": 1, "from_sorted_ids": True},
        ([1, 0], TWO),
        "sparse_top_k_categorical_accuracy: the shapes of y_true and y_pred do not fit together.",
    ),
    (
        "MeanSquaredError",
        {},
        (torch.ones(3), torch.ones(4)),
        "mean_squared_error: the shapes of y_true and y_pred do not",
    ),
    ("MeanSquaredError", {}, (TWO, TWO, torch.ones(3)), "q: sample_weight must have the shape of the values"),
    ("PearsonCorrelation", {}, (torch.ones(3), torch.ones(4)), "pearson_correlation: the shapes of y_true and y_pred"),
]


@pytest.mark.parametrize(("name", "arguments", "message"), ARGUMENTS)
def test_arguments(name, arguments, message):
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}"):
        getattr(metrics, name)(**arguments)


@pytest.mark.parametrize(("name", "arguments", "values", "message"), UPDATES)
def test_updates(name, arguments, values, message):
    metric = getattr(metrics, name)(name="q", **arguments)
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}"):
        metric.update_state(*values)
    assert not any(state.any() for state in metric.variables)


@pytest.mark.parametrize("name", ["F1Score", "R2Score"])
def test_columns_stay_as_many(name):
    metric = getattr(metrics, name)(name="q")
    metric.update_state(TWO, TWO)
    with pytest.raises(ValueError, match=r"^q: y_pred must have as many columns as in the first call, 2. Received: "):
        metric.update_state(torch.ones(4, 3), torch.ones(4, 3))


def test_masks_of_other_shapes():
    scores = torch.ones(4, 2)
    scores._keras_mask = torch.ones(3, dtype=torch.bool)  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValueError, match=r"^q: sample_weight must have the shape of the values, or their first axes."):
        metrics.MeanSquaredError(name="q").update_state(TWO, scores, torch.ones(4))


def test_weights_that_are_rounded_are_said_to_be():
    with pytest.warns(UserWarning, match=r"q: sample_weight is rounded to whole numbers. Pass dtype='float32'"):
        metrics.MeanIoU(2, name="q").update_state([0, 1], [0, 1], torch.tensor([0.7, 0.8]))


def test_results_without_values():
    with pytest.raises(ValueError, match=r"^q: there are no values yet. Call update_state\(values\) first."):
        metrics.MeanTensor(name="q").result()
    assert metrics.F1Score().result() == metrics.AUC(multi_label=True).result() == 0
    assert torch.isnan(metrics.R2Score().result())


def test_a_score_that_cannot_be_adjusted_is_not():
    score = metrics.R2Score(num_regressors=5, name="q")
    with pytest.warns(
        UserWarning, match=r"q: the score is not adjusted, because there are 3 numbers for num_regressors=5"
    ):
        found = score([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
    assert found.item() == pytest.approx(metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]).item())
