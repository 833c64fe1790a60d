"""Which modules do the tests of `record_history()` call?"""

from __future__ import annotations

from typing import Any

from torch import nn

import torchkeras_layer as keras


class Head(keras.Layer):
    """A layer with a layer inside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = keras.layers.Dense(1, name="inner")

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)


class Net(nn.Module):
    """A plain module with layers and plain modules inside."""

    def __init__(self) -> None:
        super().__init__()
        plain = nn.Sequential(nn.ReLU(), nn.Linear(4, 4))
        self.blocks = nn.ModuleList([keras.layers.Dense(4, name="stem"), plain])
        self.head = Head(name="head")

    def forward(self, x: Any) -> Any:
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def dense(**kwargs: Any) -> Any:
    """Return a layer that takes 3 features and gives 4, and is built."""
    layer = keras.layers.Dense(4, **kwargs)
    layer.build((None, 3))
    return layer


def names(history: Any) -> list[str]:
    """Return what was called: names of layers, classes of other modules."""
    return [node.name or node.class_name for node in history.nodes]
