"""What does a loss cost over the function of torch that it comes to, on small and on large tensors?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.peers import keras3
from benchmarks.rows import Contest, Row, ratio_row
from benchmarks.timing import Call
from torchkeras_layer import losses

SMALL, LARGE = (32, 10), (1024, 1024)
# On small tensors, to look at the arguments takes a third of the time of torch's function.
TARGETS = {SMALL: 1.5, LARGE: 1.05}


def _numbers(shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    return torch.rand(shape), torch.randn(shape)


def _classes(shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    return torch.randint(0, shape[1], shape[:1]), torch.randn(shape)


# By what is measured: the loss in a module of losses, the same by hand, and what makes targets and predictions.
CASES: dict[str, tuple[Callable[[Any], Any], Callable[..., Tensor], Callable[..., tuple[Tensor, Tensor]]]] = {
    "MeanSquaredError / F.mse_loss": (
        lambda module: module.MeanSquaredError(),
        lambda t, p: F.mse_loss(p, t),
        _numbers,
    ),
    "SparseCategoricalCrossentropy / F.cross_entropy": (
        lambda module: module.SparseCategoricalCrossentropy(from_logits=True),
        lambda t, p: F.cross_entropy(p, t),
        _classes,
    ),
    "BinaryCrossentropy / F.binary_cross_entropy_with_logits": (
        lambda module: module.BinaryCrossentropy(from_logits=True),
        lambda t, p: F.binary_cross_entropy_with_logits(p, t),
        _numbers,
    ),
}


def _contest(name: str, shape: tuple[int, int]) -> Contest:
    make, by_hand, data = CASES[name]
    torch.manual_seed(0)
    y_true, y_pred = data(shape)
    library = keras3()
    calls = [_call(loss, y_true, y_pred) for loss in (make(losses), by_hand)]
    theirs = None if library is None else _call(make(library.losses), y_true, y_pred)
    return Contest(calls[0], calls[1:], theirs)


def _call(loss: Callable[[Tensor, Tensor], Any], y_true: Tensor, y_pred: Tensor) -> Call:
    return Call(lambda predictions: loss(y_true, predictions), y_pred)


def _row(name: str, shape: tuple[int, int]) -> Row:
    return ratio_row(f"losses: {name} on {shape}", TARGETS[shape], lambda: _contest(name, shape))


ROWS = [_row(name, shape) for name in CASES for shape in (SMALL, LARGE)]
