"""How is a layer that a class defines for this library and for Keras made in both, with the same weights?"""

from __future__ import annotations

from typing import Any

import torch

import torchkeras_layer as ours
from tests.oracle import keras, to_numpy


def pair(make: Any, *shapes: Any, **arguments: Any) -> tuple[Any, Any]:
    """Make the layer of a class that a function defines for each library, built, with the same weights."""
    mine, theirs = (make(library)(**arguments) for library in (ours, keras))
    for layer in (mine, theirs):
        layer.build(*shapes)
    theirs.set_weights([torch.linspace(-1, 2, weight.numel()).reshape(weight.shape) for weight in mine.weights])
    mine.set_weights([to_numpy(weight) for weight in theirs.weights])
    return mine, theirs
