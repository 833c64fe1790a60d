"""Which metric of this library is meant by an entry of `metrics`, and under which key does Keras report it?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from torchkeras_layer.port.names import dotted
from torchkeras_layer.port.training.losses import KINDS as LOSSES
from torchkeras_layer.port.training.losses import class_name, snake_name
from torchkeras_layer.port.training.reading import Left, Scope, Source, literal


@dataclass
class Metric:
    """A metric: how it is made, its key in Keras's history, whether more is better; `name` is set by who writes it."""

    construction: str
    key: str
    rises: bool | None
    weighted: bool = False
    name: str = ""
    output: int | None = None
    note: str = ""


_RISING = re.compile(
    r"acc|auc|precision|recall|f1|fbeta|iou|io_u|cosine|r2|sensitivity|specificity|dice|jacc|true_", re.I
)
_FALLING = re.compile(r"loss|error|mse|mae|msle|mape|rmse|entropy|hinge|diverg|poisson|false_|cosh", re.I)
_NAMES_OF_KINDS = (
    "Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy TopKCategoricalAccuracy "
    "SparseTopKCategoricalAccuracy AUC Precision Recall PrecisionAtRecall RecallAtPrecision "
    "SensitivityAtSpecificity SpecificityAtSensitivity FalseNegatives FalsePositives TrueNegatives "
    "TruePositives BinaryIoU IoU MeanIoU OneHotIoU OneHotMeanIoU F1Score FBetaScore R2Score "
    "RootMeanSquaredError LogCoshError ConcordanceCorrelation PearsonCorrelation Mean Sum MeanMetricWrapper"
)
_KINDS = LOSSES | frozenset(_NAMES_OF_KINDS.split())
_SPELLINGS = {
    "top_k_categorical_accuracy": "TopKCategoricalAccuracy",
    "sparse_top_k_categorical_accuracy": "SparseTopKCategoricalAccuracy",
    "auc": "AUC",
    "LogCosh": "LogCoshError",
}
_OLD = ("fmeasure", "fbeta_score", "matthews_correlation")


def rises(key: str) -> bool | None:
    """Say whether more of a metric is better; `None` if its name does not tell.

    >>> rises("val_accuracy"), rises("val_loss"), rises("closeness")
    (True, False, None)
    """
    return True if _RISING.search(key) else False if _FALLING.search(key) else None


def read_metrics(
    node: cst.BaseExpression | None, loss: str, units: int | None, weighted: bool, source: Source, scope: Scope
) -> list[Metric]:
    """Read a list of metrics of one output, whose loss is of a kind and which has a number of values."""
    value = source.value_of(node, scope)
    if value is None or literal(value) in ({}, [], ()):
        return []
    if not isinstance(value, (cst.List, cst.Tuple)):
        value = cst.List([cst.Element(value)])
    return [_metric(element.value, loss, units, weighted, source, scope) for element in value.elements]


def _metric(
    node: cst.BaseExpression, loss: str, units: int | None, weighted: bool, source: Source, scope: Scope
) -> Metric:
    value = source.value_of(node, scope) or node
    text = literal(value)
    if isinstance(text, str):
        if text.lower() in ("accuracy", "acc"):
            kind, note = accuracy(loss, units)
            return Metric(f"keras.metrics.{kind}()", _key(text, source), True, weighted, note=note)
        return Metric(f"keras.metrics.{_known(text)}()", text, rises(text), weighted)
    called = isinstance(value, cst.Call)
    full = source.name_of(value.func if isinstance(value, cst.Call) else value)
    if full.startswith(("keras.metrics.", "keras.losses.")):
        kind = full.rpartition(".")[2]
        if not called:
            return Metric(f"keras.metrics.{_known(kind)}()", snake_name(kind), rises(kind), weighted)
        return _object(value, _known(kind), weighted, source)  # type: ignore[arg-type]
    if isinstance(value, cst.Call) and (own := _own_class(value, source, scope)) is not None:
        return Metric(source.text(value), own, rises(own), weighted)
    if isinstance(node, (cst.Name, cst.Attribute)) and (full or isinstance(value, (cst.Name, cst.Attribute))):
        name = source.text(node)
        key = name.rpartition(".")[2]
        return Metric(f"keras.metrics.MeanMetricWrapper({name}, name={key!r})", key, rises(key), weighted)
    raise Left(f"it is not clear which metric {source.text(node)} is: write a keras.metrics.MeanMetricWrapper")


