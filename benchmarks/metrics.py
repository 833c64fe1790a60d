"""What does an update of a metric cost over the same metric of torchmetrics, or the same sums by hand?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.peers import keras3
from benchmarks.rows import Contest, Row, ratio_row
from benchmarks.timing import Call
from torchkeras_layer import metrics

Update = Callable[[Tensor, Tensor], Any]
BATCH, CLASSES = 1024, 10


def _true_or_not() -> tuple[Tensor, Tensor]:
    return torch.randint(0, 2, (BATCH,)), torch.rand(BATCH)


def _classes() -> tuple[Tensor, Tensor]:
    return torch.randint(0, CLASSES, (BATCH,)), torch.rand(BATCH, CLASSES)


def _labels() -> tuple[Tensor, Tensor]:
    return torch.randint(0, 2, (BATCH, CLASSES)), torch.rand(BATCH, CLASSES)


def _maps() -> tuple[Tensor, Tensor]:
    return torch.randint(0, CLASSES, (8, 64, 64)), torch.randint(0, CLASSES, (8, 64, 64))


def _numbers() -> tuple[Tensor, Tensor]:
    return torch.rand(BATCH, CLASSES), torch.rand(BATCH, CLASSES)


def _of_torchmetrics(name: str, *args: Any, **kwargs: Any) -> Callable[[], Update]:
    def make() -> Update:
        import torchmetrics
        import torchmetrics.classification

        more = {"validate_args": False} if hasattr(torchmetrics.classification, name) else {}
        place = torchmetrics.classification if more else torchmetrics
        metric = getattr(place, name)(*args, **kwargs, **more)
        return lambda y_true, y_pred: metric.update(y_pred, y_true)

    return make


def _sums(count: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], Update]:
    """Return what makes an update that adds a sum and a number of samples, as one would by hand."""

    def make() -> Update:
        total, samples = torch.zeros(()), torch.zeros(())

        def update(y_true: Tensor, y_pred: Tensor) -> None:
            total.add_(count(y_true, y_pred))
            samples.add_(len(y_true))

        return update

    return make


# By what is measured: ours and Keras's, the other one, what makes the data, and the most that is allowed.
CASES: dict[str, tuple[Callable[[Any], Any], Callable[[], Update], Callable[[], tuple[Tensor, Tensor]], float]] = {
    "BinaryAccuracy / torchmetrics": (
        lambda module: module.BinaryAccuracy(),
        _of_torchmetrics("BinaryAccuracy"),
        _true_or_not,
        1.0,
    ),
    "BinaryAccuracy / by hand": (
        lambda module: module.BinaryAccuracy(),
        _sums(lambda y_true, y_pred: ((y_pred > 0.5) == y_true).sum()),
        _true_or_not,
        4.0,
    ),
    "Precision / torchmetrics": (
        lambda module: module.Precision(),
        _of_torchmetrics("BinaryPrecision"),
        _true_or_not,
        1.0,
    ),
    "AUC / torchmetrics": (
        lambda module: module.AUC(),
        _of_torchmetrics("BinaryAUROC", thresholds=200),
        _true_or_not,
        1.0,
    ),
    "SparseCategoricalAccuracy / torchmetrics": (
        lambda module: module.SparseCategoricalAccuracy(),
        _of_torchmetrics("MulticlassAccuracy", CLASSES, average="micro"),
        _classes,
        1.0,
    ),
    "F1Score / torchmetrics": (
        lambda module: module.F1Score(threshold=0.5),
        _of_torchmetrics("MultilabelF1Score", CLASSES),
        _labels,
        1.0,
    ),
    "MeanIoU / torchmetrics": (
        lambda module: module.MeanIoU(CLASSES),
        _of_torchmetrics("MulticlassJaccardIndex", CLASSES),
        _maps,
        1.15,
    ),
    "MeanSquaredError / torchmetrics": (
        lambda module: module.MeanSquaredError(),
        _of_torchmetrics("MeanSquaredError"),
        _numbers,
        1.4,
    ),
    "MeanSquaredError / by hand": (
        lambda module: module.MeanSquaredError(),
        _sums(lambda y_true, y_pred: F.mse_loss(y_pred, y_true) * len(y_true)),
        _numbers,
        2.0,
    ),
}


def _contest(name: str) -> Contest:
    make, other, data, _ = CASES[name]
    torch.manual_seed(0)
    y_true, y_pred = data()
    library = keras3()
    theirs = None if library is None else _call(make(library.metrics).update_state, y_true, y_pred)
    return Contest(_call(make(metrics).update_state, y_true, y_pred), [_call(other(), y_true, y_pred)], theirs)


def _call(update: Update, y_true: Tensor, y_pred: Tensor) -> Call:
    return Call(lambda predictions: update(y_true, predictions), y_pred)


def _row(name: str, target: float) -> Row:
    return ratio_row(f"metrics: {name}", target, lambda: _contest(name))


ROWS = [_row(name, case[3]) for name, case in CASES.items()]
