"""Which axis of its inputs does a merging layer work along?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.arguments import plain_int


def as_axis(layer: Layer, name: str, value: Any) -> int:
    """Return an argument that must name one axis.

    Raises:
        TypeError: if it is no int.

    >>> as_axis(Layer(), "axis", -1)
    -1
    """
    axis = plain_int(value)
    if axis is None:
        raise TypeError(f"{type(layer).__name__}: {name} must be an int. Received: {name}={value!r}.")
    return axis
