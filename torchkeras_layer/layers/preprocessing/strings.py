"""How do raw strings, of which torch has no tensors, come into a layer?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer.layer import Layer
from torchkeras_layer.symbolic.keras_tensor import is_symbolic


def holds_strings(inputs: Any) -> bool:
    """Whether a value is a string, an array of strings, or a (nested) list that begins with one.

    >>> holds_strings([["a"]]), holds_strings(np.array([1])), holds_strings([])
    (True, False, True)
    """
    while isinstance(inputs, (list, tuple)):
        if not inputs:
            return True
        inputs = inputs[0]
    if isinstance(inputs, np.ndarray):
        return inputs.dtype.kind in "OSUT"
    return isinstance(inputs, (str, bytes))


def as_string_array(layer: Layer, inputs: Any) -> Any:
    """Return strings, or nested lists of them, as an array of objects; leave what is symbolic.

    Raises:
        TypeError: for a tensor or an array of numbers.
        ValueError: if rows of a list differ in length.

    >>> as_string_array(Layer(), [["a", "b"], ["c", "d"]]).shape
    (2, 2)
    """
    if is_symbolic(inputs):
        return inputs
    if isinstance(inputs, torch.Tensor) or (isinstance(inputs, np.ndarray) and inputs.dtype.kind not in "OSUT"):
        raise TypeError(
            f"{layer.name}: it takes strings: a str, a (nested) list of them, or an array. Received: "
            f"{'a tensor' if isinstance(inputs, torch.Tensor) else 'an array'} of {inputs.dtype}."
        )
    array = np.array(inputs, dtype=object)
    if array.size and isinstance(array.flat[0], (list, tuple, np.ndarray)):
        raise ValueError(f"{layer.name}: the rows of a list of strings must be equally long. Received: {inputs!r}.")
    return array


def as_bytes(layer: Layer, array: np.ndarray) -> list[bytes]:
    """Return all strings of an array in a row, in UTF-8; what is bytes stays.

    Raises:
        TypeError: if one is no string.
        ValueError: if one cannot be written in UTF-8.

    >>> as_bytes(Layer(), np.array([["a", "é"]], dtype=object))
    [b'a', b'\\xc3\\xa9']
    """
    strings = array.ravel().tolist()
    try:
        return [string.encode() for string in strings]
    except (AttributeError, UnicodeEncodeError):
        return [string if isinstance(string, bytes) else _encoded(layer, string) for string in strings]


def _encoded(layer: Layer, string: Any) -> bytes:
    if not isinstance(string, str):
        raise TypeError(f"{layer.name}: it takes strings. Received: {string!r} of type {type(string).__name__}.")
    try:
        return string.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{layer.name}: a string cannot be written in UTF-8: {error}.") from None
