"""How are numbers read that are an argument of a layer, or data for `adapt`?"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from torchkeras_layer._structures import leaves
from torchkeras_layer.layer import Layer


def read_numbers(layer: Layer, name: str, value: Any) -> np.ndarray:
    """Return a number, or an array, tensor or (nested) list of numbers, as a float64 array.

    Raises:
        TypeError: if it contains anything else, such as `None`, strings or complex numbers.

    >>> read_numbers(Layer(), "scale", [[1, 2.5]])
    array([[1. , 2.5]])
    """
    try:
        array = np.asarray(_without_torch(value))
        # Python's ints may be larger than 64-bit ints.
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
    # Numpy has no bfloat16.
    return value.detach().cpu().to(torch.float64 if value.is_floating_point() else value.dtype).numpy()


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def batches_of(layer: Layer, data: Any, steps: int | None = None) -> Iterator[torch.Tensor]:
    """Yield batches of data as tensors.

    An array, tensor or nested list of numbers is one batch; each item of another iterable is a batch. If an item is a
    tuple or list of arrays, such as (inputs, targets), its first entry is used.

    Args:
        layer: the layer, for error messages.
        data: the data.
        steps: maximum number of batches.

    Raises:
        TypeError: if the data is not numeric.

    >>> [batch.tolist() for batch in batches_of(Layer(), ([i, i] for i in range(9)), steps=2)]
    [[0, 0], [1, 1]]
    """
    if _is_one_batch(data):
        yield _as_tensor(layer, data)
        return
    if isinstance(data, (str, bytes, dict)) or not isinstance(data, Iterable):
        raise TypeError(
            f"{layer.name}: adapt() takes an array, a tensor or an iterable of batches. "
            f"Received: {type(data).__name__}."
        )
    for batch in itertools.islice(data, steps):
        is_pair = isinstance(batch, (list, tuple)) and not _is_one_batch(batch)
        yield _as_tensor(layer, batch[0] if is_pair and batch else batch)


def _is_one_batch(data: Any) -> bool:
    if isinstance(data, (list, tuple)):
        return len(data) > 0 and all(isinstance(leaf, (bool, int, float, np.number)) for leaf in leaves(data))
    # `__array__` returns the values of a data frame.
    return isinstance(data, (torch.Tensor, np.ndarray, int, float)) or hasattr(data, "__array__")


def _as_tensor(layer: Layer, batch: Any) -> torch.Tensor:
    if isinstance(batch, torch.Tensor):
        return batch.detach()
    try:
        return torch.as_tensor(np.asarray(batch))
    except (TypeError, ValueError):
        raise TypeError(
            f"{layer.name}: adapt() takes batches of numbers. Received: a batch of type {type(batch).__name__}."
        ) from None
