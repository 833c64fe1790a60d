"""How does a text become tokens, and which arguments say so?

The texts are bytes in UTF-8. As in TensorFlow, only ASCII letters become lower case, and only ASCII whitespace and
punctuation count as such; so one pass of `bytes.translate` is enough for a text.
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
    # What is not UTF-8 becomes the sign for that.
    return [[character.encode() for character in text.decode("utf-8", "replace")] for text in texts]


def with_ngrams(tokens: list[bytes], sizes: Sequence[int]) -> list[bytes]:
    """Return all n-grams of the given sizes, their tokens joined by a space: those of the first size come first.

    >>> with_ngrams([b"a", b"b", b"c"], (1, 2))
    [b'a', b'b', b'c', b'a b', b'b c']
    """
    # There may be many more sizes than tokens; a range of them is no list.
    fitting = sizes[: len(tokens)] if isinstance(sizes, range) else [size for size in sizes if size <= len(tokens)]
    grams = []
    for size in fitting:
        grams += [b" ".join(run) for run in zip(*(tokens[start:] for start in range(size)), strict=False)]
    return grams


def padded(values: np.ndarray, lengths: Sequence[int], width: int | None, fill: int) -> np.ndarray:
    """Return a matrix of rows with so many of the values each, padded up to `width`: by default, to the longest row.

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
    """Return an argument that is one of the accepted words, a function or `None`.

    Raises:
        ValueError: if it is something else.

    >>> read_choice(Layer(), "split", "whitespace", "whitespace", "character")
    'whitespace'
    """
    return value if value is None or callable(value) else one_of(layer, name, value, *accepted)


def read_ngrams(layer: Layer, ngrams: Any) -> Sequence[int] | None:
    """Return the sizes of the n-grams that an argument asks for: an int asks for all up to it.

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
