"""Which metrics does a layer keep? (contract §3.8)"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Stack, numbers

ONE = torch.ones(1)
X = torch.ones(2, 3)


class Watches(keras.Layer):
    """Adds a metric with the arguments that it was made with."""

    def __init__(self, *arguments, name=None, **keywords):
        super().__init__(name=name)
        self.given = arguments, keywords

    def call(self, inputs):
        self.add_metric(inputs, *self.given[0], **self.given[1])
        return inputs


def watches(**keywords):
    layer = Watches(**{"name": "watches"})
    layer.given = (), keywords
    return layer


def result(layer):
    (metric,) = layer.metrics
    return metric.result().item()


ARGUMENTS = [{"name": "m"}, {"aggregation": "mean", "name": "m"}, {"aggregation": None, "name": "m"}]


@pytest.mark.parametrize("keywords", ARGUMENTS)
def test_a_running_mean_over_calls(keywords):
    """[30] Until it is reset; calls do not clear it."""
    layer = watches(**keywords)
    layer(8 * ONE)
    assert result(layer) == 8.0
    layer(16 * ONE)
    assert result(layer) == 12.0
    layer.metrics[0].reset_state()
    layer(16 * ONE)
    assert result(layer) == 16.0
    assert layer.metrics[0].name == "m"


def test_positional_order_is_that_of_the_page():
    """[30]"""
    layer = Watches("mean", "nm")
    layer(ONE)
    assert layer.metrics[0].name == "nm"


def test_one_name_is_one_metric():
    """[30]"""

    class Twice(keras.Layer):
        def call(self, inputs):
            self.add_metric(8.0, name="m")
            self.add_metric(inputs, name="m")
            return inputs

    layer = Twice()
    layer(16 * ONE)
    assert result(layer) == 12.0


@pytest.mark.parametrize("aggregation", ["sum", "max", 3])
def test_another_aggregation(aggregation):
    layer = watches(aggregation=aggregation, name="m")
    with pytest.raises(ValueError, match=f"watches: add_metric: aggregation .*Received: {aggregation!r}"):
        layer(ONE)
    assert layer.metrics == []


def test_a_name_is_needed():
    """[30]"""
    layer = watches()
    with pytest.raises(ValueError, match="watches: add_metric needs a name"):
        layer(ONE)
    with pytest.raises(ValueError, match="needs a name"):
        layer.add_metric(ONE)


def test_outside_a_call():
    layer = keras.Layer(name="outside")
    with pytest.raises(ValueError, match="outside: add_metric can only be used in `call`. Received: name='m'"):
        layer.add_metric(ONE, name="m")
    assert layer.metrics == []


def test_an_unknown_keyword():
    with pytest.raises(TypeError, match="foo"):
        watches(name="m", foo=1)(ONE)


class Own(keras.Layer):
    """A metric on an attribute, whose result is added."""

    def __init__(self, metric, name=None):
        super().__init__()
        self.metric, self.given = metric, name

    def call(self, inputs):
        self.add_metric(self.metric(inputs), name=self.given)
        return inputs


@pytest.mark.parametrize("name", [None, "other"])
def test_the_result_of_a_metric_object_is_not_counted_twice(name):
    """[30]"""
    layer = Own(keras.metrics.Mean(name="m"), name)
    assert len(layer.metrics) == 1, "on an attribute, it is there before any call"
    layer(2 * ONE)
    assert result(layer) == 2.0
    layer(4 * ONE)
    assert result(layer) == 3.0
    assert layer.metrics[0].name == "m"


def test_a_torchmetrics_object():
    torchmetrics = pytest.importorskip("torchmetrics")
    layer = Own(torchmetrics.MeanMetric())
    layer(2 * ONE)
    layer(4 * ONE)
    assert len(layer.metrics) == 1
    assert layer.metrics[0].compute() == 3.0


def test_two_metrics_of_one_name_on_attributes():
    """[30]"""
    layer = Own(keras.metrics.Mean(name="mm"))
    layer.second = keras.metrics.Mean(name="mm")
    with pytest.raises(ValueError, match="own: .*2 metrics .*'mm'"):
        layer(ONE)
    layer.second = keras.metrics.Mean(name="other")
    layer(ONE)
    assert [metric.result().item() for metric in layer.metrics] == [1.0, 0.0]


def test_a_value_with_the_name_of_a_metric_on_an_attribute_goes_there():
    """Seen in tf_keras 2.21."""
    layer = watches(name="m")
    layer.own = keras.metrics.Mean(name="m")
    layer(8 * ONE)
    layer(16 * ONE)
    assert layer.metrics == [layer.own]
    assert result(layer) == 12.0


VALUES = [(torch.tensor([0.0, 2.0]), 1.0), (3.0, 3.0), (2, 2.0), (torch.tensor([1, 3]), 2.0), (torch.ones(2, 2), 1.0)]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=str)
def test_values(value, expected):
    class Adds(keras.Layer):
        def call(self, inputs):
            self.add_metric(value, name="m")
            return inputs

    layer = Adds()
    layer(ONE)
    assert result(layer) == expected


def test_in_a_build():
    class Builds(keras.Layer):
        def build(self, input_shape):
            self.add_metric(3.0, name="m")

    layer = Builds()
    layer(ONE)
    assert result(layer) == 3.0


def test_own_metrics_come_before_those_inside():
    """In the order of attributes, lists included (seen in tf_keras 2.21)."""
    layer = Stack(watches(name="inner"))
    layer.held = [keras.metrics.Mean(name="listed")]
    layer.own = keras.metrics.Sum(name="own")
    layer(ONE)
    assert [metric.name for metric in layer.metrics] == ["listed", "own", "inner"]


def test_metrics_keep_no_graph_and_no_gradient():
    layer, x = watches(name="m"), torch.ones(3, requires_grad=True)
    layer(x * 2)
    assert not layer.metrics[0].result().requires_grad
    assert numbers([layer.metrics[0].result()]) == [2.0]


def test_one_metric_in_two_layers_is_listed_once():
    shared, outer = keras.metrics.Mean(name="m"), keras.Layer()
    outer.inner = keras.Layer()
    outer.inner.m = outer.m = shared
    assert outer.metrics == [shared]


def test_a_metric_takes_no_name_that_is_taken():
    class Watched(keras.Layer):
        def __init__(self):
            super().__init__()
            self.metric_acc = nn.Linear(3, 3)

        def call(self, inputs):
            self.add_metric(1.0, name="acc")
            self.add_metric(2.0, name="top.5")
            self.add_metric(4.0, name="top_5")
            return self.metric_acc(inputs)

    layer = Watched()
    layer(X)
    layer(X)
    assert isinstance(layer.metric_acc, nn.Linear)
    assert [(m.name, m.result().item()) for m in layer.metrics] == [("acc", 1.0), ("top.5", 2.0), ("top_5", 4.0)]
