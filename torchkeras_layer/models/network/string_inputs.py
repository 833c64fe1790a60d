"""How do strings, of which torch has no tensors, come into a network?"""

from __future__ import annotations

from typing import Any

import numpy as np

from torchkeras_layer._shapes import Shape
from torchkeras_layer._structures import leaves


def with_arrays_for_strings(inputs: Any, is_one: bool) -> Any:
    """Return the inputs of a call with an array in place of each string and each (nested) list of strings.

    Args:
        is_one: whether the network has one input; else a list holds several.

    >>> with_arrays_for_strings(["a", "b"], is_one=True)
    array(['a', 'b'], dtype=object)
    >>> with_arrays_for_strings({"text": ["a"], "number": 1.0}, is_one=False)
    {'text': array(['a'], dtype=object), 'number': 1.0}
    """
    if isinstance(inputs, dict):
        return {name: _as_array(value) for name, value in inputs.items()}
    if is_one or not isinstance(inputs, (list, tuple)):
        return _as_array(inputs)
    return [_as_array(value) for value in inputs]


def conform_strings(model_name: str, name: str, strings: Any, shape: Shape) -> np.ndarray:
    """Return strings in the rank of their `Input`; a last axis of size 1 may be missing or surplus.

    Raises:
        TypeError: if they are none.
        ValueError: if their shape does not fit.

    >>> conform_strings("model", "text", np.array(["a", "b"], dtype=object), (None, 1)).shape
    (2, 1)
    """
    if not (isinstance(strings, np.ndarray) and strings.dtype.kind in "OSUT"):
        raise TypeError(f"{model_name}: input {name!r} must be strings. Received: {strings!r}.")
    fitted, rank = strings, len(shape)
    if strings.ndim == rank + 1 and strings.shape[-1] == 1:
        fitted = strings[..., 0]
    elif strings.ndim == rank - 1 and shape[-1] in (1, None):
        fitted = strings[..., np.newaxis]
    if fitted.ndim != rank or not all(size in (None, found) for size, found in zip(shape, fitted.shape, strict=True)):
        raise ValueError(
            f"{model_name}: input {name!r} does not fit the model: expected shape={shape}, found shape={strings.shape}."
        )
    return fitted


def _as_array(value: Any) -> Any:
    is_list = isinstance(value, (list, tuple))
    if isinstance(value, (str, bytes)) or (is_list and all(isinstance(leaf, (str, bytes)) for leaf in leaves(value))):
        return np.array(value, dtype=object)
    return value
