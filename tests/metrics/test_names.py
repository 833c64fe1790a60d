"""Is each metric found by the names and configs that Keras takes, and named again?"""

from __future__ import annotations

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
