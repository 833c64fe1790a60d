"""Where do the boundaries lie that cut data, which comes in batches, into equally filled bins?

The data is kept as a sample: values in ascending order, and how many of the data each stands for: itself and those
between it and the value before. Summed up, the counts are the ranks of the values; so the sample is a curve, of rank
over value. A batch adds every so manieth of its values. A sample that has become too long is drawn again: the values
at which the curve has risen by equal shares of all the data. The boundaries are drawn in the same way, with one share
for each bin.

The source of this behaviour is Keras's `Discretization`. Its boundaries must come out to the last bit, so the ranks are
in float32 as there: a boundary often is a value of the data, and decides about its bin.
"""

from __future__ import annotations

import math

import numpy as np


class Quantiles:
    """A sample of about `1 / epsilon` values.

    >>> quantiles = Quantiles(0.01)
    >>> quantiles.add(np.array([1.0, 4.0])); quantiles.add(np.array([3.0, 2.0]))
    >>> quantiles.boundaries(4)
    [1.0, 2.0, 3.0]
    """

    def __init__(self, epsilon: float) -> None:
        self.epsilon = epsilon
        # Two rows: the values and the counts.
        self.sample = np.empty((2, 0), dtype="float32")

    def add(self, batch: np.ndarray) -> None:
        """Take in a batch."""
        ordered = np.sort(batch, axis=None)
        count = max(ordered.size / (1 / self.epsilon), 1)
        # The last of each group: all the others of it lie below.
        last = ordered[int(count) - 1 :: int(count)]
        drawn = np.array([last, np.full(last.shape, count)], dtype="float32")
        joined = np.concatenate([drawn, self.sample], axis=1)
        self.sample = _drawn_again(joined[:, joined[0].argsort()], self.epsilon)

    def boundaries(self, bins: int) -> list[float]:
        """Return the boundaries between so many bins, or between fewer if there are fewer values."""
        upper_ends, _ = _drawn_again(self.sample, 1 / bins)
        return upper_ends[:-1].tolist()


def _drawn_again(sample: np.ndarray, share: float) -> np.ndarray:
    """Return a sample of values that follow each other at equal shares of the data; a short one as it is."""
    values, counts = sample
    if len(values) * share < 1:
        return sample
    ranks = counts.cumsum()
    # Not `share * (1, 2, ...)`, which is another number in the last digit.
    steps = share + share * np.arange(math.ceil(1 / share))
    # Ranks are found by the same curve as values, for below the first value there is nothing to draw from.
    values, ranks = (np.interp(steps, ranks / ranks[-1], curve) for curve in (values, ranks))
    return np.array([values, np.diff(ranks, prepend=0)], dtype="float32")
