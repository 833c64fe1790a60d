"""Which windows, paddings and layouts of inputs may a pooling layer be asked for?"""

from __future__ import annotations

from typing import Any

import numpy as np

from torchkeras_layer._settings import image_data_format
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.arguments import positive_int


def one_per_axis(layer: Layer, name: str, value: Any, rank: int) -> tuple[int, ...]:
    """Return an argument that is a positive int, or `rank` of them.

    Raises:
        ValueError: if it is neither.

    >>> one_per_axis(Layer(), "strides", 2, 3), one_per_axis(Layer(), "strides", [1, 2], 2)
    ((2, 2, 2), (1, 2))
    """
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        return (positive_int(layer, name, value),) * rank
    if len(value) != rank:
        wanted = "1 positive int" if rank == 1 else f"{rank} positive ints, or one for all axes"
        raise ValueError(f"{type(layer).__name__}: {name} must be {wanted}. Received: {name}={value!r}.")
    return tuple(positive_int(layer, name, number) for number in value)


def one_of(layer: Layer, name: str, value: Any, *accepted: str) -> str:
    """Return an argument that must be one of some words, in small letters.

    Raises:
        ValueError: if it is none of them.

    >>> one_of(Layer(), "padding", "SAME", "valid", "same")
    'same'
    """
    word = str(value).lower()
    if word not in accepted:
        raise ValueError(
            f"{type(layer).__name__}: {name} must be one of {', '.join(map(repr, accepted))}. "
            f"Received: {name}={value!r}."
        )
    return word


def layout(layer: Layer, data_format: Any) -> str:
    """Return 'channels_last' or 'channels_first', for `None` what `backend.image_data_format()` says.

    Raises:
        ValueError: for anything else.

    >>> layout(Layer(), None)
    'channels_last'
    """
    value = image_data_format() if data_format is None else data_format
    return one_of(layer, "data_format", value, "channels_last", "channels_first")
