"""Which axis of its inputs does a merging layer work along?"""

from __future__ import annotations

import operator
from typing import Any

from torchkeras_layer.layer import Layer


def as_axis(layer: Layer, name: str, value: Any) -> int:
    """Return an argument that must name one axis.

    Raises:
        TypeError: if it is no int.

    >>> as_axis(Layer(), "axis", -1)
    -1
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{type(layer).__name__}: {name} must be an int. Received: {name}={value!r}.")
    return operator.index(value)
