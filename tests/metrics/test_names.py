"""Is each metric found by the names and configs that Keras takes, and named again?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.oracle import keras
from torchkeras_layer import metrics


@pytest.mark.parametrize("identifier", ["mean", "Mean", "sum", "Sum"])
def test_names_are_those_of_keras(identifier):
    ours, theirs = metrics.get(identifier), keras.metrics.get(identifier)
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.get_config() == theirs.get_config()


@pytest.mark.parametrize("kind", ["Mean", "Sum"])
def test_serialized_as_in_keras_and_read_again(kind):
    envelope = metrics.serialize(getattr(metrics, kind)(name="q"))
    assert envelope == keras.metrics.serialize(getattr(keras.metrics, kind)(name="q"))
    for again in (metrics.deserialize(envelope), metrics.get(envelope)):
        assert (type(again).__name__, again.name) == (kind, "q")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("accuracy", "Accuracy"),
        ("acc", "Accuracy"),
        ("AUC", "AUC"),
        ("auc", "AUC"),
        ("mse", "MeanSquaredError"),
        ("binary_accuracy", "BinaryAccuracy"),
        ("cosine_proximity", "CosineSimilarity"),
        ("logcosh", "LogCoshError"),
        ("kld", "KLDivergence"),
        ("mean_tensor", "MeanTensor"),
    ],
)
def test_a_name_gives_a_metric_also_in_keras_2(name, kind):
    assert type(metrics.get(name)) is getattr(metrics, kind)
    theirs = keras.src.metrics.ALL_OBJECTS_DICT.get(name)
    assert theirs is None or theirs.__name__ == kind


def test_a_wrapped_function_is_named_in_the_config():
    ours = metrics.MeanMetricWrapper(metrics.binary_accuracy, name="q", threshold=0.3)
    theirs = keras.metrics.MeanMetricWrapper(keras.metrics.binary_accuracy, name="q", threshold=0.3)
    assert metrics.serialize(ours) == keras.metrics.serialize(theirs)
    again = metrics.deserialize(keras.metrics.serialize(theirs))
    assert again([[1, 1]], [[0.4, 0.2]]).item() == 0.5
    assert metrics.deserialize(metrics.serialize(metrics.binary_accuracy)) is metrics.binary_accuracy


@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_weights_of_labels_in_a_config_of_keras():
    theirs = keras.metrics.AUC(multi_label=True, num_labels=2, label_weights=[1, 2], thresholds=[0.5])
    assert metrics.deserialize(keras.metrics.serialize(theirs)).label_weights == [1.0, 2.0]
    assert metrics.Recall(thresholds=np.array([0.5, 0.75])).get_config()["thresholds"] == [0.5, 0.75]


def test_none_classes_objects_and_callables():
    own = metrics.Mean()
    assert metrics.get(None) is None
    assert type(metrics.get(metrics.Sum)) is metrics.Sum
    assert metrics.get(own) is own
    assert metrics.get(torch.mean) is torch.mean


@pytest.mark.parametrize("identifier", ["mean_accuracy", "", 3, {}, {"name": "mean"}])
def test_unknown_identifiers(identifier):
    with pytest.raises(ValueError, match="Could not interpret metric identifier: "):
        metrics.get(identifier)
