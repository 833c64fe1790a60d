"""How do rows of different lengths become one matrix?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def padded(values: np.ndarray, lengths: Sequence[int], width: int | None, fill: int) -> np.ndarray:
    """Return rows of so many values each, filled up to `width`, which is at least the longest, or by default that.

    >>> padded(np.array([1, 2, 3]), [2, 0, 1], None, -1)
    array([[ 1,  2],
           [-1, -1],
           [ 3, -1]])
    """
    sizes: Any = np.array(lengths, dtype="int64").reshape(-1, 1)
    rows = np.full((len(sizes), sizes.max(initial=0) if width is None else width), fill, dtype=values.dtype)
    rows[np.arange(rows.shape[1]) < sizes] = values
    return rows
