"""Which values may the arguments have that say how texts become tokens?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.arguments import one_of, positive_int


def read_choice(layer: Layer, name: str, value: Any, *accepted: str) -> str | Callable[..., Any] | None:
    """Return an argument that is one of some words, a function or `None`.

    Raises:
        ValueError: if it is something else.

    >>> read_choice(Layer(), "split", "whitespace", "whitespace", "character")
    'whitespace'
    """
    return value if value is None or callable(value) else one_of(layer, name, value, *accepted)


def read_ngrams(layer: Layer, ngrams: Any) -> Sequence[int] | None:
    """Return the sizes of the runs of tokens that `ngrams` means: an int means all up to it.

    Raises:
        ValueError: if it is no positive int, tuple of them or `None`.

    >>> read_ngrams(Layer(), 2), read_ngrams(Layer(), (3,)), read_ngrams(Layer(), None)
    (range(1, 3), (3,), None)
    """
    if ngrams is None:
        return None
    if isinstance(ngrams, (list, tuple)) and ngrams:
        return tuple(positive_int(layer, "ngrams", size) for size in ngrams)
    return range(1, positive_int(layer, "ngrams", ngrams) + 1)


def read_length(layer: Layer, length: Any, output_mode: str) -> int | None:
    """Return an `output_sequence_length`.

    Raises:
        ValueError: if it is no positive int or `None`, or not for this output mode.

    >>> read_length(Layer(), 5, "int")
    5
    """
    if length is None:
        return None
    if output_mode != "int":
        raise ValueError(
            f"{type(layer).__name__}: output_sequence_length is for output_mode='int'. "
            f"Received: output_sequence_length={length!r}, output_mode={output_mode!r}."
        )
    return positive_int(layer, "output_sequence_length", length)
