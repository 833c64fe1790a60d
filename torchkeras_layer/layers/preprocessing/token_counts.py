"""Which tokens occur in data, how often, and in how many documents?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np


class TokenCounts:
    """Counts over all rows that were added; each row is a document.

    >>> counts = TokenCounts(); counts.add([["a", "b"], ["b", "b", "c"]])
    >>> counts.most_common(without={"c"}, limit=None)
    ['b', 'a']
    """

    def __init__(self) -> None:
        self._tokens: Counter[Any] = Counter()
        self._documents: Counter[Any] = Counter()
        self._number_of_documents = 0

    def add(self, rows: Iterable[list[Any]]) -> None:
        """Take in rows of tokens."""
        for row in rows:
            self._tokens.update(row)
            self._documents.update(set(row))
            self._number_of_documents += 1

    def most_common(self, without: set[Any], limit: int | None) -> list[Any]:
        """Return the tokens, those that occur most often first; of those that do so equally often the largest first."""
        counted = [(count, token) for token, count in self._tokens.items() if token not in without]
        counted.sort(reverse=True)
        return [token for _, token in counted[:limit]]

    def inverse_document_frequencies(self, tokens: list[Any]) -> list[float]:
        """Return for each token log(1 + documents / (1 + documents with the token)).

        >>> counts = TokenCounts(); counts.add([["a"], ["b"]])
        >>> counts.inverse_document_frequencies(["a"])
        [0.6931471805599453]
        """
        found = np.array([self._documents[token] for token in tokens], dtype="float64")
        return np.log(1 + self._number_of_documents / (1 + found)).tolist()
