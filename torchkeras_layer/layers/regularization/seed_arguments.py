"""How is the `seed` argument of a layer read?"""

from __future__ import annotations

import operator
from typing import Any

from torchkeras_layer.layer import Layer


def read_seed(layer: Layer, seed: Any) -> int | None:
    """Return a `seed` argument as an int or `None`.

    Raises:
        ValueError: if it is something else, or does not fit into 64 bits.

    >>> read_seed(Layer(), 3)
    3
    """
    if seed is None:
        return None
    try:
        number = 2**64 if isinstance(seed, bool) else operator.index(seed)
    except TypeError:
        number = 2**64
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{type(layer).__name__}: seed must be an int of 64 bits or None. Received: seed={seed!r}.")
    return number
