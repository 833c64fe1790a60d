"""Are metrics of the torchmetrics library known, read and reset like ours?"""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from torchkeras_layer.metrics import Mean, Metric, is_metric, last_result, metric_reset, metric_result

torchmetrics = pytest.importorskip("torchmetrics")


class Similar:
    """Has the methods but is no module."""

    def update(self): ...

    def compute(self): ...

    def reset(self): ...


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (Mean, True),
        (Metric, True),
        (lambda: torchmetrics.MeanMetric(), True),
        (lambda: torchmetrics.MetricCollection([torchmetrics.SumMetric()]), True),
        (lambda: nn.Linear(2, 2), False),
        (lambda: nn.ModuleDict({"a": nn.Linear(2, 2)}), False),
        (Similar, False),
        (lambda: None, False),
        (lambda: Mean, False),
    ],
)
def test_which_objects_are_metrics(make, expected):
    assert is_metric(make()) is expected


@pytest.mark.parametrize("make", [Mean, lambda: torchmetrics.MeanMetric()])
def test_read_and_reset_alike(make):
    metric = make()
    metric(torch.tensor([1.0, 3.0]))
    assert metric_result(metric) == 2.0
    metric_reset(metric)
    metric(torch.tensor([5.0]))
    assert metric_result(metric) == 5.0


@pytest.mark.parametrize("make", [Mean, lambda: torchmetrics.MeanMetric()])
def test_the_last_result_is_the_tensor_itself(make):
    metric = make()
    assert last_result(metric) is None
    for values in ([1.0], [3.0]):
        result = metric(torch.tensor(values))
        assert last_result(metric) is result


@pytest.mark.parametrize("function", [metric_result, metric_reset])
@pytest.mark.parametrize("candidate", [nn.Linear(2, 2), 3.0, None])
def test_anything_else_is_refused(function, candidate):
    with pytest.raises(TypeError, match=r"expected a Metric, or a module with update\(\), compute\(\) and reset\(\)"):
        function(candidate)


def test_torchmetrics_is_not_imported():
    code = "import sys, torchkeras_layer.metrics; print('torchmetrics' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