def _own_class(value: cst.Call, source: Source, scope: Scope) -> str | None:
    """The key of an instance of a metric class of this file: its name, or that of the class."""
    name = dotted(value.func)
    found = [] if name is None else source.assigned(name, scope)
    node = next((item.statement for item in found if isinstance(item.statement, cst.ClassDef)), None)
    if node is None or not any(source.name_of(base.value).startswith("keras.metrics") for base in node.bases):
        return None
    given = [argument.value for argument in value.args if argument.keyword and argument.keyword.value == "name"]
    makers = [part for part in node.body.body if isinstance(part, cst.FunctionDef) and part.name.value == "__init__"]
    given += [item.default for part in makers for item in part.params.params if item.name.value == "name"]
    names = [literal(item) for item in given if isinstance(literal(item), str)]
    return names[0] if names else snake_name(node.name.value)


def _object(value: cst.Call, kind: str, weighted: bool, source: Source) -> Metric:
    arguments, key = [], snake_name(kind)
    for argument in value.args:
        text = source.text(argument.value)
        if argument.keyword and argument.keyword.value == "name" and isinstance(literal(argument.value), str):
            key = literal(argument.value)
        arguments.append(f"{argument.keyword.value}={text}" if argument.keyword else text)
    return Metric(f"keras.metrics.{kind}({', '.join(arguments)})", key, rises(key), weighted)


def _known(name: str) -> str:
    if name in _OLD:
        raise Left(f"the metric {name} of Keras 1 was a mean over batches, and is gone: use keras.metrics.F1Score")
    kind = _SPELLINGS.get(name, class_name(name))
    kind = _SPELLINGS.get(kind, kind)
    if kind not in _KINDS:
        raise Left(f"the metric {name} is not one of Keras 3")
    return kind


def _key(text: str, source: Source) -> str:
    """Keras before 2.3 called 'accuracy' 'acc' in its history: what the rest of the script reads tells which it is."""
    read = {literal_text.strip("\"'") for literal_text in source.texts}
    is_new = "val_accuracy" in read or re.search(r"history\[['\"]accuracy", source.code)
    return "acc" if text == "accuracy" and not is_new and read & {"acc", "val_acc"} else text


def accuracy(loss: str, units: int | None) -> tuple[str, str]:
    """Return the class that 'accuracy' means for a loss and a number of values of the output, and a note."""
    if units == 1:
        return "BinaryAccuracy", ""
    if loss == "SparseCategoricalCrossentropy":
        return "SparseCategoricalAccuracy", ""
    if loss == "CategoricalCrossentropy":
        return "CategoricalAccuracy", ""
    if units is None:
        return (
            "BinaryAccuracy",
            "'accuracy' is taken as BinaryAccuracy, which is right if the model returns one value a sample; Keras 3 "
            "takes CategoricalAccuracy for several",
        )
    note = "'accuracy' is CategoricalAccuracy in Keras 3, where the output has several values"
    if loss == "BinaryCrossentropy":
        note += "; Keras 1 and 2.0 to 2.3 took BinaryAccuracy"
    return "CategoricalAccuracy", note


def name_metrics(metrics: Sequence[Metric]) -> None:
    """Give each metric a name of its own for the variable it is kept in: its key as an identifier."""
    used: set[str] = set()
    for metric in metrics:
        word = re.sub(r"\W", "_", metric.key)
        while word in used:
            word += "_"
        used.add(word)
        metric.name = word
