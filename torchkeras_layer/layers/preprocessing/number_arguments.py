"""Which arguments are numbers, or arrays of them?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer.layer import Layer


def read_numbers(layer: Layer, name: str, value: Any) -> np.ndarray:
    """Return a number, or an array, tensor or (nested) list of them, as an array in float64.

    Raises:
        TypeError: if there is anything else in it, such as `None`, words or complex numbers.

    >>> read_numbers(Layer(), "scale", [[1, 2.5]])
    array([[1. , 2.5]])
    """
    try:
        array = np.asarray(_without_torch(value))
        # Python's ints may be larger than those of 64 bits.
        is_number = array.dtype.kind in "iuf" or (array.dtype.kind == "O" and all(map(_is_real, array.flat)))
        numbers = array.astype("float64") if is_number else None
    except (TypeError, ValueError, OverflowError):
        numbers = None
    if numbers is None:
        raise TypeError(
            f"{type(layer).__name__}: {name} must be a number or an array of numbers. Received: {name}={value!r}."
        )
    return numbers


def _without_torch(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    # Numpy knows no bfloat16.
    return value.detach().cpu().to(torch.float64 if value.is_floating_point() else value.dtype).numpy()


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
