"""How is a text split into tokens, and which arguments control this?

The texts are bytes in UTF-8. As in TensorFlow, only ASCII letters are changed to lower case, and only ASCII whitespace
and punctuation are recognized; so one pass of `bytes.translate` is enough for a text.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.arguments import one_of, positive_int

_LOWER = bytes(range(256)).lower()
_PUNCTUATION = string.punctuation.encode()


def standardized(texts: list[bytes], standardize: str | None) -> list[bytes]:
    """Return texts in lower case, or without punctuation, or both.

    >>> standardized([b"It's GOOD!"], "lower_and_strip_punctuation"), standardized([b"It's GOOD!"], "lower")
    ([b'its good'], [b"it's good!"])
    """
    if standardize is None:
        return texts
    table = None if standardize == "strip_punctuation" else _LOWER
    without = b"" if standardize == "lower" else _PUNCTUATION
    return [text.translate(table, without) for text in texts]


def split_texts(texts: list[bytes], split: str | None) -> list[list[bytes]]:
    """Return the words or the characters of each text.

    >>> split_texts([b" a  bc "], "whitespace"), split_texts([b"a b"], "character")
    ([[b'a', b'bc']], [[b'a', b' ', b'b']])
    """
    if split == "whitespace":
        return [text.split() for text in texts]
    # Invalid UTF-8 becomes the replacement character.
    return [[character.encode() for character in text.decode("utf-8", "replace")] for text in texts]


def with_ngrams(tokens: list[bytes], sizes: Sequence[int]) -> list[bytes]:
    """Return all n-grams of the given sizes, in the order of the sizes; their tokens are joined by a space.

    >>> with_ngrams([b"a", b"b", b"c"], (1, 2))
    [b'a', b'b', b'c', b'a b', b'b c']
    """
    # There may be many more sizes than tokens, so a range is not converted to a list.
    fitting = sizes[: len(tokens)] if isinstance(sizes, range) else [size for size in sizes if size <= len(tokens)]
    grams = []
    for size in fitting:
        grams += [b" ".join(run) for run in zip(*(tokens[start:] for start in range(size)), strict=False)]
    return grams


def padded(values: np.ndarray, lengths: Sequence[int], width: int | None, fill: int) -> np.ndarray:
    """Return a matrix whose rows have the given lengths, filled with `values` and padded to `width` with `fill`.

    By default, the width is the greatest length.

    >>> padded(np.array([1, 2, 3]), [2, 0, 1], None, -1)
    array([[ 1,  2],
           [-1, -1],
           [ 3, -1]])
    """
    sizes: Any = np.array(lengths, dtype="int64").reshape(-1, 1)
    rows = np.full((len(sizes), sizes.max(initial=0) if width is None else width), fill, dtype=values.dtype)
    rows[np.arange(rows.shape[1]) < sizes] = values
    return rows


def read_choice(layer: Layer, name: str, value: Any, *accepted: str) -> str | Callable[..., Any] | None:
    """Return an argument that must be one of the accepted words, a function or `None`.

    Raises:
        ValueError: if it is anything else.

    >>> read_choice(Layer(), "split", "whitespace", "whitespace", "character")
    'whitespace'
    """
    return value if value is None or callable(value) else one_of(layer, name, value, *accepted)


def read_ngrams(layer: Layer, ngrams: Any) -> Sequence[int] | None:
    """Return the sizes of the n-grams, given the argument `ngrams`: an int means all sizes up to it.

    Raises:
        ValueError: if it is not a positive int, a tuple of them or `None`.

    >>> read_ngrams(Layer(), 2), read_ngrams(Layer(), (3,)), read_ngrams(Layer(), None)
    (range(1, 3), (3,), None)
    """
    if ngrams is None:
        return None
    if isinstance(ngrams, (list, tuple)) and ngrams:
        return tuple(positive_int(layer, "ngrams", size) for size in ngrams)
    return range(1, positive_int(layer, "ngrams", ngrams) + 1)


def read_length(layer: Layer, length: Any, output_mode: str) -> int | None:
    """Return an argument `output_sequence_length`.

    Raises:
        ValueError: if it is neither a positive int nor `None`, or is given for another output mode than 'int'.

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
