"""Do metrics run as people write them for Keras 2 and 3, with no more changed than the import?"""

# pyright: reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false, reportArgumentType=false
from __future__ import annotations

from typing import Any

import pytest
import torch

import torchkeras_layer as keras
from tests.oracle import assert_close
from torchkeras_layer import tf

K = keras.backend


class Hits(keras.metrics.Metric):
    """Keras 2, with TensorFlow's functions, and `assign_add`."""

    def __init__(self, name="hits", **kwargs):
        super().__init__(name=name, **kwargs)
        self.hits = self.add_weight(name="hits", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        values = tf.cast(tf.cast(y_true, "int32") == tf.cast(tf.argmax(y_pred, axis=1), "int32"), self.dtype)
        if sample_weight is not None:
            values = tf.multiply(values, tf.cast(sample_weight, self.dtype))
        self.hits.assign_add(tf.reduce_sum(values))

    def result(self):
        return tf.identity(self.hits)

    def reset_states(self):
        self.hits.assign(0.0)


class Matrix(keras.metrics.Metric):
    """Keras 2, with the arguments of `add_weight` in its order, and a reset of all variables."""

    def __init__(self, classes, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes
        self.counts = self.add_weight("counts", (classes, classes), initializer=tf.keras.initializers.Zeros())

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = tf.argmax(y_pred, axis=-1)
        self.counts.assign(self.counts + tf.cast(tf.math.confusion_matrix(y_true, y_pred, self.classes), self.dtype))

    def result(self):
        return tf.reduce_sum(tf.linalg.diag_part(self.counts)) / tf.reduce_sum(self.counts)

    def reset_state(self):
        for variable in self.variables:
            variable.assign(tf.zeros_like(variable))


class Harmonic(keras.metrics.Metric):
    """Metrics inside a metric, in Keras 1's spelling of `super`."""

    def __init__(self, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.precision = keras.metrics.Precision()
        self.recall = keras.metrics.Recall()

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = tf.one_hot(y_true, 3)
        self.precision.update_state(y_true, y_pred, sample_weight)
        self.recall.update_state(y_true, y_pred, sample_weight)

    def result(self):
        precision, recall = self.precision.result(), self.recall.result()
        return 2 * ((precision * recall) / (precision + recall + K.epsilon()))

    def reset_states(self):
        self.precision.reset_states()
        self.recall.reset_states()


class Distance(keras.metrics.Metric):
    """Keras 3, with `keras.ops`."""

    def __init__(self, name="distance", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = keras.ops.one_hot(y_true, 3)
        self.total.assign(self.total + keras.ops.sum(keras.ops.abs(y_true - y_pred)))

    def result(self):
        return keras.ops.copy(self.total)


class OfScores(keras.metrics.MeanIoU):
    """A metric of Keras that is changed."""

    def __init__(self, **kwargs):
        super().__init__(num_classes=3, **kwargs)

    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(y_true, tf.argmax(y_pred, axis=-1), sample_weight)


def of_k(y_true, y_pred):
    return K.mean(K.cast(K.equal(K.cast(y_true, "int64"), K.argmax(y_pred, axis=-1)), K.floatx()), axis=-1)


Y, SCORES = torch.tensor([0, 1, 2, 1]), torch.eye(3)[[0, 1, 1, 1]] * 0.9
MADE: list[tuple[Any, float]] = [
    (lambda: Hits(), 3.0),
    (lambda: Matrix(3), 0.75),
    (lambda: Harmonic(), 0.75),
    (lambda: Distance(), 2.2),
    (lambda: OfScores(), (1 + 2 / 3 + 0) / 3),
    (lambda: keras.metrics.MeanMetricWrapper(of_k, name="share"), 0.75),
]


@pytest.mark.parametrize(("make", "expected"), MADE)
def test_results_resets_merges_and_graphs(make, expected):
    metric, other = make(), make()
    assert metric(Y, SCORES).item() == pytest.approx(expected, rel=1e-5)
    once = [state.clone() for state in metric.variables]
    assert any(state.any() for state in once)
    torch.compiler.reset()
    torch.compile(other, backend="eager", fullgraph=True)(Y, SCORES)
    assert_close(other.variables, once)
    metric.merge_state([other])
    assert_close(metric.variables, [2 * state for state in once])
    for reset in (metric.reset_state, other.reset_states):
        reset()
    assert not any(state.any() for state in (*metric.variables, *other.variables))
    assert_close(metric.stateless_update_state(metric.variables, Y, SCORES), once)


def test_places_of_tensorflow():
    assert tf.keras.metrics.AUC is tf.metrics.AUC is keras.metrics.AUC
    assert tf.keras.metrics.mean_squared_error is tf.losses.mean_squared_error
