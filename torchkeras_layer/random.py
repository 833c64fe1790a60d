"""Which functions are in `keras.random`? They draw random numbers, with a seed or from torch's generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer.initializers.seeds import SeedGenerator
from torchkeras_layer.ops.names import getter_in
from torchkeras_layer.ops.table import names_in

if TYPE_CHECKING:
    from torchkeras_layer.ops.random_numbers import (
        beta,
        binomial,
        categorical,
        dropout,
        gamma,
        normal,
        randint,
        shuffle,
        truncated_normal,
        uniform,
    )

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]

if not TYPE_CHECKING:
    # Like those of keras.ops, they are nodes of a graph when they are called on symbolic tensors.
    __getattr__ = getter_in(__name__)


def __dir__() -> list[str]:
    return sorted(["SeedGenerator", *names_in("random")])
