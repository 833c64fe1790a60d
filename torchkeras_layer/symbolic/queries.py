"""Is something a symbolic tensor, and which shape does it have?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer._shapes import Shape
from torchkeras_layer.symbolic.keras_tensor import KerasTensor


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` came out of a symbolic call of a layer, and so knows its history.

    Raises:
        ValueError: if `x` is no tensor at all.

    >>> import torch
    >>> is_keras_tensor(torch.ones(2))
    False
    """
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        raise ValueError(f"is_keras_tensor: expected a tensor. Received: {x!r}.")
    return isinstance(x, KerasTensor) and x._keras_history is not None


def int_shape(x: Any) -> Shape | None:
    """Return the shape of a tensor as a tuple of ints and `None`; `None` for what has no shape.

    >>> import torch
    >>> int_shape(torch.ones(2, 3))
    (2, 3)
    """
    shape = getattr(x, "shape", None)
    return None if shape is None else tuple(shape)
