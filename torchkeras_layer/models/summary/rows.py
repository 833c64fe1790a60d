"""Which rows and totals does the summary of a model have, and how are weights counted?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from torchkeras_layer.models.summary.labels import class_label, name_label
from torchkeras_layer.models.summary.parts import (
    Amount,
    Part,
    Weights,
    amount_of,
    is_complete,
    parts_of,
    weights_in,
)


@dataclass(frozen=True)
class Row:
    """The row of a layer or module.

    `level`: how deep it is nested; `shapes`: output shapes, one for each call if they differ; `count`: number of its
    parameters, `None` before they exist; `connections`: where the inputs of each call come from; `training`: which
    parameters train, 'all', 'some', 'none', or '' if there are none.
    """

    level: int
    name: str
    kind: str
    shapes: tuple[str, ...]
    count: int | None
    connections: tuple[str, ...]
    training: str


@dataclass(frozen=True)
class Summary:
    """The content of a summary."""

    name: str
    is_built: bool
    rows: tuple[Row, ...]
    total: Amount
    trainable: Amount
    frozen: Amount
    buffers: Amount

    @property
    def branches(self) -> bool:
        """Whether the summary must show what each layer is connected to."""
        return any(row.connections for row in self.rows)


def summarize(model: Any, expansion: int, layer_range: Sequence[str] | None = None) -> Summary:
    """Return the content of a model's summary.

    Args:
        model: the model.
        expansion: how many levels of nested layers and modules to list.
        layer_range: names of, or patterns for, the first and last layer to list; default: all.

    Raises:
        ValueError: if `layer_range` is not two names or patterns that match layers.

    >>> import torchkeras_layer as keras
    >>> summary = summarize(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="head")]), 0)
    >>> summary.rows[0].name, summary.rows[0].shapes, summary.rows[0].count, summary.total
    ('head', ('(None, 2)',), 8, Amount(scalars=8, size=32))
    """
    parts = parts_of(model)
    weights = weights_in(model)
    training = {id(weight) for weight in weights.trainable}
    shown = parts if layer_range is None else _between(name_label(model), parts, layer_range)
    rows = [row for part in shown for row in _rows_of(part, training, 0, expansion)]
    if layer_range is None:
        rows += _row_of_the_rest(parts, weights)
    return Summary(
        name_label(model),
        bool(model.built) and is_complete(model),
        tuple(rows),
        amount_of([*weights.trainable, *weights.others]),
        amount_of(weights.trainable),
        amount_of(weight for weight in weights.others if isinstance(weight, nn.Parameter)),
        amount_of(weight for weight in weights.others if not isinstance(weight, nn.Parameter)),
    )


def _rows_of(part: Part, training: set[int], level: int, expansion: int) -> Iterator[Row]:
    weights = _weights_of(part, training)
    count = amount_of([*weights.trainable, *weights.others]).scalars if is_complete(part.module) else None
    kind = class_label(part.module)
    yield Row(level, part.name, kind, part.shapes, count, part.connections, weights.training)
    for inner in parts_of(part.module) if expansion > 0 else ():
        yield from _rows_of(inner, training, level + 1, expansion - 1)


def _weights_of(part: Part, training: set[int]) -> Weights:
    trainable, others = weights_in(part.module)
    trainable += [operand for operand in part.operands if id(operand) in training]
    others += [operand for operand in part.operands if id(operand) not in training]
    return Weights(trainable, others)


def _row_of_the_rest(parts: list[Part], weights: Weights) -> list[Row]:
    """Return a row for weights that belong to no listed layer, so that the rows add up to the total."""
    covered = {id(weight) for part in parts for group in _weights_of(part, set()) for weight in group}
    rest = Weights(*([weight for weight in group if id(weight) not in covered] for group in weights))
    count = amount_of([*rest.trainable, *rest.others]).scalars
    return [Row(0, "other weights", "", ("-",), count, (), rest.training)] if count else []


def _between(model_name: str, parts: list[Part], layer_range: Any) -> list[Part]:
    """Return the parts from the first that matches one of two patterns to the last that matches the other."""
    names = [getattr(part.module, "name", part.name) for part in parts]
    if isinstance(layer_range, str) or len(layer_range) != 2 or not all(isinstance(end, str) for end in layer_range):
        raise ValueError(f"{model_name}: layer_range must be two names of layers. Received: {layer_range!r}.")
    starts, ends = (_matching(pattern, names) for pattern in layer_range)
    if not starts or not ends:
        unknown = layer_range[1] if starts else layer_range[0]
        raise ValueError(f"{model_name}: layer_range: no layer's name matches {unknown!r}. Layers: {names}.")
    return parts[starts[0] : ends[-1] + 1] or parts[ends[0] : starts[-1] + 1]


def _matching(pattern: str, names: list[str]) -> list[int]:
    """Return the indices of a name; if there is none, of the names whose beginning matches the pattern."""
    exact = [index for index, name in enumerate(names) if name == pattern]
    try:
        return exact or [index for index, name in enumerate(names) if re.match(pattern, name)]
    except re.error:
        return []
