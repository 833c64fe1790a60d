"""What do functional and sequential models cost, to run and to make?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from types import ModuleType
from typing import Any

import torch
from torch import nn

import torchkeras_layer as keras
from benchmarks.peers import BATCH, DEPTH, WIDTH, keras3, linear_stack
from benchmarks.rows import Contest, Measured, Row, ratio_row
from benchmarks.timing import Call, Effort
from benchmarks.training import sgd_step


def _functional(library: ModuleType, depth: int = DEPTH) -> Any:
    inputs = outputs = library.Input((WIDTH,))
    for _ in range(depth):
        outputs = library.layers.Dense(WIDTH, activation="relu")(outputs)
    return library.Model(inputs, outputs)


def _sequential(library: ModuleType) -> Any:
    layers = [library.layers.Dense(WIDTH, activation="relu") for _ in range(DEPTH)]
    return library.Sequential([library.Input((WIDTH,)), *layers])


class _ByHand(nn.Module):
    """The layers of a functional model with a shortcut, called as one would write it."""

    def __init__(self, layers: list[Any]) -> None:
        super().__init__()
        self.stem, self.one, self.two, self.three, self.four, self.five, self.six, self.head = layers

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        stem = self.stem(inputs)
        branch = self.three(self.two(self.one(stem)))
        merged = torch.relu(stem + branch)
        return self.head(self.six(self.five(self.four(merged))))


def _with_shortcut() -> tuple[Any, _ByHand]:
    inputs = keras.Input((WIDTH,))
    layers = [keras.layers.Dense(WIDTH) for _ in range(8)]
    stem, one, two, three, four, five, six, head = layers
    first = stem(inputs)
    merged = torch.relu(first + three(two(one(first))))
    return keras.Model(inputs, head(six(five(four(merged))))), _ByHand(layers)


def _forward(make: Callable[[ModuleType], Any]) -> Contest:
    inputs, library = torch.randn(BATCH, WIDTH), keras3()
    theirs = None if library is None else Call(make(library), inputs)
    return Contest(Call(make(keras), inputs), [Call(linear_stack(), inputs)], theirs)


def _step(make: Callable[[ModuleType], Any]) -> Contest:
    library = keras3()
    theirs = None if library is None else sgd_step(make(library))
    return Contest(sgd_step(make(keras)), [sgd_step(linear_stack())], theirs)


def _generated() -> Contest:
    model, by_hand = _with_shortcut()
    inputs = torch.randn(BATCH, WIDTH)
    return Contest(Call(model, inputs), [Call(by_hand, inputs)], None)


def _construction(effort: Effort) -> Measured:
    """Measure how long 100 layers take, the fastest of several times: what else runs here is not the question."""
    library = keras3()
    turns = range(effort.pairs // 5 + 3)
    ours = min(Call(partial(_functional, keras), 100).seconds(1) for _ in turns)
    theirs = None if library is None else min(Call(partial(_functional, library), 100).seconds(1) for _ in turns)
    return Measured(ours, theirs, "the fastest")


def _growth(effort: Effort) -> Measured:
    turns = range(effort.pairs // 10 + 2)
    times = [[Call(partial(_functional, keras), count).seconds(1) for count in (100, 1_000)] for _ in turns]
    return Measured(median(large / small / 10 for small, large in times), None, "time a layer")


def _normalized(library: ModuleType, count: int) -> Any:
    inputs = outputs = library.Input((WIDTH,))
    for _ in range(count):
        outputs = library.layers.BatchNormalization()(outputs)
    return library.Model(inputs, outputs)


def _nested(library: ModuleType, depth: int) -> Any:
    model = None
    for _ in range(depth):
        inputs = library.Input((WIDTH,))
        dense = library.layers.Dense(WIDTH, kernel_regularizer="l2", activity_regularizer="l2")
        model = library.Model(inputs, dense(inputs if model is None else model(inputs)))
    return model


def _first_losses(make: Callable[[ModuleType, int], Any], library: ModuleType, count: int, turns: int) -> float:
    """Return the seconds that the first read of `losses` takes, the fastest of several models."""
    return min(Call(lambda model: model.losses, make(library, count)).seconds(1) for _ in range(turns))


def _first_read(make: Callable[[ModuleType, int], Any], count: int, effort: Effort) -> Measured:
    library, turns = keras3(), effort.pairs // 10 + 2
    theirs = None if library is None else _first_losses(make, library, count, turns)
    return Measured(_first_losses(make, keras, count, turns), theirs, "the fastest")


def _growth_with_depth(effort: Effort) -> Measured:
    turns = effort.pairs // 10 + 2
    shallow, deep = (_first_losses(_nested, keras, depth, turns) for depth in (10, 40))
    return Measured(deep / shallow / 4, None, f"time a model, in all {deep * 1e3:.3g} ms")


ROWS = [
    ratio_row("20 Dense as a functional model", 0.95, lambda: _forward(_functional)),
    ratio_row("20 Dense as a Sequential", 0.95, lambda: _forward(_sequential)),
    ratio_row("20 Dense as a functional model, a training step with SGD", 1.0, lambda: _step(_functional)),
    ratio_row("20 Dense as a Sequential, a training step with SGD", 1.0, lambda: _step(_sequential)),
    ratio_row("generated forward of 8 Dense with a shortcut / written by hand", 1.02, _generated),
    Row("functional model of 100 Dense, construction", 0.05, _construction, " s"),
    Row("functional model, construction, 100 to 1,000 Dense", 2.0, _growth),
    Row("first losses of 100 BatchNormalization", 0.01, partial(_first_read, _normalized, 100), " s"),
    Row("first losses of models nested 40 deep", 0.01, partial(_first_read, _nested, 40), " s"),
    Row("first losses of nested models, 10 to 40 deep", 2.0, _growth_with_depth),
]
