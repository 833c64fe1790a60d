"""What do we compare with: Keras 3 where it is installed, and the same stack of layers by hand?"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from torch import nn

DEPTH, WIDTH, BATCH = 20, 64, 32


@cache
def keras3() -> ModuleType | None:
    """Return Keras 3 on its torch backend, or `None` where it is not installed."""
    if find_spec("keras") is None:
        return None
    os.environ["KERAS_BACKEND"] = "torch"
    return import_module("keras")


def dense_stack(library: ModuleType) -> nn.Sequential:
    """Return 20 × `Dense(64, relu)` of `library`, which has Keras's names, in a plain `nn.Sequential`."""
    return nn.Sequential(*(library.layers.Dense(WIDTH, activation="relu") for _ in range(DEPTH)))


def linear_stack() -> nn.Sequential:
    """Return the same in plain PyTorch."""
    return nn.Sequential(*(part for _ in range(DEPTH) for part in (nn.Linear(WIDTH, WIDTH), nn.ReLU())))
