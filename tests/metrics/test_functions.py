"""Do the functions of metrics give Keras's values, and are classes compared exactly in every dtype?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer
from tests.losses.cases import classes, numbers, one_hot
from tests.metrics.cases import DEEP, FLAT, near_thresholds, ranked, whole_numbers
from tests.oracle import assert_close, keras
from torchkeras_layer import losses, metrics
from torchkeras_layer.symbolic.functions import function_named

CASES = [
    ("binary_accuracy", near_thresholds, {}, FLAT),
    ("binary_accuracy", near_thresholds, {"threshold": 0.75}, FLAT),
    ("categorical_accuracy", one_hot, {}, DEEP),
    ("sparse_categorical_accuracy", classes, {}, DEEP),
    ("top_k_categorical_accuracy", one_hot, {"k": 2}, DEEP),
    ("sparse_top_k_categorical_accuracy", classes, {"k": 2}, DEEP),
    ("sparse_top_k_categorical_accuracy", ranked, {"k": 2, "from_sorted_ids": True}, DEEP),
    ("pearson_correlation", numbers, {}, DEEP),
    ("concordance_correlation", numbers, {"axis": 0}, DEEP),
]
OF_LOSSES = [name for name in vars(keras.metrics) if hasattr(keras.losses, name) and name[0] != "_"]
SCORES = st.lists(st.sampled_from([0.0, 1e-8, 0.25, 0.5, 0.5000001, 1 / 3, 0.75, 1.0]), min_size=1, max_size=9)


@pytest.mark.parametrize(("name", "data", "arguments", "shapes"), CASES)
def test_values_are_those_of_keras(name, data, arguments, shapes):
    for shape in shapes:
        y_true, y_pred = data(shape)
        function = getattr(metrics, name)
        expected = getattr(keras.metrics, name)(y_true, y_pred, **arguments)
        assert_close(function(y_true, y_pred, **arguments), expected)
        assert_close(function(y_true.tolist(), np.asarray(y_pred), **arguments), expected)


def test_functions_that_only_files_of_keras_have():
    y_true, y_pred = whole_numbers((6, 3))
    files = keras.src.metrics
    assert_close(metrics.accuracy(y_true, y_pred), files.accuracy_metrics.accuracy(y_true, y_pred))
    theirs = files.regression_metrics.cosine_similarity(y_true, y_pred)
    assert metrics.cosine is metrics.cosine_proximity is metrics.cosine_similarity
    assert_close(metrics.cosine_similarity(y_true, y_pred), theirs)


def test_every_function_of_keras_is_here_and_those_of_losses_are_the_same():
    names = {name for name, value in vars(keras.metrics).items() if callable(value) and not isinstance(value, type)}
    assert names <= set(dir(metrics))
    functions = [name for name in OF_LOSSES if not isinstance(getattr(keras.metrics, name), type)]
    assert len(functions) > 15
    for name in set(functions) - {"get", "serialize", "deserialize"}:
        assert getattr(metrics, name) is getattr(losses, name)


@pytest.mark.parametrize("shape", [(4, 1), (4, 2, 1)])
def test_a_last_axis_of_classes_is_removed(shape):
    y_true = torch.randint(0, 3, shape)
    y_pred = torch.rand(*shape[:-1], 3)
    expected = keras.metrics.sparse_categorical_accuracy(y_true, y_pred)
    assert_close(metrics.sparse_categorical_accuracy(y_true, y_pred), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_classes_are_exact_in_half_precision(dtype):
    # Keras rounds classes to the dtype of the scores: 2049 to 2048.
    scores = torch.zeros(2, 3000)
    scores[:, 2049] = 1
    right = torch.tensor([2049, 2048])
    names = ("sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy")
    for name, arguments in zip(names, ({}, {"k": 1}), strict=True):
        assert getattr(metrics, name)(right, scores.to(dtype), **arguments).tolist() == [1.0, 0.0]
    vectors = torch.nn.functional.one_hot(right, 3000)
    assert metrics.categorical_accuracy(vectors, scores.to(dtype)).tolist() == [1.0, 0.0]
    assert metrics.accuracy(torch.tensor([2049]), torch.tensor([2048.0]).to(dtype)).tolist() == [0.0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_thresholds_are_not_rounded_to_half_precision(dtype):
    # The nearest number of half precision to 0.3 is above it in float16, and below or above in others.
    score = torch.tensor([0.3]).to(dtype)
    is_above = float(score.float() > 0.3)
    assert metrics.binary_accuracy([1], score, threshold=0.3).tolist() == [is_above]
    assert metrics.Recall(thresholds=0.3)([1], score).item() == is_above


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int32, torch.float64], ids=str)
def test_targets_of_any_dtype(dtype):
    y_true, y_pred = torch.eye(3), torch.rand(3, 3)
    for name in ("binary_accuracy", "categorical_accuracy"):
        function = getattr(metrics, name)
        assert_close(function(y_true.to(dtype), y_pred), function(y_true, y_pred))


def test_scores_that_are_no_numbers_exceed_no_threshold():
    y_true, y_pred = [1, 0, 1], [float("nan"), float("nan"), 0.7]
    for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"):
        for thresholds in (None, [0.2, 0.9], [0.0, 0.5, 1.0]):
            ours, theirs = (getattr(module, name)(thresholds) for module in (metrics, keras.metrics))
            assert_close(ours(y_true, y_pred), theirs(y_true, y_pred), f"{name} at {thresholds}")
    assert_close(metrics.AUC(num_thresholds=5)(y_true, y_pred), keras.metrics.AUC(num_thresholds=5)(y_true, y_pred))


@given(SCORES, st.sampled_from([2, 3, 4, 5, 11, 200]), st.randoms(use_true_random=False))
def test_areas_and_counts_near_thresholds_are_those_of_keras(scores, count, random):
    y_true = [random.randint(0, 1) for _ in scores]
    weights = [random.random() for _ in scores]
    ours, theirs = metrics.AUC(count), keras.metrics.AUC(count)
    for metric in (ours, theirs):
        metric.update_state(y_true, scores, weights)
    assert_close(ours.variables, list(theirs.variables), atol=2e-6)
    assert_close(ours.result(), theirs.result(), rtol=2e-5)


def test_a_function_is_a_node_of_a_graph_that_a_config_names():
    x = torchkeras_layer.Input((3,))
    model = torchkeras_layer.Model(x, metrics.categorical_accuracy(x, torchkeras_layer.ops.softmax(x)))
    again = torchkeras_layer.Model.from_config(model.get_config())
    assert again(torch.rand(4, 3)).tolist() == [1.0] * 4
    for name in ("binary_accuracy", "pearson_correlation", "cosine_similarity"):
        assert function_named(f"keras.metrics.{name}") is not None
