"""How does a text become tokens?

The texts are bytes in UTF-8. As in TensorFlow, only ASCII letters become small, and only ASCII whitespace and
punctuation count as such; so one pass of `bytes.translate` does for a text.
"""

from __future__ import annotations

import string
from collections.abc import Sequence

_SMALL = bytes(range(256)).lower()
_PUNCTUATION = string.punctuation.encode()


def standardized(texts: list[bytes], standardize: str | None) -> list[bytes]:
    """Return texts in small letters, or without punctuation, or both.

    >>> standardized([b"It's GOOD!"], "lower_and_strip_punctuation"), standardized([b"It's GOOD!"], "lower")
    ([b'its good'], [b"it's good!"])
    """
    if standardize is None:
        return texts
    table = None if standardize == "strip_punctuation" else _SMALL
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
    """Return all runs of so many neighbouring tokens, joined by a space: those of the first size first.

    >>> with_ngrams([b"a", b"b", b"c"], (1, 2))
    [b'a', b'b', b'c', b'a b', b'b c']
    """
    # There may be many more sizes than tokens; a range of them is no list.
    fitting = sizes[: len(tokens)] if isinstance(sizes, range) else [size for size in sizes if size <= len(tokens)]
    grams = []
    for size in fitting:
        grams += [b" ".join(run) for run in zip(*(tokens[start:] for start in range(size)), strict=False)]
    return grams
